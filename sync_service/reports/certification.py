"""Certification: rounds and how they ended, why they failed, slots, and who may have to pay."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta

from mappings import Mapping
from mappings.model import Capacity, Certification
from sync_service.lifecycle.rounds import CERTIFIED, FAILED, WITHDRAWN
from sync_service.lifecycle.slots import SEARCHED, round_days
from sync_service.lifecycle.workdays import A_DAY, is_workday
from sync_service.reports.portfolio import Portfolio
from sync_service.reports.projects import Project, Round
from sync_service.reports.spread import HIGH, MEDIAN, percentile, share_of
from sync_service.reports.table import Kind, Row, Table, columns, tuples

NO_REASON = "(no reason given)"
WEEKS_BACK = 12
"""How far the slots are told back where no period is asked for."""
WEEK = timedelta(days=7)
FURTHEST = timedelta(days=3660)
"""How far back the weeks go at most, whatever date somebody mistyped."""
USED, NOT_BEGUN, AHEAD = "used", "not begun", "ahead"


def certified_lifecycles(portfolio: Portfolio) -> tuple[tuple[Mapping, Certification], ...]:
    """Return the lifecycles that have certification rounds."""
    return tuple((m, m.certification) for m in portfolio.told_mappings if m.certification is not None)


def _told(portfolio: Portfolio) -> Iterator[tuple[Mapping, Project, Round]]:
    """Give the certification visits that ended in the period, and those that still last where it reaches to today."""
    for mapping, _ in certified_lifecycles(portfolio):
        for project in portfolio.of(mapping):
            for entry in project.rounds:
                if portfolio.happened(mapping, entry.ended or portfolio.now):
                    yield mapping, project, entry


def summary(portfolio: Portfolio) -> Table:
    """Sum the rounds up in one row."""
    entries = [entry for _, _, entry in _told(portfolio)]
    begun = [entry for entry in entries if entry.number]
    results = Counter(entry.result for entry in begun)
    first = Counter(entry.result for entry in begun if entry.number == 1)
    return Table(
        name="certification.summary",
        title="Certification in short",
        about="Rounds that ended in the period, and those under way. A round is early that ended before the earliest "
        "end that the process allows.",
        columns=columns(
            ("Rounds", Kind.NUMBER), ("Certified", Kind.NUMBER), ("Failed", Kind.NUMBER), ("Pass rate", Kind.SHARE),
            ("First-round pass rate", Kind.SHARE), ("Early", Kind.NUMBER), ("Withdrawn", Kind.NUMBER),
            ("Slots given up", Kind.NUMBER),
        ),
        rows=(
            (
                len(begun),
                results[CERTIFIED],
                results[FAILED],
                share_of(results[CERTIFIED], results[CERTIFIED] + results[FAILED]),
                share_of(first[CERTIFIED], first[CERTIFIED] + first[FAILED]),
                sum(entry.early for entry in begun),
                sum(entry.result == WITHDRAWN for entry in entries),
                sum(len(entry.given_up) for entry in entries),
            ),
        ),
    )  # fmt: skip


def rounds(portfolio: Portfolio) -> Table:
    """Tell, for the first round, the second and so on, how they ended and how long they took."""
    by_number: dict[int, list[tuple[Project, Round]]] = defaultdict(list)
    for _, project, entry in _told(portfolio):
        if entry.number:
            by_number[entry.number].append((project, entry))
    return Table(
        name="certification.rounds",
        title="Rounds by number",
        about="The pass rate is that of the rounds with a result. Unfinished rounds are those of projects that ended.",
        columns=columns(
            ("Round", Kind.NUMBER), ("Begun", Kind.NUMBER), ("Certified", Kind.NUMBER), ("Failed", Kind.NUMBER),
            ("Under way", Kind.NUMBER), ("Unfinished", Kind.NUMBER), ("Pass rate", Kind.SHARE), ("Early", Kind.NUMBER),
            ("Median business days", Kind.DAYS), ("85 % business days", Kind.DAYS),
        ),
        rows=tuples(_round(number, held) for number, held in sorted(by_number.items())),
    )  # fmt: skip


def _round(number: int, held: list[tuple[Project, Round]]) -> Row:
    results = Counter(entry.result for _, entry in held)
    days = [entry.business_days for _, entry in held if entry.business_days is not None]
    return (
        number,
        len(held),
        results[CERTIFIED],
        results[FAILED],
        sum(entry.result is None and not project.ended for project, entry in held),
        sum(entry.result is None and project.ended for project, entry in held),
        share_of(results[CERTIFIED], results[CERTIFIED] + results[FAILED]),
        sum(entry.early for _, entry in held),
        percentile(days, MEDIAN),
        percentile(days, HIGH),
    )


def reasons(portfolio: Portfolio) -> Table:
    """Count why rounds failed, the most frequent reason first."""
    failed = [entry for _, _, entry in _told(portfolio) if entry.number and entry.result == FAILED]
    counts = Counter(reason for entry in failed for reason in dict.fromkeys(entry.reasons or (NO_REASON,)))
    return Table(
        name="certification.reasons",
        title="Why rounds failed",
        about="A round may have failed for several reasons, so the shares may add up to more than 100 %.",
        columns=columns("Reason", ("Rounds", Kind.NUMBER), ("Share of failed rounds", Kind.SHARE)),
        rows=tuples(
            (reason, count, share_of(count, len(failed)))
            for reason, count in sorted(counts.items(), key=lambda one: (-one[1], one[0]))
        ),
    )


def slots(portfolio: Portfolio) -> Table:
    """Tell by week which slots were used and given up, which lie ahead, and how full the weeks are."""
    return Table(
        name="certification.slots",
        title="Slots used and ahead",
        about="By week of the slot's first day. At once: the most rounds that occupy one day of that week; places: the "
        "fewest that one of its business days has.",
        columns=portfolio.tagged(
            *columns(
                ("Week", Kind.DAY), ("Used", Kind.NUMBER), ("Given up", Kind.NUMBER), ("Not begun", Kind.NUMBER),
                ("Ahead", Kind.NUMBER), ("At once", Kind.NUMBER), ("Places", Kind.NUMBER),
            )
        ),
        rows=tuples(
            row for mapping, certification in certified_lifecycles(portfolio)
            for row in _weeks(portfolio, mapping, certification.capacity)
        ),
    )  # fmt: skip


def _weeks(portfolio: Portfolio, mapping: Mapping, capacity: Capacity) -> Iterator[Row]:
    today, entries = portfolio.today(mapping), [entry for one in portfolio.of(mapping) for entry in one.rounds]
    fates = Counter((entry.slot, _fate(entry, entry.slot, today)) for entry in entries if entry.slot)
    given_up = Counter(day for entry in entries for day in entry.given_up)
    occupied: Counter[date] = Counter()
    for (slot, fate), count in fates.items():
        if fate != NOT_BEGUN:
            occupied.update(dict.fromkeys(round_days(mapping.calendar, capacity, slot), count))
    for monday in _mondays(portfolio, today, [*(slot for slot, _ in fates), *given_up]):
        days = [monday + A_DAY * count for count in range(7)]
        yield (
            *portfolio.tag(mapping),
            monday,
            sum(fates[day, USED] for day in days),
            sum(given_up[day] for day in days),
            sum(fates[day, NOT_BEGUN] for day in days),
            sum(fates[day, AHEAD] for day in days),
            max(occupied[day] for day in days),
            min((capacity.places(day) for day in days if is_workday(mapping.calendar, day)), default=0),
        )


def _fate(entry: Round, slot: date, today: date) -> str:
    """Say what became of a slot: used once its round began, ahead until its day has passed."""
    if entry.begun:
        return USED
    return AHEAD if slot >= today and entry.result is None else NOT_BEGUN


def _mondays(portfolio: Portfolio, today: date, days: list[date]) -> Iterator[date]:
    """Give the weeks of the period; without one, those since twelve weeks ago, up to the last slot."""
    chosen = portfolio.selection
    if not days:
        return
    first = max(min(days), chosen.since or today - WEEK * WEEKS_BACK, today - FURTHEST)
    last = min(max(days), chosen.until or today + SEARCHED, today + SEARCHED)
    monday = first - A_DAY * first.weekday()
    while monday <= last:
        yield monday
        monday += WEEK


def exposure(portfolio: Portfolio) -> Table:
    """List the projects that are beyond their free rounds, or whose additional fees are raised."""
    return Table(
        name="certification.fees",
        title="Fee exposure",
        about="Projects that are beyond the free rounds or whose additional fees were raised, those not ended.",
        columns=columns(
            ("Key", Kind.ISSUE), "Summary", "Stage", ("Rounds begun", Kind.NUMBER), ("Free rounds", Kind.NUMBER),
            ("Present round", Kind.NUMBER), "Additional fees", "Consultant",
        ),
        rows=tuples(_exposed(portfolio)),
    )  # fmt: skip


def fee_summary(portfolio: Portfolio) -> Table:
    """Count the projects that stand before, at and beyond the last free round, in one row."""
    beyond = agreed = raised = last = 0
    for mapping, certification in certified_lifecycles(portfolio):
        for project in portfolio.of(mapping):
            if project.ended:
                continue
            number = _present(project)
            beyond += number > certification.free_rounds
            last += number == certification.free_rounds and project.next_round is not None
            raised += project.fees == mapping.jira.values.fees_may_apply
            agreed += project.fees not in (None, mapping.jira.values.no_fees, mapping.jira.values.fees_may_apply)
    return Table(
        name="certification.fee_summary",
        title="Fees in short",
        columns=columns(
            ("In the last free round", Kind.NUMBER), ("Beyond the free rounds", Kind.NUMBER),
            ("Fees may apply", Kind.NUMBER), ("Fees agreed", Kind.NUMBER),
        ),
        rows=((last, beyond, raised, agreed),),
    )  # fmt: skip


def _present(project: Project) -> int:
    return project.next_round or max((entry.number for entry in project.rounds if entry.number), default=0)


def _exposed(portfolio: Portfolio) -> Iterator[Row]:
    for mapping, certification in certified_lifecycles(portfolio):
        for project in sorted(portfolio.of(mapping), key=lambda one: (-_present(one), one.key)):
            raised = project.fees not in (None, mapping.jira.values.no_fees)
            if not project.ended and (raised or _present(project) > certification.free_rounds):
                yield (
                    project.key,
                    project.summary,
                    portfolio.stage(project.mapping, project.stage),
                    sum(entry.number is not None for entry in project.rounds),
                    certification.free_rounds,
                    project.next_round,
                    project.fees,
                    project.name(project.consultant),
                )
