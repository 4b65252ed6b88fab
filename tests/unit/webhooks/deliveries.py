"""Deliveries as Jira would send them: bodies, signatures, and the corpus of real ones."""

import hashlib
import hmac
import json
import os
from pathlib import Path

import pytest

SECRET = "planted-webhook-secret-one"
NEXT_SECRET = "planted-webhook-secret-two"

CORPUS = Path(__file__).parents[3].parent / "shared" / "corpus" / "webhooks"
CORPUS_FILES = sorted(CORPUS.rglob("*.json"))

needs_corpus = pytest.mark.skipif(
    not CORPUS_FILES and not os.environ.get("CI"),
    reason="the real payloads of ../shared/corpus/webhooks are not here",
)


def signature(body: bytes, secret: str = SECRET, method: str = "sha256") -> str:
    return f"{method}={hmac.new(secret.encode(), body, getattr(hashlib, method)).hexdigest()}"


def signed(body: bytes, secret: str = SECRET, **headers: str) -> dict[str, str]:
    return {"x-hub-signature": signature(body, secret)} | {k.replace("_", "-"): v for k, v in headers.items()}


def payload(key: str = "INT-12", **changes: object) -> dict[str, object]:
    """An update of a project issue by a person, as Cloud sends it; `changes` replace top-level members."""
    whole: dict[str, object] = {
        "timestamp": 1761600000000,
        "webhookEvent": "jira:issue_updated",
        "issue_event_type_name": "issue_generic",
        "user": {"accountId": "5b10a2844c20165700ede21g", "displayName": "Tess"},
        "issue": {
            "id": "10012",
            "key": key,
            "self": "https://example.atlassian.net/rest/api/2/10012",
            "fields": {"project": {"key": key.rpartition("-")[0]}, "issuetype": {"name": "Integration"}},
        },
        "changelog": {"id": "20001", "items": [{"field": "status", "from": "1", "to": "2"}]},
    }
    return {name: value for name, value in (whole | changes).items() if value is not ...}


def encoded(content: object) -> bytes:
    return json.dumps(content).encode()
