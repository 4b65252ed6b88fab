"""Is Jira in the right state at the end? Pure: what was read in, what is wrong out."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sync_service.demo.sandbox import Call
from sync_service.demo.seen import Project
from sync_service.demo.story import REFUSALS

RIGHT: dict[str, Any] = {
    "Integration Stage": "Live",
    "Gate": "Open",
    "Certification Round": 2,
    "Certification Result": "Certified",
    "Rounds Failed": 1,
}
REFUSED = "is refused:*"
LOOK = "GET /rest/api/2/issue/{issueIdOrKey}"
"""What every look at an issue begins with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What the demo ends with; `last_look` is what the service asked of Jira after the last, harmless event."""

    project: Project
    service: str
    last_look: tuple[Call, ...]

    @property
    def refusals(self) -> int:
        """How many moves the service refused: each set *Last Refusal*."""
        return sum(c.field == "Last Refusal" and c.by == self.service for c in self.project.changes)

    @property
    def refusal_comments(self) -> int:
        """How many comments tell of a refusal."""
        return sum(REFUSED in comment.body and comment.by == self.service for comment in self.project.comments)

    @property
    def duplicates(self) -> tuple[str, ...]:
        """The sub-tasks that bear the marker of another."""
        counts = Counter(step.marker for step in self.project.steps)
        return tuple(step.key for step in self.project.steps if counts[step.marker] > 1 or not step.step)


def problems(ending: Ending) -> Iterator[str]:
    """Yield what is wrong with the end of the story."""
    project = ending.project
    if project.status != "Live":
        yield f"the status is {project.status}, not Live"
    for name, right in RIGHT.items():
        if project.fields.get(name) != right:
            yield f"{name} is {project.fields.get(name)}, not {right}"
    if ending.duplicates:
        yield f"sub-tasks without a marker of their own: {', '.join(ending.duplicates)}"
    still = [step.key for step in project.steps if not step.done]
    if still:
        yield f"sub-tasks still open: {', '.join(still)}"
    if (ending.refusals, ending.refusal_comments) != (REFUSALS, REFUSALS):
        yield f"{ending.refusals} refusals and {ending.refusal_comments} comments on them, not {REFUSALS} of each"
    writes = [operation for operation, _ in ending.last_look if not is_read(operation)]
    if writes or len(ending.last_look) != 2:
        asked = ", ".join(operation for operation, _ in ending.last_look)
        yield f"a look at a project in order took other than two reads: {asked or 'nothing'}"


def is_read(operation: str) -> bool:
    """Tell whether an operation changes nothing: a `GET`, a bulk read or a search."""
    return operation.startswith("GET ") or operation.endswith(("bulkfetch", "/search", "/search/jql"))
