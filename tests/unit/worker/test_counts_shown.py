"""A worker alone shows its counts where `worker.metrics_port` says."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from sync_service.bootstrap import WorkerService, worker_service
from sync_service.config import Settings
from sync_service.errors import ConfigurationError
from sync_service.processes.working import counts_shown


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def service(tmp_path: Path, port: int) -> Iterator[WorkerService]:
    settings = Settings.model_validate(
        {
            "jira": {"url": "https://jira.example", "token": "planted-jira-token"},
            "store": {"url": f"sqlite:///{tmp_path}/stagegate.db"},
            "lifecycle": {"enforce_since": "2026-01-01"},
            "worker": {"metrics_port": port},
        }
    )
    built = worker_service(settings)
    built.store.migrate()
    yield built
    built.close()


def test_its_counts_and_the_queue_are_shown_while_it_works(service: WorkerService, port: int) -> None:
    service.metrics.runs.labels("done").inc()
    with counts_shown(service):
        told = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=60).text
    assert 'stagegate_runs_total{outcome="done"} 1.0' in told
    assert 'stagegate_queue_keys{state="dead"} 0.0' in told
    with pytest.raises(requests.ConnectionError):
        requests.get(f"http://127.0.0.1:{port}/metrics", timeout=60)


def test_a_port_that_is_taken_is_told_with_the_remedy(service: WorkerService, port: int) -> None:
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(ConfigurationError, match=r"worker\.metrics_port: can't listen on .*choose another"),
        counts_shown(service),
    ):
        raise AssertionError("it was shown where somebody else listens")


def test_without_a_port_nothing_listens(service: WorkerService, port: int) -> None:
    worker = service.settings.worker.model_copy(update={"metrics_port": 0})
    silent = replace(service, settings=service.settings.model_copy(update={"worker": worker}))
    with counts_shown(silent), pytest.raises(requests.ConnectionError):
        requests.get(f"http://127.0.0.1:{port}/metrics", timeout=60)
