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
    """Return the plan of every question that a claim asks, one text each."""
    dialect = store._database.engine.dialect
    plans = []
    for question in store.queue._due:
        compiled = question.compile(dialect=dialect)
        parameters = {**compiled.params, "most": 8}
        values = tuple(parameters[name] for name in compiled.positiontup) if compiled.positiontup else parameters
        with store._database.engine.connect() as connection:
            rows = connection.exec_driver_sql(f"{explain} {compiled}", values).all()
        plans.append(" ".join(str(value) for row in rows for value in row))
    return plans


def test_sqlite_claims_by_index(sqlite_url: str) -> None:
    with open_store(sqlite_url) as store:
        store.migrate()
        crowd(store)
        plans = explained(store, "EXPLAIN QUERY PLAN")
    assert "USING INDEX work_leased (lease_until<?)" in plans[0]
    assert all("USING INDEX work_due (priority=? AND due<?)" in plan for plan in plans[1:])
    assert not any("TEMP B-TREE" in plan for plan in plans), "nothing is sorted"


def test_postgresql_claims_by_index(pg_url: str) -> None:
    with open_store(pg_url) as store:
        store.migrate()
        crowd(store)
        store._database.write(lambda c: c.execute(text("ANALYZE work")))
        plans = explained(store, "EXPLAIN")
    assert "work_leased" in plans[0]
    assert all("Index Scan using work_due" in plan and "due <=" in plan.split("Index Cond")[1] for plan in plans[1:])
    assert not any("Sort" in plan for plan in plans)
