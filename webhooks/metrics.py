"""`/metrics`: the counts of the whole process tree and the queue's depth, in Prometheus's text format."""

from flask import Blueprint, Response
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from sync_service.metrics import QueueCollector
from webhooks.services import Services


def metrics(services: Services) -> Blueprint:
    """Make the route for scrapes."""
    blueprint = Blueprint("metrics", __name__)
    queue = QueueCollector(services.store.queue.depth, services.store.check)

    @blueprint.get("/metrics")
    def scrape() -> Response:
        return Response(services.metrics.render(queue), content_type=CONTENT_TYPE_PLAIN_0_0_4)

    return blueprint
