"""The sandbox as the demo uses it: its clock, where its webhooks go, and its log of requests."""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import requests

from mappings.model import Calendar
from sync_service.demo.seen import account
from sync_service.lifecycle.workdays import add_workdays, local_day

TIMEOUT_SECONDS = 10
MORNING = time(10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request: `operation` is its method and path template."""

    operation: str
    path: str

    @property
    def is_read(self) -> bool:
        """Whether it changes nothing: a `GET`, a bulk read or a search."""
        return self.operation.startswith("GET ") or self.operation.endswith(("bulkfetch", "/search", "/search/jql"))


class Sandbox:
    """The running sandbox; `told` is the first line that it printed."""

    def __init__(self, told: dict[str, Any], calendar: Calendar) -> None:
        self.url = str(told["url"])
        self.project = str(told["project"])
        self.people: dict[str, dict[str, str]] = told["people"]
        self.service: dict[str, str] = told["service_account"]
        self.secret = str(told["webhook_secret"])
        self._calendar = calendar
        self._session = requests.Session()

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def now(self) -> datetime:
        """Return the sandbox's time in the zone of the mapping."""
        told = self._call("GET", "clock")["now"]
        return datetime.fromisoformat(told).astimezone(ZoneInfo(self._calendar.timezone))

    def today(self) -> date:
        """Return the sandbox's day in the zone of the mapping."""
        return local_day(self._calendar, self.now())

    def go_to(self, day: date) -> None:
        """Let it be ten in the morning of a day; the clock runs on from there."""
        moment = datetime.combine(day, MORNING, ZoneInfo(self._calendar.timezone))
        self._call("POST", "clock", {"set": moment.isoformat()})

    def after(self, business_days: int) -> date:
        """Return the day that comes so many business days after today."""
        return add_workdays(self._calendar, self.today(), business_days)

    def send_webhooks_to(self, url: str) -> None:
        """Send signed webhooks there from now on."""
        self._call("PUT", "webhooks", {"url": url, "secret": self.secret})

    def webhooks_delivered(self) -> bool:
        """Wait a moment for the webhooks under way, and tell whether none is left."""
        return bool(self._call("POST", "webhooks/wait?timeout=5")["idle"])

    def senders(self) -> tuple[str, ...]:
        """Return for each webhook that was sent whose doing it told."""
        bodies = [delivery["body"] for delivery in self._call("GET", "webhooks")["deliveries"]]
        return tuple(account(body.get("user") or body.get("comment", {}).get("author")) for body in bodies)

    def calls_of_service(self) -> tuple[Call, ...]:
        """Return what the service asked of Jira, in order."""
        told = (each for each in self._call("GET", "requests")["requests"] if each["caller"] == "service")
        return tuple(Call(operation=each["operation"], path=each["path"].partition("?")[0]) for each in told)

    def _call(self, method: str, path: str, body: object = None) -> Any:
        answer = self._session.request(method, f"{self.url}/_sandbox/{path}", json=body, timeout=TIMEOUT_SECONDS)
        answer.raise_for_status()
        return answer.json()
