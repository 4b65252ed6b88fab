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
READS_A_LOOK = 2
"""On Cloud: the project issue, and its sub-tasks in bulk. Data Center has no bulk read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What the demo ends with; `last_look` is what the service asked of Jira after the last, harmless event."""

    project: Project
    service: str
    cloud: bool
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
    writes = [call.operation for call in ending.last_look if not call.is_read]
    if writes:
        yield f"a look at a project in order wrote: {', '.join(writes)}"
    if ending.cloud and len(ending.last_look) != READS_A_LOOK:
        yield f"a look at a project in order took {len(ending.last_look)} calls, not {READS_A_LOOK}"
