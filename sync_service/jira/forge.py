"""The Stage gate, the workflow validator of the Forge app in `plugin/`, as Jira's workflow documents write it. Pure."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from sync_service.jira.answers import Json

RULE = "forge:expression-validator"
MODULE = "stage-gate"
"""The key of the validator in plugin/manifest.yml."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageGate:
    """Which installed app's Stage gate, by ids, and what it does with an issue that has no record.

    Without an environment it is the one that is installed.
    """

    app: str
    environment: str | None = None
    without_record: str = "open"

    def keys(self, rules: Iterable[Json]) -> list[str]:
        """Return the keys of this app's Stage gate among the `forgeRules` that a site offers, one an environment."""
        found = [str(rule.get("id")) for rule in rules if rule.get("ruleKey") == RULE]
        return [key for key in found if self.owns(key) and self.environment in (None, key.split("/")[2])]

    def owns(self, key: str) -> bool:
        """Tell whether a key is of this app's Stage gate, in whichever environment."""
        start, _, rest = key.partition("/")
        app, *parts = rest.split("/")
        return (start, app, parts[1:]) == ("ari:cloud:ecosystem::extension", self.app, ["static", MODULE])


def stage_gate(forge: str | None, without_record: str) -> StageGate | None:
    """Return what the setting `[jira] forge` says: APP or APP/ENVIRONMENT."""
    if forge is None:
        return None
    app, _, environment = forge.partition("/")
    return StageGate(app=app, environment=environment or None, without_record=without_record)


def validator(key: str, *, stage: str, without_record: str) -> Json:
    """Return the rule that guards a way into a stage."""
    config = json.dumps({"stage": stage, "without_record": without_record})
    return {"ruleKey": RULE, "parameters": {"key": key, "config": config}}


def is_stage_gate(rule: Json) -> bool:
    """Tell whether a transition's rule is a Stage gate, whichever app's."""
    return rule.get("ruleKey") == RULE and key_of(rule).endswith(f"/static/{MODULE}")


def key_of(rule: Json) -> str:
    """Return which app's module a rule is of."""
    return str((rule.get("parameters") or {}).get("key"))


def same(first: Json, second: Json) -> bool:
    """Tell whether two rules say the same, whatever ids Jira gave them and however it writes their configuration."""
    return key_of(first) == key_of(second) and _config(first) == _config(second)


def _config(rule: Json) -> object:
    text = (rule.get("parameters") or {}).get("config")
    try:
        return json.loads(text or "null")
    except (TypeError, ValueError):
        return text
