"""The sandbox started alone."""

import json
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest
import requests

import jira_sandbox
from jira_sandbox import command


@pytest.mark.shows_secrets("the sandbox tells its own")
def test_the_first_line_tells_all_a_client_needs_as_json(capsys):
    stop = threading.Event()
    stop.set()
    jira_sandbox.serve(port=0, as_json=True, until=stop, flavour="datacenter", webhook_url="http://r.example")
    told = json.loads(capsys.readouterr().out.splitlines()[0])
    assert told["url"].startswith("http://127.0.0.1:")
    assert (told["project"], told["flavour"], told["webhook_url"]) == ("INT", "datacenter", "http://r.example")
    assert set(told["people"]) == {"tc", "integrations", "integrator", "client", "sales", "admin"}
    assert told["service_account"] == {
        "name": "service",
        "email": "service@sandbox.example",
        "token": "service-sandbox-token",
        "account": "service",
    }
    assert told["webhook_secret"]


@pytest.mark.shows_secrets("the sandbox tells its own")
def test_people_are_told_in_words(capsys):
    stop = threading.Event()
    stop.set()
    jira_sandbox.serve(port=0, until=stop)
    said = capsys.readouterr().out
    assert "Jira sandbox (cloud) at http://127.0.0.1:" in said
    assert "service-sandbox-token" in said


def test_it_runs_as_a_module_until_it_is_told_to_stop():
    arguments = ["--port", "0", "--json", "--workflow", "open"]
    process = subprocess.Popen([sys.executable, "-m", "jira_sandbox", *arguments], stdout=subprocess.PIPE, text=True)
    try:
        told = json.loads(process.stdout.readline())
        tc = told["people"]["tc"]
        reply = requests.get(f"{told['url']}/rest/api/2/myself", auth=(tc["email"], tc["token"]), timeout=60)
        assert reply.json()["accountId"] == tc["account"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
        process.stdout.close()


@pytest.mark.shows_secrets("the sandbox tells its own")
def test_the_command_line_ends_with_a_signal(capsys):
    """In the main thread of this very process, so that its handlers are put back afterwards."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    main = threading.main_thread().ident

    def interrupt() -> None:
        while signal.getsignal(signal.SIGINT) is kept[signal.SIGINT]:
            time.sleep(0.01)
        signal.pthread_kill(main, signal.SIGINT)

    interrupting = threading.Thread(target=interrupt)
    interrupting.start()
    try:
        command.main(["--port", "0", "--gateway"])
    finally:
        interrupting.join()
        for number, handler in kept.items():
            signal.signal(number, handler)
    assert "/ex/jira/" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["--flavour", "server"], ["--port", "x"]])
def test_a_command_line_that_makes_no_sense_is_refused(arguments, capsys):
    with pytest.raises(SystemExit) as refused:
        command.main(arguments)
    assert refused.value.code == 2
    assert capsys.readouterr().err


def test_a_sandbox_leaves_nothing_behind():
    before = set(threading.enumerate())
    with jira_sandbox.running() as jira:
        session = requests.Session()
        session.get(f"{jira.url}/rest/api/2/serverInfo", timeout=60)
        port = int(jira.url.rpartition(":")[2])
    session.close()
    assert set(threading.enumerate()) <= before
    with socket.socket() as probe, pytest.raises(ConnectionRefusedError):
        probe.connect(("127.0.0.1", port))


@pytest.mark.parametrize("port", ["taken", "99999"])
def test_an_address_that_it_can_not_have_is_told(capsys, port):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1]) if port == "taken" else port
        with pytest.raises(SystemExit, match="2"):
            command.main(["--port", port])
    assert f"can't listen on 127.0.0.1:{port}: " in capsys.readouterr().err
