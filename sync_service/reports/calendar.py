"""The certification calendar: slots, interviews and go-live days as iCalendar (RFC 5545), for Outlook and Google."""

from collections.abc import Iterable, Iterator
from collections.abc import Mapping as MappingOf
from datetime import date, datetime, timedelta

from icalendar import Calendar, Event

from mappings import Mapping
from sync_service.lifecycle.slots import round_days
from sync_service.lifecycle.workdays import A_DAY
from sync_service.reports.projects import Project, condense
from sync_service.store import Projection

KEPT = timedelta(days=92)
"""How long what is past stays in the calendar."""
REFRESH = timedelta(hours=1)


def certification_calendar(
    seen: Iterable[Projection], mappings: MappingOf[str, Mapping], now: datetime, site: str = ""
) -> bytes:
    """Return the calendar of these projects; days of the last three months and all that are ahead, ended ones apart.

    `site` is the address of Jira, for links. An entry keeps its identity when its day moves.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//Stagegate//Certification//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", "Integration certification")
    calendar.add("x-published-ttl", "PT1H")
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    for one in seen:
        mapping = mappings.get(one.mapping)
        if mapping is not None and one.stage in mapping.stages:
            for event in _events(condense(one, mapping), mapping, one.at, site):
                if event.decoded("dtend") >= (now - KEPT).date():
                    calendar.add_component(event)
    return bytes(calendar.to_ical())


def _events(project: Project, mapping: Mapping, at: datetime, site: str) -> Iterator[Event]:
    if project.ended:
        return
    for entry in project.rounds:
        if entry.slot and mapping.certification:
            days = round_days(mapping.calendar, mapping.certification.capacity, entry.slot)
            number = entry.number or project.next_round
            what = f"Certification round {number}" if number else "Certification"
            yield _event(project, f"slot-{entry.visit}", what, (days[0], days[-1]), at, site)
    if project.interview:
        yield _event(project, "interview", "Interview", (project.interview, project.interview), at, site)
    if project.go_live:
        yield _event(project, "go-live", "Go-live", (project.go_live, project.go_live), at, site)


def _event(project: Project, part: str, what: str, days: tuple[date, date], at: datetime, site: str) -> Event:
    """Make an entry of whole days; the end of one is the first day after it."""
    event = Event()
    event.add("uid", f"{project.id}-{part}@stagegate")
    event.add("dtstamp", at)
    event.add("last-modified", at)
    event.add("dtstart", days[0])
    event.add("dtend", days[1] + A_DAY)
    event.add("summary", f"{what}: {project.key} {project.summary}")
    event.add("transp", "TRANSPARENT")
    if site:
        event.add("url", f"{site}/browse/{project.key}")
    return event
