"""Issues as JSON: fields, change log, transitions, edit metadata, comments, links."""

import html
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from jira_sandbox import adf, show
from jira_sandbox.fields import KINDS, Place
from jira_sandbox.model import Change, ChangeItem, Comment, Field, Issue, Link, Project, Transition
from jira_sandbox.show import Json, View

EMBEDDED_CHANGES = 100
BULK_CHANGES = 40  # "This returns a maximum of 40 changelogs", says Atlassian's document of POST issue/bulkfetch
OFFERED = "operations,versionedRepresentations,editmeta,changelog,renderedFields,transitions,names,schema"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What a caller asked to see of an issue."""

    fields: tuple[str, ...] = ("*all",)
    expand: frozenset[str] = frozenset()
    properties: tuple[str, ...] = ()
    changes: int = EMBEDDED_CHANGES

    def of(self, fields: Iterable[Field]) -> list[Field]:
        """Return the fields that belong in the reply; `-name` leaves one out and, alone, means all but it."""
        left_out = {name.removeprefix("-") for name in self.fields if name.startswith("-")}
        named = {name for name in self.fields if not name.startswith("-")}
        everything, navigable = "*all" in named or not named, "*navigable" in named
        return [
            f for f in fields if (everything or f.id in named or (navigable and f.navigable)) and f.id not in left_out
        ]


def issues(view: View, several: Iterable[Issue], selection: Selection) -> list[Json]:
    """Show issues as far as they were asked for; which fields that means is settled once for each issue type."""
    selected = selection.of(view.site.fields.values())
    chosen: dict[tuple[str, str], list[Field]] = {}
    shown = []
    for what in several:
        place = (what.project_id, what.type_id)
        if place not in chosen:
            chosen[place] = [f for f in selected if f.exists_for(*place) and f.id not in view.site.unloadable]
        shown.append(_issue(view, what, selection, chosen[place]))
    return shown


def issue(view: View, what: Issue, selection: Selection) -> Json:
    """Show an issue as far as it was asked for."""
    (shown,) = issues(view, [what], selection)
    return shown


def _issue(view: View, what: Issue, selection: Selection, chosen: list[Field]) -> Json:
    shown: Json = {
        "expand": OFFERED,
        "id": what.id,
        "self": view.link(f"issue/{what.id}"),
        "key": what.key,
        "fields": {f.id: field_value(view, what, f) for f in chosen if f.kind != "issuekey"},
    }
    if selection.properties:
        shown["properties"] = {k: v for k, v in what.properties.items() if _asked(k, selection.properties)}
    for name in selection.expand & EXPANSIONS.keys():
        shown[name] = EXPANSIONS[name](view, what, chosen)
    if "changelog" in selection.expand:
        shown["changelog"] = embedded_changes(view, what, selection.changes)
    return shown


def _asked(key: str, wanted: Iterable[str]) -> bool:
    return f"-{key}" not in wanted and (key in wanted or "*all" in wanted)


def field_value(view: View, what: Issue, field: Field) -> Any:
    """Show one field of an issue."""
    if field.id in KEPT_BY_JIRA:
        return KEPT_BY_JIRA[field.id](view, what)
    return KINDS[field.kind].show(view, field, what.values.get(field.id))


def _parent(view: View, what: Issue) -> Json | None:
    return related(view, view.site.issues[what.parent_id]) if what.parent_id else None


def related(view: View, what: Issue) -> Json:
    """Show an issue as its relatives carry it: few fields, and no change log."""
    site = view.site
    fields = {
        "summary": what.values.get("summary"),
        "status": show.status(view, site.statuses[what.status_id]),
        "priority": show.named(view, site.priorities.get(what.values.get("priority", "")), "priority"),
        "issuetype": show.issue_type(view, site.types[what.type_id]),
    }
    return {"id": what.id, "key": what.key, "self": view.link(f"issue/{what.id}"), "fields": fields}


def _issue_links(view: View, what: Issue) -> list[Json]:
    return [_issue_link(view, what, link) for link in view.site.links_of(what)]


def _issue_link(view: View, what: Issue, link: Link) -> Json:
    side, other = ("outwardIssue", link.target_id) if link.source_id == what.id else ("inwardIssue", link.source_id)
    shown = {"id": link.id, "self": view.link(f"issueLink/{link.id}"), "type": link_type(view, link.type_id)}
    return shown | {side: related(view, view.site.issues[other])}


def link_type(view: View, type_id: str) -> Json:
    """Show a kind of link."""
    kind = view.site.link_types[type_id]
    shown = {"id": kind.id, "name": kind.name, "inward": kind.inward, "outward": kind.outward}
    return shown | {"self": view.link(f"issueLinkType/{kind.id}")}


def comment(view: View, what: Issue, said: Comment) -> Json:
    """Show a comment."""
    return (
        {
            "self": view.link(f"issue/{what.id}/comment/{said.id}"),
            "id": said.id,
            "author": show.known_user(view, said.author_id),
            "body": adf.from_text(said.body) if view.api == "3" else said.body,
            "updateAuthor": show.known_user(view, said.update_author_id),
            "created": view.time(said.created),
            "updated": view.time(said.updated),
        }
        | ({"jsdPublic": True} if view.site.cloud else {})
        | ({"visibility": said.visibility} if said.visibility else {})
    )


def _comments(view: View, what: Issue) -> Json:
    shown = [comment(view, what, said) for said in what.comments]
    page = {"comments": shown, "maxResults": len(shown), "total": len(shown), "startAt": 0}
    return page | {"self": view.link(f"issue/{what.id}/comment")}


def _watches(view: View, what: Issue) -> Json:
    watching = view.viewer is not None and view.viewer.id in what.watcher_ids
    shown = {"self": view.link(f"issue/{what.key}/watchers"), "watchCount": len(what.watcher_ids)}
    return shown | {"isWatching": watching}


def _votes(view: View, what: Issue) -> Json:
    return {"self": view.link(f"issue/{what.key}/votes"), "votes": 0, "hasVoted": False}


KEPT_BY_JIRA: dict[str, Callable[[View, Issue], Any]] = {
    "issuetype": lambda view, i: show.issue_type(view, view.site.types[i.type_id]),
    "project": lambda view, i: show.project(view, view.site.projects[i.project_id]),
    "status": lambda view, i: show.status(view, view.site.statuses[i.status_id]),
    "resolution": lambda view, i: show.named(view, view.site.resolutions.get(i.resolution_id or ""), "resolution"),
    "resolutiondate": lambda view, i: view.time(i.resolved),
    "created": lambda view, i: view.time(i.created),
    "updated": lambda view, i: view.time(i.updated),
    "statuscategorychangedate": lambda view, i: view.time(i.status_changed),
    "creator": lambda view, i: show.known_user(view, i.creator_id),
    "parent": _parent,
    "subtasks": lambda view, i: [related(view, sub) for sub in view.site.subtasks(i)],
    "issuelinks": _issue_links,
    "comment": _comments,
    "watches": _watches,
    "votes": _votes,
    "workratio": lambda _view, _issue: -1,
    "progress": lambda _view, _issue: {"progress": 0, "total": 0},
    "aggregateprogress": lambda _view, _issue: {"progress": 0, "total": 0},
    "components": lambda _view, _issue: [],
    "versions": lambda _view, _issue: [],
    "fixVersions": lambda _view, _issue: [],
}


# the change log


def change(view: View, entry: Change) -> Json:
    """Show one entry of the change log; a deleted author is left out, as Jira does."""
    author = show.known_user(view, entry.author_id)
    shown: Json = {"id": str(entry.id)} | ({"author": author} if author else {})
    return shown | {"created": view.time(entry.created), "items": [change_item(view, i) for i in entry.items]}


def change_item(view: View, item: ChangeItem) -> Json:
    """Show one item; Data Center names no `fieldId`, and neither does a link's item."""
    shown: Json = {"field": item.field, "fieldtype": "custom" if item.custom else "jira"}
    if view.site.cloud and item.field_id:
        shown["fieldId"] = item.field_id
    shown |= {"from": item.before, "fromString": item.before_text, "to": item.after, "toString": item.after_text}
    return shown


def embedded_changes(view: View, what: Issue, limit: int) -> Json:
    """Show the change log inside an issue: newest first and cut off on Cloud, oldest first and whole on Data Center."""
    entries = what.changes[::-1][:limit] if view.site.cloud else what.changes
    shown = [change(view, entry) for entry in entries]
    return {"startAt": 0, "maxResults": len(shown), "total": len(what.changes), "histories": shown}


# transitions and metadata


def transition(view: View, what: Issue, step: Transition, *, fields: bool = False) -> Json:
    """Show a transition; its screen's fields if they were asked for."""
    shown: Json = {
        "id": step.id,
        "name": step.name,
        "to": show.status(view, view.site.statuses[step.to]),
        "hasScreen": step.screen_id is not None,
        "isGlobal": step.is_global,
        "isInitial": False,
        "isAvailable": view.site.condition_holds(what, step),
        "isConditional": bool(step.conditions),
        "looped": step.to == what.status_id,
    }
    if not fields:
        return shown
    on_screen = view.site.screens[step.screen_id].field_ids() if step.screen_id else []
    project = view.site.projects[what.project_id]
    return shown | {"fields": metadata(view, project, what.type_id, [f for f in on_screen if f != "comment"])}


def metadata(view: View, project: Project, type_id: str, field_ids: Iterable[str]) -> Json:
    """Show what a screen asks for, by field id."""
    place = Place(site=view.site, project=project, type_id=type_id, api=view.api)
    here = {f.id: f for f in view.site.fields_for(project.id, type_id)}
    return {i: field_metadata(view, place, here[i]) for i in field_ids if i in here}


def field_metadata(view: View, place: Place, field: Field) -> Json:
    """Show what a screen says of one field."""
    kind = KINDS[field.kind]
    shown: Json = {
        "required": field.id in ("summary", "issuetype", "project"),
        "schema": kind.schema(field),
        "name": field.name,
        "key": field.id,
        "operations": ["add", "edit", "remove"] if field.kind == "comment" else list(kind.operations),
        "hasDefaultValue": field.id == "priority",
    }
    if field.kind in ("user", "assignee", "multiuser"):
        shown["autoCompleteUrl"] = view.link(f"user/search?project={place.project.key}&query=")
    allowed = kind.allowed(view, place, field)
    return shown if allowed is None else shown | {"allowedValues": allowed}


def edit_metadata(view: View, what: Issue) -> Json:
    """Show what the edit screen asks for, and that comments can be added."""
    project = view.site.projects[what.project_id]
    field_ids = [*view.site.screens[project.screens[what.type_id].edit].field_ids(), "comment"]
    return {"fields": metadata(view, project, what.type_id, dict.fromkeys(field_ids))}


def transitions(view: View, what: Issue, *, fields: bool = False) -> list[Json]:
    """Show the transitions that the viewer can make now."""
    if view.viewer is None:
        return []
    return [transition(view, what, step, fields=fields) for step in view.site.available(what, view.viewer)]


def _rendered(_view: View, what: Issue, chosen: list[Field]) -> Json:
    texts = {f.id: what.values.get(f.id) for f in chosen if f.kind == "textarea"}
    return {i: f"<p>{html.escape(text)}</p>" if text else "" for i, text in texts.items()}


EXPANSIONS: dict[str, Callable[[View, Issue, list[Field]], Any]] = {
    "transitions": lambda view, i, _fields: transitions(view, i),
    "editmeta": lambda view, i, _fields: edit_metadata(view, i),
    "names": lambda _view, _issue, fields: {f.id: f.name for f in fields},
    "schema": lambda _view, _issue, fields: {f.id: KINDS[f.kind].schema(f) for f in fields},
    "renderedFields": _rendered,
}
