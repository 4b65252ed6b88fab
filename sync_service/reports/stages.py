"""Where projects stand, and how long stages take."""

from collections import defaultdict
from collections.abc import Iterator

from mappings import Mapping
from sync_service.reports.portfolio import Portfolio
from sync_service.reports.projects import Project, Stay, business_age
from sync_service.reports.spread import HIGH, MEDIAN, percentile, share_of
from sync_service.reports.table import Kind, Row, Table, columns, tuples, with_details


def standing(portfolio: Portfolio) -> Table:
    """Tell how many projects stand in each stage now, and for how long."""
    return Table(
        name="portfolio.stages",
        title="Projects by stage",
        about="Where the projects stand now, and for how many business days they have been there.",
        columns=columns(
            "Stage", ("Projects", Kind.NUMBER), ("Gate open", Kind.NUMBER), ("Median age", Kind.DAYS),
            ("Oldest", Kind.DAYS), ("Beyond target", Kind.NUMBER),
        ),
        rows=tuples(_standing(portfolio)),
        notes=_left_out(portfolio),
    )  # fmt: skip


def _left_out(portfolio: Portfolio) -> tuple[str, ...]:
    if not portfolio.unknown:
        return ()
    return (
        f"{portfolio.unknown} project(s) are left out: their lifecycle, or their stage in it, is configured no more.",
    )


def _standing(portfolio: Portfolio) -> Iterator[Row]:
    for mapping in portfolio.told_mappings:
        there: dict[str, list[Project]] = defaultdict(list)
        for project in portfolio.of(mapping):
            there[project.stage].append(project)
        for stage, declared in mapping.stages.items():
            ages = [business_age(mapping, project.stays[-1].since, portfolio.now) for project in there[stage]]
            target = declared.target_business_days
            yield (
                portfolio.stage(mapping.name, stage),
                len(ages),
                sum(project.gate is True for project in there[stage]),
                percentile(ages, MEDIAN),
                max(ages, default=None),
                None if target is None else sum(days > target for days in ages),
            )


def projects(portfolio: Portfolio) -> Table:
    """List the projects, those that have been longest in their stage first."""
    rows = [(project, portfolio.mapping(project)) for project in portfolio.projects]
    order = {(name, stage): place for name, m in portfolio.mappings.items() for place, stage in enumerate(m.stages)}
    told = [_project(portfolio, project, mapping) for project, mapping in rows]
    keyed = sorted(
        zip(rows, told, strict=True),
        key=lambda one: (one[0][0].mapping, order[one[0][0].mapping, one[0][0].stage], one[0][0].stays[-1].since),
    )
    return Table(
        name="portfolio.projects",
        title="Projects",
        about="Every project, by stage, the longest there first. Age is in business days in the stage.",
        columns=with_details(
            columns(
            ("Key", Kind.ISSUE), "Summary", "Stage", ("Age", Kind.DAYS), "Gate", ("Missing", Kind.NUMBER),
            ("Open steps", Kind.NUMBER), ("Overdue", Kind.NUMBER), ("Round", Kind.NUMBER), ("Slot", Kind.DAY),
            ("Go-live", Kind.DAY), "Kind", "Consultant", "Client",
            ), "open_steps", "missing", "kind", "client", "go_live",
        ),
        rows=tuple(row for _, row in keyed),
    )  # fmt: skip


def _project(portfolio: Portfolio, project: Project, mapping: Mapping) -> Row:
    today = portfolio.today(mapping)
    rounds = [entry.number for entry in project.rounds if entry.number]
    return (
        project.key,
        project.summary,
        portfolio.stage(project.mapping, project.stage),
        business_age(mapping, project.stays[-1].since, portfolio.now),
        None if project.gate is None else "open" if project.gate else "closed",
        len(project.reasons),
        len(project.steps),
        sum(step.due is not None and step.due < today for step in project.steps),
        project.next_round or max(rounds, default=None),
        project.slot,
        project.go_live,
        project.kind,
        project.name(project.consultant),
        project.name(project.client),
    )


def durations(portfolio: Portfolio) -> Table:
    """Tell how long the stays in each stage lasted, of those that ended in the period."""
    return Table(
        name="stages.durations",
        title="Stage durations",
        about="How long the stays in each stage lasted that ended in the period: a stage entered twice counts twice.",
        columns=columns(
            "Stage", ("Stays", Kind.NUMBER), ("Median days", Kind.DAYS), ("85 % days", Kind.DAYS),
            ("Median business days", Kind.DAYS), ("85 % business days", Kind.DAYS),
            ("Target business days", Kind.DAYS), ("Within target", Kind.SHARE),
        ),
        rows=tuples(_durations(portfolio)),
    )  # fmt: skip


def _durations(portfolio: Portfolio) -> Iterator[Row]:
    for mapping in portfolio.told_mappings:
        over: dict[str, list[Stay]] = defaultdict(list)
        for project in portfolio.of(mapping):
            for stay in project.stays:
                if stay.until and portfolio.happened(mapping, stay.until):
                    over[stay.stage].append(stay)
        for stage in mapping.way[:-1]:
            days = [stay.days for stay in over[stage]]
            business = [stay.business_days for stay in over[stage]]
            target = mapping.stages[stage].target_business_days
            yield (
                portfolio.stage(mapping.name, stage),
                len(days),
                percentile(days, MEDIAN),
                percentile(days, HIGH),
                percentile(business, MEDIAN),
                percentile(business, HIGH),
                target,
                None if target is None else share_of(sum(count <= target for count in business), len(business)),
            )
