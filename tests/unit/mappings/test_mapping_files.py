"""Mapping files: the shipped ones, files that extend them, and what is said of a file that is wrong."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from mappings import MappingError, load, shipped

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a mapping file and return its path."""

    def written(text: str, name: str = "mine.toml") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return written


def wrong(path: Path) -> list[str]:
    """Return what is said of the file, without its name."""
    with pytest.raises(MappingError) as raised:
        load(path)
    assert str(raised.value) == "\n".join(raised.value.problems)
    assert all(problem.startswith(f"{path}: ") for problem in raised.value.problems)
    return [problem.removeprefix(f"{path}: ") for problem in raised.value.problems]


def extending(text: str) -> str:
    return f'extends = "paytronix"\n{text}'


@pytest.mark.parametrize("name", shipped())
def test_what_is_shipped_can_be_used(name: str) -> None:
    """Each shipped mapping loads under its own name."""
    assert load(name).name == name


def test_the_shipped_ones() -> None:
    """The whole process, and a start for one's own."""
    assert shipped() == ("minimal", "paytronix")


class TestExtending:
    """`extends` lays a file over another: tables key by key, everything else replaced."""

    def test_changes_and_keeps(self, write: Write) -> None:
        """Statuses, names, roles and single steps change; the rest stays."""
        mapping = load(
            write(
                extending(
                    """
                    name = "ours"
                    [jira]
                    project = "PX"
                    [fields.goals]
                    name = "Objectives"
                    [stages.development]
                    statuses = ["Building", "Testing"]
                    [stages.development.steps.client_qa]
                    owner = ["technical_consultant"]
                    """
                )
            )
        )
        assert (mapping.name, mapping.jira.project, mapping.jira.issue_type) == ("ours", "PX", "Integration")
        assert mapping.fields["goals"].name == "Objectives"
        assert mapping.stage_by_status["Testing"] == "development"
        assert mapping.stages["development"].steps["client_qa"].owner == ("technical_consultant",)
        assert mapping.stages["development"].steps["client_qa"].after == ("integrator_qa",)

    def test_omits_a_step(self, write: Write) -> None:
        """`omit = true` takes a step out."""
        path = write(extending("[stages.launch.steps.monitoring]\nomit = true"))
        assert "monitoring" not in load(path).stages["launch"].steps

    def test_an_omitted_step_is_missed_by_what_comes_after_it(self, write: Write) -> None:
        """And that is said."""
        path = write(extending("[stages.discovery.steps.goals]\nomit = true"))
        assert wrong(path) == ["stages.discovery.steps.scope.after: unknown step 'goals'; known: scope, evaluation"]

    def test_a_file_beside_it(self, write: Write) -> None:
        """Paths are relative to the extending file; chains may be long."""
        write(extending('name = "base"'), "base.toml")
        write('extends = "base.toml"\nenforcement = "warn"', "middle.toml")
        assert load(write('extends = "middle.toml"\nname = "top"')).enforcement == "warn"

    def test_itself(self, write: Write) -> None:
        """A loop is named, file by file."""
        write('extends = "b.toml"', "a.toml")
        path = write('extends = "a.toml"', "b.toml")
        with pytest.raises(MappingError, match=r"extends itself, by way of .*a\.toml, .*b\.toml; remove one 'extends'"):
            load(path)

    def test_nothing(self, write: Write) -> None:
        """A base that doesn't exist."""
        with pytest.raises(MappingError, match=r"no such mapping file; give a path, or .*: minimal, paytronix"):
            load(write('extends = "paytronics"'))

    def test_no_name(self, write: Write) -> None:
        """`extends` is one name."""
        assert wrong(write("extends = 3")) == ["extends: give the name or the path of one mapping, as text"]


class TestReading:
    """Files that can't be read at all."""

    def test_missing(self, tmp_path: Path) -> None:
        """The shipped names are offered."""
        with pytest.raises(MappingError, match=r"xxx\.toml: can't be read: File name too long"):
            load(tmp_path / ("x" * 300 + ".toml"))
        with pytest.raises(MappingError, match="no such mapping file"):
            load(tmp_path / "none.toml")

    def test_no_toml(self, write: Write) -> None:
        """The parser's place is passed on."""
        assert wrong(write("name = ")) == ["not valid TOML: Invalid value (at end of document)"]

    def test_no_text(self, tmp_path: Path) -> None:
        """Only UTF-8."""
        path = tmp_path / "latin.toml"
        path.write_bytes(b'name = "\xe9"')
        assert wrong(path)[0].startswith("can't be read as UTF-8 text")


ERRORS = [
    ("a key", "enforcment = 'warn'", "enforcment: unknown key; did you mean 'enforcement'?"),
    ("a key deep down", "[jira]\nissuetype = 'X'", "jira.issuetype: unknown key; did you mean 'issue_type'?"),
    (
        "a key in a list",
        "[certification.capacity]\nseasons = [{from='01-01', to='02-01', parallel_round=1}]",
        "certification.capacity.seasons.0.parallel_round: unknown key; did you mean 'parallel_rounds'?",
    ),
    (
        "a key of a step",
        "[stages.launch.steps.go_live]\nownr = []",
        "stages.launch.steps.go_live.ownr: unknown key; did",
    ),
    (
        "a key like none",
        "[calendar]\nxyz = 1",
        "calendar.xyz: unknown key; known here: country, day_begins, extra_holi",
    ),
    ("a word", "enforcement = 'strict'", "enforcement: 'strict' is none of 'enforce', 'warn' or 'observe'"),
    ("a type", "name = 3", "name: Input should be a valid string (found 3)"),
    (
        "a time zone",
        "[calendar]\ntimezone = 'Boston'",
        "calendar.timezone: unknown time zone 'Boston'; use a name such",
    ),
    ("a country", "[calendar]\ncountry = 'USX'", "calendar.country: unknown country 'USX'; did you mean 'US'?"),
    ("a subdivision", "[calendar]\nsubdivision = 'Mass'", "calendar.subdivision: unknown subdivision 'Mass'; "),
    (
        "a step in after",
        "[stages.requirements.steps.work_order]\nafter = ['idl']",
        "after: unknown step 'idl'; did you mean 'idi'?",
    ),
    (
        "a later step in after",
        "[stages.requirements.steps.idi]\nafter = ['schedule']",
        "idi.after: 'schedule' stands at or below 'idi'; list a step after those",
    ),
    ("itself in after", "[stages.requirements.steps.idi]\nafter = ['idi']", "'idi' stands at or below 'idi'"),
    (
        "a role",
        "[stages.launch.steps.go_live]\nowner = ['integrater']",
        "go_live.owner: unknown role 'integrater'; did you mean 'integrator'",
    ),
    (
        "a party",
        "[stages.launch.steps.monitoring]\nparties = ['clint']",
        "parties: unknown role 'clint'; did you mean 'client'?",
    ),
    (
        "owner and parties",
        "[stages.launch.steps.go_live]\nparties = ['client']",
        "go_live: give either 'owner' (the first",
    ),
    (
        "a needed field",
        "[stages.launch.steps.go_live]\nneeds = ['golive']",
        "needs: unknown field 'golive'; did you mean 'go_live_date'?",
    ),
    (
        "a gated stage",
        "[stages.launch.steps.go_live]\ngates = ['lunch']",
        "gates: unknown stage 'lunch'; did you mean 'launch'?",
    ),
    (
        "a condition's field",
        "[stages.launch.steps.go_live]\nwhen = {field='kind', in=['New']}",
        "when.field: unknown field 'kind'",
    ),
    (
        "a condition's value",
        "[stages.launch.steps.go_live]\nwhen = {field='integration_kind', in=['Old']}",
        "when.in: unknown option of 'integration_kind' 'Old'; known: New, Update",
    ),
    (
        "a due date's field",
        "[stages.launch.steps.go_live.due]\nafter_field = 'go_live'",
        "after_field: unknown field 'go_live'; did",
    ),
    (
        "a due date's type",
        "[stages.launch.steps.go_live.due]\nafter_field = 'goals'",
        "'goals' is a text field; it must be of type 'date'",
    ),
    (
        "a due date's step",
        "[stages.launch.steps.config_notice]\ndue = {business_days=1, after_step='go_live'}",
        "due.after_step: 'go_live' stands at or below 'config_notice'",
    ),
    (
        "two due dates",
        "[stages.launch.steps.go_live.due]\nafter_step = 'config_diff'",
        "due: counted after a field and after a step; keep one",
    ),
    (
        "words for again",
        "[stages.launch.steps.go_live.again]\nsummary = 'x'",
        "go_live.again: the step is made once; set 'each_visit",
    ),
    (
        "a template's name",
        "[stages.launch.steps.go_live]\ndescription = 'On {go_live_dat}'",
        "unknown name 'go_live_dat'; did you mean 'go_live_date'?",
    ),
    (
        "a field in a summary",
        "[stages.launch.steps.go_live]\nsummary = 'On {goals}'",
        "go_live.summary: unknown name 'goals'; known: key, ",
    ),
    (
        "a template's braces",
        "[stages.launch.steps.go_live]\ndescription = 'a { b'",
        "write {{ and }} for the braces themselves",
    ),
    (
        "a template's format",
        "[stages.launch.steps.go_live]\ndescription = '{key:>9}'",
        "'key' has a format; write {key} alone",
    ),
    (
        "a template of the rework",
        "[stages.development.steps.build.again]\nsummary = '{rund}'",
        "build.again.summary: unknown name 'rund'; did you mean 'round'?",
    ),
    (
        "a gate's source",
        "[gates.discovry.launch]",
        "gates.discovry: unknown stage 'discovry'; did you mean 'discovery'?",
    ),
    (
        "a gate's target",
        "[gates.discovery.lanch]",
        "gates.discovery.lanch: unknown stage 'lanch'; did you mean 'launch'?",
    ),
    (
        "a gate's field",
        "[gates.launch.live]\nfilled = ['scop']",
        "gates.launch.live.filled: unknown field 'scop'; did you mean 'scope'?",
    ),
    (
        "a gate's value",
        "[gates.launch.live.equals]\nfeasibility = ['Feasable']",
        "unknown option of 'feasibility' 'Feasable'; did you mean 'Feasible'",
    ),
    (
        "a gate's other field",
        "[gates.launch.live.equals]\nfeasible = ['x']",
        "gates.launch.live.equals: unknown field 'feasible'; did you mean",
    ),
    (
        "a gate's request",
        "[gates.launch.live]\nno_open_requests = ['config']",
        "unknown request 'config'; did you mean 'config-issue'",
    ),
    ("a request's owner", "[requests.training]\nowner = ['tc']", "requests.training.owner: unknown role 'tc'; known: "),
    (
        "a role's field",
        "[roles.client]\nfield = 'client'",
        "roles.client.field: unknown field 'client'; did you mean 'client_contact'",
    ),
    (
        "a role's field's type",
        "[roles.client]\nfield = 'goals'",
        "roles.client.field: 'goals' is a text field; it must be of type 'user'",
    ),
    ("a role's proxy", "[roles.client]\nproxy = 'nobody'", "roles.client.proxy: unknown role 'nobody'; known: "),
    (
        "a field's name twice",
        "[fields.goals]\nname = 'Project Scope'",
        "fields.goals.name: 'Project Scope' stands for more than one key",
    ),
    (
        "a kept field's type",
        "[fields.rounds_failed]\ntype = 'text'",
        "fields.rounds_failed.type: 'rounds_failed' is a text field; it must",
    ),
    (
        "an optional field's type",
        "[fields.gate_override]\ntype = 'user'",
        "'gate_override' is a user field; it must be of type 'text'",
    ),
    (
        "the gate's words",
        "[jira.values]\ngate_open = 'Offen'",
        "jira.values.gate_open: unknown option of 'gate' 'Offen'; ",
    ),
    (
        "a result's words",
        "[jira.values]\nfailed = 'Fail'",
        "jira.values.failed: unknown option of 'certification_result' 'Fail'; did you mean",
    ),
    (
        "the fees' words",
        "[jira.values]\nno_fees = 'None'",
        "jira.values.no_fees: unknown option of 'additional_fees' 'None'",
    ),
    (
        "the stage's options",
        "[fields.stage]\noptions = ['Discovery']",
        "stages: unknown option of 'stage' 'Requirements'; known: Discovery",
    ),
    (
        "a status twice",
        "[stages.launch]\nstatuses = ['Live']",
        "stages.launch.statuses: 'Live' belongs to more than one stage",
    ),
    (
        "a title twice",
        "[stages.launch]\ntitle = 'Live'",
        "stages.launch.title: 'Live' is the title of more than one stage",
    ),
    ("no status", "[stages.launch]\nstatuses = []", "stages.launch.statuses: Tuple should have at least 1 item"),
    ("an end with steps", "[stages.launch]\nend = true", "stages.launch.steps: an end has no steps; remove them"),
    ("an end at the begin", "[stages.discovery]\nend = true", "stages: the first stage is an end"),
    ("a label twice", "[jira.labels]\noverdue = 'training'", "jira.labels: 'training' stands for more than one thing"),
    (
        "a step's status twice",
        "[jira.step_statuses]\nopen = 'Failed'",
        "jira.step_statuses: 'Failed' stands for more than one outcome",
    ),
    (
        "nothing to close with",
        "[jira.step_statuses.wont_do]\nstatuses = []",
        "jira.step_statuses.wont_do.statuses: none;",
    ),
    (
        "the certified stage",
        "[certification]\nstage = 'certify'",
        "certification.stage: unknown stage 'certify'; did you mean 'certification'",
    ),
    (
        "an end as a stage",
        "[certification]\nfailed_to = 'declined'",
        "certification.failed_to: unknown stage 'declined'",
    ),
    (
        "the way on",
        "[certification]\npassed_to = 'live'",
        "certification.passed_to: 'live' doesn't follow 'certification'; name the",
    ),
    (
        "the way back",
        "[certification]\nfailed_to = 'launch'",
        "certification.failed_to: 'launch' isn't before 'certification'; name an",
    ),
    (
        "a part's step",
        "[certification]\nslot_step = 'slots'",
        "certification.slot_step: unknown step 'slots'; did you mean 'slot'?",
    ),
    (
        "a part made once",
        "[stages.certification.steps.slot]\neach_visit = false",
        "slot_step: 'slot' is made once, but rounds repeat",
    ),
    (
        "a part with parties",
        "[stages.certification.steps.round]\nowner = []\nparties = ['integrations']",
        "certification.round_step: 'round' has parties, but a round has one; give it an 'owner'",
    ),
    (
        "a season's day",
        "[certification.capacity]\nseasons = [{from='1-1', to='02-01', parallel_rounds=1}]",
        "seasons.0.from: String should match",
    ),
]


@pytest.mark.parametrize(("text", "words"), [e[1:] for e in ERRORS], ids=[e[0] for e in ERRORS])
def test_what_is_wrong_is_named_with_a_remedy(text: str, words: str, write: Write) -> None:
    """File, key, what is wrong with it, and the nearest thing that exists."""
    assert any(words in problem for problem in wrong(write(extending(text))))


def test_all_at_once(write: Write) -> None:
    """Nobody has to mend one error to see the next."""
    text = "[gates.launch.live]\nfilled = ['scop']\n[roles.client]\nproxy = 'nobody'\n[certification]\nslot_step = 'x'"
    assert len(wrong(write(extending(text)))) == 3


BARE = """
name = "bare"
[jira]
project = "P"
[fields.stage]
name = "Stage"
type = "select"
[stages.a]
title = "A"
statuses = ["A"]
{step}
[stages.b]
title = "B"
statuses = ["B"]
{end}
"""


@pytest.mark.parametrize(
    ("step", "end", "words"),
    [
        ("", "", "fields.gate: missing; the service needs it, so declare its name, and type = 'select'"),
        ("", "end = true", "stages: fewer than two stages that are no end; a lifecycle needs a way to go"),
        (
            "[stages.a.steps.x]\nsummary='x'\nowner=[]\nbeyond_free_rounds=true",
            "",
            "beyond_free_rounds: there are no rounds without [certification]; remove it",
        ),
        ("", "[calendar]\nsubdivision = 'MA'", "calendar.subdivision: given without a country; add calendar.country"),
        ("[stages.a.steps.x]\nowner=['y']", "", "stages.a.steps.x.summary: missing; add it"),
        ("[stages.a.steps.x]\nsummary='x'\nowner=['y']", "", "unknown role 'y'; known: none"),
    ],
    ids=["needed field", "no way to go", "rounds without rounds", "subdivision alone", "missing", "no names at all"],
)
def test_a_mapping_of_ones_own(step: str, end: str, words: str, write: Write) -> None:
    """What a file that extends nothing may lack."""
    assert any(words in problem for problem in wrong(write(BARE.format(step=step, end=end))))


def test_certification_needs_its_fields(write: Write) -> None:
    """Each field that the rounds are kept in must be declared."""
    text = Path(__file__).parents[3].joinpath("mappings", "paytronix.toml").read_text(encoding="utf-8")
    path = write(text.replace("[fields.rounds_failed]", "[fields.failed_rounds]"))
    assert wrong(path) == [
        "fields.rounds_failed: missing; the service needs it, so declare its name, and type = 'number'"
    ]


PAYTRONIX = load("paytronix")


class TestMapping:
    """What a mapping answers."""

    def test_the_way(self) -> None:
        """The stages from first to last, without the ends."""
        assert PAYTRONIX.way == ("discovery", "requirements", "development", "certification", "launch", "live")
        assert (PAYTRONIX.next_stage("launch"), PAYTRONIX.next_stage("live"), PAYTRONIX.next_stage("declined")) == (
            "live",
            None,
            None,
        )

    def test_gates(self) -> None:
        """An edge's own gate, or the one for any source."""
        assert PAYTRONIX.gate("discovery", "declined") is PAYTRONIX.gates["discovery"]["declined"]
        assert PAYTRONIX.gate("launch", "cancelled") is PAYTRONIX.gates["any"]["cancelled"]
        assert PAYTRONIX.gate("launch", "declined") is None

    def test_names(self) -> None:
        """Statuses and titles lead to stages."""
        assert PAYTRONIX.stage_by_status["Live"] == PAYTRONIX.stage_by_title["Live"] == "live"
        assert PAYTRONIX.title("live") == "Live"

    @pytest.mark.parametrize(("day", "places"), [(date(2026, 6, 1), 3), (date(2026, 12, 24), 1)])
    def test_places(self, day: date, places: int) -> None:
        """Seasons override the capacity."""
        assert PAYTRONIX.certification is not None
        assert PAYTRONIX.certification.capacity.places(day) == places
