"""The worker's only two doors to Jira: `read` an issue as it is now, and `apply` one action."""

from sync_service.jira.access import Found
from sync_service.jira.applying import Applying, FieldRefused, NotCreated, NoWay, with_keys
from sync_service.jira.reading import Elsewhere, Reading, RolesHidden, Unmanaged, quoted

__all__ = [
    "Elsewhere",
    "FieldRefused",
    "Found",
    "Gateway",
    "NoWay",
    "NotCreated",
    "RolesHidden",
    "Unmanaged",
    "quoted",
    "with_keys",
]


class Gateway(Reading, Applying):
    """One Jira site, for any number of threads."""
