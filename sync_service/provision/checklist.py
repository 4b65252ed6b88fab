"""What a person must do where REST does not reach, with the exact names, in order. Pure."""

from collections.abc import Iterable, Iterator

from sync_service.provision.desired import Desired, WantedScreen, WantedWorkflow


def checklist(wanted: Desired, *, fields: bool, dashboards: bool, is_cloud: bool) -> tuple[str, ...]:
    """Return the steps; `fields` and `dashboards` say whether these are to be made by hand as well."""
    return tuple(_steps(wanted, fields=fields, dashboards=dashboards, is_cloud=is_cloud))


def _steps(wanted: Desired, *, fields: bool, dashboards: bool, is_cloud: bool) -> Iterator[str]:
    types = f"{wanted.issue_type.name!r} (standard) and {wanted.step_type.name!r} (sub-task)"
    yield f"issue types: create {types}, and add both to the issue type scheme of project {wanted.project}"
    by_category: dict[str, list[str]] = {}
    for status in wanted.statuses:
        by_category.setdefault(status.category, []).append(status.name)
    told = "; ".join(f"{category}: {_named(names)}" for category, names in by_category.items())
    yield f"statuses, by category: {told}"
    if fields:
        kinds = "; ".join(f"{field.name!r} ({field.type})" for field in wanted.fields)
        yield f"custom fields: {kinds}"
    for field in wanted.fields:
        if field.options:
            yield (
                f"field {field.name!r}: in a context for project {wanted.project} and issue type "
                f"{wanted.issue_type.name!r}, add the options {_named(field.options)}"
            )
    for use in ("create", "edit", "view"):
        yield _screen(wanted, use, is_cloud=is_cloud)
    step = wanted.screens["step"]
    yield f"screens of {wanted.step_type.name!r}: {_named(step.system)}"
    if failed := wanted.screens.get("failed"):
        yield f"a screen for a failed round: {_named(failed.fields)}, none of them required"
    for workflow in wanted.workflows:
        yield from _workflow(wanted, workflow)
    yield f"workflow scheme and issue type screen scheme of project {wanted.project}: give both issue types the above"
    if dashboards:
        yield from _dashboard(wanted)
    yield "stagegate check --live: confirms all of it"


def _screen(wanted: Desired, use: str, *, is_cloud: bool) -> str:
    screen: WantedScreen = wanted.screens[use]
    # Only Data Center looks at the edit screen when a field is written over REST.
    kept = [field.name for field in wanted.fields if field.kept] if use == "edit" and not is_cloud else []
    return f"{use} screen of {wanted.issue_type.name!r}: {_named((*screen.system, *screen.fields, *kept))}"


def _workflow(wanted: Desired, workflow: WantedWorkflow) -> Iterator[str]:
    yield f"a workflow for {workflow.type!r} that begins in {workflow.statuses[0]!r}, with {_named(workflow.statuses)}"
    anywhere = [step.to for step in workflow.transitions if not step.sources]
    if anywhere:
        yield f"in it, a transition from every status to each of {_named(anywhere)}"
    for step in workflow.transitions:
        if step.sources:
            guard = f", with the condition {wanted.gate!r} = {wanted.gate_open!r}" if step.guarded else ""
            screen = ", with the screen for a failed round" if step.screen else ""
            yield f"in it, a transition {step.name!r}: from {_named(step.sources)} to {step.to!r}{guard}{screen}"


def _dashboard(wanted: Desired) -> Iterator[str]:
    yield f"a dashboard {wanted.dashboard.name!r}, shared with project {wanted.project}"
    names = {one.key: one.name for one in wanted.filters}
    for gadget in wanted.dashboard.gadgets:
        filter_name = names[gadget.filter]
        yield f"on it, {gadget.title!r}: a {gadget.kind} gadget of the filter {filter_name!r}, by {_named(gadget.by)}"


def _named(names: Iterable[str]) -> str:
    return ", ".join(names)
