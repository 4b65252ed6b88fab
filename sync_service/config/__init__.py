"""The settings: what can be set (`settings`), how it is read (`reading`), how a mistake is told (`mistakes`)."""

from sync_service.config.reading import example, load_settings, load_store
from sync_service.config.settings import (
    ConsoleSettings,
    OpenIdSettings,
    Settings,
    StoreSettings,
)

__all__ = ["ConsoleSettings", "OpenIdSettings", "Settings", "StoreSettings", "example", "load_settings", "load_store"]
