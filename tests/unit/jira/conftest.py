"""The gateway's world, in the flavours of Jira."""

from collections.abc import Iterator

import pytest
from gatewayworld import MONDAY, World, client_of

import jira_sandbox
from jira_sandbox import Clock, Running
from mappings import Mapping, load
from sync_service.jira.gateway import Gateway


@pytest.fixture(scope="session")
def served() -> Iterator[Running]:
    with jira_sandbox.running(clock=Clock(frozen_at=MONDAY)) as jira:
        yield jira


@pytest.fixture(scope="session")
def paytronix() -> Mapping:
    return load("paytronix")


def _world(served: Running, mapping: Mapping, flavour: str) -> Iterator[World]:
    served.reset(flavour=flavour, clock=Clock(frozen_at=MONDAY), workflow="open")
    client = client_of(served)
    gateway = Gateway(client, [mapping])
    gateway.open()
    yield World(jira=served, gateway=gateway, mapping=mapping)
    client.close()


@pytest.fixture(params=["cloud", "datacenter"])
def world(request: pytest.FixtureRequest, served: Running, paytronix: Mapping) -> Iterator[World]:
    """Each test with this fixture runs in both flavours."""
    yield from _world(served, paytronix, request.param)


@pytest.fixture
def cloud(served: Running, paytronix: Mapping) -> Iterator[World]:
    yield from _world(served, paytronix, "cloud")


@pytest.fixture
def datacenter(served: Running, paytronix: Mapping) -> Iterator[World]:
    yield from _world(served, paytronix, "datacenter")
