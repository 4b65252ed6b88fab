"""Gates: each thing that a gate can ask, what is said while it is missing, and who may open it in spite of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from projectworld import ADMIN, MINIMAL, PAYTRONIX, World, at, varied, with_gate, with_step

from mappings.model import Gate, Override
from sync_service.lifecycle.gates import judge
from sync_service.lifecycle.state import derive

Deed = Callable[[World], object]


def closed(world: World, target: str) -> list[str]:
    return [reason.code for reason in world.judge(target).reasons]


CONDITIONS: list[tuple[str, str, str, Deed, str, str]] = [
    ("steps done", "discovery", "requirements", lambda w: w.reopen("scope"), "step-open", "is open; owner: technical"),
    ("a field filled", "discovery", "requirements", lambda w: w.fill("goals", None), "field-empty", "Project Goals is"),
    ("the other field filled", "discovery", "requirements", lambda w: w.fill("scope", None), "field-empty", "Scope is"),
    (
        "a field's value",
        "discovery",
        "requirements",
        lambda w: w.fill("feasibility", "Not feasible"),
        "field-value",
        "Feasibility is Not feasible; it must be Feasible.",
    ),
    ("a value at all", "discovery", "requirements", lambda w: w.fill("feasibility", None), "field-value", "is empty"),
    ("not feasible", "discovery", "declined", lambda w: None, "field-value", "must be Not feasible"),
    (
        "the executed work order",
        "requirements",
        "development",
        lambda w: w.reopen("work_order_executed"),
        "step-open",
        "",
    ),
    (
        "a party's approval",
        "requirements",
        "development",
        lambda w: w.reopen("schedule_approval", "sales"),
        "step-open",
        "sales",
    ),
    (
        "a field that a step needs",
        "requirements",
        "development",
        lambda w: w.fill("idi_date", None),
        "field-empty",
        "needs it; owner: technical consultant. Fill it.",
    ),
    ("development complete", "development", "certification", lambda w: w.reopen("client_qa"), "step-open", "client"),
    (
        "no configuration issue",
        "launch",
        "live",
        lambda w: w.add("config-issue"),
        "request-open",
        "(configuration issue) is open; owner: technical consultant. Close it.",
    ),
    ("nothing that blocks", "launch", "live", lambda w: setattr(w, "blockers", ("OPS-7",)), "blocked", "OPS-7 blocks"),
    ("monitored by all", "launch", "live", lambda w: w.reopen("monitoring", "client"), "step-open", "owner: client"),
]


@pytest.mark.parametrize(
    ("stage", "target", "deed", "code", "words"), [c[1:] for c in CONDITIONS], ids=[c[0] for c in CONDITIONS]
)
def test_a_gate_asks_for(stage: str, target: str, deed: Deed, code: str, words: str) -> None:
    """With everything done the gate is open; each thing that is missing closes it, says what, and how to mend it."""
    world = at(stage)
    world.finish()
    world.settle()
    if target != "declined":
        assert world.judge(target).is_open
    deed(world)
    reasons = world.judge(target).reasons
    assert code in [reason.code for reason in reasons]
    told = next(reason for reason in reasons if reason.code == code and words in str(reason))
    assert told.remedy


def test_every_reason_is_given_at_once() -> None:
    """A refusal names everything that is missing, not the first thing only."""
    world = World()
    world.settle()
    assert closed(world, "requirements") == ["step-open"] * 3 + ["field-empty"] * 2 + ["field-value"]


def test_a_step_without_a_sub_task_is_named_by_its_summary() -> None:
    """Before the first look the gate names what will be made."""
    assert "“Understand the client's goals” has no sub-task yet" in str(World().judge("requirements").reasons[0])


@pytest.mark.parametrize(
    ("stage", "target"),
    [
        ("requirements", "declined"),
        ("discovery", "cancelled"),
        ("certification", "cancelled"),
        ("live", "launch"),
        ("requirements", "discovery"),
        ("launch", "development"),
        ("live", "certification"),
    ],
    ids="->".join,
)
def test_always_open(stage: str, target: str) -> None:
    """Cancelling, declining after discovery, and going back ask for nothing."""
    assert at(stage).judge(target).is_open


@pytest.mark.parametrize(
    ("stage", "target", "text"),
    [
        ("discovery", "development", "Discovery → Development skips Requirements."),
        ("discovery", "live", "skips Requirements, Development, Certification and Launch."),
        ("development", "launch", "skips Certification."),
        ("development", "declined", "There is no way from Development to Declined."),
    ],
)
def test_a_move_that_skips_a_stage_is_refused(stage: str, target: str, text: str) -> None:
    """Only the edges of the process exist; anything else needs an override."""
    (reason,) = at(stage).judge(target).reasons
    assert text in reason.text
    assert "override" in reason.remedy


def test_an_override_opens_a_move_that_skips_a_stage() -> None:
    """Whoever may override lets a project skip; the skipped stage's steps are not made."""
    world = at("requirements")
    world.fill("gate_override", "Certified elsewhere", by=ADMIN)
    world.go("launch")
    assert world.stage == "launch"
    assert not {"build", "round"} & {subtask.marker.step for subtask in world.subtasks.values() if subtask.marker}


@pytest.mark.parametrize("source", ["requirements", "development", "launch", "live"])
def test_moves_back_may_need_an_override(source: str) -> None:
    """With `back_moves = "override"` a move back is refused, except out of certification, which has its own rule."""
    world = at(source)
    world.mapping = varied(back_moves="override")
    assert closed(world, "discovery") == ["back-move"]
    assert world.judge("discovery").reasons[0].remedy == "Ask someone with the project role Administrators for one."


@pytest.mark.parametrize(
    ("override", "who"),
    [
        (Override(roles=("Leads",), groups=("jira-leads",)), "someone with the project role Leads or someone in the "),
        (Override(accounts=("5b10a", "5b10b"), groups=("jira-leads",)), "someone in the group jira-leads or Ann Lee"),
        (Override(accounts=("lead",)), "ask lead for"),
    ],
    ids=["roles and groups", "people by name where it is known", "accounts where nothing else is named"],
)
def test_a_reason_names_those_who_may_override(override: Override, who: str) -> None:
    """Whoever is refused needn't look up whom to ask."""
    world = at("discovery", varied(override=override))
    facts = replace(world.facts, people={"5b10a": "Ann Lee"})
    (reason,) = judge(derive(facts, world.mapping, world.now, world.enforce_since), "live").reasons
    assert who in reason.remedy


@pytest.mark.parametrize(
    ("source", "target", "remedy"),
    [
        ("discovery", "development", "Go to Requirements first."),
        ("development", "declined", "Nobody may override here."),
        ("requirements", "discovery", "Nobody may override here."),
    ],
)
def test_where_nobody_may_override_nobody_is_to_be_asked(source: str, target: str, remedy: str) -> None:
    """A mapping may name nobody."""
    world = at(source)
    world.mapping = varied(back_moves="override", override=Override())
    (reason,) = world.judge(target).reasons
    assert reason.remedy == remedy


def test_a_step_that_was_overtaken_is_to_be_closed_again() -> None:
    """Once what it was done before is done; where that is done by now, at once."""
    world = at("development")
    world.finish()
    world.settle()
    world.reopen("build")
    world.done("build")
    keys = {key: world.step(key).key for key in ("build", "integrator_qa", "client_qa")}
    build, qa, last = keys.values()
    said = [str(reason) for reason in world.judge("certification").reasons]
    assert f"was done before {build} was; owner: integrator. Close {qa} again." in said[0]
    assert f"was done before {qa} was; owner: client. Close {last} again once {qa} is done." in said[1]


def test_a_round_has_an_owner() -> None:
    """Also where it is asked for by its feedback, or by its beginning."""
    world = at("certification")
    assert "has not begun; owner: Integrations team. Begin" in " ".join(map(str, world.judge("launch").reasons))
    world.prepare_round()
    world.start("round")
    (reason,) = world.judge("development").reasons
    assert "no feedback on it; owner: Integrations team. Write into" in str(reason)
    assert reason.owner == "Integrations team"


def test_a_failed_round_goes_back_whatever_back_moves_say() -> None:
    """Certification → development follows the rounds alone."""
    world = at("certification", varied(back_moves="override"))
    assert world.judge("development").is_open


def test_a_gate_of_the_way_back_asks_too() -> None:
    """Where the mapping declares a gate out of certification, its conditions come on top of the feedback."""
    mapping = varied(gates={**PAYTRONIX.gates, "certification": {"development": Gate(filled=("failure_reasons",))}})
    world = at("certification", mapping)
    assert closed(world, "development") == ["field-empty"]


def test_an_edge_that_is_not_declared_asks_for_its_steps() -> None:
    """The way on that the mapping doesn't list is open when the stage's steps are done."""
    mapping = varied(MINIMAL, gates={})
    world = World(mapping, fields={"lead": "tc"})
    world.settle()
    assert closed(world, "working") == ["step-open"]
    world.finish()
    assert world.judge("working").is_open


def test_certification_needs_a_round_that_has_begun() -> None:
    """Certification → launch: testing has begun and everything else is done; the move itself certifies."""
    world = at("certification")
    world.prepare_round()
    assert closed(world, "launch") == ["round-not-begun"]
    world.start("round")
    assert world.judge("launch").is_open


def test_a_failed_round_does_not_launch() -> None:
    """While the round's sub-task says Failed, the only way is back."""
    world = at("certification")
    world.prepare_round()
    world.set_status(world.step("round").id, "Failed", by="engineer")
    assert closed(world, "launch") == ["round-failed"]


def test_a_waived_round_does_not_hold_up_the_launch() -> None:
    """An override-holder's Won't Do waives the round as any step; nothing is certified."""
    world = at("certification")
    world.prepare_round()
    world.wont_do("round", by=ADMIN)
    world.go("launch")
    assert (world.stage, world.fields["certification_result"]) == ("launch", "Withdrawn")


def test_a_step_that_gates_one_stage_only() -> None:
    """`gates = ["launch"]` closes the gate to launch and no other."""
    world = at("development", with_step("development", "client_qa", gates=("launch",)))
    world.finish(but=["client_qa"])
    assert "step-open" not in closed(world, "certification")


def test_a_step_without_gates_never_blocks() -> None:
    """`gates = []` makes a step that is asked for, but holds nothing up."""
    world = at("requirements", with_step("requirements", "schedule_approval", gates=()))
    world.finish(but=["schedule_approval", "welcome_email"])
    assert [reason.where for reason in world.judge("development").reasons] == [world.step("welcome_email").key]


def test_a_waived_step_needs_no_field() -> None:
    """What nobody has to do any more needs no field either."""
    world = at("requirements")
    world.finish()
    world.fill("idi_date", None)
    world.set_status(world.step("idi").id, "Won't Do", by=ADMIN)
    world.settle()
    assert world.judge("development").is_open


def test_out_of_an_end_as_from_the_stage_that_was_left() -> None:
    """Cancelled projects go back where they were; anywhere else they go as from there."""
    world = at("requirements")
    world.go("cancelled")
    assert world.judge("requirements").is_open
    assert "step-open" in closed(world, "development")
    assert "was closed when the project left its stage" in str(world.judge("development").reasons[0])
    assert world.judge("declined").is_open


class TestOverride:
    """*Gate Override*: whoever may fills in a reason, and the next crossing is accepted."""

    def test_it_opens_the_gate_and_is_used_up(self) -> None:
        """The field *Gate* opens, the next move is accepted, and the acceptance clears the field."""
        world = at("discovery")
        world.fill("gate_override", "Agreed by phone", by=ADMIN)
        world.settle()
        assert world.fields["gate"] == "Open"
        assert world.fields["last_override"] is not None
        world.go("requirements")
        assert world.stage == "requirements"
        assert world.fields["gate_override"] is None
        assert world.fields["gate"] == "Closed"
        assert [(entry.granted, entry.by) for entry in world.state.record.overrides] == [(True, ADMIN)]
        assert world.state.record.overrides[0].used == world.state.record.accepted[-1].change

    def test_it_is_cleared_by_any_acceptance(self) -> None:
        """It is for the exit of the present stage, also where nothing was missing."""
        world = at("discovery")
        world.finish()
        world.fill("gate_override", "Just in case", by=ADMIN)
        world.go("requirements")
        assert world.fields["gate_override"] is None

    def test_someone_elses_is_cleared_with_a_word(self) -> None:
        """Who filled the field is taken from the change log; who may not is told once."""
        world = at("discovery")
        world.fill("gate_override", "I want it", by="tc")
        world.settle()
        assert world.fields["gate_override"] is None
        assert world.said("was filled by someone who may not open the gate of Discovery") == 1
        assert world.said("Please ask someone with the project role Administrators.") == 1
        world.mapping = varied(override=Override())
        world.fill("gate_override", "I want it", by="tc")
        world.settle()
        assert world.said("so it is cleared. Nobody may override here.") == 1
        assert not world.gate.is_open

    def test_a_deleted_users_is_cleared_too(self) -> None:
        """Nobody knows whether they might."""
        world = at("discovery")
        world.fill("gate_override", "Agreed", by=None)
        world.settle()
        assert world.fields["gate_override"] is None

    def test_a_change_by_someone_else_ends_it(self) -> None:
        """The last who wrote the reason counts."""
        world = at("discovery")
        world.fill("gate_override", "Agreed", by=ADMIN)
        world.settle()
        world.fill("gate_override", "Agreed, and more", by="tc")
        world.settle()
        assert not world.gate.is_open

    def test_filled_at_creation_it_is_the_creators(self) -> None:
        """A field that was never changed was filled by who created the issue."""
        world = World(fields={"gate_override": "From the start"})
        world.settle()
        assert world.said("may not open the gate") == 1

    def test_emptied_it_is_over(self) -> None:
        """Whoever empties the field takes the override back."""
        world = at("discovery")
        world.fill("gate_override", "Agreed", by=ADMIN)
        world.settle()
        world.fill("gate_override", None, by=ADMIN)
        world.settle()
        assert world.fields["gate"] == "Closed"

    @pytest.mark.parametrize(
        ("given", "granted"),
        [({"accounts": ("tc",)}, True), ({"groups": ("leads",)}, True), ({"roles": ("Leads",)}, True), ({}, False)],
        ids=["account", "group", "role", "nobody"],
    )
    def test_who_may(self, given: dict[str, tuple[str, ...]], granted: bool) -> None:
        """The mapping lists accounts, groups, and roles of the Jira project."""
        world = at("discovery", varied(override=PAYTRONIX.override.model_copy(update={"roles": (), **given})))
        world.groups = {"tc": frozenset({"group:leads", "role:Leads"})}
        world.fill("gate_override", "Agreed", by="tc")
        world.settle()
        assert world.gate.overridden is granted

    def test_a_mapping_without_the_field_has_no_overrides(self) -> None:
        """Where the fields of overrides are not declared, nothing is looked for."""
        fields = {
            k: v for k, v in PAYTRONIX.fields.items() if k not in ("gate_override", "last_override", "last_refusal")
        }
        world = at("requirements", varied(fields=fields))
        world.go("development")
        assert world.stage == "requirements"

    def test_a_mapping_without_the_date_keeps_none(self) -> None:
        """*Last Override* is optional."""
        fields = {k: v for k, v in PAYTRONIX.fields.items() if k != "last_override"}
        world = at("discovery", varied(fields=fields))
        world.fill("gate_override", "Agreed", by=ADMIN)
        world.settle()
        assert world.gate.overridden


class TestEnforcement:
    """`enforce` refuses, `warn` accepts and says what was missing, `observe` accepts and only records."""

    def test_warn(self) -> None:
        """A closed gate that warns lets the project pass, with a comment and a label until the next good move."""
        world = at("discovery", varied(enforcement="warn"))
        assert world.fields["gate"] == "Open"
        world.go("requirements")
        assert world.stage == "requirements"
        assert "gate-warning" in world.labels
        assert world.said("is accepted, although something is missing") == 1
        assert world.said("is open; owner: technical consultant. Finish it.") == 1
        world.finish()
        world.go("development")
        assert "gate-warning" not in world.labels

    def test_observe(self) -> None:
        """A gate that observes says nothing."""
        world = at("discovery", varied(enforcement="observe"))
        world.go("requirements")
        assert (world.stage, world.comments, world.labels) == ("requirements", [], frozenset())

    def test_one_gate_may_differ(self) -> None:
        """Enforcement can be set for a single gate."""
        world = at("discovery", with_gate("discovery", "requirements", enforcement="observe"))
        world.go("requirements")
        world.go("development")
        assert world.stage == "requirements"

    def test_an_override_needs_no_warning(self) -> None:
        """What an override lets through is not warned of."""
        world = at("discovery", varied(enforcement="warn"))
        world.fill("gate_override", "Agreed", by=ADMIN)
        world.go("requirements")
        assert "gate-warning" not in world.labels


def test_the_gate_is_open_where_nothing_is_ahead() -> None:
    """*Gate* is Open in the last stage and in the ends."""
    world = at("live")
    assert world.fields["gate"] == "Open"
    world = at("discovery")
    assert world.fields["gate"] == "Closed"
    world.pass_time(hours=1)
    world.tick = timedelta(0)
    world.go("cancelled")
    assert world.fields["gate"] == "Open"
