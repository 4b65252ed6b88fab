"""docs/metrics.md has every metric with its kind and labels; no page or alert rule names one that there isn't."""

import re
from dataclasses import dataclass, fields
from datetime import timedelta
from pathlib import Path

import pytest
from docpages import ALL, DOCS, ROOT, name_of, rows, told
from prometheus_client import Counter, Histogram, Summary
from prometheus_client.core import Metric

from sync_service.metrics import Metrics, QueueCollector, create_metrics


@dataclass(frozen=True)
class SomeDepth:
    waiting: int = 3
    due: int = 2
    running: int = 1
    dead: int = 1
    oldest_due_age: timedelta | None = timedelta(seconds=5)


def counts() -> dict[str, tuple[str, set[str]]]:
    """Return the kind and the labels of what the processes count, by the name in the text format."""
    metrics, found = create_metrics(), {}
    for each in (getattr(metrics, field.name) for field in fields(Metrics)):
        if isinstance(each, Counter | Histogram | Summary):
            described: Metric = next(iter(each.describe()))
            name = f"{described.name}_total" if described.type == "counter" else described.name
            found[name] = (described.type, set(each._labelnames))
    return found


def gauges() -> dict[str, tuple[str, set[str]]]:
    """Return the same of what is read from the store at the scrape."""
    collected = QueueCollector(SomeDepth).collect()
    return {each.name: (each.type, {key for one in each.samples for key in one.labels}) for each in collected}


METRICS = counts() | gauges()
TOLD = rows(told(DOCS / "metrics.md"))


def test_every_metric_has_its_row_and_no_other() -> None:
    assert set(TOLD) == set(METRICS)


@pytest.mark.parametrize("name", METRICS)
def test_kind_and_labels_are_those_of_the_code(name: str) -> None:
    kind, _, labels, meaning = TOLD[name]
    assert (kind, set(re.findall(r"`(\w+)`", labels))) == METRICS[name]
    assert meaning


PREFIXES = {"stagegate_intake"}
"""What a page searches the counts for."""
WATCHING = [ROOT / "deploy" / "prometheus" / name for name in ("alerts.yaml", "dashboard.json")]


@pytest.mark.parametrize("page", [*ALL, *WATCHING], ids=name_of)
def test_metrics_that_are_named_elsewhere_exist(page: Path) -> None:
    named = set(re.findall(r"\bstagegate_[a-z_]+", page.read_text(encoding="utf-8")))
    parts = {f"{name}_{part}" for name in METRICS for part in ("bucket", "sum", "count")}
    assert named - set(METRICS) - parts - PREFIXES == set()


def test_every_alert_is_told_and_no_other() -> None:
    alerts = re.findall(r"- alert: (\w+)", WATCHING[0].read_text(encoding="utf-8"))
    assert list(rows(told(DOCS / "how-to" / "watch-it.md"))) == alerts
