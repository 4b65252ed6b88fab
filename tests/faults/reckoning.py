"""The reckoning, once all is quiet: what was acknowledged is there and reflected in Jira, and nothing is twice."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from hosts import Hosts, until
from jira_site import JiraSite
from mail import Mail

from sync_service.bootstrap import WorkerService, worker_service
from sync_service.jira.gateway import Found
from sync_service.store import Condition, Store, StoreUnavailable, Work, open_store
from sync_service.worker.reconcile import NOT_SEEN_CLOSELY

SOON = timedelta(minutes=10)
"""A key that is due later waits for time to pass: a due date."""

MARKER = "stagegate.step"


def unsettled(store: Store) -> list[Work]:
    """Return the keys that are being looked at, or will be soon; dead ones too."""
    now = store.now()
    return [
        row
        for row in store.queue.rows(limit=100_000)
        if row.condition is not Condition.WAITING or row.due is None or row.due < now + SOON
    ]


def wait_until_quiet(jira: JiraSite, mail: Mail | None, url: str, seconds: float = 1200) -> None:
    """Wait until no letter is on its way and no key is due; fails with what still is.

    That takes seconds, minutes on a busy machine, and longer than `SOON` if it is nearly midnight where the process
    has its calendar: then due dates are about to pass.
    """

    def quiet() -> bool:
        if not jira.idle() or (mail is not None and mail.waiting):
            return False
        try:
            with open_store(url) as store:
                return all(row.condition is Condition.DEAD for row in unsettled(store))
        except StoreUnavailable:
            return False

    try:
        until(quiet, "everything to be quiet", seconds)
    except AssertionError as error:
        with open_store(url) as store:
            raise AssertionError(f"{error}; {unsettled(store)[:5]}") from None


def reckon(hosts: Hosts, mail: Mail | None, url: str) -> None:
    """Hold everything against everything, once our processes have ended."""
    if mail is not None:
        assert not mail.counts.unusual, mail.counts.unusual[:5]
    with open_store(url) as store:
        stuck = unsettled(store)
        assert not stuck, f"stuck or dead: {stuck[:3]}"
        if mail is not None:
            kept = {received.delivery_id for received in store.inbox.recent(limit=1_000_000)}
            lost = mail.counts.acknowledged - kept
            assert not lost, f"{len(lost)} acknowledged deliveries are lost"
    for complaints in (twice_made(hosts.jira), twice_said(hosts.jira), unreflected(hosts, url)):
        assert not complaints, f"{len(complaints)} complaints: {complaints[:3]}"


def twice_made(jira: JiraSite) -> list[tuple[Any, int]]:
    """Return the markers that two sub-tasks bear."""
    markers: Counter[Any] = Counter()
    for issue in jira.issues():
        marker = issue["properties"].get(MARKER)
        if marker:
            markers[tuple(sorted((name, str(value)) for name, value in marker.items()))] += 1
    return [(marker, count) for marker, count in markers.items() if count > 1]


def twice_said(jira: JiraSite) -> list[str]:
    """Return the issues on which we said the same twice although nobody moved them in between."""
    return [complaint for issue in jira.issues() for complaint in _repeated(jira, issue)]


def _repeated(jira: JiraSite, issue: dict[str, Any]) -> Iterator[str]:
    ours = Counter(comment["body"] for comment in issue["comments"] if comment["author"] == "service")
    if not any(count > 1 for count in ours.values()):
        return
    moved = sorted(
        change["created"]
        for change in issue["changes"]
        if change["author"] != "service" and any(item["field"] == "status" for item in change["items"])
    )
    last: dict[str, str] = {}
    for comment in jira.ask("admin", "GET", f"issue/{issue['key']}/comment")["comments"]:
        if comment["author"]["accountId"] != jira.service["account"]:
            continue
        before, at = last.get(comment["body"]), comment["created"]
        if before is not None and not any(before < moment <= at for moment in moved):
            yield f"{issue['key']}: said twice: {comment['body'][:200]}"
        last[comment["body"]] = at


def unreflected(hosts: Hosts, url: str) -> list[str]:
    """Return the projects that were not seen as they are now, or where something is left to do."""
    service = worker_service(hosts.settings(url))
    try:
        service.open()
        return [why for issue in hosts.jira.projects() for why in _left_to_do(service, issue)]
    finally:
        service.close()


def _left_to_do(service: WorkerService, issue: dict[str, Any]) -> Iterator[str]:
    found = service.gateway.read(issue["id"])
    seen = service.store.projections.get(issue["id"])
    assert isinstance(found, Found)
    if seen is None or seen.fingerprint not in (found.fingerprint, NOT_SEEN_CLOSELY):
        yield f"{issue['key']}: what it looks like now was never seen, but {seen}"
    decided = service.reconciler.decide(found)
    if decided.actions or decided.again:
        yield f"{issue['key']}: left to do: {decided.actions}"
