"""JQL as text: tokens, a syntax tree, and Jira's complaint where a query is not one.

Understood: comparisons, `IN`, `IS`, `~`, AND, OR, NOT, parentheses, functions and ORDER BY; of history searches
`CHANGED`, alone or with AFTER or BEFORE. `WAS` and everything else are refused. What the names and values mean is
`searching`'s matter.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from jira_sandbox.errors import JiraError

TOKEN = re.compile(
    r"""\s*(?:(?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|(?P<sign>!=|!~|>=|<=|&&|\|\||[()=<>~!,&|])"""
    r"""|(?P<word>[^\s()=<>~!,&|"']+))"""
)
KEYWORDS = {"and", "or", "not", "in", "is", "empty", "null", "order", "by", "was", "changed"}
SIGNS = {"=", "!=", ">", ">=", "<", "<=", "~", "!~"}


@dataclass(frozen=True, slots=True)
class Token:
    """One token; a quoted one is never a keyword."""

    text: str
    quoted: bool
    at: int

    @property
    def keyword(self) -> str | None:
        """Return the keyword or sign in lower case, None for names and values."""
        word = self.text.lower()
        known = word in KEYWORDS or self.text in SIGNS or self.text in {"(", ")", ",", "!", "&&", "||", "&", "|"}
        return word if known and not self.quoted else None


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments."""

    name: str
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Empty:
    """EMPTY or NULL."""


Operand = str | Call | Empty


@dataclass(frozen=True, slots=True)
class Clause:
    """A field compared with one or several operands; `operator` as written, lower case (`not in`, `is not`)."""

    field: str
    operator: str
    operands: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """A negation."""

    inner: "Node"


@dataclass(frozen=True, slots=True)
class All:
    """Terms joined by AND."""

    terms: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Any_:  # noqa: N801  Any is typing's
    """Terms joined by OR."""

    terms: tuple["Node", ...]


Node = Clause | Not | All | Any_


@dataclass(frozen=True, slots=True)
class Query:
    """A whole query; without `where` it is unbounded."""

    where: Node | None
    order: tuple[tuple[str, bool], ...]
    """(field, descending) in order."""


def wrong(message: str) -> JiraError:
    """Return Jira's 400 for a query."""
    return JiraError(400, message)


@lru_cache(maxsize=512)
def parse(text: str) -> Query:
    """Read a query; raise JiraError(400) with the place and what was expected."""
    return _Parser(_tokens(text)).query()


def _tokens(text: str) -> tuple[Token, ...]:
    tokens, position = [], 0
    while text[position:].strip():
        found = TOKEN.match(text, position)
        start = len(text) - len(text[position:].lstrip()) + 1
        if found is None:
            raise wrong(
                "Error in the JQL Query: The quoted string "
                f"'{text[position:].strip()[1:]}' has not been completed. (line 1, character {start})"
            )
        string = found["string"]
        if string:
            tokens.append(Token(re.sub(r"\\(.)", r"\1", string[1:-1]), quoted=True, at=start))
        else:
            tokens.append(Token(found["sign"] or found["word"], quoted=False, at=start))
        position = found.end()
    return tuple(tokens)


class _Parser:
    """Recursive descent over the tokens."""

    def __init__(self, tokens: tuple[Token, ...]) -> None:
        self._tokens = tokens
        self._next = 0

    def query(self) -> Query:
        where = None if self._peek() in (None, "order") else self._or()
        order = self._order() if self._peek() == "order" else ()
        if self._next < len(self._tokens):
            raise self._unexpected("Expecting either 'OR' or 'AND'")
        return Query(where, order)

    def _peek(self) -> str | None:
        """Return the keyword ahead, "" for a name or value, None at the end."""
        if self._next >= len(self._tokens):
            return None
        return self._tokens[self._next].keyword or ""

    def _take(self) -> Token:
        token = self._tokens[self._next]
        self._next += 1
        return token

    def _accept(self, *keywords: str) -> bool:
        if self._peek() in keywords:
            self._next += 1
            return True
        return False

    def _unexpected(self, expecting: str) -> JiraError:
        if self._next >= len(self._tokens):
            return wrong(f"Error in the JQL Query: {expecting} before the end of the query.")
        token = self._tokens[self._next]
        return wrong(f"Error in the JQL Query: {expecting} but got '{token.text}'. (line 1, character {token.at})")

    def _or(self) -> Node:
        terms = [self._and()]
        while self._accept("or", "||", "|"):
            terms.append(self._and())
        return terms[0] if len(terms) == 1 else Any_(tuple(terms))

    def _and(self) -> Node:
        terms = [self._term()]
        while self._accept("and", "&&", "&"):
            terms.append(self._term())
        return terms[0] if len(terms) == 1 else All(tuple(terms))

    def _term(self) -> Node:
        if self._accept("not", "!"):
            return Not(self._term())
        if self._accept("("):
            inner = self._or()
            self._expect(")")
            return inner
        return self._clause()

    def _expect(self, keyword: str) -> None:
        if not self._accept(keyword):
            raise self._unexpected(f"Expecting '{keyword}'")

    def _name(self) -> str:
        if self._peek() != "":
            raise self._unexpected("Expecting a field name")
        return self._take().text

    def _clause(self) -> Clause:
        name = self._name()
        if self._accept("changed"):
            return self._changed(name)
        operator = self._operator()
        if operator in ("in", "not in"):
            return Clause(name, operator, self._list())
        operand = self._operand()
        if operator in ("is", "is not") and not isinstance(operand, Empty):
            raise wrong(f"The operator '{operator}' only works with EMPTY or NULL.")
        return Clause(name, operator, (operand,))

    def _changed(self, name: str) -> Clause:
        ahead = self._tokens[self._next].text.lower() if self._peek() == "" else ""
        if ahead not in ("after", "before"):
            return Clause(name, "changed", ())
        self._next += 1
        return Clause(name, f"changed {ahead}", (self._operand(),))

    def _operator(self) -> str:
        ahead = self._peek()
        if ahead in SIGNS:
            return self._take().text
        if self._accept("in"):
            return "in"
        if self._accept("is"):
            return "is not" if self._accept("not") else "is"
        if self._accept("not"):
            self._expect("in")
            return "not in"
        raise self._unexpected("Expecting operator")

    def _list(self) -> tuple[Operand, ...]:
        if self._peek() == "":
            return (self._operand(),)
        self._expect("(")
        operands = [self._operand()]
        while self._accept(","):
            operands.append(self._operand())
        self._expect(")")
        return tuple(operands)

    def _operand(self) -> Operand:
        if self._accept("empty", "null"):
            return Empty()
        if self._peek() != "":
            raise self._unexpected("Expecting either a value, list or function")
        token = self._take()
        return token.text if token.quoted or not self._accept("(") else Call(token.text, self._arguments())

    def _arguments(self) -> tuple[str, ...]:
        arguments: list[str] = []
        while not self._accept(")"):
            if arguments:
                self._expect(",")
            arguments.append(self._name())
        return tuple(arguments)

    def _order(self) -> tuple[tuple[str, bool], ...]:
        self._expect("order")
        self._expect("by")
        terms = [self._order_term()]
        while self._accept(","):
            terms.append(self._order_term())
        return tuple(terms)

    def _order_term(self) -> tuple[str, bool]:
        name = self._name()
        direction = self._tokens[self._next].text.lower() if self._peek() == "" else ""
        if direction in ("asc", "desc"):
            self._next += 1
        return name, direction == "desc"
