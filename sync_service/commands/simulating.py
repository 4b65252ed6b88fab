"""What a changed mapping would do to the projects as they are: both are derived side by side, nothing is written."""

from collections.abc import Callable, Iterable, Iterator
from collections.abc import Mapping as MappingOf
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from mappings import Mapping
from sync_service.errors import ConfigurationError
from sync_service.jira import translate
from sync_service.jira.answers import Json
from sync_service.jira.calls import chunks
from sync_service.jira.client import Batch, Client
from sync_service.jira.directory import Directory, SiteMismatch, people_fields, resolve
from sync_service.jira.errors import Invalid
from sync_service.jira.gateway import Gateway
from sync_service.lifecycle.actions import sentence
from sync_service.lifecycle.facts import ProjectIssue, SubTask
from sync_service.lifecycle.gates import Verdict, next_gate
from sync_service.lifecycle.history import reaches_back
from sync_service.lifecycle.plan import Unsettled, plan
from sync_service.lifecycle.record import PROPERTY, STEP_PROPERTY
from sync_service.lifecycle.state import State, derive
from sync_service.lifecycle.steps import StepState

AT_ONCE = 100

Progress = Callable[[int], None]
"""Told how many issues were read since it was last told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One mapping with its ids on the site; `lacking` are the names that the site doesn't have (yet)."""

    mapping: Mapping
    directory: Directory
    lacking: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What would differ for one project issue: sentences by kind, and `problems` that nobody can want."""

    key: str
    summary: str
    stages: tuple[str, str]
    gate: str = ""
    reasons_added: tuple[str, ...] = ()
    reasons_gone: tuple[str, ...] = ()
    steps_added: tuple[str, ...] = ()
    steps_gone: tuple[str, ...] = ()
    steps_changed: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()

    @property
    def is_any(self) -> bool:
        """Tell whether there is one."""
        return self.stages[0] != self.stages[1] or any(
            (self.gate, self.reasons_added, self.reasons_gone, self.steps_added, self.steps_gone, self.steps_changed,
             self.problems)
        )  # fmt: skip


def counterpart(mappings: Iterable[Mapping], changed: Mapping) -> Mapping:
    """Return the configured mapping that the changed one would replace; raises ConfigurationError."""
    known = {mapping.jira.project: mapping for mapping in mappings}
    if changed.jira.project not in known:
        raise ConfigurationError(
            f"jira.project of the changed mapping is {changed.jira.project!r}, but the settings have mappings for "
            f"{', '.join(map(repr, sorted(known)))}; simulate compares with the one of the same project"
        )
    return known[changed.jira.project]


def side(client: Client, mapping: Mapping) -> Side:
    """Find the mapping's ids on the site; names that it lacks count as empty fields and as statuses nobody is in."""
    try:
        return Side(mapping=mapping, directory=resolve(client, mapping))
    except SiteMismatch as mismatch:
        return Side(mapping=mapping, directory=_lenient(client, mapping), lacking=mismatch.problems)


def _lenient(client: Client, mapping: Mapping) -> Directory:
    project = client.project(mapping.jira.project)
    statuses = {str(one["id"]): one for one in client.statuses()}
    ids = {one["name"]: one["id"] for one in reversed(client.fields())}
    field_ids = {key: ids.get(declared.name, f"lacking:{key}") for key, declared in mapping.fields.items()}
    types = {one["name"]: str(one["id"]) for one in project.get("issueTypes") or ()}
    return Directory(
        project_id=str(project["id"]),
        issue_type_id=types.get(mapping.jira.issue_type, ""),
        subtask_type_id=types.get(mapping.jira.subtask_type, ""),
        is_cloud=client.is_cloud,
        field_ids=field_ids,
        field_keys={field_id: key for key, field_id in field_ids.items()},
        field_names={declared.name: key for key, declared in mapping.fields.items()},
        statuses={status_id: one["name"] for status_id, one in statuses.items()},
        categories={one["name"]: one["statusCategory"]["key"] for one in statuses.values()},
        people=people_fields(mapping),
    )


# --- Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Portfolio:
    """The project issues that a simulation looks at, and the accounts that the service writes with."""

    client: Client
    old: Side
    new: Side
    account: str
    enforce_since: datetime

    def find(self, jql: str = "") -> tuple[str, ...]:
        """Return the ids of the project issues, of those alone that match the JQL if there is one."""
        directory = self.old.directory
        which = f"project = {directory.project_id} AND issuetype = {directory.issue_type_id}"
        try:
            pages = list(self.client.search(f"{which} AND ({jql})" if jql else f"{which} ORDER BY created ASC"))
        except Invalid as refused:
            if not jql:
                raise
            said = "; ".join(refused.messages) or str(refused)
            raise ConfigurationError(f"--jql {jql!r}: Jira says: {said}; leave ORDER BY out") from refused
        return tuple(dict.fromkeys(str(issue["id"]) for page in pages for issue in page.issues))

    def differences(self, ids: Iterable[str], progress: Progress) -> Iterator[Difference]:
        """Yield for each issue what would differ, nothing included."""
        for some in chunks(list(ids), AT_ONCE):
            batch = self.client.issues(some, fields=self._fields(), properties=[PROPERTY], expand=["changelog"])
            subtasks = self._subtasks(batch)
            for body in batch.issues:
                yield self._difference(body, subtasks, batch.at)
                progress(1)
            progress(len(some) - len(batch.issues))

    def _fields(self) -> list[str]:
        keys = {*self.old.directory.field_keys, *self.new.directory.field_keys}
        return [*translate.ISSUE_FIELDS, *sorted(key for key in keys if ":" not in key)]

    def _subtasks(self, batch: Batch) -> dict[str, Json]:
        listed = [str(one["id"]) for body in batch.issues for one in body["fields"].get("subtasks") or ()]
        if not listed:
            return {}
        read = self.client.issues(
            listed, fields=translate.SUBTASK_FIELDS, properties=[STEP_PROPERTY], expand=["changelog"]
        )
        return {str(body["id"]): body for body in read.issues}

    def _difference(self, body: Json, subtasks: MappingOf[str, Json], at: datetime) -> Difference:
        old, new = (self._issue(body, subtasks, one) for one in (self.old, self.new))
        before = derive(old, self.old.mapping, at, self.enforce_since)
        after = derive(new, self.new.mapping, at, self.enforce_since)
        return compared(before, after, *self._consequences(new, at))

    def _issue(self, body: Json, subtasks: MappingOf[str, Json], one: Side) -> ProjectIssue:
        listed = [str(subtask["id"]) for subtask in body["fields"].get("subtasks") or ()]
        read: list[SubTask] = [translate.subtask(subtasks[i], one.directory) for i in listed if i in subtasks]
        issue = translate.project_issue(
            body,
            tuple(read),
            mapping=one.mapping,
            directory=one.directory,
            ours=(self.account, *one.mapping.jira.accounts),
        )
        if reaches_back(issue, one.mapping):
            return issue
        histories = list(self._history(issue.id))
        return replace(issue, changes=translate.changes(histories, one.directory), complete=True)

    def _history(self, issue_id: str) -> Iterator[Json]:
        start = 0
        while True:
            page = self.client.changelog_page(issue_id, start)
            yield from page["values"]
            start += len(page["values"])
            if page.get("isLast", True) or not page["values"]:
                return

    def _consequences(self, issue: ProjectIssue, at: datetime) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return what nobody can want of the new mapping, and what the service would write under it."""
        try:
            decided = plan(issue, self.new.mapping, at, self.enforce_since)
        except Unsettled as contradiction:
            return (str(contradiction),), ()
        problems = (decided.refused,) if decided.refused else ()
        return problems, tuple(sentence(action) for action in decided.actions)


# --- Comparing


def compared(before: State, after: State, problems: tuple[str, ...] = (), writes: tuple[str, ...] = ()) -> Difference:
    """Compare one project under two mappings; `writes` is what the service would do under the new one."""
    reasons = tuple(_reasons(next_gate(state)) for state in (before, after))
    steps = tuple({step.identity: step for step in state.steps} for state in (before, after))
    common = [(steps[0][one], steps[1][one]) for one in steps[0] if one in steps[1]]
    return Difference(
        key=before.issue.key,
        summary=before.issue.summary,
        stages=(before.mapping.title(before.stage), after.mapping.title(after.stage)),
        gate=_gate(next_gate(before), next_gate(after)),
        reasons_added=tuple(reason for reason in reasons[1] if reason not in reasons[0]),
        reasons_gone=tuple(reason for reason in reasons[0] if reason not in reasons[1]),
        steps_added=tuple(_step(after, step) for one, step in steps[1].items() if one not in steps[0]),
        steps_gone=tuple(_step(before, step) for one, step in steps[0].items() if one not in steps[1]),
        steps_changed=tuple(text for old, new in common if (text := _changed(after, old, new))),
        problems=problems,
        writes=writes,
    )


def _reasons(verdict: Verdict | None) -> tuple[str, ...]:
    return tuple(str(reason) for reason in verdict.reasons) if verdict else ()


def _gate(before: Verdict | None, after: Verdict | None) -> str:
    was, would = (verdict is None or verdict.accepts for verdict in (before, after))
    return "" if was == would else "would open" if would else "would close"


def _step(state: State, step: StepState) -> str:
    named = f"{step.subtask.key} “{step.subtask.summary}”" if step.subtask else step.key
    return f"{named} ({state.mapping.roles[step.party].title})" if step.party and not step.subtask else named


def _changed(state: State, old: StepState, new: StepState) -> str:
    parts = [
        f"{what} {was or 'none'} → {would or 'none'}"
        for what, was, would in (("due", old.due, new.due), ("owner", _owner(old), _owner(new)))
        if was != would
    ]
    parts += [f"{old.standing} → {new.standing}"] if old.standing != new.standing else []
    return f"{_step(state, new)}: {', '.join(parts)}" if parts else ""


def _owner(step: StepState) -> str:
    return " or ".join(step.roles)


def portfolio_of(gateway: Gateway, changed: Mapping, enforce_since: datetime) -> Portfolio:
    """Return what a simulation of the changed mapping looks at; raises ConfigurationError, SiteMismatch."""
    configured = counterpart(gateway.mappings.values(), changed)
    return Portfolio(
        client=gateway.client,
        old=Side(mapping=configured, directory=gateway.directory(configured)),
        new=side(gateway.client, changed),
        account=gateway.account,
        enforce_since=enforce_since,
    )


def simulated(portfolio: Portfolio, ids: Iterable[str], progress: Progress) -> Json:
    """Return what would differ, as plain JSON values; only issues for which something would."""
    every = list(portfolio.differences(ids, progress))
    return {
        "project": portfolio.new.mapping.jira.project,
        "configured": portfolio.old.mapping.name,
        "changed": portfolio.new.mapping.name,
        "lacking": list(portfolio.new.lacking),
        "issues": len(every),
        "differences": [asdict(one) for one in every if one.is_any],
    }
