"""What the commands print for people: readable at 80 columns, at home at 100, and plain where there is no terminal."""

from sync_service.showing.findings import findings, simulation
from sync_service.showing.project import explanation, plan
from sync_service.showing.provisioning import provisioning
from sync_service.showing.queue import queue_listing, queue_story
from sync_service.showing.terminal import progress, show

__all__ = [
    "explanation",
    "findings",
    "plan",
    "progress",
    "provisioning",
    "queue_listing",
    "queue_story",
    "show",
    "simulation",
]
