"""What the database answered, or that it did not.

    StoreError                  a StagegateError; everything the store raises
    ├── StoreUnavailable        not now: down, full, locked; try again later (the receiver answers 503)
    ├── NotStorable             this value can never be kept; trying again is of no use
    └── StoreMisconfigured      a setting or the database itself must be put right (a ConfigurationError too)
        └── StoreNewer          a newer version of Stagegate has written this database

No text here holds a password, a parameter or a body: they name the database by its URL without the password.
"""

from typing import ClassVar

from sync_service.errors import ConfigurationError, StagegateError


class StoreError(StagegateError):
    """The database did not do what was asked of it."""

    reason: ClassVar[str] = "store"


class StoreUnavailable(StoreError):
    """The database cannot answer now; nothing was kept, and the same call may succeed later."""

    reason = "store_unavailable"


class NotStorable(StoreError):
    """The database will never keep this value, for instance a text with a NUL character."""

    reason = "not_storable"


class StoreMisconfigured(StoreError, ConfigurationError):
    """The store's setting, or the database it names, is wrong; the text names the remedy."""

    reason = "store_configuration"


class StoreNewer(StoreMisconfigured):
    """The database was written by a newer version of Stagegate; going back is refused."""

    reason = "store_newer"
