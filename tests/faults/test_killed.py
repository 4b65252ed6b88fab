"""Receivers and workers are killed every second or two, and nothing is lost, said twice or made twice."""

import threading
import time

import pytest
from crowd import Crowd
from hosts import Hosts, Reaper, start_all, until
from jira_site import JiraSite
from mail import Mail, at_work
from reckoning import reckon, wait_until_quiet

pytestmark = pytest.mark.slow

LONGEST_STORM = 1800.0
"""Two minutes on two idle cores; how long it takes on busy ones is no promise of ours."""

FEWEST_KILLS = 20


def repeating(mail: Mail) -> None:
    """Keep the postmen busy with repeated letters."""
    if mail.waiting < 20:
        mail.repeat()


def test_nothing_is_lost_and_nothing_is_twice(
    store_url: str, deliveries: int, jira: JiraSite, mail: Mail, hosts: Hosts
) -> None:
    """One host on SQLite; two receivers and four workers on PostgreSQL. One request in twenty to Jira fails."""
    projects = max(deliveries // 50, 5)
    crowd, reaper = Crowd(jira), Reaper(hosts)
    start_all(hosts, store_url, serve=2, work=4)
    jira.fails(0.05)
    mail.start(hosts.receivers())
    began = time.monotonic()

    def repeat(stop: threading.Event) -> None:
        while not stop.wait(0.005):
            repeating(mail)

    def tell(stop: threading.Event) -> None:
        while not stop.wait(15):
            print(f"\n{time.monotonic() - began:4.0f} s: {mail.counts.posted} posted, {reaper.kills} kills", end="")

    crowd.begin(projects)
    with at_work(reaper.reap, crowd.act_until, repeat, tell):
        until(lambda: mail.counts.posted >= deliveries and reaper.kills >= FEWEST_KILLS, "the storm", LONGEST_STORM)
    storm = time.monotonic() - began
    hosts.wait_ready()
    wait_until_quiet(jira, mail, store_url)
    jira.works_again()
    hosts.stop()
    reckon(hosts, mail, store_url)
    counts = mail.counts
    print(
        f"\n{counts.posted} deliveries ({len(counts.acknowledged)} different, {counts.tries} tries) about {projects} "
        f"projects in {storm:.0f} s, {crowd.deeds} deeds, {reaper.kills} kills; "
        f"quiet after {time.monotonic() - began - storm:.0f} s more: nothing lost, nothing twice"
    )
