"""The files under deploy/ are read as their tools would: no Docker engine, cluster or systemd runs here."""

import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from sync_service.cli import stagegate
from sync_service.config import load_settings
from sync_service.metrics import QueueCollector, create_metrics
from sync_service.store import Depth

yaml = pytest.importorskip("yaml")

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
KUBERNETES = yaml.safe_load((DEPLOY / "kubernetes" / "stagegate.yaml").read_text())["items"]
DEPLOYMENTS = [item for item in KUBERNETES if item["kind"] == "Deployment"]
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
UNIT = DEPLOY / "systemd" / "stagegate@.service"
STOP_SECONDS = 10
"""How long our processes take at most to end after SIGTERM: docs/operations.md."""


def pod(deployment: dict[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = deployment["spec"]["template"]["spec"]
    return spec


# --- The image


def instructions(name: str) -> list[str]:
    joined = DOCKERFILE.replace("\\\n", " ")
    return [line.split(maxsplit=1)[1] for line in joined.splitlines() if line.split(maxsplit=1)[:1] == [name]]


def test_the_image_runs_as_nobody_in_particular_and_hears_sigterm() -> None:
    (user,), (signal,), (entry,), (command,) = map(instructions, ("USER", "STOPSIGNAL", "ENTRYPOINT", "CMD"))
    assert int(user) > 0
    assert signal == "SIGTERM"
    assert json.loads(entry) == ["stagegate"], "not by a shell, which would keep the signal to itself"
    assert json.loads(command)[0] in stagegate.commands


def test_both_stages_of_the_image_stand_on_one_pinned_release() -> None:
    base = dict(value.split("=", 1) for value in instructions("ARG"))["PYTHON"]
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", base)
    assert [line.split()[0] for line in instructions("FROM")] == ["${PYTHON}", "${PYTHON}"]


def test_the_image_is_made_of_the_package_and_nothing_else() -> None:
    copied = [word for line in instructions("COPY") if "--from" not in line for word in line.split()[:-1]]
    built = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert {name for name in copied if (ROOT / name).is_dir()} == set(built["packages"])
    assert all((ROOT / name).exists() for name in copied)
    first, *rest = [line for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line[0] != "#"]
    assert first == "*"
    assert {line[1:] for line in rest if line[0] == "!"} == set(copied)


def test_the_image_has_the_versions_that_the_tests_ran_with() -> None:
    (install,) = (line for line in instructions("RUN") if "pip install" in line)
    assert "--constraint constraints.txt" in install


def test_the_image_holds_no_secret() -> None:
    assert not re.search(r"(?i)(token|secret|password)\w*\s*=\s*\S", DOCKERFILE)
    (environment,) = instructions("ENV")
    names = re.findall(r"(\w+)=", environment)
    assert [name for name in names if re.search(r"TOKEN|SECRET|PASSWORD|KEY", name)] == []


# --- Compose


@pytest.mark.parametrize("name", ["serve", "work"])
def test_compose_hardens_our_services_and_gives_them_time_to_stop(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["command"][0] in stagegate.commands
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["mem_limit"]
    assert int(service["stop_grace_period"].removesuffix("s")) > STOP_SECONDS
    assert service["restart"] == "unless-stopped"
    assert set(service["networks"]) <= COMPOSE["networks"].keys()


def test_compose_opens_the_receiver_to_its_own_host_only_and_the_database_to_none() -> None:
    services = COMPOSE["services"]
    assert all(port.startswith("127.0.0.1:") for port in services["serve"]["ports"])
    assert not any(services[name].get("ports") for name in ("db", "work"))
    assert [COMPOSE["networks"][name] for name in services["db"]["networks"]] == [{"internal": True}]
    assert re.fullmatch(r"postgres:\d+\.\d+", services["db"]["image"])
    assert "healthcheck" in services["db"]


@pytest.mark.parametrize("name", ["db", "serve", "work"])
def test_compose_hands_secrets_over_as_files(name: str) -> None:
    service = COMPOSE["services"][name]
    named = re.findall(r"/run/secrets/(\w+)", " ".join(service["environment"].values()))
    assert sorted(named) == sorted(service["secrets"])
    assert set(named) <= COMPOSE["secrets"].keys()
    assert all(secret.keys() == {"file"} for secret in COMPOSE["secrets"].values())
    assert not [
        key for key, value in service["environment"].items() if "PASSWORD" in key and not value.startswith("/run")
    ]


@pytest.mark.parametrize("name", ["serve", "work"])
def test_the_environment_of_compose_is_read_over_the_example(name: str, tmp_path: Path) -> None:
    environment = COMPOSE["services"][name]["environment"]
    for secret in COMPOSE["secrets"]:
        (tmp_path / secret).write_text(f"planted-{secret}")
    there = {key: value.replace("/run/secrets", str(tmp_path)) for key, value in environment.items()}
    settings, warnings = load_settings(ROOT / "config.example.toml", there)
    assert settings.secrets[:2] == ("planted-jira_token", "planted-webhook_secret")
    assert settings.store.url.startswith("postgresql://")
    assert not warnings


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
    assert not spec["automountServiceAccountToken"], "nothing of ours speaks to the cluster"
    assert not container["image"].endswith(":latest")
    assert {"startupProbe", "livenessProbe"} <= container.keys()


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda deployment: deployment["metadata"]["name"])
def test_one_pod_of_each_kind_stays_while_nodes_are_drained(deployment: dict[str, Any]) -> None:
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    (budget,) = (
        item["spec"]
        for item in KUBERNETES
        if item["kind"] == "PodDisruptionBudget" and item["spec"]["selector"]["matchLabels"].items() <= labels.items()
    )
    assert 0 < budget["minAvailable"] < deployment["spec"]["replicas"]


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda deployment: deployment["metadata"]["name"])
def test_prometheus_is_led_to_a_port_that_is_open(deployment: dict[str, Any]) -> None:
    annotations = deployment["spec"]["template"]["metadata"]["annotations"]
    (container,) = pod(deployment)["containers"]
    assert [str(port["containerPort"]) for port in container["ports"]] == [annotations["prometheus.io/port"]]
    assert annotations["prometheus.io/path"] == "/metrics"


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda deployment: deployment["metadata"]["name"])
def test_kubernetes_hands_secrets_over_by_reference(deployment: dict[str, Any]) -> None:
    (container,) = pod(deployment)["containers"]
    assert [entry["name"] for entry in container["env"] if "secretKeyRef" not in entry.get("valueFrom", {})] == []


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
        monkeypatch.setenv(name, "planted-by-reference")
    settings, warnings = load_settings(path, {})
    assert not warnings
    ports = {port["containerPort"] for deployment in DEPLOYMENTS for port in pod(deployment)["containers"][0]["ports"]}
    assert ports == {settings.webhooks.port, settings.worker.metrics_port}
    assert settings.webhooks.host == settings.worker.metrics_host == "0.0.0.0"


# --- systemd


def unit() -> Iterator[tuple[str, str]]:
    for line in UNIT.read_text().splitlines():
        if "=" in line and line[0].isalpha():
            name, _, value = line.partition("=")
            yield name, value


def test_the_unit_gives_us_time_to_stop_and_starts_us_again() -> None:
    told = dict(unit())
    assert told["Restart"] == "always"
    assert int(told["TimeoutStopSec"]) > STOP_SECONDS
    assert shlex.split(told["ExecStart"])[1] == "%i"
    named = set(re.findall(r"stagegate@(\w+)", UNIT.read_text()))
    assert named == {"run", "serve", "work"} <= stagegate.commands.keys()


def test_the_environment_of_the_unit_is_read(tmp_path: Path) -> None:
    """As systemd unquotes it: double quotes within a word would be lost."""
    for name in (value.partition(":")[0] for key, value in unit() if key == "LoadCredential"):
        (tmp_path / name).write_text(f"planted-{name}")
    words = [shlex.split(value.replace("%d", str(tmp_path))) for name, value in unit() if name == "Environment"]
    environment = dict(word.split("=", 1) for line in words for word in line)
    needed = {"STAGEGATE_JIRA__URL": "https://x.example", "STAGEGATE_LIFECYCLE__ENFORCE_SINCE": "2026-01-01"}
    settings, _ = load_settings(None, environment | needed)
    assert settings.secrets[:2] == ("planted-jira_token", "planted-webhook_secret")
    assert settings.worker.log == "json"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here")
@pytest.mark.parametrize("name", ["run", "serve", "work"])
def test_systemd_takes_the_unit_and_finds_it_little_exposed(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"stagegate@{name}.service"
    path.write_text(UNIT.read_text().replace("/opt/stagegate/bin/stagegate", sys.executable))
    for command in (["verify"], ["security", "--offline=true", "--threshold=20"]):  # 2.0 of 10
        told = subprocess.run(["systemd-analyze", *command, path], capture_output=True, text=True, check=False)
        assert told.returncode == 0, told.stdout + told.stderr
        assert "Unknown key" not in told.stderr


# --- Prometheus


def shown() -> dict[str, set[str]]:
    """Return every series that a scrape shows, with the names of its labels."""
    metrics = create_metrics()
    for family in (getattr(metrics, name) for name in type(metrics).__dataclass_fields__):
        if labels := getattr(family, "_labelnames", ()):
            family.labels(*labels)
    depth = Depth(waiting=1, due=1, running=0, dead=0, oldest_due_age=timedelta(1))
    text = metrics.render(QueueCollector(lambda: depth)).decode()
    return {
        sample.name: set(sample.labels) for family in text_string_to_metric_families(text) for sample in family.samples
    }


def queries() -> Iterator[str]:
    alerts = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yaml").read_text())
    yield from (rule["expr"] for group in alerts["groups"] for rule in group["rules"])
    dashboard = json.loads((DEPLOY / "prometheus" / "dashboard.json").read_text())
    yield from (target["expr"] for panel in dashboard["panels"] for target in panel["targets"])


@pytest.mark.parametrize("query", list(queries()))
def test_alerts_and_dashboard_ask_for_series_and_labels_that_there_are(query: str) -> None:
    there = shown()
    named = set(re.findall(r"\bstagegate_\w+", query))
    assert named
    assert named <= there.keys()
    labels = {label for name in named for label in there[name]}
    asked = re.findall(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"", query)
    asked += [word for by in re.findall(r"\bby \(([^)]*)\)", query) for word in by.replace(",", " ").split()]
    assert set(asked) <= labels


def test_each_alert_says_what_is_wrong_and_what_to_do() -> None:
    alerts = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yaml").read_text())
    for rule in (rule for group in alerts["groups"] for rule in group["rules"]):
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert rule["annotations"].keys() == {"summary", "description"}
