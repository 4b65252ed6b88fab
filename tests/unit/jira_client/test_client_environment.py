"""Proxies and certificates come from the environment, as it is when a thread signs in."""

import http.server
import ipaddress
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sync_service.jira.client import Client
from sync_service.jira.errors import Unanswered, Unreachable

ME = {"accountId": "bot", "displayName": "Bot"}


class Answering(http.server.ThreadingHTTPServer):
    """Answers everything with our own account, and notes what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", 0), Answer)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that does not trust us."""


class Answer(http.server.BaseHTTPRequestHandler):
    server: Answering

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        body = json.dumps(ME).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_CONNECT(self) -> None:
        self.server.asked.append(self.path)
        self.send_response_only(502)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@contextmanager
def answering(certificate: Path | None = None) -> Iterator[Answering]:
    server = Answering()
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


def address(server: Answering, scheme: str = "http") -> str:
    return f"{scheme}://127.0.0.1:{server.server_address[1]}"


def test_requests_go_by_the_proxy(connected: Callable[..., Client], monkeypatch: pytest.MonkeyPatch) -> None:
    with answering() as jira, answering() as proxy:
        monkeypatch.setenv("HTTP_PROXY", address(proxy))
        client = connected(url=address(jira))
        assert client.myself()["accountId"] == "bot"
        assert client.myself()["accountId"] == "bot"
    assert (len(jira.asked), len(proxy.asked)) == (0, 2)
    assert all(asked.startswith(f"{address(jira)}/rest/api/2/myself") for asked in proxy.asked)


@pytest.mark.parametrize("apart", ["127.0.0.1", "*", "elsewhere.example,127.0.0.0/8"])
def test_requests_go_past_the_proxy_where_it_is_not_for_jira(
    connected: Callable[..., Client], monkeypatch: pytest.MonkeyPatch, apart: str
) -> None:
    with answering() as jira, answering() as proxy:
        monkeypatch.setenv("HTTP_PROXY", address(proxy))
        monkeypatch.setenv("NO_PROXY", apart)
        connected(url=address(jira)).myself()
    assert (len(jira.asked), len(proxy.asked)) == (1, 0)


def test_a_proxy_for_https_is_asked_to_connect(
    connected: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", address(proxy))
        with pytest.raises(Unreachable, match="no connection to https://jira"):
            connected(url="https://jira.example").myself()
    assert set(proxy.asked) == {"jira.example:443"}


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_https_for_a_proxy_that_speaks_plain_http_is_not_taken_for_jira(
    connected: Callable[..., Client], monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    """Writing http:// before Jira's own address would send the token in clear."""
    with answering() as proxy:
        monkeypatch.setenv(f"{scheme.upper()}_PROXY", address(proxy, "https"))
        with pytest.raises(Unreachable, match=f"no connection to {scheme}://jira.*proxy answers without TLS") as lost:
            connected(url=f"{scheme}://jira.example").create_issues([{"fields": {"summary": "x"}}])
    assert "The proxy's address (HTTPS_PROXY, HTTP_PROXY or ALL_PROXY) must begin with http://" in lost.value.remedy
    assert "jira.url" not in lost.value.remedy
    assert lost.value.resend


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 that nobody but itself vouches for, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "jira of the tests")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(1970, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2100, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("certificate") / "jira.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_certificates_of_ones_own_are_believed(
    connected: Callable[..., Client], monkeypatch: pytest.MonkeyPatch, certificate: Path, name: str
) -> None:
    monkeypatch.setenv(name, str(certificate))
    with answering(certificate) as jira:
        assert connected(url=address(jira, "https")).myself()["accountId"] == "bot"


def test_other_certificates_are_not(connected: Callable[..., Client], certificate: Path) -> None:
    with answering(certificate) as jira, pytest.raises(Unreachable, match="SSL"):
        connected(url=address(jira, "https")).myself()
    assert jira.asked == []


def test_a_write_whose_answer_comes_without_tls_may_have_happened(
    connected: Callable[..., Client], monkeypatch: pytest.MonkeyPatch, certificate: Path
) -> None:
    """OpenSSL calls it what it calls a server that never began TLS."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def break_in() -> None:
        plain, _ = listening.accept()
        spoken = plain.dup()
        with context.wrap_socket(plain, server_side=True) as connection:
            connection.recv(65536)
            spoken.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            with suppress(OSError):  # the client breaks off as it likes
                while connection.recv(65536):
                    pass
        spoken.close()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=break_in)
        thread.start()
        with pytest.raises(Unanswered, match="may have happened") as lost:
            connected(url=f"https://127.0.0.1:{listening.getsockname()[1]}").create_issues([{"fields": {}}])
        thread.join(60)
    assert not lost.value.resend
