"""Settings: what the example file shows is all there is, the environment wins, and each mistake names its remedy."""

import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from sync_service.config import Settings, example, load_settings
from sync_service.errors import ConfigurationError

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"
CALENDAR = "planted-calendar-token-" + "c" * 20
LEAST = '[jira]\nurl = "https://x.example"\ntoken = "env:T"\n[lifecycle]\nenforce_since = 2026-01-01\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("T", "planted-jira-token")
    monkeypatch.setenv("STAGEGATE_JIRA_TOKEN", "planted-jira-token")
    monkeypatch.setenv("STAGEGATE_WEBHOOK_SECRET", "planted-hook-secret")
    monkeypatch.setenv("HOOK_PASSWORD", "planted-hook-password")


def test_the_example_file_loads_without_a_warning() -> None:
    settings, warnings = load_settings(EXAMPLE, {})
    assert settings.jira.token.get_secret_value() == "planted-jira-token"
    assert warnings == ()


def shown_settings() -> dict[str, Any]:
    """The example with every commented-out setting uncommented."""
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    settings = [line.removeprefix("# ") if " = " in line and line.startswith("# ") else line for line in lines]
    return tomllib.loads("\n".join(line for line in settings if not line.startswith("#")))


@pytest.mark.parametrize("section", list(Settings.model_fields))
def test_the_example_shows_every_setting(section: str) -> None:
    model = Settings.model_fields[section].annotation
    assert isinstance(model, type)
    assert issubclass(model, BaseModel)
    assert set(shown_settings()[section]) == set(model.model_fields)


@pytest.mark.parametrize("section", ["webhooks", "store", "worker", "console"])
def test_the_example_shows_the_defaults(section: str) -> None:
    shown = shown_settings()[section]
    own_url = "url" if section == "console" else ""
    for without_default in ("secrets", "basic", own_url, "session_key", "openid", "calendar_token"):
        shown.pop(without_default, None)
    defaults = getattr(
        Settings.model_validate({"jira": {"url": "u", "token": "t"}, "lifecycle": {"enforce_since": "2026-01-01"}}),
        section,
    )
    assert {key: _plain(getattr(defaults, key)) for key in shown} == shown


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def test_the_environment_overrides_the_file(tmp_path: Path) -> None:
    environment = {
        "STAGEGATE_JIRA__URL": "https://other.example",
        "STAGEGATE_WEBHOOKS__PORT": "9090",
        "STAGEGATE_LIFECYCLE__MAPPINGS": '["minimal"]',
        "STAGEGATE_TEST_PG_URL": "not a setting",
    }
    settings, _ = load_settings(written(tmp_path, LEAST), environment)
    assert (settings.jira.url, settings.webhooks.port) == ("https://other.example", 9090)
    assert settings.lifecycle.mappings == ("minimal",)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("STAGEGATE_WEBHOOKS__PORT", "eighty", "webhooks.port: must be a whole number"),
        ("STAGEGATE_JIRA__ULR", "https://x.example", "jira.ulr: unknown setting; did you mean 'url'?"),
        ("STAGEGATE_JIRRA__URL", "https://x.example", "jirra: unknown setting; did you mean 'jira'?"),
    ],
)
def test_a_mistake_in_a_variable_is_told_with_its_name(tmp_path: Path, name: str, text: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as told:
        load_settings(written(tmp_path, LEAST), {name: text})
    assert str(told.value) == f"the environment variable {name}: {said}"


def test_a_variable_with_one_underscore_is_warned_of_unless_a_secret_is_kept_there(tmp_path: Path) -> None:
    variables = {"STAGEGATE_JIRA_URL": "https://other.example", "STAGEGATE_JIRA_TOKEN": "planted-token"}
    text = LEAST.replace("env:T", "env:STAGEGATE_JIRA_TOKEN")
    settings, warnings = load_settings(written(tmp_path, text), variables)
    assert settings.jira.url == "https://x.example"
    assert [warning.split(" is not read")[0] for warning in warnings] == ["the environment variable STAGEGATE_JIRA_URL"]
    assert "STAGEGATE_JIRA__URL" in warnings[0]


def test_what_is_overridden_may_be_wrong_in_the_file(tmp_path: Path) -> None:
    text = LEAST + "[webhooks]\nsecrets = 3\n"
    settings, _ = load_settings(written(tmp_path, text), {"STAGEGATE_WEBHOOKS__SECRETS": '["env:T"]'})
    assert settings.secrets == ("planted-jira-token", "planted-jira-token")


def test_the_example_that_is_printed_is_the_file() -> None:
    assert example() == EXAMPLE.read_text(encoding="utf-8")


def test_the_environment_alone_is_enough() -> None:
    environment = {
        "STAGEGATE_JIRA__URL": "https://x.example",
        "STAGEGATE_JIRA__TOKEN": "env:T",
        "STAGEGATE_LIFECYCLE__ENFORCE_SINCE": "2026-01-01T12:00:00+02:00",
    }
    settings, _ = load_settings(None, environment)
    assert settings.lifecycle.enforce_since == datetime(2026, 1, 1, 10, tzinfo=UTC)


def test_a_secret_can_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from a file\n", encoding="utf-8")
    text = LEAST.replace("env:T", f"file:{tmp_path}/token")
    settings, warnings = load_settings(written(tmp_path, text), {})
    assert settings.jira.token.get_secret_value() == "from a file"
    assert warnings == ()


def test_a_secret_in_the_settings_is_taken_with_a_warning_that_does_not_show_it(tmp_path: Path) -> None:
    hooks = 'secrets = ["planted-literal-hook"]\nbasic = [{ user = "jira", password = "planted-literal-password" }]\n'
    text = LEAST.replace("env:T", "planted-literal-secret") + "[webhooks]\n" + hooks
    settings, warnings = load_settings(written(tmp_path, text), {})
    assert settings.secrets == ("planted-literal-secret", "planted-literal-hook", "planted-literal-password")
    told = [warning.split(": ")[1].split()[0] for warning in warnings]
    assert told == ["jira.token", "webhooks.secrets", "webhooks.basic.password"]
    assert "literal" not in "".join(warnings)


def test_each_secret_of_the_console_in_the_settings_is_warned_of(tmp_path: Path) -> None:
    literal = "planted-literal-secret-of-32-characters"
    console = f'[console]\nsession_key = "{literal}"\ncalendar_token = "{literal}"\nurl = "https://x.example"\n'
    openid = (
        f'openid = {{ issuer = "https://id.example", client_id = "x", client_secret = "{literal}", readers = ["r"] }}'
    )
    _, warnings = load_settings(written(tmp_path, LEAST + console + openid), {})
    told = [warning.split(": ")[1].split()[0] for warning in warnings]
    assert told == ["console.session_key", "console.calendar_token", "console.openid.client_secret"]
    assert "planted" not in "".join(warnings)


def test_what_proves_a_delivery_and_could_be_guessed_is_warned_of_and_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LONG", "planted-hook--16")
    monkeypatch.setenv("SHORT", "planted-hook-15")
    hooks = (
        '[webhooks]\nsecrets = ["env:LONG", "env:SHORT"]\nbearer_tokens = ["env:LONG"]\n'
        'basic = [{ user = "jira", password = "env:SHORT" }]\n'
    )
    settings, warnings = load_settings(written(tmp_path, LEAST + hooks), {})
    assert "planted-hook-15" in settings.secrets
    assert [warning.split(":")[0] for warning in warnings] == ["webhooks.secrets", "webhooks.basic.password"]
    assert all("openssl rand -hex 32" in warning and "planted" not in warning for warning in warnings)


def test_every_secret_is_known_to_those_who_keep_it_out_of_outputs() -> None:
    tables = {
        "jira": {"url": "u", "token": "one"},
        "webhooks": {"secrets": ["two"], "bearer_tokens": ["three"], "basic": [{"user": "u", "password": "four"}]},
        "lifecycle": {"enforce_since": "2026-01-01"},
    }
    settings = Settings.model_validate(tables)
    assert settings.secrets == ("one", "two", "three", "four")
    assert not {"one'", "two'", "three'", "four'"} & set(repr(settings).split("'"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("[jira", "not valid TOML", id="no TOML"),
        pytest.param(
            LEAST.replace("env:T", "env:NOT_SET"), "jira.token: the environment variable NOT_SET is not set", id="env"
        ),
        pytest.param(LEAST.replace("env:T", "file:/none"), "jira.token: the file /none can't be read", id="file"),
        pytest.param(LEAST + "[worker]\nthread = 3\n", "worker.thread: unknown setting", id="unknown key"),
        pytest.param(LEAST + "[wroker]\n", "wroker: unknown setting", id="unknown section"),
        pytest.param(LEAST.split("[lifecycle]", maxsplit=1)[0], "lifecycle: missing", id="no section"),
        pytest.param("[lifecycle]\n[jira]\nurl='u'\ntoken='t'", "lifecycle.enforce_since: missing", id="no date"),
        pytest.param(LEAST.replace("2026-01-01", "'soon'"), "lifecycle.enforce_since:", id="no time"),
        pytest.param(LEAST.replace("2026-01-01", "20260101"), "must be a day or a time, such as", id="a number"),
        pytest.param(LEAST.replace("url =", "ulr ="), "did you mean 'url'?", id="misspelt"),
        pytest.param(LEAST + "[console]\nopenid = { isuer = 'x' }\n", "did you mean 'issuer'?", id="misspelt deep"),
        pytest.param(
            "jira = 'https://x.example'\n", "jira: must be a section, which begins with", id="no section at all"
        ),
        pytest.param(LEAST + "[webhooks]\nsecrets = 'env:T'\n", "webhooks.secrets: must be a list", id="no list"),
        pytest.param(LEAST + "[webhooks]\nport = 99999\n", "webhooks.port: must be less than", id="port"),
        pytest.param(LEAST + "mappings = []\n", "lifecycle.mappings: must name at least one", id="no mapping"),
        pytest.param(LEAST + "[worker]\nlease_seconds = inf\n", "must be less than or equal to 86400", id="for ever"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigurationError) as told:
        load_settings(path, {})
    assert str(told.value).startswith(f"{path}: ")
    assert said in str(told.value)


def test_a_missing_file_is_told_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no such file; `stagegate example-config"):
        load_settings(tmp_path / "none.toml", {})


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="can't be read as UTF-8"):
        load_settings(path, {})


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as told:
        load_settings(written(tmp_path, "[worker]\nthreads = 0\n[console]\nenabld = true\n"), {})
    assert len(str(told.value).splitlines()) == 4


def test_a_calendar_token_that_could_be_guessed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"console\.calendar_token: must be a random text of at least 32"):
        load_settings(written(tmp_path, LEAST), {"STAGEGATE_CONSOLE__CALENDAR_TOKEN": "planted-short"})


def test_the_calendar_token_is_a_secret(tmp_path: Path) -> None:
    settings, _ = load_settings(written(tmp_path, LEAST), {"STAGEGATE_CONSOLE__CALENDAR_TOKEN": CALENDAR})
    assert CALENDAR in settings.secrets
    assert CALENDAR not in repr(settings)


APP = "6a483ca8-1f0b-4c59-8d3a-0e3b1d6f7a21"


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        pytest.param(APP, APP, id="the id"),
        pytest.param(f"ari:cloud:ecosystem::app/{APP}", APP, id="as in the manifest"),
        pytest.param(f"{APP}/f6a3bed3-737f", f"{APP}/f6a3bed3-737f", id="with an environment"),
        pytest.param(f"ari:cloud:ecosystem::app/{APP}/env", f"{APP}/env", id="the whole"),
    ],
)
def test_the_forge_app_is_named_by_its_id(given: str, meant: str) -> None:
    settings, _ = load_settings(EXAMPLE, {"STAGEGATE_JIRA__FORGE": given})
    assert (settings.jira.forge, settings.jira.forge_without_record) == (meant, "open")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("", "jira.forge: must be the id of the Forge app"),
        ("stage-gate", "jira.forge: must be the id of the Forge app"),
        (f"ari:cloud:ecosystem::extension/{APP}/env/static/stage-gate", "jira.forge: must be the id of the Forge app"),
        ("00000000-0000-0000-0000-000000000000", "until `forge register` writes your app's"),
    ],
)
def test_what_is_no_forge_app_is_told(given: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as told:
        load_settings(EXAMPLE, {"STAGEGATE_JIRA__FORGE": given})
    assert said in str(told.value)
