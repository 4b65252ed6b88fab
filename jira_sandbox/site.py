"""The state of one Jira site: everything in memory, under one lock, and how to find it."""

import itertools
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from jira_sandbox.apps import AppValidator
from jira_sandbox.clock import Clock
from jira_sandbox.errors import JiraError, forbidden, invisible
from jira_sandbox.model import (
    Dashboard,
    Field,
    FieldEquals,
    Filter,
    Flavour,
    Issue,
    IssueType,
    Link,
    LinkType,
    Named,
    Project,
    Role,
    Screen,
    ScreenScheme,
    ScreenTab,
    Status,
    Transition,
    TypeScheme,
    TypeScreenScheme,
    User,
    Webhook,
    Workflow,
    WorkflowScheme,
)

Announce = Callable[[Webhook, dict[str, Any]], None]

GLOBAL_PERMISSIONS = ("ADMINISTER", "BULK_CHANGE", "CREATE_SHARED_OBJECTS", "USER_PICKER")
PROJECT_PERMISSIONS = (
    "ADD_COMMENTS", "ADMINISTER_PROJECTS", "ASSIGNABLE_USER", "ASSIGN_ISSUES", "BROWSE_PROJECTS", "CLOSE_ISSUES",
    "CREATE_ISSUES", "DELETE_ALL_COMMENTS", "DELETE_ISSUES", "DELETE_OWN_COMMENTS", "EDIT_ALL_COMMENTS", "EDIT_ISSUES",
    "EDIT_OWN_COMMENTS", "LINK_ISSUES", "MANAGE_WATCHERS", "MODIFY_REPORTER", "MOVE_ISSUES", "RESOLVE_ISSUES",
    "SCHEDULE_ISSUES", "TRANSITION_ISSUES", "VIEW_VOTERS_AND_WATCHERS",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """A permission taken away; None stands for everybody or everywhere."""

    permission: str
    user_id: str | None = None
    project_key: str | None = None


@dataclass(slots=True, kw_only=True)
class Site:
    """One Jira site. Take `lock` around anything that must see or leave it whole."""

    flavour: Flavour = "cloud"
    clock: Clock = field(default_factory=Clock)
    title: str = "Jira sandbox"
    time_zone: str = "UTC"
    base_url: str = "http://127.0.0.1"
    cloud_id: str = "5a3d6c1e-0000-4000-8000-000000000001"
    search_delay: timedelta = timedelta()
    transition_pause: float = 0.0
    default_priority: str | None = "3"
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    announce: Announce | None = None

    users: dict[str, User] = field(default_factory=dict)
    global_grants: dict[str, set[str]] = field(default_factory=dict)
    roles: dict[int, Role] = field(default_factory=dict)
    statuses: dict[str, Status] = field(default_factory=dict)
    types: dict[str, IssueType] = field(default_factory=dict)
    fields: dict[str, Field] = field(default_factory=dict)
    screens: dict[str, Screen] = field(default_factory=dict)
    priorities: dict[str, Named] = field(default_factory=dict)
    resolutions: dict[str, Named] = field(default_factory=dict)
    link_types: dict[str, LinkType] = field(default_factory=dict)
    workflows: dict[str, Workflow] = field(default_factory=dict)
    type_schemes: dict[str, TypeScheme] = field(default_factory=dict)
    screen_schemes: dict[str, ScreenScheme] = field(default_factory=dict)
    type_screen_schemes: dict[str, TypeScreenScheme] = field(default_factory=dict)
    workflow_schemes: dict[str, WorkflowScheme] = field(default_factory=dict)
    projects: dict[str, Project] = field(default_factory=dict)
    issues: dict[str, Issue] = field(default_factory=dict)
    issue_ids: dict[str, str] = field(default_factory=dict)
    child_ids: dict[str, list[str]] = field(default_factory=dict)
    links: dict[str, Link] = field(default_factory=dict)
    filters: dict[str, Filter] = field(default_factory=dict)
    dashboards: dict[str, Dashboard] = field(default_factory=dict)
    webhooks: dict[int, Webhook] = field(default_factory=dict)
    apps: dict[str, AppValidator] = field(default_factory=dict)
    revocations: list[Revocation] = field(default_factory=list)
    unloadable: set[str] = field(default_factory=set)
    """Ids of fields that can't be loaded now: issues come without them."""
    in_transition: set[str] = field(default_factory=set)
    past: dict[str, list[tuple[datetime, Issue | None]]] = field(default_factory=dict)
    _counters: dict[str, Iterator[int]] = field(default_factory=dict, repr=False)

    @property
    def cloud(self) -> bool:
        """Tell Cloud from Data Center."""
        return self.flavour == "cloud"

    def next_id(self, kind: str) -> int:
        """Return the next free number of a kind of thing; Jira's own start at 10000."""
        return next(self._counters.setdefault(kind, itertools.count(10000)))

    def add_screen(self, name: str, field_ids: list[str]) -> str:
        """Add a screen with one tab and return its id."""
        tab = ScreenTab(id=str(self.next_id("tab")), name="Field Tab", field_ids=list(field_ids))
        screen = Screen(id=str(self.next_id("screen")), name=name, tabs=[tab])
        self.screens[screen.id] = screen
        return screen.id

    def add_issue(self, issue: Issue) -> None:
        """Take an issue in, so that it is found by id, by key and as its parent's child."""
        self.issues[issue.id] = issue
        self.issue_ids[issue.key] = issue.id
        if issue.parent_id:
            self.child_ids.setdefault(issue.parent_id, []).append(issue.id)

    def drop_issue(self, issue: Issue) -> None:
        """Forget an issue, all its keys and links."""
        del self.issues[issue.id]
        self.issue_ids = {key: i for key, i in self.issue_ids.items() if i != issue.id}
        self.links = {n: k for n, k in self.links.items() if issue.id not in (k.source_id, k.target_id)}
        if issue.parent_id in self.child_ids:
            self.child_ids[issue.parent_id].remove(issue.id)

    def pause(self, seconds: float) -> None:
        """Let others at the site for a while; the caller holds the lock and gets it back."""
        threading.Condition(self.lock).wait(seconds)

    # finding

    def issue(self, id_or_key: str) -> Issue | None:
        """Find an issue by id, by key in any case, or by a key that it had before a move."""
        found = self.issues.get(id_or_key)
        return found or self.issues.get(self.issue_ids.get(id_or_key.upper(), ""))

    def visible_issue(self, id_or_key: str, viewer: User) -> Issue:
        """Find an issue that the viewer may see; raise Jira's 404 otherwise."""
        issue = self.issue(id_or_key)
        if issue is None or not self.may(viewer, "BROWSE_PROJECTS", self.projects[issue.project_id]):
            raise invisible()
        return issue

    def project(self, id_or_key: str) -> Project | None:
        """Find a project by id or key, former keys too."""
        key = id_or_key.upper()
        found = self.projects.get(id_or_key)
        return found or next((p for p in self.projects.values() if key in (p.key, *p.former_keys)), None)

    def visible_project(self, id_or_key: str, viewer: User) -> Project:
        """Find a project that the viewer may see; raise Jira's 404 otherwise."""
        project = self.project(id_or_key)
        if project is None or not self.may(viewer, "BROWSE_PROJECTS", project):
            raise JiraError(404, f"No project could be found with key '{id_or_key}'.")
        return project

    def visible_projects(self, viewer: User) -> list[Project]:
        """Return the projects that the viewer may see, by key."""
        seen = (p for p in self.projects.values() if self.may(viewer, "BROWSE_PROJECTS", p))
        return sorted(seen, key=lambda p: p.key)

    def user(self, reference: str | None) -> User | None:
        """Find a user as the flavour names them: by account id on Cloud, by name or key on Data Center."""
        if reference is None:
            return None
        if self.cloud:
            return self.users.get(reference)
        return next((u for u in self.users.values() if reference in (u.name, u.key)), None)

    def user_by_login(self, login: str) -> User | None:
        """Find a user by e-mail address or user name."""
        wanted = login.lower()
        return next((u for u in self.users.values() if wanted in (u.email.lower(), u.name.lower())), None)

    def members(self, group: str) -> list[User]:
        """Return the members of a group."""
        return [u for u in self.users.values() if group in u.groups]

    def groups(self) -> list[str]:
        """Return every group's name."""
        return sorted({group for user in self.users.values() for group in user.groups})

    def field_named(self, name: str) -> Field:
        """Return the field of that name (or id); KeyError if there is none."""
        if name in self.fields:
            return self.fields[name]
        try:
            return next(f for f in self.fields.values() if f.name == name)
        except StopIteration:
            raise KeyError(f"no field is named {name!r}") from None

    def status_named(self, name: str) -> Status:
        """Return the status of that name; KeyError if there is none."""
        try:
            return next(s for s in self.statuses.values() if s.name == name)
        except StopIteration:
            raise KeyError(f"no status is named {name!r}") from None

    def subtasks(self, issue: Issue) -> list[Issue]:
        """Return an issue's sub-tasks, oldest first."""
        children = (self.issues[i] for i in self.child_ids.get(issue.id, ()))
        return [child for child in children if child.parent_id == issue.id]

    def links_of(self, issue: Issue) -> list[Link]:
        """Return the links at either end of which the issue is."""
        return [link for link in self.links.values() if issue.id in (link.source_id, link.target_id)]

    def workflow_of(self, issue: Issue) -> Workflow:
        """Return the workflow that the issue follows."""
        return self.workflows[self.projects[issue.project_id].workflows[issue.type_id]]

    def fields_for(self, project_id: str, type_id: str) -> list[Field]:
        """Return the fields that exist for a project and issue type: the system's, and custom ones by context."""
        return [f for f in self.fields.values() if f.exists_for(project_id, type_id)]

    def screen_fields(self, project: Project, type_id: str, use: str) -> set[str]:
        """Return the field ids of the project's `create`, `edit` or `view` screen for an issue type."""
        return set(self.screens[getattr(project.screens[type_id], use)].field_ids())

    # permissions

    def may(self, user: User, permission: str, project: Project | None = None) -> bool:
        """Tell whether the user has a permission, in the project if it is a project's permission."""
        if self._revoked(user, permission, project):
            return False
        grants = project.grants if project is not None else self.global_grants
        return any(self._holds(user, grant, project) for grant in grants.get(permission, ()))

    def require(self, user: User, permission: str, project: Project | None, message: str) -> None:
        """Raise Jira's 403 with the message unless the user has the permission."""
        if not self.may(user, permission, project):
            raise forbidden(message)

    def default_assignee(self, project: Project) -> str | None:
        """Return the id of whoever gets an issue for which nobody else is named."""
        return project.lead_id if project.assignee_type == "PROJECT_LEAD" else None

    def assignable(self, user: User, project: Project) -> bool:
        """Tell whether issues of the project can be assigned to the user."""
        return user.active and self.may(user, "ASSIGNABLE_USER", project)

    def _revoked(self, user: User, permission: str, project: Project | None) -> bool:
        return any(
            r.permission == permission
            and r.user_id in (None, user.id)
            and (r.project_key is None or (project is not None and r.project_key == project.key))
            for r in self.revocations
        )

    @staticmethod
    def _holds(user: User, grant: str, project: Project | None) -> bool:
        kind, _, name = grant.partition(":")
        if kind == "group":
            return name in user.groups
        if kind == "user":
            return name == user.id
        actors = project.roles.get(int(name)) if project is not None and kind == "role" else None
        return actors is not None and (user.id in actors.user_ids or bool(user.groups.intersection(actors.groups)))

    # transitions

    def available(self, issue: Issue, user: User) -> list[Transition]:
        """Return the transitions that this user can make on the issue now."""
        if not self.may(user, "TRANSITION_ISSUES", self.projects[issue.project_id]):
            return []
        return [t for t in self.leading_on(issue) if self.condition_holds(issue, t)]

    def leading_on(self, issue: Issue) -> list[Transition]:
        """Return the transitions out of the issue's status, whatever their conditions say."""
        transitions = self.workflow_of(issue).transitions
        return [t for t in transitions if t.is_global or issue.status_id in t.sources]

    def condition_holds(self, issue: Issue, transition: Transition) -> bool:
        """Tell whether the transition's native conditions hold: the option shown in the field is the one asked for."""
        return all(self._equals(issue, condition) for condition in transition.conditions)

    def _equals(self, issue: Issue, condition: FieldEquals) -> bool:
        held = issue.values.get(condition.field_id)
        if condition.comparison == "OPTIONID":
            return bool(held == condition.value)
        options = {o.id: o.value for o in self.fields[condition.field_id].options()}
        return options.get(held or "") == condition.value
