"""Every kind of field that the sandbox knows, by name."""

from jira_sandbox.choices import (
    Assignee,
    Checkboxes,
    MultiSelect,
    MultiUser,
    Priority,
    Radio,
    Resolution,
    Select,
    UserPicker,
)
from jira_sandbox.kinds import Date, DateTime, Fixed, Kind, Labels, LongText, Number, Place, Text

__all__ = ["KINDS", "Kind", "Place"]

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
