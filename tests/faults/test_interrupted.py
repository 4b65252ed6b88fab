"""A stop in the middle of a burst, a database that is restarted or cut off, a full disk, a stepped clock."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

import pytest
from crowd import Crowd
from hosts import Hosts, start_all, until
from jira_site import JiraSite
from mail import Mail, at_work
from postgres import Cable, PostgreSQL
from reckoning import reckon, wait_until_quiet

from sync_service.store import Store, open_store

pytestmark = pytest.mark.slow

PROJECTS = 12
MOST_SECONDS_TO_STOP = 10.0


@contextmanager
def burst(jira: JiraSite, mail: Mail, hosts: Hosts) -> Iterator[Crowd]:
    """People at work, and letters about it delivered to our receivers."""
    crowd = Crowd(jira)
    mail.start(hosts.receivers())
    crowd.begin(PROJECTS)

    def repeat(stop: threading.Event) -> None:
        while not stop.wait(0.01):
            if mail.waiting < 20:
                mail.repeat()

    with at_work(crowd.act_until, repeat):
        until(lambda: mail.counts.posted > 100, "the burst to begin")
        yield crowd


def test_sigterm_during_a_burst_loses_nothing_and_takes_less_than_ten_seconds(
    store_url: str, jira: JiraSite, mail: Mail, hosts: Hosts
) -> None:
    start_all(hosts, store_url, serve=1, work=2)
    took: list[float] = []
    with burst(jira, mail, hosts):
        for _ in range(3):
            for process in hosts.processes:
                took.append(process.stop())
                process.start()
                until(process.ready, "the process to be back")
            posted = mail.counts.posted
            until(lambda posted=posted: mail.counts.posted > posted + 50, "the burst to go on")
    wait_until_quiet(jira, mail, store_url)
    hosts.stop()
    reckon(hosts, mail, store_url)
    codes = {code for process in hosts.processes for code in process.codes}
    print(f"\n{len(took)} stops took at most {max(took):.1f} s, {mail.counts.posted} deliveries: none lost")
    assert median(took) < MOST_SECONDS_TO_STOP, "a single one may be slow on a busy machine"
    assert codes == {0}


@pytest.mark.parametrize("how", ["fast", "immediate"])
def test_postgresql_restarted_in_the_middle(
    server: PostgreSQL, how: str, jira: JiraSite, mail: Mail, hosts: Hosts
) -> None:
    url = server.schema()
    start_all(hosts, url, serve=1, work=2)
    with burst(jira, mail, hosts):
        for _ in range(3):
            server.restart(how)
            posted = mail.counts.posted
            until(lambda posted=posted: mail.counts.posted > posted + 50, "intake to go on")
    wait_until_quiet(jira, mail, url)
    hosts.stop()
    reckon(hosts, mail, url)
    tries = mail.counts.tries - mail.counts.posted
    print(f"\n3 restarts ({how}), {mail.counts.posted} deliveries acknowledged, {tries} put off: none lost")
    assert "Traceback" not in hosts.processes[0].said, "the receiver foresees it"


def test_one_of_two_hosts_loses_the_database(server: PostgreSQL, jira: JiraSite, mail: Mail, hosts: Hosts) -> None:
    """Its leases pass to the other, and when it is back nothing is done twice."""
    url = server.schema()
    cable = Cable(server.socket)
    far = f"postgresql://postgres@127.0.0.1:{cable.port}/postgres?{url.partition('&')[2]}"
    try:
        hosts.start("serve", url)
        hosts.start("work", url)
        hosts.start("serve", far)
        hosts.start("work", far)
        hosts.wait_ready()
        jira.switch("POST", "faults", {"action": "slow", "ms": 300, "caller": "service"})
        with burst(jira, mail, hosts), open_store(url) as store:
            for _ in range(3):
                until(lambda: len(owners(store)) == 2, "both hosts to be at work")
                cable.cut()
                cut_off = owners(store)
                until(lambda cut_off=cut_off: not cut_off & owners(store) or len(owners(store)) == 1, "leases to pass")
                time.sleep(12)  # longer than a lease: whatever was under way there is over
                assert len(owners(store)) <= 1, "the host that is cut off holds a lease"
                cable.mend()
        jira.works_again()
        wait_until_quiet(jira, mail, url)
        hosts.stop()
    finally:
        hosts.end()
        cable.close()
    reckon(hosts, mail, url)
    print(f"\ncut 3 times, {cable.refused} connections refused, {mail.counts.posted} deliveries: nothing twice")
    assert cable.refused


def owners(store: Store) -> set[str]:
    """Return who holds leases that have not run out."""
    now = store.now()
    rows = store.queue.rows(limit=10_000)
    return {row.owner for row in rows if row.owner and row.lease_until and row.lease_until > now}
