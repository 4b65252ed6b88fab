"""The demo: the sandbox and the service as separate processes, and one project played as its people would."""

from sync_service.demo.staging import play

__all__ = ["play"]
