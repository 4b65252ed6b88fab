"""How a plan tells that it answers a crossing: once, with the verdict, who made it and what was missing."""

import pytest
from projectworld import FILLED, World, with_gate

from mappings.model import Enforcement


def world(enforcement: Enforcement = "enforce") -> World:
    made = World(with_gate("discovery", "requirements", enforcement=enforcement))
    made.settle()
    return made


@pytest.mark.parametrize(
    ("enforcement", "verdict"), [("enforce", "refused"), ("warn", "warned"), ("observe", "observed")]
)
def test_a_closed_gate_answers_by_its_enforcement(enforcement: Enforcement, verdict: str) -> None:
    made = world(enforcement)
    made.move("Requirements", by="tc")
    answer = made.look().answer
    assert answer is not None
    assert (answer.source, answer.target, answer.verdict, answer.author) == ("discovery", "requirements", verdict, "tc")
    assert answer.at == made.changes[-1].at or answer.change in {change.id for change in made.changes}
    assert answer.reasons


def test_an_open_gate_accepts_and_misses_nothing() -> None:
    made = World(fields=FILLED)
    made.settle()
    for ident in list(made.subtasks):
        made.set_status(ident, "Done", by="tc")
    made.move("Requirements", by="tc")
    answer = made.look().answer
    assert answer is not None
    assert (answer.verdict, answer.reasons) == ("accepted", ())


def test_a_crossing_is_answered_once() -> None:
    made = world()
    made.move("Requirements", by="tc")
    assert made.look().answer is not None
    assert made.look().answer is None
    assert made.settle().answer is None
