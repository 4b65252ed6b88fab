"""The Forge app of `plugin/` on a sandbox site: installed, removed, and what `provision` does once it is configured."""

import json
from pathlib import Path
from typing import Any

import requests
import yaml

from jira_sandbox import Running
from jira_sandbox.apps import AppRule
from sync_service.jira.forge import StageGate
from tests.stories.preparing import Preparation

MANIFEST = Path(__file__).parents[2] / "plugin" / "manifest.yml"
APP = "6a483ca8-1f0b-4c59-8d3a-0e3b1d6f7a21"
PRODUCTION = "f6a3bed3-737f-4e7a-8942-130df302b749"
ELSEWHERE = "0d9a4b5e-3a55-4a0e-b6a1-5f2f5f0a7c11"


def key(app: str = APP, environment: str = PRODUCTION) -> str:
    return f"ari:cloud:ecosystem::extension/{app}/{environment}/static/stage-gate"


class ForgeApp:
    """The app, as an administrator of the site sees it."""

    def __init__(self, jira: Running, app: str = APP, environment: str = PRODUCTION) -> None:
        self.jira, self.key = jira, key(app, environment)
        self.gate = StageGate(app=app)

    def is_installed(self) -> None:
        """Install it, with the expression of its manifest."""
        (module,) = yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))["modules"]["jira:workflowValidator"]
        told = {"expression": module["expression"], "error_message": module["errorMessage"], "name": module["name"]}
        self._switch("apps", {"key": self.key, **told})

    def is_removed(self) -> None:
        self._switch("apps/remove", {"key": self.key})

    def is_put_on_the_workflow(self) -> None:
        """Let an administrator provision the site with the app configured."""
        left = Preparation(self.jira, self.gate).performs()
        assert (left.refusals, left.problems, left.changes) == ((), (), ())

    def rules_are_deleted(self, workflow: str) -> None:
        """Let an administrator delete every Stage gate in the workflow's editor, and publish."""
        auth = self.jira.credentials["admin"].basic
        site = f"{self.jira.url}/rest/api/3/workflows"
        params = {"queryString": workflow, "expand": "values.transitions"}
        shown = requests.get(f"{site}/search", params=params, auth=auth, timeout=60).json()
        (found,) = shown["values"]
        for step in found["transitions"]:
            step["validators"] = [one for one in step["validators"] if one["parameters"]["key"] != self.key]
        kept = {name: found[name] for name in ("id", "version", "statuses", "transitions")}
        held = {each["statusReference"] for each in found["statuses"]}
        statuses = [each for each in shown["statuses"] if each["statusReference"] in held]
        body = {"statuses": statuses, "workflows": [kept]}
        reply = requests.post(f"{site}/update", json=body, auth=auth, timeout=60)
        assert reply.status_code == 200, reply.text

    def _switch(self, path: str, body: dict[str, Any]) -> None:
        reply = requests.post(f"{self.jira.url}/_sandbox/{path}", json=body, timeout=60)
        assert reply.status_code == 204, reply.text


def rules(jira: Running, workflow: str) -> dict[str, list[AppRule]]:
    """The Stage gates of a workflow, by transition."""
    (found,) = [one for one in jira.site.workflows.values() if one.name == workflow]
    return {step.name: step.validators for step in found.transitions if step.validators}


def stages(jira: Running, workflow: str) -> dict[str, str]:
    """The stage that each guarded transition of a workflow leads into."""
    return {
        name: json.loads(rule.config or "{}")["stage"] for name, (rule,) in rules(jira, workflow).items() if rule.config
    }
