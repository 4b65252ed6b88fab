"""Which Jira, as whom: the address, the credentials, and what to tell the person whose credentials fail."""

from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import quote, urlsplit

from sync_service.errors import ConfigurationError

Kind = Literal["cloud", "datacenter"]
GATEWAY = "https://api.atlassian.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class JiraSite:
    """A Jira site and the credentials for it; neither token nor address of the account is ever printed.

    * Cloud, API token: `email` and `token`.
    * Cloud, scoped or service-account token: the same with `cloud_id`; calls go through Atlassian's gateway.
      Without `email` the token is sent as a bearer.
    * Data Center, personal access token: `token` alone.

    `url` is where people browse; `kind` is asked from Jira unless given. Raises ConfigurationError.
    """

    url: str
    token: str = field(repr=False)
    email: str | None = field(default=None, repr=False)
    cloud_id: str | None = None
    gateway: str = GATEWAY
    kind: Kind | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "url", _address("jira.url", self.url))
        object.__setattr__(self, "gateway", _address("jira.gateway", self.gateway))
        object.__setattr__(self, "token", _credential("jira.token", self.token))
        object.__setattr__(self, "email", _credential("jira.email", self.email) if self.email else None)
        object.__setattr__(self, "cloud_id", (self.cloud_id or "").strip() or None)
        if self.cloud_id:
            object.__setattr__(self, "kind", "cloud")

    @property
    def base(self) -> str:
        """Return the address that calls start with; browse links start with `url`."""
        return f"{self.gateway}/ex/jira/{quote(self.cloud_id, safe='')}" if self.cloud_id else self.url

    @property
    def looks_like_cloud(self) -> bool:
        """Tell from the settings alone whether this is Jira Cloud."""
        return self.kind == "cloud" or (urlsplit(self.url).hostname or "").endswith(".atlassian.net")


def _address(setting: str, value: str) -> str:
    wrong = ConfigurationError(f"{setting} is not an address: write it like https://example.atlassian.net")
    try:
        parts = urlsplit(value.strip())
        _ = parts.port  # raises where it is not a number
    except ValueError:
        raise wrong from None  # its text would repeat the address, credentials included
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise wrong
    if parts.username or parts.password:
        raise ConfigurationError(f"{setting} holds credentials: move them to jira.email and jira.token")
    path = parts.path.split("/rest/")[0].rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{path}"


def _credential(setting: str, value: str) -> str:
    # requests and http.client print a header that they refuse, secret included; so nothing reaches them unchecked.
    value = value.strip()
    if not value or not value.isascii() or not value.isprintable() or " " in value:
        raise ConfigurationError(
            f"{setting} is empty or holds blanks, line breaks or characters outside ASCII: copy it again, "
            "without quotes or the text around it"
        )
    return value


def sign_in_remedy(site: JiraSite, messages: tuple[str, ...] = ()) -> str:
    """Say what to do when Jira does not accept the credentials of this site."""
    if "scope" in " ".join(messages).lower():
        return "The token lacks a scope: create one with the scopes that docs/jira-client.md lists."
    if site.cloud_id:
        return (
            "Check that jira.token has not expired, belongs to jira.email, and that jira.cloud_id is this site's "
            f"({site.url}/_edge/tenant_info shows it)."
        )
    if site.looks_like_cloud:
        return (
            "If jira.token is a scoped or a service-account token, set jira.cloud_id: such tokens are refused at the "
            f"site's own address ({site.url}/_edge/tenant_info shows the id). Otherwise the token has expired (they "
            "last a year at most), was revoked, or does not belong to jira.email: create a new one at "
            "https://id.atlassian.com/manage-profile/security/api-tokens."
        )
    if site.email:
        return (
            "Check jira.email and jira.token; on Data Center prefer a personal access token: put it into jira.token "
            "and remove jira.email (basic sign-in is off by default from Jira 11)."
        )
    return (
        "The personal access token has expired or was revoked: create a new one in Jira under Profile > Personal "
        "Access Tokens. For Jira Cloud set jira.email too."
    )


def plain_remedy(site: JiraSite) -> str:
    """Say what to do when what stands behind an https address speaks plain HTTP."""
    setting = "jira.gateway" if site.cloud_id else "jira.url"
    return (
        f"If this is the right host and port, write {setting} with http:// instead of https://; if Jira is behind a "
        "proxy that ends TLS, name the proxy's address and port."
    )


def captcha_remedy(site: JiraSite) -> str:
    """Say what to do when Jira refuses to check the credentials after too many failed sign-ins."""
    return (
        "Jira asks this account for a CAPTCHA after too many failed sign-ins: correct jira.token first, then sign in "
        f"as this account once at {site.url}/login.jsp, or let an administrator reset its failed sign-in count. "
        "A personal access token (jira.token without jira.email) never meets this."
    )
