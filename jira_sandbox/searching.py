"""Search: what a JQL query finds, on an index that may lag behind the writes."""

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from jira_sandbox import jql, moments
from jira_sandbox.errors import JiraError
from jira_sandbox.jql import All, Any_, Call, Clause, Empty, Node, Not, Operand
from jira_sandbox.model import Issue, User
from jira_sandbox.site import Site
from jira_sandbox.terms import Searcher, Term, term_named

Test = Callable[[Issue], bool]
UNBOUNDED = "Unbounded JQL queries are not allowed here. Please add a search restriction to your query."
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
}
EQUALITIES = ("=", "!=", "in", "not in", "is", "is not")
NEGATIVE = ("!=", "not in", "is not")


def find(site: Site, viewer: User, text: str, *, bounded: bool = False, fresh: Iterable[str] = ()) -> list[Issue]:
    """Return what a query finds, in its order; `fresh` are ids of issues to be seen as they are now."""
    query = jql.parse(text)
    if bounded and query.where is None:
        raise JiraError(400, UNBOUNDED)
    searcher = Searcher(site=site, viewer=viewer, now=site.clock.now())
    test = _compile(searcher, query.where) if query.where else lambda _issue: True
    seen = {p.id for p in site.visible_projects(viewer)}
    found = [i for i in indexed(site, fresh) if i.project_id in seen and test(i)]
    return _ordered(searcher, found, query.order)


def matches(site: Site, text: str, issue: Issue) -> bool:
    """Tell whether one issue, as it is now, is in a webhook's query; nobody in particular searches."""
    nobody = User(id="", name="", display_name="", email="", key="", time_zone=site.time_zone)
    where = jql.parse(text).where
    return where is None or _compile(Searcher(site=site, viewer=nobody, now=site.clock.now()), where)(issue)


def indexed(site: Site, fresh: Iterable[str] = ()) -> list[Issue]:
    """Return the issues as the index has them: as they were `search_delay` ago."""
    if not site.past:
        return list(site.issues.values())
    horizon = site.clock.now() - site.search_delay
    shown = {i: issue for i, issue in site.issues.items() if i not in site.past}
    for issue_id, versions in list(site.past.items()):
        waiting = [(at, before) for at, before in versions if at > horizon]
        known = site.issues.get(issue_id) if not waiting or issue_id in set(fresh) else waiting[0][1]
        if known is not None:
            shown[issue_id] = known
        _forget(site, issue_id, waiting)
    return list(shown.values())


def _forget(site: Site, issue_id: str, waiting: list[tuple[datetime, Issue | None]]) -> None:
    if waiting:
        site.past[issue_id] = waiting
    else:
        del site.past[issue_id]


def _ordered(searcher: Searcher, found: list[Issue], order: tuple[tuple[str, bool], ...]) -> list[Issue]:
    found.sort(key=lambda issue: int(issue.id), reverse=not order)
    for name, descending in reversed(order):
        term = term_named(searcher, name)
        keyed = [(term.sort(issue), issue) for issue in found]
        present = [each for each in keyed if each[0] is not None]
        present.sort(key=lambda each: each[0], reverse=descending)
        found = [issue for _, issue in present] + [issue for key, issue in keyed if key is None]
    return found


# the tree


def _compile(searcher: Searcher, node: Node) -> Test:
    match node:
        case Not(inner):
            test = _compile(searcher, inner)
            return lambda issue: not test(issue)
        case All(terms):
            tests = [_compile(searcher, term) for term in terms]
            return lambda issue: all(test(issue) for test in tests)
        case Any_(terms):
            tests = [_compile(searcher, term) for term in terms]
            return lambda issue: any(test(issue) for test in tests)
        case Clause():
            return _clause(searcher, node)


def _clause(searcher: Searcher, clause: Clause) -> Test:
    term = term_named(searcher, clause.field)
    if clause.operator.startswith("changed"):
        return _changed(searcher, term, clause)
    compile_family = {"moment": _moment, "number": _number, "text": _text}.get(term.family, _membership)
    if all(isinstance(operand, Empty) for operand in clause.operands):
        return _emptiness(term, clause)
    return compile_family(searcher, term, clause)


def _changed(searcher: Searcher, term: Term, clause: Clause) -> Test:
    """Search the history, which Jira keeps for searches of a few system fields only."""
    field = term.name.lower()
    if field not in ("status", "assignee", "reporter", "priority", "resolution"):
        raise JiraError(400, f"History searches do not support the '{term.name}' field.")
    _, _, side = clause.operator.partition(" ")
    bound = _moment_value(searcher, term, clause, clause.operands[0]) if side else None

    def within(at: datetime) -> bool:
        return bound is None or (at > bound if side == "after" else at < bound)

    return lambda issue: any(within(c.created) for c in issue.changes if any(i.field == field for i in c.items))


def _unsupported(term: Term, clause: Clause) -> JiraError:
    return JiraError(400, f"The operator '{clause.operator}' is not supported by the '{term.name}' field.")


def _emptiness(term: Term, clause: Clause) -> Test:
    if clause.operator not in EQUALITIES:
        raise _unsupported(term, clause)
    wanted = clause.operator in NEGATIVE
    return lambda issue: bool(term.values(issue)) is wanted


def _membership(searcher: Searcher, term: Term, clause: Clause) -> Test:
    if clause.operator not in EQUALITIES:
        raise _unsupported(term, clause)
    named = [operand for operand in clause.operands if not _means_empty(term, operand)]
    with_empty = len(named) < len(clause.operands)
    wanted = set().union(*(_members(searcher, term, operand) for operand in named))
    if clause.operator in NEGATIVE:
        return lambda issue: bool(term.values(issue)) and wanted.isdisjoint(term.values(issue))
    return lambda issue: not wanted.isdisjoint(term.values(issue)) or (with_empty and not term.values(issue))


def _means_empty(term: Term, operand: Operand) -> bool:
    return isinstance(operand, Empty) or (isinstance(operand, str) and operand.lower() in term.empty_words)


def _members(searcher: Searcher, term: Term, operand: Operand) -> set[Any]:
    if isinstance(operand, Call):
        if operand.name.lower() == "currentuser" and term.family == "user":
            return {searcher.viewer.id}
        raise JiraError(400, f"Unable to find JQL function '{operand.name}({', '.join(operand.arguments)})'.")
    found = set(term.resolve(str(operand)))
    if found:
        return found
    if term.family == "issue":
        raise JiraError(400, f"An issue with key '{operand}' does not exist for field '{term.name}'.")
    raise JiraError(400, f"The value '{operand}' does not exist for the field '{term.name}'.")


def _moment(searcher: Searcher, term: Term, clause: Clause) -> Test:
    return _compared(term, clause, lambda operand: _moment_value(searcher, term, clause, operand))


def _compared(term: Term, clause: Clause, read: Callable[[Operand], Any]) -> Test:
    if clause.operator in ("in", "not in"):
        wanted, keep = [read(operand) for operand in clause.operands], clause.operator == "in"
        return lambda issue: any((value in wanted) is keep for value in term.values(issue))
    if clause.operator not in COMPARISONS:
        raise _unsupported(term, clause)
    compare, bound = COMPARISONS[clause.operator], read(clause.operands[0])
    return lambda issue: any(compare(value, bound) for value in term.values(issue))


def _moment_value(searcher: Searcher, term: Term, clause: Clause, operand: Operand) -> datetime:
    if isinstance(operand, Empty):
        raise _unsupported(term, clause)
    return moments.read(operand, term.name, searcher.now, searcher.zone)


def _number(_searcher: Searcher, term: Term, clause: Clause) -> Test:
    return _compared(term, clause, lambda operand: _number_value(term, operand))


def _number_value(term: Term, operand: Operand) -> float:
    try:
        return float(str(operand))
    except ValueError:
        raise JiraError(400, f"The value '{operand}' is not a valid number for the field '{term.name}'.") from None


def _text(_searcher: Searcher, term: Term, clause: Clause) -> Test:
    if clause.operator not in ("~", "!~"):
        raise _unsupported(term, clause)
    words = re.findall(r"\w+", str(clause.operands[0]).lower())
    wanted = clause.operator == "~"
    return lambda issue: _contains(term.values(issue), words) is wanted


def _contains(texts: list[str], words: list[str]) -> bool:
    present = {word for text in texts for word in re.findall(r"\w+", text.lower())}
    return all(word in present for word in words)
