"""The first door: what is read of an issue, with how many requests, and what is not taken for what."""

from datetime import UTC, date, datetime, timedelta

import pytest
from gatewayworld import World

from jira_sandbox import Fault, Revocation, preset, relations, writing
from jira_sandbox.model import Change, ChangeItem, Issue
from sync_service.jira.errors import Incomplete, NotFound, ServerFault, Unauthorized
from sync_service.jira.gateway import Elsewhere, RolesHidden, Unmanaged, quoted
from sync_service.lifecycle.actions import Edit

READ_CLOUD = {"GET /rest/api/2/issue/{issueIdOrKey}": 1, "POST /rest/api/2/issue/bulkfetch": 1}


def asks(world: World, subtasks: int) -> dict[str, int]:
    """Return the requests of one look: two on Cloud, one and one a sub-task on Data Center."""
    return READ_CLOUD if world.site.cloud else {"GET /rest/api/2/issue/{issueIdOrKey}": 1 + subtasks}


def test_an_issue_with_its_sub_tasks_costs_two_requests(world: World) -> None:
    issue = world.create(named={"technical_consultant": world.person("tc")}, labels=["vip"])
    step = world.step(issue, assignee=world.person("tc"), duedate="2026-03-09", labels=["stagegate"])
    world.move(step, "Done")
    world.read(issue)
    world.reads()
    found = world.read(issue)

    assert world.reads() == asks(world, 1)
    assert (found.at, found.mapping) == (world.jira.clock.now().replace(microsecond=0), world.mapping)
    read = found.issue
    assert (read.id, read.key, read.status, read.creator) == (issue.id, issue.key, "Discovery", world.account("tc"))
    assert read.fields["technical_consultant"] == world.account("tc")
    assert (read.labels, read.ours, read.complete) == ({"vip"}, (world.account("service"),), True)
    assert "Requirements" in read.ways
    (one,) = read.subtasks
    assert (one.id, one.is_done, one.resolution, one.assignee) == (step.id, True, "Done", world.account("tc"))
    assert (one.due, one.labels) == (date(2026, 3, 9), {"stagegate"})
    assert one.marker is not None
    assert (one.marker.parent, one.marker.step) == (issue.id, "goals")
    assert [(c.field, c.before, c.after) for c in one.changes if c.field == "status"] == [("status", "To Do", "Done")]


def test_data_center_knows_people_by_name_and_its_change_log_by_key(datacenter: World) -> None:
    issue = datacenter.create()
    step = datacenter.step(issue)
    datacenter.edit(step, "admin", assignee={"name": "tc"})
    (read,) = datacenter.read(issue).issue.subtasks
    (change,) = read.changes

    assert (read.assignee, change.author, change.field) == ("tc", "admin", "assignee")
    assert change.after == preset.person(datacenter.site, "tc").key != "tc"


def test_an_issue_without_sub_tasks_costs_one(world: World) -> None:
    issue = world.create()
    world.read(issue)
    world.reads()
    world.read(issue)
    assert world.reads() == {"GET /rest/api/2/issue/{issueIdOrKey}": 1}


def test_a_sub_task_leads_to_its_parent(world: World) -> None:
    issue = world.create()
    step = world.step(issue)
    assert world.gateway.read(step.id) == Elsewhere(id=issue.id, key=issue.key)
    assert world.gateway.read(step.key) == Elsewhere(id=issue.id, key=issue.key)


def test_a_key_leads_to_the_id(world: World) -> None:
    issue = world.create()
    assert world.gateway.read(issue.key) == Elsewhere(id=issue.id, key=issue.key)


def test_what_is_none_of_ours(world: World) -> None:
    with world.site.lock:
        tc = preset.person(world.site, "tc")
        preset.simple_project(world.site, key="OPS", name="Operations", lead=tc)
        foreign = writing.create(
            world.site, tc, {"fields": {"project": {"key": "OPS"}, "issuetype": {"name": "Task"}, "summary": "x"}}
        )
    bug = world.create("Bug")

    assert world.gateway.read(foreign.id) == Unmanaged(key="OPS-1", why="no mapping has the project OPS")
    assert world.gateway.read(bug.id) == Unmanaged(key=bug.key, why="it is a Bug")


def test_an_issue_that_moved_keeps_its_id_and_shows_that_it_moved(world: World) -> None:
    issue = world.create()
    old_key = issue.key
    tc = preset.person(world.site, "tc")
    with world.site.lock:
        away = preset.simple_project(world.site, key="OPS", name="Operations", lead=tc)
        away.type_ids.append(issue.type_id)
        inte = world.site.project("INT")
        away.workflows[issue.type_id] = inte.workflows[issue.type_id]
        away.screens[issue.type_id] = inte.screens[issue.type_id]
        relations.move(world.site, tc, issue, away)
    assert world.gateway.read(issue.id) == Unmanaged(key=issue.key, why="no mapping has the project OPS")

    with world.site.lock:
        relations.move(world.site, tc, issue, inte)
    found = world.read(issue)
    assert found.issue.key != old_key
    assert found.issue.last_change("project") is not None
    assert world.gateway.read(old_key) == Elsewhere(id=issue.id, key=issue.key)


def test_an_issue_that_is_gone_or_hidden(world: World) -> None:
    issue = world.create()
    world.read(issue)
    world.site.revocations.append(
        Revocation(permission="BROWSE_PROJECTS", user_id=preset.person(world.site, "service").id, project_key="INT")
    )
    with pytest.raises(NotFound):
        world.gateway.read(issue.id)


def test_a_sub_task_that_is_listed_but_not_given_is_unread_not_missing(cloud: World) -> None:
    issue = cloud.create()
    seen, hidden = cloud.step(issue), cloud.step(issue, "scope")
    visible_issue = type(cloud.site).visible_issue

    def without(site: object, wanted: str, viewer: object) -> object:
        return visible_issue(site, "0" if wanted == hidden.id else wanted, viewer)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(cloud.site), "visible_issue", without)
        read = cloud.read(issue).issue
    assert ([one.id for one in read.subtasks], read.unread) == ([seen.id], (hidden.id,))


@pytest.mark.parametrize("name", ["subtasks", "status", "labels", "updated"])
def test_a_field_that_could_not_be_loaded_is_not_taken_for_empty(world: World, name: str) -> None:
    """Cloud is told to fail then; Data Center, and whatever else leaves out what always comes, is found out."""
    issue = world.create()
    world.step(issue)
    world.site.unloadable.add(name)
    with pytest.raises(ServerFault if world.site.cloud else Incomplete, match=name) as failed:
        world.read(issue)
    assert failed.value.repeatable
    assert not failed.value.site_wide

    world.site.unloadable.clear()
    assert len(world.read(issue).issue.subtasks) == 1


def test_on_cloud_no_field_that_was_asked_for_may_fail(cloud: World) -> None:
    issue = cloud.create()
    cloud.read(issue)
    cloud.site.unloadable.add(cloud.id_of("Technical Consultant"))
    with pytest.raises(ServerFault, match="customfield"):
        cloud.read(issue)


@pytest.mark.parametrize("name", ["status", "labels"])
def test_a_sub_task_that_is_not_whole_is_unread(cloud: World, name: str) -> None:
    """A bulk read has no way to ask for failure; nothing is decided then."""
    issue = cloud.create()
    step = cloud.step(issue)
    whole = cloud.gateway.client.issue(issue.id).body
    directory = cloud.gateway.directory(cloud.mapping)
    cloud.site.unloadable.add(name)
    assert cloud.gateway._subtasks(whole, directory) == ((), (step.id,))


def test_an_issue_that_is_not_whole_differs_from_what_was_seen(world: World) -> None:
    issue = world.create()
    seen = world.read(issue).fingerprint
    assert [told for _, _, told in world.gateway.portfolio(world.mapping)] == [seen]
    world.site.unloadable.add("updated")
    assert [told for _, _, told in world.gateway.portfolio(world.mapping)] != [seen]


def test_300_sub_tasks(world: World) -> None:
    issue = world.create()
    steps = [world.step(issue, f"s{number}") for number in range(300)]
    world.gateway.directory(world.mapping)
    world.reads()
    read = world.read(issue).issue

    assert [one.id for one in read.subtasks] == [step.id for step in steps]
    assert not read.unread
    if world.site.cloud:  # a hundred a request
        assert world.reads() == READ_CLOUD | {"POST /rest/api/2/issue/bulkfetch": 3}


def relabel(world: World, issue: object, times: int) -> None:
    for number in range(times):
        world.jira.clock.advance(seconds=1)
        world.edit(issue, labels=[f"l{number}"])  # type: ignore[arg-type]


def test_a_change_log_beyond_the_embedded_page_is_read_to_its_beginning(world: World) -> None:
    issue = world.create()
    world.move(issue, "Requirements")
    relabel(world, issue, 250)
    world.read(issue)
    world.reads()
    read = world.read(issue).issue

    assert (read.complete, len(read.changes)) == (True, 251)
    assert (read.changes[0].field, read.changes[0].after) == ("status", "Requirements")
    pages = world.reads().get("GET /rest/api/2/issue/{issueIdOrKey}/changelog", 0)
    assert pages == (3 if world.site.cloud else 0)


def test_the_embedded_page_is_enough_where_the_record_reaches_into_it(cloud: World) -> None:
    issue = cloud.create()
    relabel(cloud, issue, 120)
    cloud.move(issue, "Requirements")
    at = cloud.jira.clock.now().isoformat()
    entered = str(issue.changes[-1].id)
    issue.properties["stagegate"] = {
        "version": 1,
        "issue": issue.id,
        "accepted": [["discovery", issue.created.isoformat(), "created"], ["requirements", at, entered]],
    }
    cloud.read(issue)
    cloud.reads()
    read = cloud.read(issue).issue

    assert (read.complete, len(read.changes)) == (False, 100)
    assert cloud.reads() == {"GET /rest/api/2/issue/{issueIdOrKey}": 1}


def test_a_sub_task_done_long_ago_and_often_changed_since_keeps_its_time(world: World) -> None:
    """A bulk fetch gives the newest 40 changes; without the older ones it would seem done since it was made."""
    issue = world.create()
    step = world.step(issue)
    world.jira.clock.advance(days=3)
    world.move(step, "Done")
    relabel(world, step, 45)
    (one,) = world.read(issue).issue.subtasks

    assert [change.after for change in one.changes if change.field == "status"] == ["Done"]


def test_the_log_ends_where_jira_says_so_or_gives_nothing_more(cloud: World) -> None:
    issue = cloud.create()
    relabel(cloud, issue, 101)
    pages = [{"values": [], "isLast": False}]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cloud.gateway.client, "changelog_page", lambda _id, _start: pages[0])
        assert cloud.read(issue).issue.changes == ()


def test_changes_by_somebody_deleted_since(world: World) -> None:
    issue = world.create()
    item = ChangeItem(field="labels", field_id="labels", after_text="a")
    issue.changes.append(Change(id=1, author_id="gone", created=issue.created, items=(item,)))
    assert [change.author for change in world.read(issue).issue.changes] == [None]


# --- whose rights


def overridden(world: World, who: str) -> object:
    issue = world.create()
    world.edit(issue, who, **{world.id_of("Gate Override"): "The client insists."})
    return issue


def with_override(world: World, **override: tuple[str, ...]) -> None:
    changed = world.mapping.override.model_copy(update={"roles": (), "groups": (), "accounts": ()} | override)
    world.mapping = world.mapping.model_copy(update={"override": changed})
    world.gateway.mappings["INT"] = world.mapping


def rights(world: World, who: str) -> frozenset[str]:
    issue = overridden(world, who)
    return world.read(issue).issue.groups.get(world.account(who), frozenset())  # type: ignore[arg-type]


def test_a_role_held_in_person(world: World) -> None:
    assert rights(world, "admin") == {"group:jira-users", "group:jira-administrators", "role:Administrators"}


def test_a_role_held_by_a_group(world: World) -> None:
    with_override(world, roles=("Members",))
    assert "role:Members" in rights(world, "tc")


@pytest.mark.parametrize("role", ["Administrators", "No such role", "Viewers"])
def test_a_role_not_held(world: World, role: str) -> None:
    with_override(world, roles=(role,))
    assert f"role:{role}" not in rights(world, "tc")


def test_groups_alone_need_no_roles(world: World) -> None:
    with_override(world, groups=("jira-users",))
    assert rights(world, "tc") == {"group:jira-users"}


def test_a_user_who_bears_the_name_of_a_group(world: World) -> None:
    """A role is held by the group `tc`, which is not the user `tc`."""
    with_override(world, roles=("Viewers",))
    roles = world.site.project("INT").roles
    roles[10004] = preset.Actors(groups=["tc"])
    assert "role:Viewers" not in rights(world, "tc")


def test_listed_accounts_need_no_question(world: World) -> None:
    with_override(world, accounts=(world.account("tc"),))
    issue = overridden(world, "tc")
    assert world.read(issue).issue.groups == {}  # type: ignore[arg-type]


def test_the_author_was_deleted_since(world: World) -> None:
    """Jira's 404 for the user must not be read as "the issue is gone"."""
    issue = overridden(world, "admin")
    where = "user/groups" if world.site.cloud else r"/user\?"
    world.jira.faults.add(Fault(action="status", status=404, path=where))
    assert world.read(issue).issue.groups == {world.account("admin"): frozenset()}  # type: ignore[arg-type]


@pytest.mark.parametrize("refusal", [None, 401, 403, 404])
@pytest.mark.parametrize("path", [r"/project/INT/role(\?|$)", "/project/INT/role/"])
def test_a_service_that_may_not_see_roles_says_so(world: World, refusal: int | None, path: str) -> None:
    """Neither are our credentials wrong then, nor is the issue gone, as 401 and 404 else mean."""
    issue = overridden(world, "admin")
    if refusal is None:
        service = preset.person(world.site, "service")
        world.site.revocations.append(Revocation(permission="ADMINISTER_PROJECTS", user_id=service.id))
    else:
        world.jira.faults.add(Fault(action="status", status=refusal, path=path, message="You may not"))
    with pytest.raises(RolesHidden, match=r"in INT can't be judged.*([Mm]ay not|cannot edit).*Administer Projects"):
        world.read(issue)  # type: ignore[arg-type]


def test_credentials_that_end_while_roles_are_read_are_no_matter_of_the_issue(world: World) -> None:
    issue = overridden(world, "admin")
    world.jira.faults.add(Fault(action="status", status=401, path="/project/INT/role|/myself"))
    with pytest.raises(Unauthorized):
        world.read(issue)  # type: ignore[arg-type]


# --- many


def test_what_changed_since_names_parents(world: World) -> None:
    old, changed, by_step = world.create(), world.create(), world.create()
    step = world.step(by_step)
    world.later(minutes=30)
    world.edit(changed, summary="New words")
    world.edit(step, summary="New words")
    found = set(world.gateway.changed_within(world.mapping, timedelta(minutes=5)))

    assert found == {(changed.id, changed.key), (by_step.id, by_step.key)}
    assert old.id not in {issue_id for issue_id, _ in found}


def test_what_is_edited_while_a_sweep_goes_on_hides_nothing_else(world: World) -> None:
    """Data Center's pages go by offset: in the order of changes, an edit would shift all others by one."""
    issues = [world.create() for _ in range(120)]
    found = dict[str, str]()
    for issue, key in world.gateway.changed_within(world.mapping, timedelta(minutes=5)):
        if not found:
            world.later(minutes=1)
            world.edit(issues[4], summary="New words")
        found[issue] = key
    assert found | {issues[4].id: issues[4].key} == {issue.id: issue.key for issue in issues}, "it is the next sweep's"


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/New_York"])
@pytest.mark.parametrize("days", [0, 7, 400])
def test_what_changed_within_a_span_is_the_same_in_every_time_zone(world: World, zone: str, days: int) -> None:
    preset.person(world.site, "service").time_zone = zone
    world.jira.clock.set(datetime(2026, 11, 1, 5, 50, tzinfo=UTC))  # ten minutes before New York lives an hour twice
    issue = world.create()
    world.jira.clock.advance(days=days, minutes=30, seconds=1)

    told = {(issue.id, issue.key)}
    assert set(world.gateway.changed_within(world.mapping, timedelta(days=days, minutes=30, seconds=1))) == told
    assert set(world.gateway.changed_within(world.mapping, timedelta(days=days, minutes=29))) == set()


def test_the_portfolio_and_what_tells_a_change(world: World) -> None:
    issue, other = world.create(), world.create()
    step = world.step(issue)
    world.create("Bug")
    before = {key: seen for _, key, seen in world.gateway.portfolio(world.mapping)}
    assert before.keys() == {issue.key, other.key}
    assert before[issue.key] == world.read(issue).fingerprint

    world.later()
    world.move(step, "Done")
    after = {key: seen for _, key, seen in world.gateway.portfolio(world.mapping)}
    assert [key for key in before if before[key] != after[key]] == [issue.key]


def test_queries_go_by_ids_so_that_a_rename_breaks_none(world: World) -> None:
    issue = booked(world, "2026-04-06", "Certification")
    world.read(issue)
    world.site.status_named("Certification").name = "Exams"
    next(t for t in world.site.types.values() if t.name == "Integration").name = "Partner project"

    assert [key for _, key, _ in world.gateway.portfolio(world.mapping)] == [issue.key]
    assert list(world.gateway.bookings(world.mapping)) == [(issue.id, date(2026, 4, 6))]


def booked(world: World, start: str | None, stage: str) -> Issue:
    issue = world.create(named={"certification_start": start} if start else {})
    world.apply(Edit(issue=issue.id, key=issue.key, fields={"stage": stage}), world.read(issue))
    return issue


def test_bookings_are_those_of_certification_with_a_start(world: World) -> None:
    one = booked(world, "2026-04-06", "Certification")
    booked(world, None, "Certification")
    booked(world, "2026-04-13", "Development")
    assert list(world.gateway.bookings(world.mapping)) == [(one.id, date(2026, 4, 6))]


def test_a_booking_goes_by_the_stage_that_was_accepted_not_by_the_status(world: World) -> None:
    held, not_yet = booked(world, "2026-04-06", "Certification"), booked(world, "2026-04-13", "Development")
    world.move(held, "Cancelled")
    world.move(not_yet, "Certification")
    assert list(world.gateway.bookings(world.mapping)) == [(held.id, date(2026, 4, 6))]


def test_rounds_that_are_long_over_are_not_read(world: World) -> None:
    booked(world, "2026-01-05", "Certification")
    lately = booked(world, "2026-02-20", "Certification")
    assert list(world.gateway.bookings(world.mapping)) == [(lately.id, date(2026, 2, 20))]


def test_a_lifecycle_without_certification_has_no_bookings(world: World) -> None:
    plain = world.mapping.model_copy(update={"certification": None})
    assert list(world.gateway.bookings(plain)) == []


def test_the_time_is_jiras(world: World) -> None:
    assert world.gateway.now() == world.jira.clock.now().replace(microsecond=0)


@pytest.mark.parametrize(("text", "jql"), [("INT", '"INT"'), ('a "b"', r'"a \"b\""'), ("a\\b", r'"a\\b"')])
def test_texts_in_queries(text: str, jql: str) -> None:
    assert quoted(text) == jql
