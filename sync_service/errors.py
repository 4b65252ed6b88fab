"""The errors that Stagegate raises on purpose.

    StagegateError                     everything below; `reason` is a short code to count by
    ├── ConfigurationError             a setting or a mapping is wrong; the command line exits 2
    ├── Stopping                       the process was told to end while something waited; nothing went wrong
    ├── sync_service.jira.errors       what Jira answered, or that it did not
    └── sync_service.store.errors      what the database answered

An error's text is written for the person who can act on it: what is wrong, where, and what to do.
"""

from typing import ClassVar


class StagegateError(Exception):
    """Something that Stagegate foresaw went wrong; the text says what, where, and what to do."""

    reason: ClassVar[str] = "error"


class ConfigurationError(StagegateError):
    """A setting or a mapping is wrong; the text names the place and the remedy."""

    reason = "configuration"


class Stopping(StagegateError):
    """The process was told to end, so what waited for its turn breaks off; the next look does it."""

    reason = "stopping"
