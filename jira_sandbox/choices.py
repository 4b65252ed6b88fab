"""Kinds of fields whose values are chosen: options, users, priority, resolution."""
# ruff: noqa: ARG002  every kind answers the same questions, whether or not it needs all that is handed in

from typing import Any

from jira_sandbox import show
from jira_sandbox.errors import FieldRefused
from jira_sandbox.kinds import Kind, Place, Told
from jira_sandbox.model import Field
from jira_sandbox.show import View
from jira_sandbox.site import Site


class Select(Kind):
    """One option."""

    type = "option"
    custom = "select"
    family = "option"

    def parse(self, place: Place, field: Field, raw: Any) -> str | None:
        """Take `{"value": …}` or `{"id": …}`."""
        return None if raw is None else self.find(place, field, raw)

    def find(self, place: Place, field: Field, raw: Any) -> str:
        """Return the id of the option that `raw` names."""
        if not isinstance(raw, dict) or not {"id", "value"} & raw.keys():
            raise FieldRefused("Specify a valid 'id' or 'name' for " + field.name)
        for option in place.options(field):
            if str(raw.get("id", option.id)) == option.id and raw.get("value", option.value) == option.value:
                return option.id
        named = f"Option id '{raw['id']}'" if "id" in raw else f"Option value '{raw['value']}'"
        raise FieldRefused(f"{named} is not valid")

    def show(self, view: View, field: Field, value: Any) -> Any:
        """Show the option, or None if it has gone."""
        return next((show.option(view, o) for o in field.options() if o.id == value), None)

    def tell(self, site: Site, field: Field, value: Any) -> Told:
        """Tell the option's id and value."""
        return value, next((o.value for o in field.options() if o.id == value), None)

    def allowed(self, view: View, place: Place, field: Field) -> list[Any] | None:
        """Offer the options of this place."""
        return [show.option(view, option) for option in place.options(field)]


class Radio(Select):
    """One option, as radio buttons."""

    custom = "radiobuttons"


class MultiSelect(Select):
    """Several options."""

    type = "array"
    items = "option"
    custom = "multiselect"
    operations = ("add", "set", "remove")

    def parse(self, place: Place, field: Field, raw: Any) -> Any:
        """Take a list of options."""
        if raw is not None and not isinstance(raw, list):
            raise FieldRefused("data was not an array")
        return list(dict.fromkeys(self.find(place, field, each) for each in raw or []))

    def show(self, view: View, field: Field, value: Any) -> Any:
        """Show the options in the field's order, None where nothing is chosen."""
        return [show.option(view, o) for o in field.options() if o.id in (value or [])] or None

    def tell(self, site: Site, field: Field, value: Any) -> Told:
        """Tell `[ids]` and the values, as Jira joins them."""
        chosen = [o for o in field.options() if o.id in (value or [])]
        if not chosen:
            return None, None
        return f"[{', '.join(o.id for o in chosen)}]", ",".join(o.value for o in chosen)


class Checkboxes(MultiSelect):
    """Several options, as boxes."""

    custom = "multicheckboxes"


class UserPicker(Kind):
    """A user."""

    type = "user"
    custom = "userpicker"
    family = "user"

    def parse(self, place: Place, field: Field, raw: Any) -> str | None:
        """Take `{"accountId": …}` on Cloud, `{"name": …}` (or `key`) on Data Center."""
        return None if raw is None else self.find(place, raw)

    def find(self, place: Place, raw: Any) -> str | None:
        """Return the account id of the user whom `raw` names."""
        names = ("accountId", "id") if place.site.cloud else ("name", "key")
        reference = next((raw[n] for n in names if n in raw), "") if isinstance(raw, dict) else ""
        if reference is None:
            return None
        found = place.site.user(reference)
        if found is None:
            raise FieldRefused(f"User '{reference}' does not exist." if reference else "expected Object")
        return found.id

    def show(self, view: View, field: Field, value: Any) -> Any:
        """Show the user."""
        return show.known_user(view, value) if value else None

    def tell(self, site: Site, field: Field, value: Any) -> Told:
        """Tell the flavour's id and the display name."""
        who = site.users.get(value) if value else None
        return (None, None) if who is None else (who.id if site.cloud else who.key, who.display_name)


class Assignee(UserPicker):
    """The assignee: only those who may be assigned issues of the project."""

    def find(self, place: Place, raw: Any) -> str | None:
        """Refuse a user who cannot be assigned; -1 stands for the project's default."""
        if isinstance(raw, dict) and "-1" in (raw.get("accountId"), raw.get("name")):
            return place.site.default_assignee(place.project)
        found = super().find(place, raw)
        if found and not place.site.assignable(place.site.users[found], place.project):
            name = found if place.site.cloud else place.site.users[found].name
            raise FieldRefused(f"User '{name}' cannot be assigned issues.")
        return found


class MultiUser(UserPicker):
    """Several users."""

    type = "array"
    items = "user"
    custom = "multiuserpicker"
    operations = ("add", "set", "remove")

    def parse(self, place: Place, field: Field, raw: Any) -> Any:
        """Take a list of users."""
        if raw is not None and not isinstance(raw, list):
            raise FieldRefused("data was not an array")
        return list(dict.fromkeys(self.find(place, each) for each in raw or []))

    def show(self, view: View, field: Field, value: Any) -> Any:
        """Show the users, None where there is none."""
        return [show.known_user(view, each) for each in value or []] or None

    def tell(self, site: Site, field: Field, value: Any) -> Told:
        """Tell the ids and names."""
        told = [UserPicker.tell(self, site, field, each) for each in value or []]
        return (f"[{', '.join(str(i) for i, _ in told)}]", ", ".join(str(t) for _, t in told)) if told else (None, None)


class Priority(Kind):
    """The priority."""

    type = "priority"
    family = "named"

    def parse(self, place: Place, field: Field, raw: Any) -> str | None:
        """Take `{"id": …}` or `{"name": …}`."""
        wanted = raw if isinstance(raw, dict) else {}
        for each in place.site.priorities.values():
            if str(wanted.get("id", "")) == each.id or wanted.get("name") == each.name:
                return each.id
        raise FieldRefused("The priority selected is invalid.")

    def show(self, view: View, field: Field, value: Any) -> Any:
        """Show the priority."""
        return show.named(view, view.site.priorities.get(value), "priority")

    def tell(self, site: Site, field: Field, value: Any) -> Told:
        """Tell id and name."""
        return value, site.priorities[value].name if value in site.priorities else None

    def allowed(self, view: View, place: Place, field: Field) -> list[Any] | None:
        """Offer every priority."""
        return [show.named(view, each, "priority") for each in view.site.priorities.values()]


class Resolution(Priority):
    """The resolution."""

    type = "resolution"

    def parse(self, place: Place, field: Field, raw: Any) -> str | None:
        """Take `{"id": …}` or `{"name": …}`; null clears."""
        if raw is None:
            return None
        for each in place.site.resolutions.values():
            if isinstance(raw, dict) and (str(raw.get("id", "")) == each.id or raw.get("name") == each.name):
                return each.id
        raise FieldRefused("Specify a valid 'id' or 'name' for resolution")

    def show(self, view: View, field: Field, value: Any) -> Any:
        """Show the resolution."""
        return show.named(view, view.site.resolutions.get(value), "resolution")

    def tell(self, site: Site, field: Field, value: Any) -> Told:
        """Tell id and name."""
        return value, site.resolutions[value].name if value in site.resolutions else None

    def allowed(self, view: View, place: Place, field: Field) -> list[Any] | None:
        """Offer every resolution."""
        return [show.named(view, each, "resolution") for each in view.site.resolutions.values()]
