"""Signing in at an OpenID provider: its word is checked, and a claim of it decides the role."""

from collections.abc import Iterator
from typing import Any

import pytest
from providers import CLIENT, SECRET, Provider, serving
from visitors import Visitor
from werkzeug.test import TestResponse

from sync_service.store import Store
from webhooks import OpenId

BACK = "https://stagegate.example/console/sign-in/openid/back"


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    with serving() as provider:
        yield provider


@pytest.fixture
def provider(running: Provider) -> Provider:
    running.claims, running.spoilt = {"email": "ann@example.com", "groups": ["integrations", "all"]}, False
    return running


@pytest.fixture
def guest(store: Store, provider: Provider) -> Visitor:
    openid = OpenId(
        issuer=provider.url,
        client_id=CLIENT,
        client_secret=SECRET,
        readers=frozenset({"staff"}),
        operators=frozenset({"integrations"}),
    )
    return Visitor(
        store, settings={"openid": openid, "url": "https://stagegate.example", "readers": {}, "operators": {}}
    )


def comes_back(guest: Visitor, provider: Provider, **changes: str) -> TestResponse:
    sent = guest.get("/sign-in/openid").headers["Location"]
    assert sent.startswith(f"{provider.url}/authorise?")
    query = provider.authorise(sent)
    for name, value in changes.items():
        query += f"&{name}={value}"
    return guest.get(f"/sign-in/openid/back?{query}")


@pytest.mark.parametrize(
    ("claims", "role"),
    [
        pytest.param({"groups": ["all", "integrations"]}, "operator", id="operator"),
        pytest.param({"groups": ["staff", "integrations"]}, "operator", id="both"),
        pytest.param({"groups": "staff"}, "reader", id="one text"),
    ],
)
def test_a_claim_decides_the_role(guest: Visitor, provider: Provider, claims: dict[str, Any], role: str) -> None:
    provider.claims |= claims
    assert comes_back(guest, provider).headers["Location"] == "/console/"
    page = guest.get("/health").text
    assert "ann@example.com" in page
    assert f"<small>{role}</small>" in page
    assert provider.asked["redirect_uri"] == BACK


@pytest.mark.parametrize("groups", [[], ["strangers"], 7, None])
def test_who_has_no_role_is_told_so(guest: Visitor, provider: Provider, groups: Any) -> None:
    provider.claims["groups"] = groups
    answer = comes_back(guest, provider)
    assert answer.status_code == 403
    assert "none of your groups" in answer.text
    assert guest.get("/").status_code == 302


@pytest.mark.parametrize(
    "claims",
    [{"nonce": "another"}, {"iss": "https://evil.example"}, {"aud": "another"}, {"exp": 1}],
    ids=["nonce", "issuer", "audience", "expired"],
)
def test_a_word_that_is_not_for_us_is_refused(guest: Visitor, provider: Provider, claims: dict[str, Any]) -> None:
    provider.claims |= claims
    assert comes_back(guest, provider).status_code == 403
    assert guest.get("/").status_code == 302


def test_a_word_of_somebody_else_is_refused(guest: Visitor, provider: Provider) -> None:
    provider.spoilt = True
    assert comes_back(guest, provider).status_code == 403
    assert guest.get("/").status_code == 302


def test_a_way_back_that_was_not_begun_here_is_refused(guest: Visitor, provider: Provider) -> None:
    assert guest.get("/sign-in/openid/back?code=the-code&state=forged").status_code == 403


def test_who_says_no_there_is_not_in(guest: Visitor, provider: Provider) -> None:
    query = provider.authorise(guest.get("/sign-in/openid").headers["Location"]).replace("code=the-code", "error=no")
    assert guest.get(f"/sign-in/openid/back?{query}").status_code == 403


def test_a_provider_that_does_not_answer_is_told(store: Store) -> None:
    openid = OpenId(issuer="http://127.0.0.1:9", client_id=CLIENT, client_secret=SECRET)
    answer = Visitor(store, settings={"openid": openid, "url": "https://x.example"}).get("/sign-in/openid")
    assert answer.status_code == 503
    assert "does not answer" in answer.text


@pytest.mark.parametrize("instead", ["[]", "null", "{}", "5", '"x"', '{"authorization_endpoint": 5}'])
def test_a_provider_that_tells_nonsense_of_itself_is_told_and_asked_again(
    guest: Visitor, provider: Provider, instead: str
) -> None:
    provider.instead = instead
    answer = guest.get("/sign-in/openid")
    assert answer.status_code == 503
    assert "does not answer as it should" in answer.text
    provider.instead = ""
    provider.claims = {"email": "ann@example.com", "groups": ["integrations"]}
    assert comes_back(guest, provider).status_code == 302


@pytest.mark.parametrize("tokens", ["[]", "null", "{}", "5", '{"access_token": 5, "id_token": 5}'])
def test_a_provider_that_gives_nonsense_for_tokens_lets_nobody_in(
    guest: Visitor, provider: Provider, tokens: str
) -> None:
    provider.tokens = tokens
    assert comes_back(guest, provider).status_code == 403
    assert guest.get("/").status_code == 302


def test_without_tokens_none_is_asked_for(guest: Visitor) -> None:
    page = guest.get("/sign-in").text
    assert "Sign in with your organisation" in page
    assert 'name="token"' not in page
