"""Reading issues: one, many, their changes, and searches; the same for Cloud and Data Center."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sync_service.jira.answers import Effect, Json, Reply, as_object
from sync_service.jira.calls import PAGE, Calls, chunks, commas, lists, segment
from sync_service.jira.errors import NotFound, NotJira

MOST_PER_FETCH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Issues as Jira gave them, and by id those that exist but could not be read now (`unread`, with Jira's words).

    An issue that was asked for and is in neither is missing or not visible.
    """

    issues: tuple[Json, ...]
    unread: Mapping[str, str]
    at: datetime


class IssueReads(Calls):
    """The calls that read issues."""

    def issue(
        self,
        id_or_key: str,
        *,
        fields: Sequence[str] = (),
        properties: Sequence[str] = (),
        expand: Sequence[str] = (),
    ) -> Reply:
        """Return one issue and the time on Jira's clock; raises NotFound where it is missing or not visible.

        An old key finds the issue under its new one. No `fields` means all. Where one can't be loaded, Cloud is told to
        fail, since it leaves the field out else, as though it were empty.
        """
        params = commas(fields=fields, properties=properties, expand=expand)
        params |= {"failFast": "true"} if self.is_cloud else {}
        reply = self.call("GET issue", "GET", f"issue/{segment(id_or_key)}", params=params)
        as_object(reply, "GET issue")
        return reply

    def issues(
        self,
        ids: Sequence[str],
        *,
        fields: Sequence[str] = ("*all",),
        properties: Sequence[str] = (),
        expand: Sequence[str] = (),
    ) -> Batch:
        """Return many issues as they are now, not as an index remembers them; the missing are left out.

        Cloud: 100 a request (at most 5 properties, the newest 40 changes). Data Center: one request each.
        """
        wanted = list(dict.fromkeys(ids))
        fetch = self._fetch_bulk if self.is_cloud else self._fetch_each
        batches = list(fetch(wanted, fields, properties, expand))
        return Batch(
            issues=tuple(issue for batch in batches for issue in batch.issues),
            unread={name: words for batch in batches for name, words in batch.unread.items()},
            at=min((batch.at for batch in batches), default=self.now()),
        )

    def _fetch_bulk(
        self, ids: list[str], fields: Sequence[str], properties: Sequence[str], expand: Sequence[str]
    ) -> Iterator[Batch]:
        operation = "POST issue/bulkfetch"
        wanted = lists(fields=fields, properties=properties, expand=expand)
        for chunk in chunks(ids, MOST_PER_FETCH):
            body = {"issueIdsOrKeys": chunk, **wanted}
            reply = self.call(operation, "POST", "issue/bulkfetch", effect=Effect.READS, body=body)
            page = as_object(reply, operation)
            unread = {str(error.get("id")): str(error.get("errorMessage")) for error in page.get("issueErrors") or []}
            yield Batch(issues=tuple(page.get("issues") or []), unread=unread, at=reply.at)

    def _fetch_each(
        self, ids: list[str], fields: Sequence[str], properties: Sequence[str], expand: Sequence[str]
    ) -> Iterator[Batch]:
        for one in ids:
            try:
                reply = self.issue(one, fields=fields, properties=properties, expand=expand)
            except NotFound:
                continue
            yield Batch(issues=(reply.body,), unread={}, at=reply.at)

    def changelog_page(self, id_or_key: str, start_at: int = 0) -> Json:
        """Return up to 100 changes, oldest first, as a page (`values`, `startAt`, `total`, `isLast`). Cloud only.

        Data Center has no such resource; there `issue(…, expand=["changelog"])` has all.
        """
        params = {"startAt": str(start_at), "maxResults": str(PAGE)}
        return self._object("GET issue/changelog", f"issue/{segment(id_or_key)}/changelog", params)

    def search(
        self,
        jql: str,
        *,
        fields: Sequence[str] = ("id",),
        properties: Sequence[str] = (),
        expand: Sequence[str] = (),
    ) -> Iterator[Batch]:
        """Yield the issues that match, page by page, as the index remembers them: seconds to minutes late.

        Data Center's search gives no properties; they are then read one issue at a time.
        """
        if self.is_cloud:
            yield from self._search_cloud(jql, fields, properties, expand)
        else:
            for page in self._search_datacenter(jql, fields, expand):
                yield self._with_properties(page, properties) if properties else page

    def _search_cloud(
        self, jql: str, fields: Sequence[str], properties: Sequence[str], expand: Sequence[str]
    ) -> Iterator[Batch]:
        # `search_issues` of the package `jira` calls /search, which Cloud answers with 410 since 2025.
        body = {
            "jql": jql,
            "maxResults": PAGE,
            **lists(fields=fields, properties=properties),
            **commas(expand=expand),
        }
        tokens: set[str] = set()
        while True:
            reply = self.call("POST search/jql", "POST", "search/jql", effect=Effect.READS, body=body)
            page = as_object(reply, "POST search/jql")
            yield Batch(issues=tuple(page.get("issues") or []), unread={}, at=reply.at)
            token = page.get("nextPageToken")
            if not token or page.get("isLast"):
                return
            if token in tokens:
                raise NotJira("the search gives the same page again and again", operation="POST search/jql")
            tokens.add(token)
            body["nextPageToken"] = token

    def _search_datacenter(self, jql: str, fields: Sequence[str], expand: Sequence[str]) -> Iterator[Batch]:
        start = 0
        while True:
            body = {"jql": jql, "startAt": start, "maxResults": PAGE, **lists(fields=fields, expand=expand)}
            reply = self.call("POST search", "POST", "search", effect=Effect.READS, body=body)
            page = as_object(reply, "POST search")
            issues = tuple(page.get("issues") or [])
            yield Batch(issues=issues, unread={}, at=reply.at)
            start += len(issues)
            if not issues or start >= page.get("total", 0):
                return

    def _with_properties(self, page: Batch, properties: Sequence[str]) -> Batch:
        read = self._fetch_each([issue["id"] for issue in page.issues], ["id"], properties, ())
        held = {issue["id"]: issue.get("properties", {}) for batch in read for issue in batch.issues}
        kept = tuple({**one, "properties": held[one["id"]]} for one in page.issues if one["id"] in held)
        return Batch(issues=kept, unread=page.unread, at=page.at)
