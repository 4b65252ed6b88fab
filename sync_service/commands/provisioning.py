"""The command `provision`: plans for every mapping, saved, applied, and read back."""

import re
import secrets
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from sync_service.bootstrap import WorkerService
from sync_service.config import Settings
from sync_service.errors import ConfigurationError
from sync_service.provision.desired import Desired, desired
from sync_service.provision.plan import Plan, dumped, loaded
from sync_service.provision.run import check, compare, make_plan, perform
from sync_service.provision.webhooks import USER
from sync_service.showing import progress

SECRET_BYTES = 32
READINGS = 7
ADDRESS = re.compile(r"https?://[^/?#\s]+/[^?#\s]+")
"""Of deliveries: with a path, whose front a proxy may choose; Jira Cloud itself insists on https."""


def provision(
    service: WorkerService, *, saved: Path | None, out: Path | None, apply: bool, url: str | None
) -> dict[str, Any]:
    """Plan, and apply where asked; `saved` is a plan to be applied exactly, `out` where to save one.

    Raises Refused, Interrupted, ConfigurationError and JiraError; returns plain values to be shown.
    """
    if out and apply:
        raise ConfigurationError("give --out to save the plan, then --apply FILE to apply it")
    if url and not ADDRESS.fullmatch(url):
        raise ConfigurationError(
            f"--webhook-url {url}: not the address of deliveries; write it like https://stagegate.example.org/webhooks/jira"
        )
    projects = service.gateway.mappings
    plans = _saved(service, saved) if saved else [_planned(service, _wanted(service, one, url)) for one in projects]
    if out:
        _save(out, dumped(plans))
    if apply:
        plans = _applied(service, plans, exactly=saved is not None)
    wrong = any(plan.refusals or plan.problems or (apply and plan.changes) for plan in plans)
    return {"applied": apply, "plans": [asdict(plan) for plan in plans], "wrong": wrong}


def _save(path: Path, plans: str) -> None:
    try:
        path.write_text(plans, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"--out {path}: can't be written: {error.strerror}; name another file") from None


def _wanted(service: WorkerService, project: str, url: str | None) -> Desired:
    mappings = service.gateway.mappings
    return desired(mappings[project], url, service.stage_gate, mappings.values())


def _planned(service: WorkerService, wanted: Desired) -> Plan:
    with progress(f"Reading the site for {wanted.project}", READINGS) as advance:
        return make_plan(service.client, wanted, advance)


def _saved(service: WorkerService, path: Path) -> list[Plan]:
    try:
        plans = loaded(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ConfigurationError(f"{path}: can't be read: {why}; `provision --out {path}` saves a plan") from None
    for plan in plans:
        if plan.project not in service.gateway.mappings:
            raise ConfigurationError(f"{path}: the plan is for project {plan.project}, which no mapping names")
        compare(plan, _planned(service, _wanted(service, plan.project, plan.webhook_url)))
    return list(plans)


def _applied(service: WorkerService, plans: list[Plan], *, exactly: bool) -> list[Plan]:
    """Apply all plans, if none is refused, and return what each has left.

    All but the first are made anew before they are applied: what one mapping's plan made is there for the next. Those
    that are to be applied exactly are refused then, if they differ.
    """
    check(plans)
    secret = ""
    left: list[Plan] = []
    for plan in plans:
        wanted = _wanted(service, plan.project, plan.webhook_url)
        now = _planned(service, wanted) if left else plan
        if exactly:
            compare(plan, now, [each.project for each in left])
        if now.needs_secret and not now.refusals:
            secret = secret or _secret(service.settings)
        with progress(f"Preparing the site for {plan.project}", now.requests) as advance:
            left.append(perform(service.client, wanted, now, secret=secret, advance=advance))
    return left


def _secret(settings: Settings) -> str:
    """Return the first configured secret; where there is none, a new one, shown before it is sent: never again."""
    hooks = settings.webhooks
    held = [*hooks.secrets, *(pair.password for pair in hooks.basic if pair.user == USER)]
    if held:
        return held[0].get_secret_value()
    made = secrets.token_urlsafe(SECRET_BYTES)
    click.echo(f"the webhook's secret, shown this once; put it where [webhooks] secrets refers to:\n{made}", err=True)
    return made
