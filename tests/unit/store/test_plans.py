"""Claiming stays quick however many keys wait: the engines' own plans say so."""

from sqlalchemy import text

from sync_service.store import Priority, Store, open_store

from .conftest import LEASE


def crowd(store: Store) -> None:
    """Keys of every priority, most of them not due, some running."""
    for priority in Priority:
        keys = [(f"{priority.name}-{n}", "") for n in range(1500)]
        store.queue.put(keys, priority=priority)
    store.queue.claim(20, owner="w", lease=LEASE)


def explained(store: Store, explain: str) -> list[str]:
    """Return the plan of a claim, line by line."""
    compiled = store.queue._claiming.compile(dialect=store._database.engine.dialect)
    parameters = {**compiled.params, "most": 8, "token": "t", "span": 1, "holder": "w"}
    values = tuple(parameters[name] for name in compiled.positiontup) if compiled.positiontup else parameters
    with store._database.engine.connect() as connection:
        rows = connection.exec_driver_sql(f"{explain} {compiled}", values).all()
    return [str(row[-1]).strip() for row in rows]


def test_sqlite_claims_by_index(sqlite_url: str) -> None:
    with open_store(sqlite_url) as store:
        store.migrate()
        crowd(store)
        plan = explained(store, "EXPLAIN QUERY PLAN")
    reads = [line for line in plan if " work" in line]
    by_priority = "SEARCH work USING INDEX work_due (priority=? AND due<?)"
    assert reads.count("SEARCH work USING INDEX work_leased (lease_until<?)") == 1
    assert reads.count(by_priority) == len(Priority)
    assert [line for line in reads if "work_due" not in line and "work_leased" not in line] == [
        "SEARCH work USING COVERING INDEX sqlite_autoindex_work_1 (issue_id=?)"
    ]
    assert not any("TEMP B-TREE" in line for line in plan), "nothing is sorted"


def test_postgresql_claims_by_index(pg_url: str) -> None:
    with open_store(pg_url) as store:
        store.migrate()
        crowd(store)
        store._database.write(lambda c: c.execute(text("ANALYZE work")))
        plan = explained(store, "EXPLAIN")
    scans = [line.removeprefix("->").split(" on ")[0].strip() for line in plan if " on work" in line]
    assert scans.count("Index Scan using work_leased") == 1
    assert scans.count("Index Scan using work_due") == len(Priority)
    assert scans.count("Index Scan using work_pkey") == 1, "what was taken is found by its id"
    assert sorted(set(scans)) == [f"Index Scan using {name}" for name in ("work_due", "work_leased", "work_pkey")] + [
        "Update"
    ]
    assert sum("Index Cond: ((priority = " in line and "(due <= " in line for line in plan) == len(Priority)
    assert not any("Sort" in line for line in plan)
