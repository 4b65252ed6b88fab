"""Receives deliveries in eight threads and prints each one's name once it is acknowledged, until it is killed."""

import sys
import threading
import uuid

from sync_service.store import Delivery, open_store


def receive(number: int) -> None:
    for count in range(1_000_000):
        name = f"{uuid.uuid4().hex}-{number}-{count}"
        issue_id = str(count % 20)
        store.inbox.receive(Delivery(delivery_id=name, issue_id=issue_id, label="", event="e", body=b"x" * 3000))
        sys.stdout.write(f"{name} {issue_id}\n")
        sys.stdout.flush()


store = open_store(sys.argv[1])
for thread in [threading.Thread(target=receive, args=(number,)) for number in range(8)]:
    thread.start()
