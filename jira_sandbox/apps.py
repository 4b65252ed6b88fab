"""Forge apps as far as workflows know them: the validators that they bring, and what these say of a transition.

A validator is a Jira expression over `issue` (here nothing but its `properties`) and `config`, the rule's own. It lets
the transition pass if it is true; a text refuses and is the message; anything else, a failure too, refuses with the
module's error message. A rule whose app is gone refuses everything, as Jira's does; the words for it are the sandbox's.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from jira_sandbox.errors import JiraError
from jira_sandbox.expressions import Code, EvaluationFailed, SyntaxRefused, parse

RULE = "forge:expression-validator"
KEY = re.compile(r"ari:cloud:ecosystem::extension/[\w-]+/[\w-]+/static/[\w-]+")
VARIABLES = ("issue", "config")
ABSENT = "This transition has a rule of an app that is not installed on this site."
UNTOLD = "A rule of this transition was not met."


@dataclass(frozen=True, slots=True, kw_only=True)
class AppValidator:
    """A validator that an installed app brings; `error_message` is an expression, too."""

    key: str
    name: str
    expression: str
    judge: Code
    error_message: Code


@dataclass(frozen=True, slots=True, kw_only=True)
class AppRule:
    """A validator on one transition, with its configuration: JSON as a text."""

    id: str
    key: str
    config: str | None = None


def installable(key: str, expression: str, error_message: Any = None, name: str = "Validator") -> AppValidator:
    """Return a validator; raise JiraError(400) for a key that is none, or for syntax that the sandbox doesn't know.

    `error_message` is a text, or {"expression": text}, as in an app's manifest.
    """
    if not KEY.fullmatch(key):
        raise JiraError(400, f"'{key}' is no key: ari:cloud:ecosystem::extension/APP/ENVIRONMENT/static/MODULE.")
    try:
        judge, message = parse(expression, VARIABLES), _message(error_message)
    except SyntaxRefused as refused:
        raise JiraError(400, f"The sandbox can't evaluate the expression: {refused}.") from None
    return AppValidator(key=key, name=name, expression=expression, judge=judge, error_message=message)


def _message(told: Any) -> Code:
    if isinstance(told, dict):
        return parse(str(told.get("expression")), VARIABLES)
    return lambda _scope: told or UNTOLD


def refusals(installed: dict[str, AppValidator], rules: Iterable[AppRule], properties: dict[str, Any]) -> list[str]:
    """Return what the rules of a transition have against it, a message each."""
    answers = (_refusal(installed.get(rule.key), rule, properties) for rule in rules)
    return [message for message in answers if message is not None]


def _refusal(validator: AppValidator | None, rule: AppRule, properties: dict[str, Any]) -> str | None:
    if validator is None:
        return ABSENT
    scope = {"issue": {"properties": properties}, "config": json.loads(rule.config) if rule.config else None}
    try:
        answer = validator.judge(scope)
    except EvaluationFailed:
        answer = None
    if answer is True:
        return None
    return answer if isinstance(answer, str) else _told(validator, scope)


def _told(validator: AppValidator, scope: dict[str, Any]) -> str:
    try:
        return str(validator.error_message(scope))
    except EvaluationFailed:
        return UNTOLD
