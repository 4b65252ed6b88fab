"""100,000 hostile requests: the receiver answers each with 2xx or 4xx, and nothing is raised that nobody foresaw."""

import base64
import json
import os
import random
import string
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import jira_sandbox
from jira_sandbox.webhooks import sign
from sync_service.metrics import create_metrics
from sync_service.store import open_store
from webhooks import Credentials, Services, create_app

SECRET, TOKEN, PASSWORD = "planted-secret", "planted-token", "planted-password"
CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus" / "webhooks"
MUTATIONS = int(os.environ.get("STAGEGATE_FAULTS_DELIVERIES", "10000")) * 9
EXAMPLES = max(MUTATIONS // 9, 100)

PLANTED: tuple[Any, ...] = (
    None, True, False, 0, -1, 10**40, 1e308, "", "\0", "\ud800", "'; DROP TABLE work; --", "../../etc/passwd", "{code}",
    "INT-1", "int-1", "INT-99999999999999999999", "١٢٣", [], {}, [[]], [None], {"id": {}}, {"key": []},
    "x" * 100_000, "%s%n", "<script>", "jira:issue_updated", {"issue": {"issue": {}}},
)  # fmt: skip


class Receiver:
    """The application, asked without a socket; errors that nobody handles are raised to the test."""

    def __init__(self, store: Any) -> None:
        services = Services(
            store=store,
            metrics=create_metrics(),
            credentials=Credentials.of(secrets=[SECRET], bearer_tokens=[TOKEN], basic=[("jira", PASSWORD)]),
            projects=frozenset({"INT"}),
            own_accounts=lambda: frozenset({"ours"}),
            checks={"store": store.check},
            body_limit=1_000_000,
        )
        self.app = create_app(services)
        self.app.config["PROPAGATE_EXCEPTIONS"] = True
        self.answers: Counter[int] = Counter()

    def ask(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> int:
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path.encode().decode("latin-1"),
            "QUERY_STRING": "",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "192.0.2.1",
            "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": "application/json",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(body),
            "wsgi.errors": BytesIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        environ |= {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
        told: list[str] = []
        answer = self.app.wsgi_app(environ, lambda status, _headers, _error=None: told.append(status))
        b"".join(answer)
        getattr(answer, "close", lambda: None)()
        status = int(told[0].split()[0])
        self.answers[status] += 1
        assert status < 500 or (path == "/readyz" and status == 503), (method, path, body[:500], headers, told)
        return status


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    with open_store(f"sqlite:///{tmp_path / 'stagegate.db'}", durable=False) as store:
        store.migrate()
        yield Receiver(store)


def bodies() -> list[bytes]:
    """Return real bodies: the sandbox's, and those of the corpus where it is here."""
    kept: list[bytes] = [path.read_bytes() for path in sorted(CORPUS.rglob("*.json"))]

    def keep(_url: str, _headers: dict[str, str], body: bytes) -> int:
        kept.append(body)
        return 200

    with jira_sandbox.running(send=keep, webhook_url="http://nowhere.test/") as jira:
        with jira.site.lock:
            tc = jira_sandbox.preset.person(jira.site, "tc")
            fields = {"project": {"key": "INT"}, "issuetype": {"name": "Integration"}, "summary": "Acme"}
            issue = jira_sandbox.writing.create(jira.site, tc, {"fields": fields})
            jira_sandbox.writing.edit(jira.site, tc, issue, {"fields": {"summary": "Other"}})
            jira_sandbox.writing.add_comment(jira.site, tc, issue, {"body": "Hello"})
        assert jira.webhooks.wait_idle()
    return kept


class Mutator:
    """Spoils bodies and headers by the dice of a seed."""

    def __init__(self, originals: list[bytes], seed: int = 1) -> None:
        self.originals = originals
        self.dice = random.Random(seed)

    def body(self) -> bytes:
        original = self.dice.choice(self.originals)
        spoil = self.dice.choices([self._swapped, self._planted, self._cut, self._noise], [3, 5, 1, 1])[0]
        return spoil(original)

    def _planted(self, original: bytes) -> bytes:
        """Put something strange into one to four places of the document."""
        try:
            document = json.loads(original)
        except ValueError:
            return self._swapped(original)
        for _ in range(self.dice.randint(1, 4)):
            document = self._plant(document, self.dice.randint(0, 6))
        return json.dumps(document).encode()

    def _plant(self, value: Any, depth: int) -> Any:
        if depth and isinstance(value, dict) and value:
            name = self.dice.choice(list(value))
            return {**value, name: self._plant(value[name], depth - 1)}
        if depth and isinstance(value, list) and value:
            place = self.dice.randrange(len(value))
            return [*value[:place], self._plant(value[place], depth - 1), *value[place + 1 :]]
        return self.dice.choice(PLANTED)

    def _swapped(self, original: bytes) -> bytes:
        spoilt = bytearray(original)
        for _ in range(self.dice.randint(1, 8)):
            if spoilt:
                spoilt[self.dice.randrange(len(spoilt))] = self.dice.randrange(256)
        return bytes(spoilt)

    def _cut(self, original: bytes) -> bytes:
        return original[: self.dice.randrange(len(original) + 1)] * self.dice.choice([1, 1, 2])

    def _noise(self, _original: bytes) -> bytes:
        return self.dice.choice(
            [b"[" * 50_000, b'{"a":' * 20_000, b"1" * 10_000, self.dice.randbytes(200), b"nullnull"]
        )

    def headers(self, body: bytes) -> dict[str, str]:
        """Mostly a right signature, so that the body is looked at; otherwise something strange."""
        odd = "".join(self.dice.choices(string.printable[:95] + "\xe9\xff", k=self.dice.randint(0, 60)))
        right = {"X-Hub-Signature": sign(SECRET, body)}
        ways: list[dict[str, str]] = [
            {},
            {"X-Hub-Signature": odd},
            {"X-Hub-Signature": f"sha256={odd}"},
            {"Authorization": odd},
            {"Authorization": f"Basic {odd}"},
            {"Authorization": f"Basic {base64.b64encode(odd.encode()).decode()}"},
            right | {"X-Atlassian-Webhook-Identifier": odd},
            right | {"Host": odd},
            right | {"Transfer-Encoding": odd},
        ]
        return right if self.dice.random() < 0.8 else self.dice.choice(ways)


@pytest.mark.slow
def test_spoilt_deliveries(receiver: Receiver) -> None:
    mutator = Mutator(bodies())
    paths = ["/webhooks/jira"] * 40 + ["/readyz", "/healthz", "/", "/console/", "/webhooks/jira/", "/\xe9", "/../x"]
    methods = ["POST"] * 30 + ["GET", "PUT", "HEAD", "OPTIONS", "BREW"]
    for _ in range(MUTATIONS):
        body = mutator.body()
        receiver.ask(mutator.dice.choice(methods), mutator.dice.choice(paths), body, mutator.headers(body))
    print(f"\n{MUTATIONS} spoilt requests: {dict(sorted(receiver.answers.items()))}")
    assert receiver.answers[202] > 100
    assert receiver.answers[400] > 100


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(PLANTED[:22]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
IDENTITY = st.fixed_dictionaries({}, optional={"id": JSON, "key": JSON, "fields": JSON, "self": JSON})
NOTICE = st.fixed_dictionaries(
    {},
    optional={
        "issue": IDENTITY | JSON,
        "webhookEvent": st.sampled_from(["jira:issue_updated", "comment_created", "issuelink_created"]) | JSON,
        "timestamp": JSON,
        "user": JSON,
        "changelog": JSON,
        "comment": JSON,
        "id": JSON,
        "key": JSON,
    },
)


@pytest.mark.slow
def test_invented_deliveries(receiver: Receiver) -> None:
    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(NOTICE | JSON, st.text(max_size=20))
    def asked(document: Any, identifier: str) -> None:
        body = json.dumps(document).encode()
        name = identifier.encode().decode("latin-1")
        headers = {"X-Hub-Signature": sign(SECRET, body), "X-Atlassian-Webhook-Identifier": name}
        receiver.ask("POST", "/webhooks/jira", body, headers)

    asked()
    print(f"\n{sum(receiver.answers.values())} invented deliveries: {dict(sorted(receiver.answers.items()))}")
