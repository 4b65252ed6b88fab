"""Jira expressions, as far as an app's workflow validator needs them: read once, evaluated against plain JSON.

| known | |
|---|---|
| values | whole numbers, texts in single quotes, `true`, `false`, `null`, names, `( )` |
| members | `a.b`, `a[b]`, `a?.b`, `a?.[b]` |
| operators | `? :`, `??`, `==`, `!=`, `+` |
| beginnings | `let name = value;` |
| methods | `reduce` of a list, with a function `(a, b) => …` and a first value |

All other syntax, every other method and each name that nobody gave is refused when the expression is read. Where
Atlassian's documentation leaves a choice the stricter reading is taken, so that what passes here does not hang on it:
`.` and `[]` on null or on a missing key fail, only `?.` and `?.[]` give null, and they don't shorten the rest of a
chain; a condition must be a boolean; `+` joins two texts and nothing else; `==` of two kinds is false, and of two lists
or maps fails. Types are not checked beforehand, expensive operations not counted, and of Jira's own types there are
none: an issue is the JSON that it was given.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Scope = Mapping[str, Any]
Code = Callable[[Scope], Any]

TOKEN = re.compile(r"\s*(?:(\d+)|'((?:[^'\\]|\\.)*)'|([A-Za-z_$][\w$]*)|(=>|\?\.|\?\?|==|!=|[?:;=+.,()\[\]])|(\S))")
LITERALS: dict[str, Any] = {"null": None, "true": True, "false": False}
END = "the end"


class SyntaxRefused(ValueError):
    """The expression holds what is not known here; the text says what."""


class EvaluationFailed(Exception):
    """The expression met a value that it can't go on with; Jira takes that for a no."""


@dataclass(frozen=True, slots=True)
class Token:
    """A literal with its value, a name, or a sign."""

    kind: str
    value: Any


def parse(text: str, variables: Iterable[str]) -> Code:
    """Read an expression over these variables; raise SyntaxRefused. The result takes their values and evaluates."""
    return _Parser(list(_tokens(text)), {*variables}).program()


def _tokens(text: str) -> Iterable[Token]:
    for number, string, name, sign, other in TOKEN.findall(text.strip()):
        if other:
            raise SyntaxRefused(f"unknown sign {other}")
        if number:
            yield Token("literal", int(number))
        elif name in LITERALS:
            yield Token("literal", LITERALS[name])
        elif name or sign:
            yield Token("name" if name else "sign", name or sign)
        else:
            yield Token("literal", re.sub(r"\\(.)", r"\1", string))


class _Parser:
    def __init__(self, tokens: list[Token], known: set[str]) -> None:
        self.tokens, self.known, self.at = tokens, known, 0

    # --- tokens

    def sees(self, value: str, ahead: int = 0) -> bool:
        found = self.tokens[self.at + ahead : self.at + ahead + 1]
        return bool(found) and found[0].kind != "literal" and found[0].value == value

    def takes(self, value: str) -> bool:
        taken = self.sees(value)
        self.at += taken
        return taken

    def expects(self, value: str) -> None:
        if not self.takes(value):
            raise SyntaxRefused(f"{value} expected, {self._next()} found")

    def name(self) -> str:
        token = self._take()
        if token.kind != "name":
            raise SyntaxRefused(f"a name expected, {token.value} found")
        return str(token.value)

    def _take(self) -> Token:
        self.at += 1
        return self.tokens[self.at - 1] if self.at <= len(self.tokens) else Token("end", END)

    def _next(self) -> Any:
        return self.tokens[self.at].value if self.at < len(self.tokens) else END

    # --- grammar, from the loosest to the tightest

    def program(self) -> Code:
        lets: list[tuple[str, Code]] = []
        while self.takes("let"):
            name = self.name()
            self.expects("=")
            lets.append((name, self.expression()))
            self.expects(";")
            self.known.add(name)
        body = self.expression()
        if self.at < len(self.tokens):
            raise SyntaxRefused(f"the end expected, {self._next()} found")

        def run(scope: Scope) -> Any:
            for name, value in lets:
                scope = {**scope, name: value(scope)}
            return body(scope)

        return run

    def expression(self) -> Code:
        condition = self.nullish()
        if not self.takes("?"):
            return condition
        yes = self.expression()
        self.expects(":")
        no = self.expression()
        return lambda scope: yes(scope) if _boolean(condition(scope)) else no(scope)

    def nullish(self) -> Code:
        left = self.equality()
        if not self.takes("??"):
            return left
        right = self.nullish()

        def run(scope: Scope) -> Any:
            value = left(scope)
            return right(scope) if value is None else value

        return run

    def equality(self) -> Code:
        left = self.sum()
        for sign in ("==", "!="):
            if self.takes(sign):
                right, wanted = self.sum(), sign == "=="
                return lambda scope: _equal(left(scope), right(scope)) is wanted
        return left

    def sum(self) -> Code:
        value = self.access()
        while self.takes("+"):
            value = _joining(value, self.access())
        return value

    def access(self) -> Code:
        value = self.primary()
        while True:
            is_safe = self.takes("?.")
            if self.takes("["):
                value = _member(value, self.expression(), is_safe=is_safe)
                self.expects("]")
            elif is_safe or self.takes("."):
                name = self.name()
                value = self.method(value, name) if self.sees("(") else _member(value, _always(name), is_safe=is_safe)
            else:
                return value

    def method(self, value: Code, name: str) -> Code:
        if name != "reduce":
            raise SyntaxRefused(f"unknown method {name}")
        self.expects("(")
        step = self.function()
        self.expects(",")
        first = self.expression()
        self.expects(")")
        return lambda scope: _reduced(value(scope), step(scope), first(scope))

    def function(self) -> Callable[[Scope], Callable[[Any, Any], Any]]:
        self.expects("(")
        one = self.name()
        self.expects(",")
        two = self.name()
        self.expects(")")
        self.expects("=>")
        outside = set(self.known)
        self.known |= {one, two}
        body = self.expression()
        self.known = outside
        return lambda scope: lambda a, b: body({**scope, one: a, two: b})

    def primary(self) -> Code:
        if self.takes("("):
            inner = self.expression()
            self.expects(")")
            return inner
        token = self._take()
        if token.kind == "literal":
            return _always(token.value)
        if token.kind != "name":
            raise SyntaxRefused(f"a value expected, {token.value} found")
        if token.value not in self.known:
            raise SyntaxRefused(f"unknown name {token.value}")
        return lambda scope: scope[token.value]


def _always(value: Any) -> Code:
    return lambda _scope: value


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise EvaluationFailed(f"a condition must be true or false, not {value!r}")
    return value


def _kind(value: Any) -> type:
    return float if isinstance(value, int) and not isinstance(value, bool) else type(value)


def _equal(first: Any, second: Any) -> bool:
    if _kind(first) is not _kind(second):
        return False
    if isinstance(first, list | dict):
        raise EvaluationFailed("lists and maps can't be compared")
    return bool(first == second)


def _joining(left: Code, right: Code) -> Code:
    def run(scope: Scope) -> str:
        first, second = left(scope), right(scope)
        if not isinstance(first, str) or not isinstance(second, str):
            raise EvaluationFailed(f"only texts can be joined, not {first!r} and {second!r}")
        return first + second

    return run


def _member(value: Code, key: Code, *, is_safe: bool) -> Code:
    def run(scope: Scope) -> Any:
        holder, name = value(scope), key(scope)
        if holder is None and is_safe:
            return None
        if not isinstance(holder, dict) or not isinstance(name, str):
            raise EvaluationFailed(f"{holder!r} has no member {name!r}")
        if name not in holder and not is_safe:
            raise EvaluationFailed(f"there is no {name}")
        return holder.get(name)

    return run


def _reduced(items: Any, step: Callable[[Any, Any], Any], first: Any) -> Any:
    if not isinstance(items, list):
        raise EvaluationFailed(f"{items!r} has no method reduce")
    for item in items:
        first = step(first, item)
    return first
