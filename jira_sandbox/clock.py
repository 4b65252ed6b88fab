"""The sandbox's own clock: real time with an offset, or frozen; every timestamp and `Date` header comes from it."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from zoneinfo import ZoneInfo


class Clock:
    """A settable clock: it runs with an offset from real time, or stands still where it was frozen."""

    def __init__(self, frozen_at: datetime | None = None) -> None:
        self._offset = timedelta()
        self._frozen = frozen_at

    @property
    def frozen(self) -> bool:
        """Tell whether the clock stands still."""
        return self._frozen is not None

    def now(self) -> datetime:
        """Return the sandbox's time, aware and in UTC."""
        return self._frozen if self._frozen is not None else datetime.now(UTC) + self._offset

    def set(self, moment: datetime) -> None:
        """Make it `moment` (aware); a running clock goes on from there, a frozen one stands there."""
        moment = moment.astimezone(UTC)
        if self._frozen is not None:
            self._frozen = moment
        else:
            self._offset = moment - datetime.now(UTC)

    def advance(self, **duration: float) -> datetime:
        """Go forward by a `timedelta`'s keywords (`days=3`, `minutes=5`) and return the new time."""
        self.set(self.now() + timedelta(**duration))
        return self.now()

    def freeze(self, moment: datetime | None = None) -> None:
        """Stand still, at `moment` if given."""
        self._frozen = (moment or self.now()).astimezone(UTC)

    def thaw(self) -> None:
        """Run again from the present reading."""
        moment, self._frozen = self.now(), None
        self.set(moment)


def stamp(moment: datetime, zone: str = "UTC") -> str:
    """Write a moment as Jira does: milliseconds, and an offset without a colon."""
    written = moment.astimezone(ZoneInfo(zone)).isoformat(timespec="milliseconds")
    return written[:-3] + written[-2:]


def epoch_ms(moment: datetime) -> int:
    """Write a moment as webhooks do: milliseconds since 1970."""
    return int(moment.timestamp() * 1000)


def http_date(moment: datetime) -> str:
    """Write a moment for the HTTP `Date` header."""
    return format_datetime(moment.replace(microsecond=0), usegmt=True)
