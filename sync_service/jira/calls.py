"""What every call shares: where it goes, what it may repeat, and the shape of its answer."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Self, TypeVar
from urllib.parse import quote

from sync_service.jira.answers import Effect, Json, Reply, as_list, as_object
from sync_service.jira.site import JiraSite
from sync_service.jira.transport import Request, Transport

T = TypeVar("T")
REST = "/rest/api/2/"
PAGE = 100


class Calls:
    """The ground of the client; a context manager, to be closed."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._server_info: Json | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections of all threads."""
        self._transport.close()

    @property
    def site(self) -> JiraSite:
        """Return the site that this client speaks to."""
        return self._transport.site

    def now(self) -> datetime:
        """Return our own time, for where Jira does not give its own."""
        return self._transport.now()

    @property
    def longest_call(self) -> timedelta:
        """Return how long one request may take at the most, repeats and waits included."""
        return self._transport.longest_call

    def call(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        effect: Effect | None = None,
        params: Mapping[str, str] | None = None,
        body: object = None,
        issue: str | None = None,
    ) -> Reply:
        """Send any request: `path` is below /rest/api/2/, or starts with a slash.

        `effect` says whether it may be repeated; unless given, GET reads and everything else must not be.
        """
        return self._transport.send(
            Request(
                operation=operation,
                method=method,
                path=path if path.startswith("/") else REST + path,
                effect=effect or (Effect.READS if method == "GET" else Effect.ACTS),
                params=params or {},
                body=body,
                issue=issue,
            )
        )

    def server_info(self) -> Json:
        """Return what the site says of itself; anyone may ask."""
        self._server_info = self._object("GET serverInfo", "serverInfo")
        return self._server_info

    @property
    def is_cloud(self) -> bool:
        """Tell Cloud from Data Center; asks the site once unless the settings say it."""
        if self.site.kind is not None:
            return self.site.kind == "cloud"
        return (self._server_info or self.server_info()).get("deploymentType") == "Cloud"

    def _pages(self, operation: str, path: str, name: str) -> Iterator[Json]:
        # Cloud calls the list by what it holds, Data Center `values`.
        start = 0
        while True:
            page = self._object(operation, path, {"startAt": str(start), "maxResults": str(PAGE)})
            items = page.get(name) or page.get("values") or []
            yield from items
            start += len(items)
            if not items or page.get("isLast") or start >= page.get("total", 0):
                return

    def _object(self, operation: str, path: str, params: Mapping[str, str] | None = None) -> Json:
        return as_object(self.call(operation, "GET", path, params=params), operation)

    def _list(self, operation: str, path: str) -> list[Json]:
        return as_list(self.call(operation, "GET", path), operation)


def segment(value: str) -> str:
    """Write a value as one segment of a path."""
    return quote(value, safe="")


def commas(**lists: Sequence[str]) -> dict[str, str]:
    """Write the lists that are not empty with commas."""
    return {name: ",".join(values) for name, values in lists.items() if values}


def lists(**lists: Sequence[str]) -> dict[str, list[str]]:
    """Keep the lists that are not empty."""
    return {name: list(values) for name, values in lists.items() if values}


def chunks(items: list[T], size: int) -> Iterator[list[T]]:
    """Cut a list into pieces of at most `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
