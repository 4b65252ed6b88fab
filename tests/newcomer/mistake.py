"""One wrong step, and the lines of config.example.toml that mistakes are made in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

URL, TOKEN, STORE = 'url = "{jira}"', '"env:STAGEGATE_JIRA_TOKEN"', '# url = "sqlite:///stagegate.db"'
HOST, PORT, MAPPINGS = '# host = "127.0.0.1"', "# port = 8080", '# mappings = ["paytronix"]'
ENABLED, KEY, READERS = "# enabled = false", "# session_key =", "# readers = {}"
SINCE = "enforce_since = 2026-01-01T00:00:00Z"


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """A wrong step: the command, how the settings differ from right ones, and what must be said (as patterns)."""

    what: str
    command: str
    says: tuple[str, ...]
    code: int = 2
    settings: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    before: Callable[[], object] = lambda: None
