"""Credentials: how each kind is sent, and what each failure tells the person who can act."""

import base64

import pytest

from sync_service.errors import ConfigurationError
from sync_service.jira.client import JiraSite, MemoryPauses, connect
from sync_service.jira.errors import Forbidden, JiraError, NotFound, NotJira, Unauthorized

ME = {"accountId": "5b10", "displayName": "Stagegate", "timeZone": "Europe/Berlin", "active": True}
BASIC = "Basic " + base64.b64encode(b"bot@acme.example:planted-token").decode()
GATE = "https://api.atlassian.com/ex/jira/11-22"
MYSELF = "/rest/api/2/myself"


@pytest.mark.parametrize(
    ("settings", "base", "authorization"),
    [
        pytest.param({}, "https://acme.atlassian.net", BASIC, id="cloud API token"),
        pytest.param({"cloud_id": "11-22"}, GATE, BASIC, id="scoped token"),
        pytest.param({"cloud_id": "11-22", "email": None}, GATE, "Bearer planted-token", id="service account"),
        pytest.param(
            {"url": "https://jira.acme.example/jira/", "email": None, "kind": "datacenter"},
            "https://jira.acme.example/jira",
            "Bearer planted-token",
            id="Data Center personal access token",
        ),
    ],
)
def test_each_kind_of_credential_goes_out_as_jira_wants_it(wire, connected, settings, base, authorization):
    wire.on("GET", MYSELF, ME, base=base)
    account = connected(**settings).verify()
    assert (account.id, account.name) == ("5b10", "Stagegate")
    assert wire.received[0].headers["Authorization"] == authorization
    assert wire.received[0].headers["User-Agent"] == "jira-stagegate"


def test_data_center_accounts_are_known_by_name(wire, datacenter):
    wire.on("GET", MYSELF, {"name": "stagegate", "key": "JIRAUSER1", "active": True})
    assert datacenter.verify().id == "stagegate"


@pytest.mark.parametrize(
    ("settings", "answer", "error", "words"),
    [
        pytest.param({}, (401, "Client must be authenticated"), Unauthorized, "set jira.cloud_id", id="cloud 401"),
        pytest.param(
            {"cloud_id": "11-22"}, (401, {"code": 401, "message": "Unauthorized"}), Unauthorized,
            "jira.cloud_id is this site's", id="gateway 401",
        ),
        pytest.param(
            {"cloud_id": "11-22"}, (401, {"code": 401, "message": "Unauthorized; scope does not match"}), Unauthorized,
            "lacks a scope", id="scope missing",
        ),
        pytest.param(
            {"url": "https://jira.acme.example", "email": None}, (401, ""), Unauthorized, "Personal Access Tokens",
            id="Data Center token expired",
        ),
        pytest.param(
            {"url": "https://jira.acme.example", "kind": "datacenter"}, (401, ""), Unauthorized, "remove jira.email",
            id="Data Center password",
        ),
        pytest.param({}, (200, {"displayName": "Anonymous"}), Unauthorized, "anonymous visitor", id="anonymous body"),
        pytest.param(
            {}, (200, ME, {"X-AUSERNAME": "anonymous"}), Unauthorized, "anonymous visitor", id="anonymous header"
        ),
        pytest.param(
            {}, (200, "", {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"}), Unauthorized, "AUTHENTICATED_FAILED",
            id="200 although the sign-in failed",
        ),
        pytest.param({}, (200, ME | {"active": False}), Unauthorized, "deactivated", id="deactivated"),
        pytest.param(
            {}, (403, "<html/>", {"X-Authentication-Denied-Reason": "CAPTCHA_CHALLENGE; login-url=https://x/login.jsp"}),
            Unauthorized, "CAPTCHA", id="captcha",
        ),
        pytest.param(
            {}, (403, "", {"X-Seraph-LoginReason": "AUTHENTICATION_DENIED"}), Unauthorized, "sign in as this account",
            id="captcha, the other header",
        ),
        pytest.param({}, (403, "<html>Access denied</html>"), Forbidden, "IP allowlist", id="firewall"),
        pytest.param(
            {}, (200, "<html><title>Log in &amp; go\n on</title></html>"), NotJira, 'called "Log in & go on"',
            id="login page",
        ),
        pytest.param(
            {}, (302, "", {"Location": "/login.jsp?os_destination=secret"}), NotJira, "redirect to a login page",
            id="redirect to a login page",
        ),
        pytest.param(
            {}, (301, "", {"Location": "https://jira.new.example/rest/api/2/myself"}), NotJira,
            "Set jira.url", id="redirect to another host",
        ),
        pytest.param({}, (404, "<html>No such site</html>"), NotJira, "context path", id="no Jira at this address"),
        pytest.param({}, (404, {"code": 404, "message": "no tenant"}), NotJira, "jira.cloud_id", id="wrong cloud id"),
        pytest.param({}, (200, ["a list"]), NotJira, "not the object", id="JSON, but not Jira's"),
    ],
)  # fmt: skip
def test_credentials_that_fail_are_found_at_start_with_a_remedy(wire, connected, settings, answer, error, words):
    site = {"kind": None} | settings
    for base in ("https://acme.atlassian.net", "https://jira.acme.example", GATE):
        wire.on("GET", MYSELF, answer, base=base)
    with pytest.raises(error) as failed:
        connected(**site).verify()
    assert words in str(failed.value)
    assert "planted-token" not in str(failed.value)
    assert "os_destination" not in str(failed.value)
    assert failed.value.operation == "GET myself"
    assert failed.value.site_wide or error is Forbidden


def test_a_sign_in_that_fails_later_is_never_read_as_a_deleted_issue(wire, jira):
    """Anonymous requests get 404 for every issue that anonymous visitors can't see."""
    gone = {"errorMessages": ["Issue does not exist or you do not have permission to see it."], "errors": {}}
    wire.on("GET", "/rest/api/2/issue/1", (404, gone, {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"}), (404, gone))
    with pytest.raises(Unauthorized, match="Issue does not exist"):
        jira.issue("1")
    with pytest.raises(NotFound):
        jira.issue("1")


@pytest.mark.parametrize(
    ("deployment", "cloud"), [("Cloud", True), ("Server", False), ("DataCenter", False), (None, False)]
)
def test_the_flavour_is_asked_once(wire, connected, deployment, cloud):
    wire.on("GET", "/rest/api/2/serverInfo", {"deploymentType": deployment, "versionNumbers": [10, 3]})
    client = connected(kind=None)
    assert [client.is_cloud, client.is_cloud] == [cloud, cloud]
    assert len(wire.received) == 1


def test_a_cloud_id_means_cloud_and_people_browse_the_site_itself(connected):
    client = connected(cloud_id=" 11-22 ", kind=None)
    assert client.is_cloud
    assert client.browse_url("INT-1") == "https://acme.atlassian.net/browse/INT-1"


def test_credentials_are_never_printed(connected):
    site = JiraSite(url="https://acme.atlassian.net/", email="bot@acme.example", token="planted-token")
    assert repr(site).count("planted-token") + repr(site).count("bot@") == 0
    assert site.url == "https://acme.atlassian.net"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"url": "acme.atlassian.net"}, "jira.url is not an address"),
        ({"url": "https://acme.example:port"}, "jira.url is not an address"),
        ({"url": "https://[acme"}, "jira.url is not an address"),
        ({"url": "https://acme.example/?x=1"}, "jira.url is not an address"),
        ({"url": "https://bot:planted-token@acme.example"}, "holds credentials"),
        ({"token": ""}, "jira.token is empty"),
        ({"token": "planted-token\nnext"}, "line breaks"),
        ({"token": "Bearer planted-token"}, "blanks"),
        ({"token": "planted-tokén"}, "outside ASCII"),
        ({"email": "bot @acme.example"}, "jira.email"),
        ({"gateway": "ftp://x"}, "jira.gateway"),
    ],
)
def test_settings_that_could_not_work_are_refused_without_printing_a_secret(settings, words):
    with pytest.raises(ConfigurationError, match=words) as refused:
        JiraSite(**{"url": "https://acme.atlassian.net", "token": "planted-token"} | settings)
    assert "planted" not in str(refused.value)


def test_a_token_read_from_a_file_may_end_in_a_line_break():
    assert JiraSite(url="https://acme.atlassian.net/rest/api/3", token=" planted-token\n").token == "planted-token"


def test_connect_gives_a_client_with_bounded_calls(wire, time):
    wire.on("GET", MYSELF, ME)
    site = JiraSite(url="https://acme.atlassian.net", token="planted-token")
    with connect(site, clock=time.clock, wait=time.wait, pauses=MemoryPauses(time.clock), read_timeout=30) as client:
        assert client.verify().id == "5b10"
        assert 105 <= client.longest_call.total_seconds() < 300
    assert issubclass(Unauthorized, JiraError)
