"""The shape of a mapping file: frozen models that refuse unknown keys.

The keys are described, one heading each, in `docs/mapping.md`.
"""

from datetime import date, time
from functools import cached_property
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator

Enforcement = Literal["enforce", "warn", "observe"]
FieldType = Literal["select", "multi-select", "text", "date", "date-time", "number", "user"]
Texts = tuple[str, ...]
MonthDay = Annotated[str, Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")]

ANY = "any"
"""Stands for every stage in `[gates.any.STAGE]`."""
EVERY_STEP_ABOVE = "*"
"""In a step's `after`: every step that the stage lists above it."""


class Declared(BaseModel):
    """A part of a mapping: never changed once read, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", ignored_types=(cached_property,))


class JiraField(Declared):
    """A custom field of the project issue."""

    name: str
    type: FieldType
    options: Texts = ()
    kept: bool = False
    description: str = ""


class Outcome(Declared):
    """The statuses or resolutions of a sub-task that stand for one outcome; the first status is the one we set."""

    statuses: Texts = ()
    resolutions: Texts = ()


class StepStatuses(Declared):
    """How a sub-task says that it is open, done, or not to be done."""

    open: str = "To Do"
    done: str = "Done"
    wont_do: Outcome = Outcome(statuses=("Won't Do",), resolutions=("Won't Do",))


class Values(Declared):
    """The options of the select fields that the service writes."""

    gate_open: str = "Open"
    gate_closed: str = "Closed"
    certified: str = "Certified"
    failed: str = "Failed"
    withdrawn: str = "Withdrawn"
    no_fees: str = "No"
    fees_may_apply: str = "May apply"


class Labels(Declared):
    """The labels that the service sets."""

    managed: str = "stagegate"
    party_prefix: str = "party-"
    reopened: str = "reopened"
    overdue: str = "overdue"
    needs_owner: str = "needs-owner"
    gate_violation: str = "gate-violation"
    gate_warning: str = "gate-warning"


class Jira(Declared):
    """Where in Jira the lifecycle lives, and under which names."""

    project: str
    issue_type: str = "Integration"
    subtask_type: str = "Sub-task"
    accounts: Texts = ()
    blocking_link: str = "Blocks"
    step_statuses: StepStatuses = StepStatuses()
    values: Values = Values()
    labels: Labels = Labels()


class Role(Declared):
    """A party to the project, and the field of the project issue that names its person."""

    title: str
    field: str
    proxy: str | None = None
    default: str | None = None


class When(Declared):
    """A step applies only where the field holds one of the values (or nothing yet, unless `or_empty` is false)."""

    field: str
    is_in: Texts = Field(alias="in")
    or_empty: bool = True


class Due(Declared):
    """So many business days after the visit began, a field's date, or a step's completion."""

    business_days: int = Field(ge=0)
    after_field: str | None = None
    after_step: str | None = None


class Again(Declared):
    """The words of a step from its second visit on."""

    summary: str
    description: str = ""


class Step(Declared):
    """A required piece of work: one sub-task, or one for each party, or one for each visit of the stage."""

    summary: str
    description: str = ""
    owner: Texts = ()
    parties: Texts = ()
    after: Texts = ()
    each_visit: bool = False
    irrevocable: bool = False
    gates: Texts | None = None
    needs: Texts = ()
    due: Due | None = None
    when: When | None = None
    beyond_free_rounds: bool = False
    again: Again | None = None
    omit: bool = False


class Stage(Declared):
    """A stretch of the project; every status of the project issue belongs to exactly one."""

    title: str
    statuses: Annotated[Texts, Field(min_length=1)]
    end: bool = False
    target_business_days: int | None = Field(default=None, ge=1)
    steps: dict[str, Step] = {}

    @field_validator("steps")
    @classmethod
    def drop_omitted(cls, steps: dict[str, Step]) -> dict[str, Step]:
        """Leave out the steps that an extending mapping omits."""
        return {key: step for key, step in steps.items() if not step.omit}


class Gate(Declared):
    """What must hold before a project issue may go from one stage to another; nothing asked means always open."""

    steps: bool = False
    filled: Texts = ()
    equals: dict[str, Texts] = {}
    no_open_requests: Texts = ()
    no_blocking_links: bool = False
    enforcement: Enforcement | None = None


class Request(Declared):
    """An extra sub-task that anyone may add, told by its label."""

    title: str
    owner: Texts
    due_business_days: int | None = Field(default=None, ge=0)


class Season(Declared):
    """Days of each year with another capacity; `parallel_rounds = 0` closes them. May run over New Year."""

    begins: MonthDay = Field(alias="from")
    ends: MonthDay = Field(alias="to")
    parallel_rounds: int = Field(ge=0)

    def covers(self, day: date) -> bool:
        """Tell whether the day lies in the season, its first and last day included."""
        here = f"{day:%m-%d}"
        if self.begins <= self.ends:
            return self.begins <= here <= self.ends
        return here >= self.begins or here <= self.ends


class Capacity(Declared):
    """How many certification rounds may run side by side, and how long in advance a slot is proposed."""

    parallel_rounds: int = Field(ge=1)
    lead_business_days: int = Field(ge=0)
    round_business_days: int = Field(default=5, ge=1)
    seasons: tuple[Season, ...] = ()

    def places(self, day: date) -> int:
        """Return how many rounds may occupy the day: the first season that covers it decides."""
        return next((season.parallel_rounds for season in self.seasons if season.covers(day)), self.parallel_rounds)


class Certification(Declared):
    """The stage that is gone through in rounds, and the steps that play the parts of a round."""

    stage: str
    passed_to: str
    failed_to: str
    notify_step: str
    slot_step: str
    materials_step: str
    round_step: str
    free_rounds: int = Field(default=3, ge=0)
    certified: Outcome = Outcome(statuses=("Certified",))
    failed: Outcome = Outcome(statuses=("Failed",))
    capacity: Capacity


class Calendar(Declared):
    """Which days are business days, where the day is told, and when it begins."""

    timezone: str = "UTC"
    country: str | None = None
    subdivision: str | None = None
    extra_holidays: tuple[date, ...] = ()
    day_begins: time = time(9)

    @field_validator("timezone")
    @classmethod
    def known_zone(cls, name: str) -> str:
        """Refuse a time zone that the zone database doesn't have."""
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"unknown time zone {name!r}; use a name such as 'America/New_York'") from None
        return name


class Override(Declared):
    """Who may open a gate with a reason, and waive a step: accounts, groups, or roles of the Jira project."""

    accounts: Texts = ()
    groups: Texts = ()
    roles: Texts = ()


class Mapping(Declared):
    """A whole lifecycle, and how one Jira project expresses it."""

    name: str
    enforcement: Enforcement = "enforce"
    back_moves: Literal["allowed", "override"] = "allowed"
    approver: Literal["recorded", "enforced"] = "recorded"
    order_grace_seconds: int = Field(default=30, ge=0)
    jira: Jira
    calendar: Calendar = Calendar()
    override: Override = Override()
    fields: dict[str, JiraField]
    roles: dict[str, Role] = {}
    stages: Annotated[dict[str, Stage], Field(min_length=2)]
    gates: dict[str, dict[str, Gate]] = {}
    requests: dict[str, Request] = {}
    certification: Certification | None = None

    @cached_property
    def way(self) -> tuple[str, ...]:
        """The stages from first to last, without the ends."""
        return tuple(key for key, stage in self.stages.items() if not stage.end)

    @cached_property
    def stage_by_status(self) -> dict[str, str]:
        """The stage that owns each status."""
        return {status: key for key, stage in self.stages.items() for status in stage.statuses}

    @cached_property
    def stage_by_title(self) -> dict[str, str]:
        """The stage that each option of the stage field stands for."""
        return {stage.title: key for key, stage in self.stages.items()}

    def next_stage(self, stage: str) -> str | None:
        """Return the stage that follows in the list; None for the last one and for the ends."""
        following = self.way[self.way.index(stage) + 1 :] if stage in self.way else ()
        return following[0] if following else None

    def gate(self, source: str, target: str) -> Gate | None:
        """Return the declared gate of an edge, one for any source last; None where none is declared."""
        declared = self.gates.get(source, {}).get(target)
        return declared if declared is not None else self.gates.get(ANY, {}).get(target)

    def title(self, stage: str) -> str:
        """Return a stage's title."""
        return self.stages[stage].title
