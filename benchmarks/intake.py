"""Claim 1: deliveries kept a second (HMAC, parse, one durable transaction, 202), beside a view that only says 204.

Both stand under the same server with the same settings and are driven by wrk over 16 connections with the same signed
requests: bodies as the sandbox sends them for edits of 64 projects, each request under an identifier of its own. They
take turns, so that other work on the machine falls on both.
"""

import json
import re
import shutil
import statistics
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import jira_sandbox
from benchmarks import jira as people
from benchmarks import places
from benchmarks.figures import Row, main
from jira_sandbox.webhooks import sign
from sync_service.config import Settings
from sync_service.marks import ACCOUNTS
from sync_service.store import open_store
from tests.ports import free_port

CONNECTIONS = 16
PROJECTS = 64
NOWHERE = {"url": "http://127.0.0.1:9", "email": "nobody@example.com", "token": "nothing"}

SCRIPT = """
local bodies, signatures = dofile("{bodies}")
local thread, count = 0, 0
function setup(each) thread = thread + 1; each:set("number", thread) end
function init() math.randomseed(number); run = "{run}-" .. number .. "-" end
function request()
  count = count + 1
  local which = count % #bodies + 1
  return wrk.format("POST", "/webhooks/jira", {{
    ["Content-Type"] = "application/json", ["X-Hub-Signature"] = signatures[which],
    ["X-Atlassian-Webhook-Identifier"] = run .. count}}, bodies[which])
end
"""


@dataclass(frozen=True, slots=True)
class Burst:
    """What wrk saw."""

    a_second: float
    p99: float


def payloads() -> list[bytes]:
    """Return the bodies that the sandbox sends for an edit of each of some projects."""
    sent: list[bytes] = []

    def keep(_url: str, _headers: dict[str, str], body: bytes) -> int:
        sent.append(body)
        return 202

    with jira_sandbox.running(send=keep) as jira:
        made = people.begin(jira, PROJECTS)
        jira.sandbox.target("http://nowhere.test/")
        people.move_on(jira, made, "Requirements")
        if not jira.webhooks.wait_idle():
            raise TimeoutError("the sandbox did not send its webhooks")
    return [body for body in sent if json.loads(body)["webhookEvent"] == "jira:issue_updated"]


def wrk_script(place: Path, bodies: list[bytes], run: str) -> Path:
    """Write the script that makes wrk send these bodies, signed, each time under a new identifier."""
    listed = place / "bodies.lua"
    texts = ",\n".join(json.dumps(body.decode(), ensure_ascii=True) for body in bodies)
    if re.search(r"\\u", texts):
        raise ValueError("Lua 5.1 knows no \\u; keep the payloads ASCII")
    signatures = ",\n".join(f'"{sign(places.SECRET, body)}"' for body in bodies)
    listed.write_text(f"return {{{texts}}}, {{{signatures}}}")
    script = place / f"{run}.lua"
    script.write_text(SCRIPT.format(bodies=listed, run=run))
    return script


def drive(port: int, script: Path, seconds: int) -> Burst:
    """Let wrk send as much as is taken, for so many seconds; raises RuntimeError where anything was refused."""
    told = subprocess.run(
        ["wrk", "--threads=1", f"--connections={CONNECTIONS}", f"--duration={seconds}s", "--latency",
         "--script", str(script), f"http://127.0.0.1:{port}/webhooks/jira"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    if "Non-2xx" in told or "Socket errors" in told:
        raise RuntimeError(f"deliveries were refused or lost:\n{told}")
    rate, late = re.search(r"Requests/sec:\s+([\d.]+)", told), re.search(r"99%\s+([\d.]+)(us|ms|s)", told)
    if not rate or not late:
        raise RuntimeError(f"wrk said something else than expected:\n{told}")
    return Burst(float(rate[1]), float(late[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[late[2]])


def side_by_side(store: str, processes: int, *, rounds: int, seconds: int) -> tuple[list[Burst], list[Burst]]:
    """Drive the receiver and the bare view in turns; return what wrk saw of each."""
    with ExitStack() as stack:
        place = stack.enter_context(places.folder())
        bodies = payloads()
        ports = free_port(), free_port()
        for port, module in zip(ports, (("sync_service.cli", "serve", "--config"), ("benchmarks.face",)), strict=True):
            settings = places.settings(store, NOWHERE, port=port, processes=processes)
            config = places.config_file(place, settings)
            stack.enter_context(places.process(place / f"{module[0]}.log", *module, str(config)))
        for port in ports:
            places.until(lambda port=port: places.answers(f"http://127.0.0.1:{port}/healthz"), "the servers")
        with open_store(store) as opened:
            opened.marks.put(ACCOUNTS, "the-service")  # as the worker does that has signed in
        ours: list[Burst] = []
        bare: list[Burst] = []
        for number in range(-1, rounds):  # the first round warms up
            for port, seen in zip(ports, (ours, bare), strict=True):
                script = wrk_script(place, bodies, f"{port}-{number + 1}")
                seen.append(drive(port, script, seconds if number >= 0 else 1))
        _all_kept(settings, sum(burst.a_second for burst in ours))
        return ours[1:], bare[1:]


def _all_kept(settings: Settings, at_least: float) -> None:
    with open_store(settings.store.url) as store:
        if len(store.inbox.recent(100)) < 100 <= at_least:
            raise RuntimeError("deliveries were acknowledged but are not in the inbox")


def measure(quick: bool = False) -> list[Row]:
    """Measure on SQLite and on PostgreSQL."""
    if shutil.which("wrk") is None:
        raise RuntimeError("wrk is not installed; install your system's package `wrk`")
    rounds, seconds = (1, 1) if quick else (5, 4)
    rows: list[Row] = []
    with places.folder() as place, places.postgresql() as schema:
        for name, store, processes, share in (
            ("SQLite, 1 process × 16 threads", f"sqlite:///{place / 'intake.db'}", 1, 0.70),
            ("PostgreSQL, 2 processes × 16 threads", schema(), 2, 0.50),
        ):
            rows += _rows(name, processes, share, *side_by_side(store, processes, rounds=rounds, seconds=seconds))
    return rows


def _rows(name: str, processes: int, share: float, ours: list[Burst], bare: list[Burst]) -> list[Row]:
    pairs = list(zip(ours, bare, strict=True))
    each = ", ".join(f"{mine.a_second / other.a_second:.2f}" for mine, other in pairs)
    size = f"medians of {len(pairs)} rounds in turns (ratios {each})"
    return [
        Row(claim=f"intake, {name}", figure=statistics.median(b.a_second for b in ours), unit="/s", target=share,
            of_ratio=True, limit=statistics.median(b.a_second for b in bare), limit_is="bare Flask view", note=size),
        Row(claim=f"intake p99, {name}", figure=statistics.median(b.p99 for b in ours), unit="ms",
            target=1.5 if processes == 1 else None, at_most=True, of_ratio=True,
            limit=statistics.median(b.p99 for b in bare), limit_is="bare Flask view"),
    ]  # fmt: skip


if __name__ == "__main__":
    main(measure)
