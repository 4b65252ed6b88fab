"""Kinds of fields: how a value is written in a request, kept, shown, and told in the change log.

Kept values: text `str`, number `float`, date `"yyyy-MM-dd"`, date-time aware `datetime`, option and user their id,
several options or users a list of ids, labels a list of words; None or an empty list where nothing is set.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from jira_sandbox import adf, show
from jira_sandbox.clock import stamp
from jira_sandbox.errors import FieldRefused
from jira_sandbox.model import Field, Option, Project
from jira_sandbox.show import Json, View
from jira_sandbox.site import Site

CUSTOM = "com.atlassian.jira.plugin.system.customfieldtypes:"
Told = tuple[str | None, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a value is written: options and assignable users depend on it."""

    site: Site
    project: Project
    type_id: str
    api: str = "2"

    def options(self, field: Field) -> list[Option]:
        """Return the options that the field offers here."""
        context = field.context_for(self.project.id, self.type_id)
        return [o for o in context.options if not o.disabled] if context else []


class Kind:
    """A kind of field; subclasses say what differs. `family` is what JQL compares it as."""

    type = "string"
    items: str | None = None
    custom: str | None = None
    family = "text"
    operations: tuple[str, ...] = ("set",)

    def schema(self, field: Field) -> Json:
        """Return the field's JSON schema as `/field` and the edit metadata have it."""
        shown: Json = {"type": self.type} | ({"items": self.items} if self.items else {})
        if field.custom:
            return shown | {"custom": CUSTOM + str(self.custom), "customId": int(field.id.removeprefix("customfield_"))}
        return shown | {"system": field.id}

    def parse(self, place: Place, field: Field, raw: Any) -> Any:
        """Return the kept form of what a request sets; raise FieldRefused with Jira's message."""
        raise NotImplementedError

    def show(self, view: View, field: Field, value: Any) -> Any:
        """Return the JSON of a kept value."""
        return value

    def tell(self, site: Site, field: Field, value: Any) -> Told:
        """Return (id, text) of a kept value for the change log."""
        return None, value

    def allowed(self, view: View, place: Place, field: Field) -> list[Any] | None:
        """Return the values that a screen would offer; None where any will do."""
        return None


class Text(Kind):
    """One line of text."""

    custom = "textfield"
    limit: int | None = 255

    def parse(self, place: Place, field: Field, raw: Any) -> str | None:
        """Take a string; an empty one clears."""
        if raw is not None and not isinstance(raw, str):
            raise FieldRefused("Operation value must be a string")
        if raw and self.limit and len(raw) > self.limit:
            raise FieldRefused(f"{field.name} can't exceed {self.limit} characters.")
        if raw and "\n" in raw and self.limit:
            raise FieldRefused("The summary is invalid because it contains newline characters.")
        return raw or None


class LongText(Text):
    """Wiki text of several lines; in REST v3 an Atlassian document."""

    custom = "textarea"
    limit = None

    def parse(self, place: Place, field: Field, raw: Any) -> str | None:
        """Take a string (v2) or a document (v3)."""
        return super().parse(place, field, adf.to_text(raw) if place.api == "3" else raw)

    def show(self, view: View, field: Field, value: Any) -> Any:
        """Show wiki text (v2) or a document (v3)."""
        return adf.from_text(value) if view.api == "3" else value


class Number(Kind):
    """A number."""

    type = "number"
    custom = "float"
    family = "number"

    def parse(self, place: Place, field: Field, raw: Any) -> float | None:
        """Take a JSON number; Jira refuses a string."""
        if raw is None:
            return None
        if isinstance(raw, bool) or not isinstance(raw, int | float):
            raise FieldRefused("Operation value must be a number")
        return float(raw)

    def tell(self, site: Site, field: Field, value: Any) -> Told:
        """Tell whole numbers without a fraction."""
        return None, None if value is None else f"{value:g}"


class Date(Kind):
    """A day."""

    type = "date"
    custom = "datepicker"
    family = "moment"

    def parse(self, place: Place, field: Field, raw: Any) -> str | None:
        """Take `yyyy-MM-dd`."""
        if raw in (None, ""):
            return None
        if not isinstance(raw, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", raw):
            raise FieldRefused("Operation value must be a string in the format 'yyyy-MM-dd'")
        try:
            return date.fromisoformat(raw).isoformat()
        except ValueError:
            raise FieldRefused(f"Error parsing date string: {raw}") from None

    def tell(self, site: Site, field: Field, value: Any) -> Told:
        """Tell the day as id, and as Jira prints it: with midnight (due date) or short (date picker)."""
        if value is None:
            return None, None
        day = date.fromisoformat(value)
        return value, f"{day.day}/{day:%b/%y}" if field.custom else f"{value} 00:00:00.0"


class DateTime(Kind):
    """A moment."""

    type = "datetime"
    custom = "datetime"
    family = "moment"

    def parse(self, place: Place, field: Field, raw: Any) -> datetime | None:
        """Take an ISO moment with offset, as Jira writes them."""
        if raw in (None, ""):
            return None
        try:
            moment = datetime.fromisoformat(raw)
        except (TypeError, ValueError):
            raise FieldRefused(f"Error parsing time: {raw}") from None
        if moment.tzinfo is None:
            raise FieldRefused(f"Error parsing time: {raw}")
        return moment

    def show(self, view: View, field: Field, value: Any) -> Any:
        """Show it in the site's time zone."""
        return view.time(value)

    def tell(self, site: Site, field: Field, value: Any) -> Told:
        """Tell the moment as id and text."""
        return (None, None) if value is None else (stamp(value, site.time_zone), f"{value:%d/%b/%y %I:%M %p}")


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
        """Refuse a user who cannot be assigned; -1 stands for the project's default, here nobody."""
        if isinstance(raw, dict) and "-1" in (raw.get("accountId"), raw.get("name")):
            return None
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


class Labels(Kind):
    """Words."""

    type = "array"
    items = "string"
    custom = "labels"
    family = "labels"
    operations = ("add", "set", "remove")

    def parse(self, place: Place, field: Field, raw: Any) -> list[str]:
        """Take a list of words without spaces."""
        if raw is None:
            return []
        if not isinstance(raw, list) or not all(isinstance(word, str) for word in raw):
            raise FieldRefused("data was not an array")
        for word in raw:
            if re.search(r"\s", word):
                raise FieldRefused(f"The label '{word}' contains spaces which is invalid.")
        return sorted(set(raw))

    def show(self, view: View, field: Field, value: Any) -> Any:
        """Show the words; the system field is never null."""
        return value or (None if field.custom else [])

    def tell(self, site: Site, field: Field, value: Any) -> Told:
        """Tell the words, separated by spaces."""
        return None, " ".join(value or [])


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


class Fixed(Kind):
    """A field that Jira keeps itself, or that has an operation of its own; never set by an edit."""

    def __init__(self, type_: str, items: str | None = None, family: str = "fixed") -> None:
        self.type, self.items, self.family = type_, items, family

    def parse(self, place: Place, field: Field, raw: Any) -> Any:
        """Refuse."""
        raise FieldRefused(f"Field '{field.id}' cannot be set. It is not on the appropriate screen, or unknown.")


KINDS: dict[str, Kind] = {
    "text": Text(), "textarea": LongText(), "number": Number(), "date": Date(), "datetime": DateTime(),
    "select": Select(), "radio": Radio(), "multiselect": MultiSelect(), "checkboxes": Checkboxes(),
    "user": UserPicker(), "assignee": Assignee(), "multiuser": MultiUser(), "labels": Labels(),
    "priority": Priority(), "resolution": Resolution(),
    "project": Fixed("project"), "issuetype": Fixed("issuetype"), "status": Fixed("status"),
    "parent": Fixed("issuelink"), "subtasks": Fixed("array", "issuelinks"), "issuelinks": Fixed("array", "issuelinks"),
    "comment": Fixed("comments-page"), "moment": Fixed("datetime", family="moment"), "creator": Fixed("user"),
    "progress": Fixed("progress"), "watches": Fixed("watches"), "votes": Fixed("votes"),
    "issuekey": Fixed("string"), "workratio": Fixed("number"), "list": Fixed("array", "string"),
}  # fmt: skip
