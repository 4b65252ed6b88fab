"""What is told of a project: the outline for people and programs, the sentences of a plan, and the words of steps."""

import json
from datetime import date

import pytest
from projectworld import PAYTRONIX, World, at, varied, with_step

from sync_service.lifecycle.actions import Create, Edit, Move, sentence
from sync_service.lifecycle.messages import CUT, LONGEST_LIST, field_value, refusal, warning
from sync_service.lifecycle.outline import outline
from sync_service.lifecycle.wiki import LONGEST_TEXT, escape, escape_lines, fill, shorten


@pytest.fixture(scope="module")
def tested() -> World:
    world = at("certification")
    world.fail_round()
    world.finish()
    world.go("certification")
    world.prepare_round()
    world.start("round")
    world.add("training")
    world.settle()
    return world


def test_plain_values_only(tested: World) -> None:
    """The outline can be written as JSON as it is."""
    assert json.loads(json.dumps(outline(tested.state))) == outline(tested.state)


def test_where_it_stands(tested: World) -> None:
    """Stage, visits with their durations, the rounds, and the gate ahead."""
    told = outline(tested.state)
    assert (told["stage"], told["title"], told["status"]) == ("certification", "Certification", "Certification")
    stages = [visit["stage"] for visit in told["visits"]]
    assert stages == ["discovery", "requirements", "development", "certification", "development", "certification"]
    assert told["gate"] == {
        "target": "launch",
        "open": True,
        "overridden": False,
        "enforcement": "enforce",
        "reasons": [],
    }
    assert [entry["result"] for entry in told["rounds"]] == ["failed", None]
    assert (told["round"]["number"], told["slot"]) == (2, told["round"]["slot"])
    assert {way["target"] for way in told["ways"]} == set(PAYTRONIX.stages) - {"certification"}


def test_the_steps(tested: World) -> None:
    """Each with its standing, person, date and sub-task."""
    steps = {step["step"]: step for step in outline(tested.state)["steps"]}
    assert list(steps) == ["notify", "slot", "materials", "round"]
    assert steps["notify"]["standing"] == "done"
    assert steps["round"]["assignee"] == "engineer"
    assert steps["round"]["due"] == "2026-03-16"


def test_what_is_not_made_yet() -> None:
    """Before the first look the steps have no key."""
    (goals, *_) = outline(World().state)["steps"]
    assert (goals["key"], goals["standing"], goals["summary"]) == (None, "missing", "Understand the client's goals")


def test_overdue() -> None:
    """A day after its due date an open step is overdue."""
    world = at("discovery")
    world.pass_time(days=9)
    assert [step["overdue"] for step in outline(world.state)["steps"]] == [True, False, False]


def test_requests(tested: World) -> None:
    """Open requests by their label."""
    (training,) = outline(tested.state)["requests"]
    assert (training["request"], len(training["open"])) == ("training", 1)


def test_a_refusal_and_the_reasons() -> None:
    """What was refused, and what keeps the gate closed."""
    world = at("discovery")
    world.go("requirements")
    told = outline(world.state)
    assert told["refused"]["edge"] == "discovery>requirements"
    assert told["gate"]["reasons"][0]["code"] == "step-open"
    assert told["gate"]["reasons"][0]["owner"] == "technical consultant"


def test_in_an_end_there_is_no_gate_and_no_round(tested: World) -> None:
    """Nothing is ahead."""
    world = tested.copy()
    world.go("cancelled")
    told = outline(world.state)
    assert (told["gate"], told["round"], told["steps"]) == (None, None, [])


def test_sentences_of_a_plan() -> None:
    """Each action in one line."""
    world = World()
    create, edit = (sentence(action) for action in world.look().actions)
    assert create.startswith("create 3 sub-task(s): Understand the client's goals, ")
    assert edit == "edit INT-1: stage = Discovery, gate = Closed, the record"
    world.move("Requirements")
    *_, move = world.look().actions
    assert sentence(move) == "move INT-1 to Discovery"


@pytest.mark.parametrize(
    ("action", "text"),
    [
        (
            Edit(issue="1", key="A-1", fields={"gate_override": None}, comment="Why"),
            "edit A-1: gate_override = empty, a comment",
        ),
        (Edit(issue="1", key="A-1", add_labels=("a",), remove_labels=("b",)), "edit A-1: +a, -b"),
        (Move(issue="1", key="A-1", to=("X", "Y")), "move A-1 to X or Y"),
        (Create(subtasks=()), "create 0 sub-task(s): "),
    ],
    ids=["emptied", "labels", "either status", "nothing"],
)
def test_sentences(action: Edit | Move | Create, text: str) -> None:
    """Nothing that is to be written is left out."""
    assert sentence(action) == text


class TestWords:
    """Summaries and descriptions are templates, filled with the project's own words."""

    def test_the_projects_fields_are_available(self) -> None:
        """Goals and scope stand in the step that evaluates them."""
        world = World(fields={"goals": "Points *everywhere*"})
        world.settle()
        description = world.step("evaluation").description
        assert "Goals: Points \\*everywhere\\*" in description
        assert "Scope: (not set yet)" in description
        assert "of INT-1." in description

    def test_the_party_and_the_round(self) -> None:
        """Each party's sub-task names it, each round its number."""
        world = at("requirements")
        assert world.step("work_order_approval", "client").summary == "Approve the work order (client)"
        world = at("certification")
        assert world.step("round").summary == "Run certification round 1"

    def test_after_a_failed_round_the_build_is_rework(self) -> None:
        """The second visit's build carries the feedback; a step without words for it keeps its own."""
        world = at("certification")
        world.fail_round("No duplicate calls")
        assert "No duplicate calls" in world.step("build").description
        assert world.step("client_qa").summary == "Test and approve the integration (client)"

    def test_after_a_withdrawn_visit_it_is_not(self) -> None:
        """There is no feedback to address."""
        world = at("certification")
        world.go("development")
        assert world.step("build").summary == "Build the integration"

    def test_values_of_every_type(self) -> None:
        """Dates, numbers and lists can be named."""
        described = with_step(
            "discovery", "goals", description="{idi_date}|{failure_reasons}|{rounds_failed}|{nothing}"
        )
        world = World(
            described, fields={"idi_date": date(2026, 3, 9), "failure_reasons": ("a", "b"), "rounds_failed": 1.0}
        )
        world.look(stop_after=1)
        assert world.step("goals").description == "2026-03-09|a, b|1|{nothing}"

    def test_a_long_summary_is_cut(self) -> None:
        """Jira takes 255 characters."""
        world = World(with_step("discovery", "goals", summary="goal " * 100))
        world.settle()
        assert len(world.step("goals").summary) <= 255

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("- item [one] *bold* {code} | cell | a_b_c\n" * 500, id="markup"),
            pytest.param("\\" * 20_000, id="what grows most when escaped"),
            pytest.param("word " * 4_000, id="plain"),
            pytest.param("x" * 32_767, id="one word"),
        ],
    )
    def test_long_texts_share_the_room_and_say_where_the_rest_stands(self, text: str) -> None:
        """Jira refuses a description of more than 32,767 characters, and no step would be made."""
        described = with_step("discovery", "goals", description="h2. Goals\n{goals}\n----\n{scope}\n{idi_date}. {key}!")
        world = World(described, fields={"goals": text, "scope": text, "idi_date": date(2026, 3, 9)})
        world.look(stop_after=1)
        told = world.step("goals").description
        assert 29_000 < len(told) <= LONGEST_TEXT
        assert told.endswith("2026-03-09. INT-1!")
        parts = told.removeprefix("h2. Goals\n").split("\n----\n")
        for part, name in zip(parts, ("Project Goals", "Project Scope"), strict=True):
            assert f"\n_… (the rest stands in the field {name})_" in part
            assert 14_000 < len(part) < 16_000

    def test_a_short_text_leaves_its_room_to_a_long_one(self) -> None:
        """What fits is whole."""
        described = with_step("discovery", "goals", description="{goals}{scope}{goals}")
        world = World(described, fields={"goals": "x" * 2_000, "scope": "y" * 25_000})
        world.look(stop_after=1)
        assert world.step("goals").description == "x" * 2_000 + "y" * 25_000 + "x" * 2_000

    def test_a_template_that_is_too_long_itself_is_cut(self) -> None:
        """Escapes hold no line break, so none is cut in two."""
        described = with_step("discovery", "goals", description="A line.\n" * 5_000 + "{goals}")
        world = World(described, fields={"goals": "y" * 25_000})
        world.look(stop_after=1)
        told = world.step("goals").description
        assert len(told) <= LONGEST_TEXT
        assert told.endswith("\nA line." + CUT)

    def test_rework_without_rounds(self) -> None:
        """Where there is no certification, every later visit is rework."""
        again = PAYTRONIX.stages["development"].steps["build"].again
        mapping = with_step("discovery", "goals", each_visit=True, again=again)
        stages = {key: stage for key, stage in mapping.stages.items() if key in ("discovery", "requirements")}
        world = World(varied(mapping, stages=stages, certification=None))
        world.settle()
        world.finish()
        world.go("requirements")
        world.go("discovery")
        assert world.step("goals").summary == "Address the feedback of certification round 0"


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("[~admin]", r"\[\~admin\]"),
        ("{code}", r"\{code\}"),
        ("*b* _i_ +u+ ^s^ ~t~ -d-", r"\*b\* \_i\_ \+u\+ \^s\^ \~t\~ \-d\-"),
        ("INT-14 well-known", "INT-14 well-known"),
        ("!pic.png! |cell| ??cite??", r"\!pic.png\! \|cell\| \?\?cite\?\?"),
        ("two\nlines", "two lines"),
        ("C:\\temp\\\\x", "C:&#92;temp&#92;&#92;x"),
    ],
    ids=["mention", "macro", "styles", "keys stay", "images", "one line", "backslash"],
)
def test_escape(text: str, escaped: str) -> None:
    """Text of people can neither break the layout nor mention anyone."""
    assert escape(text) == escaped


def test_escape_lines() -> None:
    """Lines stay lines; no line becomes a heading or a list."""
    assert escape_lines("# one\n* two\n- three\n\nh1. four") == "\\# one\n\\* two\n\\- three\n\nh1\\. four"


@pytest.mark.parametrize("count", [1, 60, 5_000])
def test_a_comment_names_as_many_reasons_as_fit(count: int) -> None:
    reasons = [f"INT-{number} *blocks* this issue and is open. " + "x" * 255 for number in range(count)]
    refused = refusal("Discovery", "Requirements", reasons, moved="back")
    named = refused.count("\\*blocks\\*")
    assert len(refused) < LONGEST_LIST + 500 < LONGEST_TEXT
    assert refused.endswith("Move it again when nothing is missing any more.")
    assert ("more: see the open sub-tasks" in refused) == (named < count)
    if named < count:
        assert f"and {count - named} more:" in refused
    assert len(warning("Discovery", "Requirements", reasons)) < LONGEST_TEXT


def test_a_reason_repeats_no_long_value() -> None:
    assert len(field_value("Feasibility", "no " * 10_000, ["Feasible"])["text"]) < 200
    assert field_value("Feasibility", "Unknown", ["Feasible"])["text"] == "Feasibility is Unknown; it must be Feasible."


def test_what_has_no_line_break_is_cut_where_it_must() -> None:
    assert shorten("x" * LONGEST_TEXT, CUT) == "x" * LONGEST_TEXT
    assert shorten("x" * (LONGEST_TEXT + 1), CUT) == "x" * (LONGEST_TEXT - len(CUT)) + CUT


def test_templates_fill_names_and_nothing_else() -> None:
    """No attributes, no formats: a template can reach only what it is given."""
    assert fill("{{quote}} {key} {key.attr} {unknown}", {"key": "INT-1"}) == "{quote} INT-1 {key.attr} {unknown}"
    assert fill("{key:>9}", {"key": "INT-1"}) == "INT-1"
