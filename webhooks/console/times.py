"""Times and durations as pages show them."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from markupsafe import Markup

MINUTE, HOUR, DAY = 60, 3600, 86400


def moment(value: datetime | str | None, zone: str = "UTC") -> Markup:
    """Return a `<time>` in that zone, with the exact time on hover; a browser's script tells it in the reader's."""
    if not value:
        return Markup('<span class="none">–</span>')
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    local = at.astimezone(ZoneInfo(zone))
    exact = f"{local:%A, %d %B %Y, %H:%M:%S} {zone} ({at.astimezone(ZoneInfo('UTC')):%H:%M:%S} UTC)"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        at.isoformat(), exact, f"{local.day} {local:%b %Y, %H:%M}"
    )


def day(value: date | str | None) -> Markup:
    """Return a `<time>` of a day, which is the same in every zone."""
    if not value:
        return Markup('<span class="none">–</span>')
    on = date.fromisoformat(value[:10]) if isinstance(value, str) else value
    return Markup('<time datetime="{}" title="{}" data-day>{}</time>').format(
        on.isoformat(), f"{on:%A, %d %B %Y}", f"{on.day} {on:%b %Y}"
    )


def span(value: timedelta | float | None) -> str:
    """Return a duration in its two largest units."""
    if value is None:
        return "–"
    seconds = int(value.total_seconds() if isinstance(value, timedelta) else value)
    for size, name, smaller, its_name in ((DAY, "d", HOUR, "h"), (HOUR, "h", MINUTE, "min"), (MINUTE, "min", 1, "s")):
        if seconds >= size:
            rest = seconds % size // smaller
            return f"{seconds // size} {name}" + (f" {rest} {its_name}" if rest else "")
    return f"{max(seconds, 0)} s"
