"""What the Forge app may rely on: the record says what the service would refuse, and the app's files are of today."""

import importlib.util
import json
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from sync_service.lifecycle.gates import judge
from sync_service.lifecycle.record import MOST_CHARACTERS, PROPERTY, VERSION, dump, parse
from tests.unit.lifecycle.projectworld import ADMIN, PAYTRONIX, World, at, varied
from tests.unit.plugin.records import ANSWERS, answers

PLUGIN = ANSWERS.parents[1]
MANIFEST = (PLUGIN / "manifest.yml").read_text(encoding="utf-8")


def test_the_answers_that_the_plugin_is_tested_with_are_of_todays_lifecycle() -> None:
    kept = json.loads(ANSWERS.read_text(encoding="utf-8"))
    assert kept == json.loads(json.dumps(answers())), "renew them: python -m tests.unit.plugin.records"


def test_the_panels_lifecycle_is_that_of_the_shipped_mapping() -> None:
    kept = json.loads((PLUGIN / "src" / "lifecycle.json").read_text(encoding="utf-8"))
    assert kept == from_mapping().lifecycle(PAYTRONIX), "renew it: python plugin/from_mapping.py"


def test_a_mapping_without_slots_has_no_name_for_them() -> None:
    fields = {key: field for key, field in PAYTRONIX.fields.items() if key != "certification_start"}
    told = from_mapping().lifecycle(varied(fields=fields))
    assert told["fields"] == {"slot": None, "fees": "Additional Fees"}


def from_mapping() -> ModuleType:
    spec = importlib.util.spec_from_file_location("from_mapping", PLUGIN / "from_mapping.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_manifest_names_the_property_and_every_stage_of_the_shipped_mapping() -> None:
    assert set(re.findall(r"propertyKey: (\S+)", MANIFEST)) == {PROPERTY}
    assert f"issue.properties?.{PROPERTY};" in MANIFEST
    assert f"record?.version != {VERSION}" in MANIFEST
    indexed = set(re.findall(r"path: blocked\.(\w+)", MANIFEST))
    assert indexed == set(PAYTRONIX.stages) - {"cancelled"}, "cancelled is always open"


# --- What the record says is what the service would decide -----------------------------------------------------------


def refused(world: World) -> dict[str, list[str]]:
    """Return the stages into which a move would be refused now, with the reasons."""
    state = world.state
    verdicts = [judge(state, stage) for stage in world.mapping.stages if stage != state.stage]
    return {verdict.target: [str(reason) for reason in verdict.reasons] for verdict in verdicts if not verdict.accepts}


def settled(world: World) -> World:
    world.settle()
    return world


def finished() -> World:
    world = settled(World())
    world.finish()
    return settled(world)


def overridden() -> World:
    world = settled(World())
    world.fill("gate_override", "The client is waiting", by=ADMIN)
    return settled(world)


def ended() -> World:
    world = settled(World())
    world.go("cancelled")
    return world


SITUATIONS: dict[str, Callable[[], World]] = {
    "new": lambda: settled(World()),
    "finished": finished,
    "overridden": overridden,
    "ended": ended,
    "development": lambda: at("development"),
    "live": lambda: at("live"),
    "warned only": lambda: settled(World(varied(enforcement="warn"))),
    "observed only": lambda: settled(World(varied(enforcement="observe"))),
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_blocked_names_each_stage_that_is_refused_with_every_reason_and_no_other(situation: str) -> None:
    world = SITUATIONS[situation]()
    assert world.record.get("blocked", {}) == refused(world)


@pytest.mark.parametrize("situation", ["overridden", "warned only", "observed only"])
def test_what_the_service_lets_through_blocks_nothing(situation: str) -> None:
    assert "blocked" not in SITUATIONS[situation]().record


def test_a_record_that_must_be_shortened_still_blocks_what_it_blocked() -> None:
    world = at("development")
    record = parse(world.record, world.id)
    assert record is not None
    many = {stage: tuple(f"INT-{i} is open" for i in range(2000)) for stage in record.blocked}
    value = dump(record.model_copy(update={"blocked": many}))
    assert value["blocked"] == {stage: ["INT-0 is open"] for stage in many}
    assert len(json.dumps(value)) <= MOST_CHARACTERS


# --- The files that go out -------------------------------------------------------------------------------------------


def test_the_lock_file_names_no_registry() -> None:
    lock = json.loads((PLUGIN / "package-lock.json").read_text(encoding="utf-8"))
    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []
    assert [name for name, package in lock["packages"].items() if name and "integrity" not in package] == []


def test_every_npm_package_is_pinned() -> None:
    package = json.loads((PLUGIN / "package.json").read_text(encoding="utf-8"))
    pins = [*package["dependencies"].values(), *package["devDependencies"].values()]
    assert [pin for pin in pins if not re.fullmatch(r"\d+\.\d+\.\d+", pin)] == []


def test_the_table_of_the_stage_gate_tells_its_cases_apart() -> None:
    cases = json.loads((PLUGIN / "test" / "stage-gate.json").read_text(encoding="utf-8"))["cases"]
    assert len({case["name"] for case in cases}) == len(cases)
    assert all(set(case) == {"name", "config", "property", "answer"} for case in cases)


def test_nothing_of_npm_is_kept_in_the_repository() -> None:
    ignored = (Path(PLUGIN).parent / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert "node_modules/" in ignored
