"""Two worker processes share one budget of requests: what Jira itself counts never exceeds it."""

import time

import pytest
from crowd import Crowd
from hosts import Hosts, until
from jira_site import JiraSite

from sync_service.jira.limits import GOOD
from sync_service.store import open_store

pytestmark = pytest.mark.slow

RATE = 10.0
PROJECTS = 25


class Counter:
    """Samples of how many requests of the service Jira had at the least before, and at the most after, each moment."""

    def __init__(self, jira: JiraSite) -> None:
        self._jira = jira
        self.samples: list[tuple[float, float, int]] = []

    def look(self) -> None:
        before = time.monotonic()
        asked = self._jira.switch("GET", "requests")["requests"]
        count = sum(each["caller"] == "service" for each in asked)
        self.samples.append((before, time.monotonic(), count))

    @property
    def count(self) -> int:
        return self.samples[-1][2]

    @property
    def seconds(self) -> float:
        return self.samples[-1][1] - self.samples[0][0]

    def excess(self, rate: float) -> list[str]:
        """Return the spans in which Jira had more requests than so many a second allow."""
        return [
            f"{last - first} requests in {end - begin:.1f} s"
            for place, (begin, _, first) in enumerate(self.samples)
            for _, end, last in self.samples[place + 1 :]
            if last - first > rate * (end - begin + GOOD) + 1
        ]


def test_jira_never_sees_more_than_the_budget(
    store_url: str, jira: JiraSite, hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAGEGATE_JIRA__REQUESTS_PER_SECOND", str(RATE))
    Crowd(jira).begin(PROJECTS)
    jira.forget()
    counter = Counter(jira)
    counter.look()
    for _ in range(2):
        hosts.start("work", store_url)
    with open_store(store_url) as store:

        def all_seen() -> bool:
            counter.look()
            if not all(process.alive for process in hosts.processes):
                raise AssertionError("\n".join(process.said[-3000:] for process in hosts.processes))
            return counter.count > PROJECTS and sum(1 for _ in store.projections.all("paytronix")) == PROJECTS

        until(lambda: "working" in hosts.processes[0].said, "the first worker to begin")
        until(all_seen, "every project to be looked at")
    hosts.stop()
    counter.look()
    assert counter.excess(RATE) == []
    assert "Traceback" not in "".join(process.said for process in hosts.processes)
    print(f"\n{counter.count} requests in {counter.seconds:.1f} s of two workers with a budget of {RATE:.0f} a second")


def test_a_worker_that_waits_for_its_turn_stops_in_time(
    sqlite_url: str, jira: JiraSite, hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAGEGATE_JIRA__REQUESTS_PER_SECOND", "0.1")
    counter = Counter(jira)

    def asked() -> bool:
        counter.look()
        return counter.count > 0

    worker = hosts.start("work", sqlite_url)
    until(asked, "the first request")
    assert worker.stop() < 9, "its turn would have come after ten seconds"
    assert worker.codes == [0]
    assert "Traceback" not in worker.said
