"""The files under deploy/ are read as their tools would: no Docker engine, cluster or systemd runs here."""

import configparser
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sync_service.cli import stagegate
from sync_service.config import load_settings
from sync_service.metrics import create_metrics

yaml = pytest.importorskip("yaml")

DEPLOY = Path(__file__).parents[2] / "deploy"
KUBERNETES = yaml.safe_load((DEPLOY / "kubernetes" / "stagegate.yaml").read_text())["items"]
DEPLOYMENTS = [item for item in KUBERNETES if item["kind"] == "Deployment"]
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
STOP_SECONDS = 10
"""How long our processes take at most to end after SIGTERM: docs/operations.md."""


def pod(deployment: dict[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = deployment["spec"]["template"]["spec"]
    return spec


# --- The image


def test_the_image_runs_as_nobody_in_particular_and_hears_sigterm() -> None:
    lines = [line.split(maxsplit=1) for line in DOCKERFILE.splitlines() if line and line[0].isupper()]
    told = {name: value for name, value in lines if name in {"USER", "STOPSIGNAL", "ENTRYPOINT", "CMD"}}
    assert int(told["USER"]) > 0
    assert told["STOPSIGNAL"] == "SIGTERM"
    assert json.loads(told["ENTRYPOINT"]) == ["stagegate"], "not by a shell, which would keep the signal to itself"
    assert json.loads(told["CMD"])[0] in stagegate.commands


def test_the_image_holds_no_secret() -> None:
    assert not re.search(r"(?i)(token|secret|password)\s*=\s*\S", DOCKERFILE)


# --- Compose


@pytest.mark.parametrize("name", ["serve", "work"])
def test_compose_hardens_our_services_and_gives_them_time_to_stop(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["command"][0] in stagegate.commands
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert int(service["stop_grace_period"].removesuffix("s")) > STOP_SECONDS
    assert service["restart"] == "unless-stopped"
    assert set(service["secrets"]) <= COMPOSE["secrets"].keys()


def test_compose_opens_the_receiver_to_its_own_host_only_and_the_database_to_none() -> None:
    assert all(port.startswith("127.0.0.1:") for port in COMPOSE["services"]["serve"]["ports"])
    assert not COMPOSE["services"]["db"].get("ports")
    assert "healthcheck" in COMPOSE["services"]["db"]


# --- Kubernetes


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda deployment: deployment["metadata"]["name"])
def test_kubernetes_hardens_our_pods_and_gives_them_time_to_stop(deployment: dict[str, Any]) -> None:
    spec = pod(deployment)
    (container,) = spec["containers"]
    paused = container.get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command", ["sleep", "0"])
    assert spec["securityContext"]["runAsNonRoot"]
    assert spec["securityContext"]["runAsUser"] > 0
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert not container["securityContext"]["allowPrivilegeEscalation"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["resources"]["limits"]["memory"]
    assert spec["terminationGracePeriodSeconds"] > STOP_SECONDS + int(paused[1])
    assert container["args"][0] in stagegate.commands
    mounted = {mount["name"] for mount in container["volumeMounts"]}
    assert mounted == {volume["name"] for volume in spec["volumes"]}
    labels = deployment["spec"]["selector"]["matchLabels"]
    assert labels.items() <= deployment["spec"]["template"]["metadata"]["labels"].items()


def test_a_rolling_update_keeps_every_receiver_that_answers() -> None:
    serve = next(item for item in DEPLOYMENTS if item["metadata"]["name"] == "stagegate-serve")
    (container,) = pod(serve)["containers"]
    assert serve["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    (service,) = (item for item in KUBERNETES if item["kind"] == "Service")
    assert service["spec"]["selector"].items() <= serve["spec"]["template"]["metadata"]["labels"].items()


def test_the_settings_of_the_config_map_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (settings_map,) = (item for item in KUBERNETES if item["kind"] == "ConfigMap")
    path = tmp_path / "config.toml"
    path.write_text(settings_map["data"]["config.toml"])
    for name in ("JIRA_TOKEN", "WEBHOOK_SECRET"):
        monkeypatch.setenv(name, "x")
    _, warnings = load_settings(path, {"STAGEGATE_STORE__URL": "postgresql://stagegate@db/stagegate"})
    assert not warnings


# --- systemd


def unit() -> Iterator[tuple[str, str]]:
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    text = (DEPLOY / "systemd" / "stagegate.service").read_text()
    parser.read_string(text)
    assert parser.sections() == ["Unit", "Service", "Install"]
    for line in text.splitlines():
        if "=" in line and line[0].isalpha():
            name, _, value = line.partition("=")
            yield name, value


def test_the_unit_is_hardened_and_gives_us_time_to_stop() -> None:
    told = dict(unit())
    assert told["DynamicUser"] == told["NoNewPrivileges"] == "yes"
    assert told["ProtectSystem"] == "strict"
    assert told["CapabilityBoundingSet"] == ""
    assert told["Restart"] == "always"
    assert int(told["TimeoutStopSec"]) > STOP_SECONDS
    assert shlex.split(told["ExecStart"])[1] in stagegate.commands


def test_the_environment_of_the_unit_is_read(tmp_path: Path) -> None:
    """As systemd unquotes it: double quotes within a word would be lost."""
    for name in ("jira_token", "webhook_secret"):
        (tmp_path / name).write_text("x")
    words = [shlex.split(value.replace("%d", str(tmp_path))) for name, value in unit() if name == "Environment"]
    environment = dict(word.split("=", 1) for line in words for word in line)
    needed = {"STAGEGATE_JIRA__URL": "https://x.example", "STAGEGATE_LIFECYCLE__ENFORCE_SINCE": "2026-01-01"}
    settings, _ = load_settings(None, environment | needed)
    assert [secret.get_secret_value() for secret in settings.webhooks.secrets] == ["x"]
    assert settings.worker.log == "json"


# --- Prometheus


def test_alerts_and_dashboard_name_counts_that_there_are() -> None:
    alerts = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yaml").read_text())
    assert all(
        {"alert", "expr", "labels", "annotations"} <= rule.keys() for g in alerts["groups"] for rule in g["rules"]
    )
    json.loads((DEPLOY / "prometheus" / "dashboard.json").read_text())
    shown = {family.name for family in create_metrics().registry.collect()}
    shown |= {"stagegate_store_up", "stagegate_queue_keys", "stagegate_queue_oldest_seconds"}
    for path in (DEPLOY / "prometheus").iterdir():
        named = set(re.findall(r"\bstagegate_[a-z_]+", path.read_text()))
        unknown = {name for name in named if re.sub(r"_(total|bucket|sum|count)$", "", name) not in shown}
        assert not unknown, f"{path.name}: {unknown}"
