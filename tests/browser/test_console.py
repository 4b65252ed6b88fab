"""People at the console, in a real browser, on what the service did in a Jira.

Screenshots of each page, wide and narrow, light and dark, are kept in `artefacts/console/`. With STAGEGATE_PICTURES set
to a folder the pictures of the documentation are written there: `console-board.png` and its like.
"""

import os
from pathlib import Path
from typing import Any

import pytest

from tests.browser.visiting import OPERATOR, READER, Stage, signs_in

ROOT = Path(__file__).parents[2]
AXE = Path(__file__).with_name("node_modules") / "axe-core" / "axe.min.js"
PICTURES = ROOT / "artefacts" / "console"
WINDOWS = {"narrow": (360, 780, "light"), "wide": (1920, 1080, "light"), "dark": (1280, 800, "dark")}
SERIOUS = ("serious", "critical")


def pages(stage: Stage) -> dict[str, str]:
    return {
        "board": "/",
        "stage": "/stages/paytronix/discovery",
        "project": f"/projects/{stage.closed.key}",
        "certification": f"/projects/{stage.failed_once.key}",
        "queue": "/queue",
        "key": f"/queue/{stage.parked.key}",
        "reports": "/reports",
        "lifecycle": "/lifecycle",
        "health": "/health",
        "problem": "/projects/INT-404",
    }


def test_from_the_board_to_the_reasons_of_a_closed_gate(visit: Any, stage: Stage) -> None:
    page = visit(READER)
    page.get_by_role("link", name=f"{stage.closed.key} Acme loyalty").click()
    page.get_by_role("heading", name="Gate to Requirements closed").wait_for()
    told = page.locator(".reasons li").all_inner_texts()
    assert any("Project Goals" in reason for reason in told), told
    assert page.locator(".reasons .remedy").count() > 0
    assert "Answered the move from Discovery to Requirements: refused" in page.locator(".ledger").inner_text()
    assert page.locator("a.out").first.get_attribute("href") == f"{stage.jira.url}/browse/{stage.closed.key}"


def test_without_javascript_it_all_works(visit: Any, stage: Stage) -> None:
    page = visit(READER, java_script_enabled=False)
    page.get_by_role("link", name="Queue", exact=True).click()
    page.get_by_role("link", name=stage.parked.key, exact=True).click()
    assert "Field 'Gate' cannot be set" in page.locator("main").inner_text()


def test_signing_in_and_out(visit: Any, stage: Stage) -> None:
    page = visit()
    page.goto(f"{stage.url}/queue")
    assert page.url.startswith(f"{stage.url}/sign-in")
    page.get_by_label("Token").fill("rita.wrong")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("alert").wait_for()
    signs_in(page, stage, READER)
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("status").wait_for()
    page.goto(f"{stage.url}/queue")
    assert page.url.startswith(f"{stage.url}/sign-in")


def test_a_reader_is_refused_what_operators_do(visit: Any, stage: Stage) -> None:
    page = visit(READER)
    page.goto(f"{stage.url}/queue")
    assert page.get_by_role("button", name="Replay").count() == 0
    csrf = page.locator('input[name="csrf"]').first.get_attribute("value")
    answer = page.request.post(f"{stage.url}/queue/{stage.parked.key}/replay", form={"csrf": csrf})
    assert answer.status == 403
    assert "Only an operator" in answer.text()


def test_a_forged_form_is_refused(visit: Any, stage: Stage) -> None:
    page = visit(OPERATOR)
    for path in (f"/queue/{stage.parked.key}/drop", "/queue/replay-all", "/look"):
        assert page.request.post(f"{stage.url}{path}", form={"issue": stage.parked.key}).status == 403
    assert stage.service.running.store.queue.depth().dead == 1


def test_the_keyboard_reaches_everything(visit: Any, stage: Stage) -> None:
    page = visit(READER)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the page"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "page"
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.getAttribute('href')"))
    assert f"/console/projects/{stage.closed.key}" in reached


@pytest.mark.slow
def test_every_page_fits_and_is_accessible(visit: Any, stage: Stage) -> None:
    """No page is wider than its window, nothing violates its own policy, and axe finds nothing serious."""
    page = visit()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if "Content Security" in message.text else None)
    page.goto(f"{stage.url}/sign-in")
    found = _judged(page, "sign-in")
    signs_in(page, stage, OPERATOR)
    for name, path in pages(stage).items():
        page.goto(f"{stage.url}{path}")
        found += _judged(page, name)
    assert found == []
    assert complaints == []


def test_a_report_is_shown_as_it_would_be_mailed(visit: Any, stage: Stage) -> None:
    page = visit(READER)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(f"{stage.url}/reports")
    page.get_by_label("All of them").check()
    page.get_by_role("button", name="Show report").click()
    page.get_by_role("heading", name="Certification", exact=True).first.wait_for()
    page.screenshot(path=str(PICTURES / "report-wide.png"))
    assert complaints == []


def _judged(page: Any, name: str) -> list[str]:
    """Look at a page through each window, and return what is wrong with it there."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    found = []
    for window, (width, height, scheme) in WINDOWS.items():
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=scheme)
        page.screenshot(path=str(PICTURES / f"{name}-{window}.png"), full_page=True)
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        found += [f"{name}-{window}: {over} px too wide"] if over > 0 else []
        found += [f"{name}-{window}: {fault}" for fault in _faults(page)]
    return found


def _faults(page: Any) -> list[str]:
    if not AXE.exists():
        if os.environ.get("CI"):
            raise AssertionError("axe-core is not installed: make browser-tools")
        return []
    page.evaluate(AXE.read_text(encoding="utf-8"))
    told = page.evaluate("axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']})")
    return [
        f"{fault['id']}: {fault['help']}: {node['html'][:120]}"
        for fault in told["violations"]
        if fault["impact"] in SERIOUS
        for node in fault["nodes"]
    ]


@pytest.mark.parametrize(
    ("name", "path", "width", "height"),
    [("board", "/", 1440, 480), ("project", "/projects/{key}", 1120, 800), ("lifecycle", "/lifecycle", 1240, 900)],
)
def test_pictures_for_the_documentation(
    visit: Any, stage: Stage, name: str, path: str, width: int, height: int
) -> None:
    """The part of a page that is seen without scrolling says what the page is for."""
    page = visit(READER, viewport={"width": width, "height": height}, color_scheme="light")
    page.goto(f"{stage.url}{path.format(key=stage.closed.key)}")
    assert page.get_by_text("Requirements").first.is_visible()
    if folder := os.environ.get("STAGEGATE_PICTURES"):
        page.screenshot(path=str(Path(folder) / f"console-{name}.png"))


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed: make browser-tools")
def test_axe_would_find_a_fault(visit: Any, stage: Stage) -> None:
    """The judge is awake: what it is to find, it finds."""
    page = visit(READER)
    page.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<img src=x><input>')")
    assert {fault.split(":")[0] for fault in _faults(page)} >= {"image-alt", "label"}


def test_z_a_parked_issue_is_replayed_and_healed(visit: Any, stage: Stage) -> None:
    page = visit(OPERATOR)
    page.get_by_role("link", name="Open the queue").click()
    page.get_by_role("link", name=stage.parked.key, exact=True).click()
    page.get_by_role("heading", name=f"{stage.parked.key} is parked").wait_for()
    page.get_by_role("button", name="Replay").click()
    page.get_by_role("status").filter(has_text="will run again").wait_for()
    stage.service.catches_up()
    page.goto(f"{stage.url}/projects/{stage.parked.key}")
    told = page.locator("main").inner_text()
    assert "olaf asked: replay" in told
    assert f"edit {stage.parked.key}" in told
    assert stage.parked.gate == "Closed"
    page.goto(f"{stage.url}/queue")
    assert "Nothing is parked." in page.locator("main").inner_text()
