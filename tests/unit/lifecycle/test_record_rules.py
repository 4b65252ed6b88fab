"""The record: what was decided, kept on the issue; repaired from the field's history; kept small."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from projectworld import ADMIN, MINIMAL, MONDAY, PAYTRONIX, SERVICE, at, varied

from sync_service.lifecycle.history import visits
from sync_service.lifecycle.record import (
    MOST_CHARACTERS,
    Accepted,
    Override,
    Record,
    Refused,
    Round,
    Waiver,
    dump,
    parse,
)

LATER = MONDAY + timedelta(days=1)


def test_written_and_read_again() -> None:
    """What is dumped is parsed as the same record."""
    world = at("certification")
    world.fail_round()
    record = world.state.record
    assert parse(dump(record), world.id) == record
    assert dump(record)["version"] == 1


@pytest.mark.parametrize(
    "raw",
    [
        None,
        "text",
        {},
        {"version": 1, "issue": "10000", "accepted": []},
        {"version": 2, "issue": "10000", "accepted": [["discovery", "2026-03-02T15:00:00Z", "created"]]},
        {"version": 1, "issue": "777", "accepted": [["discovery", "2026-03-02T15:00:00Z", "created"]]},
        {"version": 1, "issue": "10000", "accepted": [["discovery", "yesterday", "created"]]},
        {"version": 1, "issue": "10000", "accepted": [["discovery", "2026-03-02T15:00:00", "created"]]},
        {"version": 1, "issue": "10000", "accepted": [["discovery", "2026-03-02T15:00:00Z", "created"]], "more": 1},
        {1, 2},
    ],
    ids=[
        "none",
        "text",
        "empty",
        "no visit",
        "version",
        "another issue's",
        "no time",
        "naive",
        "unknown key",
        "no JSON",
    ],
)
def test_what_does_not_fit_is_no_record(raw: Any) -> None:
    """Anyone who may edit the issue can change the property."""
    try:
        assert parse(raw, "10000") is None
    except TypeError:
        assert isinstance(raw, set)


@pytest.mark.parametrize(
    "raw",
    [
        None,
        {"version": 1, "issue": "10000", "accepted": [["nowhere", "2026-03-02T15:00:00Z", "created"]]},
        {"version": 1, "issue": "10000", "accepted": [["discovery", "2026-03-02T15:00:00Z", "created"]]},
        {
            "version": 1,
            "issue": "10000",
            "accepted": [["discovery", "2026-03-02T15:00:00Z", "created"], ["live", "2026-03-02T16:00:00Z", "900"]],
        },
        {"version": 1, "issue": "555", "accepted": [["discovery", "2026-03-02T15:00:00Z", "created"]]},
    ],
    ids=["lost", "of another lifecycle", "behind the field", "ahead of the field", "a clone's"],
)
@pytest.mark.parametrize("stage", ["requirements", "development", "certification", "launch"])
def test_repaired_from_the_fields_history(stage: str, raw: Any) -> None:
    """Our own changes of the field are the evidence; nothing is said, nothing made anew."""
    world = at(stage)
    before = world.state.record.accepted
    steps, comments = dict(world.subtasks), list(world.comments)
    world.record = raw
    world.settle()
    assert world.state.record.accepted == before
    assert (world.subtasks, world.comments) == (steps, comments)


def test_repaired_after_a_failed_round() -> None:
    """Rounds are counted again from the log and the sub-tasks."""
    world = at("certification")
    world.fail_round()
    world.record = None
    world.settle()
    assert (world.fields["certification_round"], world.fields["rounds_failed"]) == (1.0, 1.0)
    assert world.standing("build") == "open"


def test_repaired_after_an_end() -> None:
    """The visit that was left is resumed all the same."""
    world = at("development")
    build = world.step("build").id
    world.go("cancelled")
    world.record = None
    world.settle()
    world.go("development")
    assert world.step("build").id == build


def test_repaired_after_a_refused_attempt() -> None:
    """The crossing that was refused first is not mistaken for the one that was accepted."""
    world = at("development")
    world.go("certification")
    world.finish()
    world.go("certification")
    before = world.state.record.accepted
    world.record = None
    world.settle()
    assert world.state.record.accepted == before


def test_repaired_where_one_look_accepted_the_first_of_two() -> None:
    """The visit is the one that the steps were made for."""
    world = at("requirements")
    world.finish()
    world.move("Development")
    world.move("Requirements")
    world.move("Development")
    world.settle()
    before = world.state.record.accepted
    world.record = None
    world.settle()
    assert world.state.record.accepted == before


def test_equal_values_in_a_row_count_once() -> None:
    """Putting the field right is no second acceptance."""
    world = at("requirements")
    world.fill("stage", "Live", by="tc")
    world.settle()
    before = world.state.record.accepted
    world.record = None
    world.settle()
    assert world.state.record.accepted == before


def test_a_former_account_of_ours_counts() -> None:
    """Accounts that the service wrote with before are listed."""
    world = at("requirements")
    world.changes = [replace(c, author="former-service") if c.author == SERVICE else c for c in world.changes]
    world.record = None
    world.settle()
    assert world.stage == "requirements"


def test_a_field_written_without_a_move() -> None:
    """Where the crossing can't be found any more, the field's own change stands for it."""
    world = at("discovery")
    world.record = None
    world.fill("stage", "Development", by=SERVICE)
    assert [stage for stage, _, _ in world.state.record.accepted] == ["discovery", "development"]
    world.settle()
    assert (world.stage, world.status) == ("discovery", "Discovery")
    assert world.look().actions == ()


KEPT = [
    ("stage", "Live", "Certification"),
    ("stage", None, "Certification"),
    ("gate", "Open", "Closed"),
    ("certification_round", 7.0, None),
    ("certification_result", "Certified", None),
    ("rounds_failed", 9.0, None),
]


@pytest.mark.parametrize(("key", "value", "right"), KEPT, ids=[f"{k} {v}" for k, v, _ in KEPT])
def test_a_kept_field_is_put_right(key: str, value: Any, right: Any) -> None:
    """What anyone else writes is no verdict; the operator is told."""
    world = at("certification")
    world.fill(key, value, by="tc")
    decided = world.look()
    assert world.fields[key] == right
    assert len(decided.notes) == 1
    assert decided.notes[0].startswith(f"tc set {PAYTRONIX.fields[key].name!r} to ")
    assert world.stage == "certification"
    assert world.look().actions == ()


def test_a_stage_that_somebody_else_wrote_before_the_record_was_lost() -> None:
    """It is never taken for ours."""
    world = at("requirements")
    world.fill("stage", "Live", by="tc")
    world.record = None
    world.settle()
    assert (world.stage, world.fields["stage"]) == ("requirements", "Requirements")


def test_accepted_into_a_stage_that_the_field_showed_already() -> None:
    """Somebody wrote the field before the move: the record alone knows of the acceptance, and is believed."""
    world = at("discovery")
    world.finish()
    world.fill("stage", "Requirements", by="tc")
    world.go("requirements")
    assert world.look().actions == ()
    assert world.stage == "requirements"


def bulky(**parts: Any) -> Record:
    first = Accepted("planned", MONDAY, "created")
    return Record(issue="1", accepted=(first,), **parts)


def size(record: Record) -> int:
    return len(json.dumps(dump(record)))


class TestSmall:
    """The record stays under 30,000 characters; what is oldest goes first."""

    def test_old_refusals_go_first(self) -> None:
        """They only serve to see a tug of war."""
        recent = {f"a>{n}": (MONDAY,) * 20 for n in range(80)}
        record = bulky(refused=Refused(through="5", at=MONDAY, edge="a>b", recent=recent), blocked={"b": ("why",)})
        assert size(record) <= MOST_CHARACTERS
        assert dump(record)["blocked"] == {"b": ["why"]}
        assert "recent" not in dump(record)["refused"]

    def test_then_all_reasons_but_the_first(self) -> None:
        """The others can be had by asking the service."""
        record = bulky(blocked={"b": tuple("reason" * 20 for _ in range(400))})
        assert len(dump(record)["blocked"]["b"]) == 1

    def test_then_what_no_decision_needs(self) -> None:
        """Early moves, old waivers and overrides, visits in which no round began."""
        accepted = tuple(Accepted("planned", MONDAY, str(n)) for n in range(600))
        visits = [Round(visit=str(n), number=n % 2 or None, result="withdrawn") for n in range(3)]
        record = bulky().model_copy(
            update={
                "accepted": accepted,
                "rounds": tuple(visits),
                "waivers": (Waiver(subtask="1", change="2", by=None, granted=True),) * 50,
                "overrides": (Override(change="1", by=None, at=MONDAY, visit="1", granted=True),) * 50,
            }
        )
        value = dump(record)
        assert size(record) <= MOST_CHARACTERS
        assert (len(value["accepted"]), len(value["rounds"]), len(value["waivers"])) == (200, 2, 20)

    def test_a_shortened_record_is_not_written_again(self) -> None:
        """A project that was moved to and fro a thousand times comes to rest."""
        world = at("certification")
        world.fail_round()
        moves = [Accepted(stage, MONDAY, str(n)) for n in range(400) for stage in ("requirements", "discovery")]
        last = world.state.record.accepted[-1]
        record = world.state.record.model_copy(update={"accepted": (*moves, last)})
        world.record = dump(record)
        world.settle()
        assert len(json.dumps(world.record)) <= MOST_CHARACTERS
        assert world.look().actions == ()
        assert world.fields["certification_round"] == 1.0


def test_visits() -> None:
    """A stay begins with an accepted crossing and ends with the next; an end is a stay too."""
    record = Record(
        issue="1",
        accepted=(
            Accepted("planned", MONDAY, "created"),
            Accepted("dropped", MONDAY + timedelta(hours=1), "5"),
            Accepted("planned", MONDAY + timedelta(hours=2), "6"),
            Accepted("working", LATER, "7"),
        ),
    )
    stays = visits(record, MINIMAL)
    assert [(visit.stage, visit.id) for visit in stays] == [
        ("planned", "created"),
        ("dropped", "5"),
        ("planned", "created"),
        ("working", "7"),
    ]
    assert (stays[2].since, stays[2].begun, stays[2].until) == (MONDAY + timedelta(hours=2), MONDAY, LATER)


def test_what_blocks_is_told_in_the_property_alone() -> None:
    """Changing reasons mail nobody: the property is written, nothing else."""
    world = at("discovery")
    world.rename("goals", "Something else")
    (edit,) = world.look().actions
    assert edit.is_quiet  # type: ignore[union-attr]
    assert "Something else" in str(world.record["blocked"])


def test_the_override_that_a_lost_record_had_judged_is_judged_again() -> None:
    """While its reason is still filled."""
    world = at("discovery")
    world.fill("gate_override", "Agreed", by=ADMIN)
    world.settle()
    world.record = None
    world.settle()
    assert world.fields["gate"] == "Open"


def test_a_mapping_whose_stage_was_renamed() -> None:
    """Titles that the mapping doesn't know are no evidence; the record is believed and the field put right."""
    world = at("development")
    stages = dict(PAYTRONIX.stages)
    stages["development"] = stages["development"].model_copy(update={"title": "Build"})
    world.mapping = varied(stages=stages)
    world.settle()
    assert (world.stage, world.fields["stage"]) == ("development", "Build")
