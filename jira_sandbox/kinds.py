"""Kinds of fields: how a value is written in a request, kept, shown, and told in the change log.

Kept values: text `str`, number `float`, date `"yyyy-MM-dd"`, date-time aware `datetime`, option and user their id,
several options or users a list of ids, labels a list of words; None or an empty list where nothing is set.
"""
# ruff: noqa: ARG002  every kind answers the same questions, whether or not it needs all that is handed in

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from jira_sandbox import adf
from jira_sandbox.clock import stamp
from jira_sandbox.errors import FieldRefused
from jira_sandbox.model import Field, Option, Project
from jira_sandbox.show import Json, View
from jira_sandbox.site import Site

LONGEST_TEXT = 32_767
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


def check_length(text: str) -> None:
    """Raise FieldRefused, in Jira's words, for a text of several lines that is longer than Jira takes by default."""
    if len(text) > LONGEST_TEXT:
        limit = f"{LONGEST_TEXT:,} characters"
        raise FieldRefused(f"The entered text is too long. It exceeds the allowed limit of {limit}.")


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
        text = super().parse(place, field, adf.to_text(raw) if place.api == "3" else raw)
        check_length(text or "")
        return text

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


class Fixed(Kind):
    """A field that Jira keeps itself, or that has an operation of its own; never set by an edit."""

    def __init__(self, type_: str, items: str | None = None, family: str = "fixed") -> None:
        self.type, self.items, self.family = type_, items, family

    def parse(self, place: Place, field: Field, raw: Any) -> Any:
        """Refuse."""
        raise FieldRefused(f"Field '{field.id}' cannot be set. It is not on the appropriate screen, or unknown.")
