"""Plans are values: references are resolved, replies teach ids, what is saved is read back the same."""

import pytest

from mappings import load
from sync_service.errors import ConfigurationError
from sync_service.provision.desired import desired
from sync_service.provision.diff import diff
from sync_service.provision.plan import Learned, Plan, dumped, loaded, ref, resolved
from sync_service.provision.run import Refused, compare
from sync_service.provision.site import Project, Scheme, Site, SiteWorkflow

WANTED = desired(load("paytronix"), "https://host.example/webhooks/jira")


def site(*, is_cloud: bool = True, administered: bool = True, may_share: bool = True) -> Site:
    """A site with a project that Jira has just made."""
    return Site(
        is_cloud=is_cloud,
        version=(1001, 0, 0) if is_cloud else (9, 12, 0),
        project=Project(id="10000", types={"Task": "1"}, team_managed=False, has_issues=False),
        administered=administered,
        may_share=may_share,
        types={"Task": ("1", False)},
        type_scheme=Scheme(id="1", name="Default", given={"1": ""}, is_default=False),
        type_screens=Scheme(id="1", name="Screens", given={"default": "1"}),
        workflow_scheme=Scheme(id="1", name="Workflows", given={"default": "jira"}),
        workflows={"jira": SiteWorkflow(id="1", statuses=frozenset({"To Do"}), transitions=())},
        gadget_uris=frozenset(),
    )


def test_references_are_replaced_however_deep() -> None:
    body = {
        "a": [ref("field", "Gate"), f"filter-{ref('filter', 'all')}"],
        ref("type", "X"): ref("screen", "S", number=True),
    }
    ids = {"field:Gate": "customfield_1", "filter:all": "7", "type:X": "3", "screen:S": "42"}
    assert resolved(body, ids) == {"a": ["customfield_1", "filter-7"], "3": 42}


def test_a_reference_that_nobody_taught_is_an_error() -> None:
    with pytest.raises(KeyError, match="field:Gate"):
        resolved(ref("field", "Gate"), {})


@pytest.mark.parametrize(
    ("at", "reply"),
    [
        pytest.param(("id",), {"id": 7}, id="of an object"),
        pytest.param(("0", "id"), [{"id": 7}], id="of the first"),
        pytest.param(("options", "value=b=c", "id"), {"options": [{"value": "a", "id": 1}, {"value": "b=c", "id": 7}]},
                     id="of the one with a value"),
    ],
)  # fmt: skip
def test_a_reply_teaches_an_id(at: tuple[str, ...], reply: object) -> None:
    assert Learned(reference="x", at=at).find(reply) == "7"


@pytest.mark.parametrize("at", [("id",), ("value=b", "id")])
def test_a_reply_without_the_id_is_noticed(at: tuple[str, ...]) -> None:
    with pytest.raises(LookupError):
        Learned(reference="x", at=at).find([{"value": "a"}] if "=" in at[0] else {})


def test_a_plan_is_saved_and_read_back_the_same_without_a_secret() -> None:
    plan = diff(WANTED, site())
    assert plan.needs_secret
    assert loaded(dumped([plan]), "plan.json") == (plan,)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1, "plans": [{}]}', '{"format": 0, "plans": []}'])
def test_what_is_no_plan_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"plan\.json"):
        loaded(text, "plan.json")


def test_a_plan_that_is_no_longer_right_is_refused_with_what_differs() -> None:
    saved = diff(WANTED, site())
    compare(saved, diff(WANTED, site()))
    now = Plan(project="INT", changes=saved.changes[1:], ids=saved.ids)
    with pytest.raises(Refused, match="no longer to be done: issue type 'Integration'"):
        compare(saved, now)


def test_order_follows_what_depends_on_what() -> None:
    kinds = list(dict.fromkeys(change.kind for change in diff(WANTED, site()).changes))
    assert kinds.index("field") < kinds.index("screen") < kinds.index("workflow") < kinds.index("workflow scheme")
    assert kinds.index("field") < kinds.index("filter")


def test_gadgets_that_the_site_does_not_offer_are_left_out_with_a_word() -> None:
    plan = diff(WANTED, site())
    assert not any(change.kind == "gadget" for change in plan.changes)
    assert sum("does not offer the gadget" in note for note in plan.notes) == len(WANTED.dashboard.gadgets)


def test_without_the_right_to_share_filters_stay_private() -> None:
    plan = diff(WANTED, site(may_share=False))
    (body, *_) = [change.requests[0].body for change in plan.changes if change.kind == "filter"]
    assert "sharePermissions" not in body
    assert any("Create shared objects" in note for note in plan.notes)


def test_a_jira_that_cannot_sign_gets_the_password_in_the_address() -> None:
    plan = diff(WANTED, site(is_cloud=False))
    (request,) = [change.requests[0] for change in plan.changes if change.kind == "webhook"]
    assert request.path == "/rest/webhooks/1.0/webhook"
    assert plan.needs_secret
    assert any("cannot sign" in note for note in plan.notes)
    assert "⟦" not in next(change.name for change in plan.changes if change.kind == "webhook")
