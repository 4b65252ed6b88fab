"""Writing issues: creation in bulk, edits, properties, transitions."""

from collections.abc import Mapping, Sequence
from typing import Any

from sync_service.jira.answers import Effect, Json, Reply
from sync_service.jira.calls import Calls, chunks, segment
from sync_service.jira.creation import (
    MOST_PER_REQUEST,
    NewIssue,
    Outcome,
    outcomes,
    properties_list,
    request_body,
)
from sync_service.jira.errors import Invalid, Unanswered


class IssueWrites(Calls):
    """The calls that write issues."""

    def create_issues(self, issues: Sequence[NewIssue]) -> tuple[Outcome, ...]:
        """Create issues, 50 a request, and return what became of each, in their order.

        A refused one is an ElementError, not an exception. Raises Unanswered where the answer is lost: some may
        exist then, so look before repeating; so too for what a failure leaves of more than 50.
        """
        return tuple(outcome for chunk in chunks(list(issues), MOST_PER_REQUEST) for outcome in self._create(chunk))

    def _create(self, issues: list[NewIssue]) -> list[Outcome]:
        operation = "POST issue/bulk"
        try:
            reply = self.call(operation, "POST", "issue/bulk", effect=Effect.ACTS, body=request_body(issues))
        except Invalid as refused:
            each = outcomes(len(issues), refused.answer)  # 400: not one was created, and each error has its place
            if each is None:
                raise
            return each
        each = outcomes(len(issues), reply.body)
        if each is None:
            raise Unanswered("the answer does not say which issues were created", operation=operation)
        return each

    def edit_issue(
        self,
        id_or_key: str,
        *,
        fields: Mapping[str, Any] | None = None,
        update: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
        properties: Mapping[str, Any] | None = None,
    ) -> Reply:
        """Edit an issue in one request; an edit that adds (a comment, say) is never repeated after a lost answer."""
        body = {"fields": fields, "update": update, "properties": properties_list(properties or {})}
        return self.call(
            "PUT issue",
            "PUT",
            f"issue/{segment(id_or_key)}",
            effect=Effect.ACTS if _adds(update or {}) else Effect.SETS,
            body={part: value for part, value in body.items() if value},
            issue=id_or_key,
        )

    def put_property(self, id_or_key: str, key: str, value: Any) -> Reply:
        """Set an issue property; `value` is JSON of at most 32,768 characters. Mails nobody."""
        path = f"issue/{segment(id_or_key)}/properties/{segment(key)}"
        return self.call("PUT issue/properties", "PUT", path, effect=Effect.SETS, body=value, issue=id_or_key)

    def transitions(self, id_or_key: str) -> list[Json]:
        """Return the transitions open to us now, with the fields of their screens; none without permission."""
        params = {"expand": "transitions.fields"}
        body = self._object("GET issue/transitions", f"issue/{segment(id_or_key)}/transitions", params)
        return list(body.get("transitions") or [])

    def transition(self, id_or_key: str, transition_id: str) -> Reply:
        """Take a transition by its id. Nothing rides on it: without a screen Jira drops a comment silently."""
        return self.call(
            "POST issue/transitions",
            "POST",
            f"issue/{segment(id_or_key)}/transitions",
            body={"transition": {"id": str(transition_id)}},
            issue=id_or_key,
        )


def _adds(update: Mapping[str, Sequence[Mapping[str, Any]]]) -> bool:
    """Tell whether an edit adds something that, sent twice, would be there twice (labels are a set)."""
    return any("add" in verb for field, verbs in update.items() if field != "labels" for verb in verbs)
