"""A process killed in the middle of writing: what it acknowledged is there, and the database is sound."""

import subprocess
import sys
from itertools import islice
from pathlib import Path

from sqlalchemy import text

from sync_service.store import Store, open_store

RECEIVER = Path(__file__).with_name("killed_receiver.py")


def test_what_was_acknowledged_survives_kill_9(url: str, real_time_store: Store) -> None:
    acknowledged: dict[str, str] = {}
    for count in (1, 50, 200):
        process = subprocess.Popen([sys.executable, str(RECEIVER), url], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        lines = list(islice(process.stdout, count))
        process.kill()
        lines += process.stdout.read().splitlines(keepends=True)
        process.stdout.close()
        assert process.wait(120) == -9
        acknowledged.update(line.split() for line in lines if line.endswith("\n"))  # type: ignore[misc]

    with open_store(url) as store:
        store.check()
        kept = {received.delivery_id: received.issue_id for received in store.inbox.recent(limit=1_000_000)}
        assert acknowledged.items() <= kept.items()
        waiting = {row.issue_id for row in store.queue.rows(limit=1_000_000)}
        assert waiting == set(kept.values()), "no delivery without its key in the queue, and no key without one"
        if url.startswith("sqlite"):
            assert store._database.read(lambda c: c.execute(text("PRAGMA integrity_check")).scalar()) == "ok"
