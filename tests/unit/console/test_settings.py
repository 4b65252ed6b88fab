"""What the settings make of the console, and how a token comes into them."""

import re
from typing import Any

import pytest
from click.testing import CliRunner
from pydantic import ValidationError
from visitors import KEY
from werkzeug.security import generate_password_hash

from mappings import load
from sync_service.cli import stagegate
from sync_service.config import Settings
from sync_service.processes.serving import console_services
from webhooks.console.people import Role, Tokens


def settings(**console: Any) -> Settings:
    tables = {"jira": {"url": "https://j.example/", "token": "t"}, "lifecycle": {"enforce_since": "2026-01-01"}}
    return Settings.model_validate(tables | {"console": console})


HASH = "scrypt:1:1:1$salt$hash"
OPENID = {
    "issuer": "https://sso.example/",
    "client_id": "c",
    "client_secret": "planted-openid-secret",
    "operators": ["ops"],
}


def test_it_is_off_unless_switched_on() -> None:
    assert console_services(settings(), ()) is None
    assert console_services(settings(session_key=KEY, readers={"rita": HASH}), ()) is None


def test_all_of_it() -> None:
    console = console_services(
        settings(
            enabled=True,
            session_key=KEY,
            readers={"rita": "scrypt$r$hash"},
            operators={"olaf": "scrypt$o$hash"},
            url="https://s.example/",
            openid=OPENID,
        ),
        (load("paytronix"),),
    )
    assert console is not None
    assert (console.jira_url, console.url) == ("https://j.example", "https://s.example")
    assert (console.readers, console.operators) == ({"rita": "scrypt$r$hash"}, {"olaf": "scrypt$o$hash"})
    assert console.openid is not None
    assert (console.openid.issuer, console.openid.operators) == ("https://sso.example", frozenset({"ops"}))
    assert list(console.lifecycles) == ["paytronix"]
    shown = repr(console)
    secrets = (KEY, "scrypt$r$hash", "scrypt$o$hash", "planted-openid-secret")
    assert not [secret for secret in secrets if secret in shown]


@pytest.mark.parametrize(
    ("console", "said"),
    [
        pytest.param({"readers": {"r": HASH}}, "session_key must be", id="no key"),
        pytest.param({"session_key": "short", "readers": {"r": HASH}}, "session_key must be", id="short key"),
        pytest.param({"session_key": KEY}, "stagegate console-token", id="nobody"),
        pytest.param(
            {"session_key": KEY, "readers": {"r": HASH}, "operators": {"r": HASH}}, "r: reader and operator", id="both"
        ),
        pytest.param({"session_key": KEY, "readers": {"r": "r.t0k3n"}}, "r: not a hash", id="token for hash"),
        pytest.param({"session_key": KEY, "openid": OPENID}, "openid needs url", id="no url"),
    ],
)
def test_a_console_that_nobody_or_anybody_could_use_is_refused(console: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        settings(enabled=True, **console)


def test_every_secret_of_it_is_kept_out_of_outputs() -> None:
    told = settings(enabled=True, session_key=KEY, readers={"r": HASH}, openid=OPENID, url="u").secrets
    assert {KEY, HASH, "planted-openid-secret"} <= set(told)


def test_a_token_of_the_command_line_signs_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webhooks.console.people.generate_password_hash", generate_password_hash)
    told = CliRunner().invoke(stagegate, ["console-token", "ann.b@example.com", "--role", "operator"])
    assert told.exit_code == 0
    token = re.search(r"^  (ann\.b@example\.com\.\S+)$", told.output, re.MULTILINE)
    line = re.search(r"^  \"ann\.b@example\.com\" = '(.+)'$", told.output, re.MULTILINE)
    assert token
    assert line
    assert line[1].startswith("scrypt:32768:8:1$")
    console = console_services(settings(enabled=True, session_key=KEY, operators={"ann.b@example.com": line[1]}), ())
    assert console is not None
    person = Tokens(console).whose(token[1])
    assert person is not None
    assert (person.name, person.role) == ("ann.b@example.com", Role.OPERATOR)


@pytest.mark.parametrize("name", ["", "a b", "-" + "x" * 70, "ü", "a/b"])
def test_a_name_that_no_token_can_bear_is_refused(name: str) -> None:
    told = CliRunner().invoke(stagegate, ["console-token", "--", name])
    assert told.exit_code == 2
    assert "a name is made of" in told.output
