"""What is lost and heals: the database, a week without the service, a full disk, a right clock."""

import resource
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest
from crowd import Crowd
from hosts import PATIENCE, Hosts, children, until
from jira_site import JiraSite
from mail import Mail
from reckoning import reckon, twice_made, twice_said, unreflected, wait_until_quiet

from sync_service.bootstrap import utc_now, worker_service
from sync_service.store import Priority, open_store

pytestmark = pytest.mark.slow

PROJECTS = 10


def lived_in(jira: JiraSite, hosts: Hosts, mail: Mail, url: str, deeds: int = 150) -> Crowd:
    """Let people work for a while, with the service running, until all is quiet."""
    crowd = Crowd(jira)
    hosts.start("run", url)
    hosts.wait_ready()
    mail.start(hosts.receivers())
    crowd.begin(PROJECTS)
    for _ in range(deeds):
        crowd.act()
    wait_until_quiet(jira, mail, url)
    return crowd


def test_the_database_deleted_then_audit(jira: JiraSite, mail: Mail, hosts: Hosts, sqlite_url: str) -> None:
    """Jira is not changed by it, and what the database held is read from the issues again."""
    lived_in(jira, hosts, mail, sqlite_url)
    hosts.stop()
    with open_store(sqlite_url) as store:
        known = {seen.issue_id: (seen.stage, dict(seen.state)) for seen in store.projections.all()}
    for path in Path(sqlite_url.removeprefix("sqlite:///")).parent.glob("stagegate.db*"):
        path.unlink()
    before = jira.issues()
    jira.forget()

    told = hosts.once("audit", "--json", store=sqlite_url)
    assert told.returncode == 0, told.stderr
    hosts.processes[0].start()
    wait_until_quiet(jira, mail, sqlite_url)
    hosts.stop()

    assert jira.writes() == 0
    assert jira.issues() == before
    with open_store(sqlite_url) as store:
        rebuilt = {seen.issue_id: (seen.stage, dict(seen.state)) for seen in store.projections.all()}
    assert rebuilt.keys() == known.keys()
    assert {issue: stage for issue, (stage, _) in rebuilt.items()} == {i: stage for i, (stage, _) in known.items()}
    assert not unreflected(hosts, sqlite_url)
    print(f"\n{len(known)} projects rebuilt, Jira written to 0 times")


def test_one_sweep_brings_a_week_without_the_service_right(
    jira: JiraSite, mail: Mail, hosts: Hosts, sqlite_url: str
) -> None:
    """Every webhook of that week is lost."""
    crowd = lived_in(jira, hosts, mail, sqlite_url)
    hosts.stop()
    mail.deaf = True
    for _ in range(7):
        jira.switch("POST", "clock", {"advance": {"days": 1}})
        for _ in range(40):
            crowd.act()
    crowd.begin(2)
    until(jira.idle, "the webhooks to be lost")
    mail.deaf = False
    assert unreflected(hosts, sqlite_url)

    told = hosts.once("sweep", "--json", store=sqlite_url)
    assert told.returncode == 0, told.stderr
    hosts.processes[0].start()
    wait_until_quiet(jira, mail, sqlite_url)
    hosts.stop()
    reckon(hosts, mail, sqlite_url)
    print(f"\na week, {crowd.deeds} deeds, one sweep: {told.stdout.strip()}")


# --- A full disk


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """Mount a disk of 4 MB in memory."""
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"a small disk can't be mounted here: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(mail: Mail, jira: JiraSite, hosts: Hosts, make_room: Callable[[], None]) -> int:
    """Deliver until nothing fits any more, make room, and let what was refused come in; return how much was."""
    mail.start(hosts.receivers(), postmen=2)
    crowd = Crowd(jira)
    crowd.begin(3)

    def refused() -> bool:
        mail.repeat()
        crowd.act()
        return mail.counts.tries - mail.counts.posted > 20

    until(refused, "the disk to be full")
    put_off = mail.counts.tries - mail.counts.posted
    assert hosts.processes[0].alive
    make_room()
    until(lambda: mail.waiting == 0, "what was refused to come in")
    return put_off


def test_a_full_disk_refuses_deliveries_and_loses_none(
    tmp_path: Path, jira: JiraSite, mail: Mail, hosts: Hosts
) -> None:
    with small_disk(tmp_path / "disk") as disk:
        ballast = disk / "ballast"
        ballast.write_bytes(b"x" * 3_000_000)
        url = f"sqlite:///{disk / 'stagegate.db'}"
        hosts.start("run", url)
        hosts.wait_ready()

        def make_room() -> None:
            subprocess.run(["mount", "-o", "remount,size=256m", str(disk)], check=True)
            ballast.unlink()

        put_off = fill(mail, jira, hosts, make_room)
        wait_until_quiet(jira, mail, url)
        hosts.stop()
        reckon(hosts, mail, url)
    print(f"\n{put_off} deliveries put off, {mail.counts.posted} acknowledged: none lost")


def test_a_quota_refuses_deliveries_and_loses_none(jira: JiraSite, mail: Mail, hosts: Hosts, sqlite_url: str) -> None:
    """A limit on the size of files, set and lifted while the processes run; needs no rights."""
    process = hosts.start("run", sqlite_url)
    hosts.wait_ready()
    until(lambda: "working" in process.said, "the worker to begin")

    def limit(size: int) -> None:
        for pid in children(process.pid):
            with suppress(ProcessLookupError):
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    limit(1_000_000)
    put_off = fill(mail, jira, hosts, lambda: limit(resource.RLIM_INFINITY))
    wait_until_quiet(jira, mail, sqlite_url)
    hosts.stop()
    reckon(hosts, mail, sqlite_url)
    print(f"\n{put_off} deliveries put off, {mail.counts.posted} acknowledged: none lost")


# --- A wrong clock


@pytest.mark.parametrize("minutes", [5, -5])
def test_the_clock_stepped_while_the_service_works(minutes: int, jira: JiraSite, hosts: Hosts, sqlite_url: str) -> None:
    """What is decided goes by Jira's clock, so a step of ours changes nothing; the store's steps with it."""
    step = timedelta(0)
    service = worker_service(hosts.settings(sqlite_url), clock=lambda: utc_now() + step,
                             store_clock=lambda: utc_now() + step)  # fmt: skip
    crowd = Crowd(jira)
    jira.switch("PUT", "webhooks", {"paused": True})
    service.open()
    working = Thread(target=service.worker.work)
    working.start()

    def look_at(keys: list[str]) -> None:
        asked = [(issue["id"], issue["key"]) for issue in jira.projects() if issue["key"] in keys]
        service.store.queue.put(asked, priority=Priority.LIVE)

    def settled() -> bool:
        depth = service.store.queue.depth()
        return not (depth.due or depth.running)

    try:
        crowd.begin(PROJECTS)
        for number in range(120):
            step = timedelta(minutes=minutes) if number > 60 else step
            crowd.act()
            look_at([crowd.dice.choice(crowd.keys)])
        for _ in range(4):  # a step closed before its turn is reopened half a minute later
            look_at(crowd.keys)
            until(settled, "the looks to end")
            time.sleep(11)
        assert service.store.queue.depth().dead == 0
    finally:
        service.worker.stop()
        working.join(PATIENCE)
        service.close()
    assert not twice_made(jira)
    assert not twice_said(jira)
    assert not unreflected(hosts, sqlite_url)
    print(f"\n{crowd.deeds} deeds, the clock {minutes:+} minutes in the middle: all is as it should be")
