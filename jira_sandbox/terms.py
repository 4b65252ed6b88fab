"""The field names of JQL: what each stands for on an issue, and which values its words may name."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from jira_sandbox import show
from jira_sandbox.errors import JiraError
from jira_sandbox.fields import KINDS
from jira_sandbox.model import Field, Issue, User
from jira_sandbox.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Searcher:
    """Who searches where and when: names, relative dates and `currentUser()` depend on it."""

    site: Site
    viewer: User
    now: datetime

    @property
    def zone(self) -> ZoneInfo:
        """Return the time zone in which the searcher's dates are meant."""
        return ZoneInfo(self.viewer.time_zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """What a field name means in JQL: its values on an issue, and the values that a word may stand for."""

    name: str
    family: str
    values: Callable[[Issue], list[Any]]
    resolve: Callable[[str], Iterable[Any]]
    order: Callable[[Issue], Any] | None = None
    empty_words: frozenset[str] = frozenset()

    def sort(self, issue: Issue) -> Any:
        """Return the key that ORDER BY sorts by; None sorts last."""
        if self.order:
            return self.order(issue)
        values = self.values(issue)
        return min(values) if values else None


def term_named(searcher: Searcher, name: str) -> Term:
    """Return what a name in a query means; raise Jira's 400 if it means nothing."""
    wanted = name.lower()
    if wanted in ATTRIBUTES:
        return _attribute(searcher, wanted)
    for field in searcher.site.fields.values():
        if wanted in field.clauses:
            return _field(searcher, field, name)
    raise JiraError(400, f"Field '{name}' does not exist or you do not have permission to view it.")


def _field(searcher: Searcher, field: Field, name: str) -> Term:
    family = KINDS[field.kind].family

    def values(issue: Issue) -> list[Any]:
        value = issue.values.get(field.id)
        each = value if isinstance(value, list) else [] if value is None else [value]
        return [_moment(searcher, v) for v in each] if family == "moment" else each

    return Term(
        name=name, family=family, values=values, resolve=lambda word: _named(searcher.site, field, family, word)
    )


def _moment(searcher: Searcher, value: datetime | str) -> datetime:
    """Take a day as its midnight where the searcher is."""
    return datetime.fromisoformat(value).replace(tzinfo=searcher.zone) if isinstance(value, str) else value


def _named(site: Site, field: Field, family: str, word: str) -> list[str]:
    if family == "labels":
        return [word]
    if family == "user":
        return users_named(site, word)
    if family == "option":
        return [o.id for o in field.options() if word == o.id or word.lower() == o.value.lower()]
    return by_name(site.priorities, word)


def users_named(site: Site, word: str) -> list[str]:
    """Return the ids of the users whom a word may mean: id, user name, e-mail address or display name."""
    wanted = word.lower()
    return [
        u.id
        for u in site.users.values()
        if wanted in (u.id.lower(), u.name.lower(), u.email.lower(), u.display_name.lower())
    ]


def by_name(things: dict[str, Any], word: str) -> list[str]:
    """Return the ids of the things with that id or name, in any case."""
    return [i for i, thing in things.items() if word == i or word.lower() == thing.name.lower()]


def _projects(site: Site, word: str) -> list[str]:
    project = site.project(word)
    return [project.id] if project else by_name(site.projects, word)


def _categories(_site: Site, word: str) -> list[str]:
    return [
        key
        for key, (number, _colour, name) in show.CATEGORIES.items()
        if word.lower() in (key, str(number), name.lower())
    ]


def _issues(site: Site, word: str) -> list[str]:
    issue = site.issue(word)
    return [issue.id] if issue else []


def _some(value: Any) -> list[Any]:
    return [] if value is None else [value]


def _key_order(_site: Site, issue: Issue) -> tuple[str, int]:
    project, _, number = issue.key.rpartition("-")
    return project, int(number)


def _texts(_site: Site, issue: Issue) -> list[str]:
    said = [comment.body for comment in issue.comments]
    return said + [v for f, v in issue.values.items() if f in ("summary", "description", "environment") and v]


Values = Callable[[Site, Issue], list[Any]]
Resolve = Callable[[Site, str], Iterable[Any]]


def _nothing(_site: Site, _word: str) -> Iterable[Any]:
    return ()


ATTRIBUTES: dict[str, tuple[str, Values, Resolve]] = {
    "project": ("set", lambda _s, i: [i.project_id], _projects),
    "issuetype": ("set", lambda _s, i: [i.type_id], lambda s, word: by_name(s.types, word)),
    "status": ("set", lambda _s, i: [i.status_id], lambda s, word: by_name(s.statuses, word)),
    "statuscategory": ("set", lambda s, i: [s.statuses[i.status_id].category], _categories),
    "resolution": ("set", lambda _s, i: _some(i.resolution_id), lambda s, word: by_name(s.resolutions, word)),
    "creator": ("user", lambda _s, i: [i.creator_id], users_named),
    "watcher": ("user", lambda _s, i: i.watcher_ids, users_named),
    "key": ("issue", lambda _s, i: [i.id], _issues),
    "parent": ("issue", lambda _s, i: _some(i.parent_id), _issues),
    "created": ("moment", lambda _s, i: [i.created], _nothing),
    "updated": ("moment", lambda _s, i: [i.updated], _nothing),
    "resolved": ("moment", lambda _s, i: _some(i.resolved), _nothing),
    "statuscategorychangeddate": ("moment", lambda _s, i: [i.status_changed], _nothing),
    "comment": ("text", lambda _s, i: [comment.body for comment in i.comments], _nothing),
    "text": ("text", _texts, _nothing),
}
ATTRIBUTES |= {
    alias: ATTRIBUTES[name]
    for alias, name in {
        "type": "issuetype", "issue": "key", "issuekey": "key", "id": "key", "createddate": "created",
        "updateddate": "updated", "resolutiondate": "resolved",
    }.items()
}  # fmt: skip
KEY_NAMES = ("key", "issue", "issuekey", "id")


def _attribute(searcher: Searcher, name: str) -> Term:
    site = searcher.site
    family, values, resolve = ATTRIBUTES[name]
    return Term(
        name=name,
        family=family,
        values=lambda issue: values(site, issue),
        resolve=lambda word: resolve(site, word),
        order=(lambda issue: _key_order(site, issue)) if name in KEY_NAMES else None,
        empty_words=frozenset({"unresolved"}) if name == "resolution" else frozenset(),
    )
