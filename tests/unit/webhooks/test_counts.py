"""What is counted, and that the counts of several processes add up."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import values

from sync_service.errors import ConfigurationError, StagegateError
from sync_service.metrics import QueueCollector, create_metrics, shared_directory
from sync_service.store import Depth


@pytest.fixture
def directory() -> Iterator[Path]:
    made = shared_directory()
    yield made
    shutil.rmtree(made)


def test_a_process_by_itself_shows_its_own_counts() -> None:
    metrics = create_metrics()
    metrics.runs.labels("done").inc()
    metrics.observe_call(operation="get issue", status=200, seconds=0.1, waited=0, waited_for_turn=0, request_id="r-1")
    metrics.observe_call(
        operation="get issue", status=None, seconds=30, waited=1.5, waited_for_turn=0.25, request_id=None
    )
    text = metrics.render().decode()
    assert 'stagegate_runs_total{outcome="done"} 1.0' in text
    assert 'stagegate_jira_calls_total{operation="get issue",status="200"} 1.0' in text
    assert 'stagegate_jira_calls_total{operation="get issue",status="none"} 1.0' in text
    assert 'stagegate_jira_seconds_sum{operation="get issue"} 30.1' in text
    assert "stagegate_limit_wait_seconds_count 1.0" in text
    assert "stagegate_limit_wait_seconds_sum 1.5" in text
    assert "stagegate_budget_wait_seconds_count 1.0" in text
    assert "stagegate_budget_wait_seconds_sum 0.25" in text
    assert 'outcome="done"' not in create_metrics().render().decode()


def test_the_queue_is_read_at_the_scrape() -> None:
    depth = Depth(waiting=5, due=2, running=1, dead=3, oldest_due_age=timedelta(seconds=90))
    text = create_metrics().render(QueueCollector(lambda: depth)).decode()
    assert 'stagegate_queue_keys{state="waiting"} 5.0' in text
    assert 'stagegate_queue_keys{state="dead"} 3.0' in text
    assert "stagegate_queue_oldest_seconds 90.0" in text
    assert "stagegate_store_up 1.0" in text


def test_an_empty_queue_has_no_age() -> None:
    depth = Depth(waiting=0, due=0, running=0, dead=0, oldest_due_age=None)
    assert "stagegate_queue_oldest_seconds 0.0" in create_metrics().render(QueueCollector(lambda: depth)).decode()


def test_a_store_that_does_not_answer_is_shown_as_such() -> None:
    def down() -> Depth:
        raise StagegateError("the database is away")

    text = create_metrics().render(QueueCollector(down)).decode()
    assert "stagegate_store_up 0.0" in text
    assert "stagegate_queue_keys" not in text


def test_with_a_shared_directory_the_counts_lie_there(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(values, "ValueClass", values.ValueClass)
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")
    create_metrics(shared=directory).runs.labels("done").inc()
    metrics = create_metrics(shared=directory)
    metrics.runs.labels("done").inc()
    assert list(directory.glob("counter_*.db"))
    assert 'stagegate_runs_total{outcome="done"}' in metrics.render().decode()
    with pytest.raises(ConfigurationError, match="already counts in"):
        create_metrics(shared=directory / "another")
    values.close_all_multiprocess_files()


CHILD = """
import sys, pathlib
import prometheus_client  # long before anybody knows the directory
from sync_service.metrics import create_metrics
metrics = create_metrics(shared=pathlib.Path(sys.argv[1]))
again = create_metrics(shared=pathlib.Path(sys.argv[1]))
metrics.runs.labels("done").inc()
again.intake.labels("queued").inc()
metrics.run_seconds.observe(0.2)
print(metrics.render().decode())
try:
    create_metrics(shared=pathlib.Path("/elsewhere"))
except Exception as error:
    print(type(error).__name__)
"""


def count(directory: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(directory)], capture_output=True, text=True, timeout=120, check=True
    )
    return done.stdout


def test_the_processes_that_share_a_directory_add_up(directory: Path) -> None:
    assert 'stagegate_runs_total{outcome="done"} 1.0' in count(directory)
    text = count(directory)
    assert 'stagegate_runs_total{outcome="done"} 2.0' in text
    assert 'stagegate_intake_total{outcome="queued"} 2.0' in text
    assert "stagegate_run_seconds_count 2.0" in text
    assert "ConfigurationError" in text
