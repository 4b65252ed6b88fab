"""Whose start it is: *Certification Start* of the present visit, of one that is over, or planned for one to come."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from projectworld import MONDAY, SERVICE, World, at, varied

BOSTON = ZoneInfo("America/New_York")
FIRST_SLOT = date(2026, 3, 9)


def start(world: World) -> object:
    return world.fields.get("certification_start")


def given_up(world: World) -> tuple[date, ...]:
    return world.state.rounds[-1].given_up


@pytest.fixture
def certified() -> World:
    """A project in launch, which has kept its round's start."""
    return at("launch")


@pytest.fixture
def withdrawn() -> World:
    """A project back in development, whose slot is gone."""
    world = at("certification")
    world.done("notify")
    world.settle()
    assert start(world) == FIRST_SLOT
    world.go("development")
    assert start(world) is None
    return world


class TestAfterACertifiedRound:
    """Its start is history on the way on, and nobody's slot when the project comes back."""

    @pytest.mark.parametrize(
        ("days", "proposed"), [(0, FIRST_SLOT), (20, date(2026, 3, 27))], ids=["still ahead", "in the past"]
    )
    @pytest.mark.parametrize("way", [("certification",), ("development", "certification")], ids=["directly", "rebuilt"])
    def test_the_new_visit_gets_a_proposal_of_its_own(
        self, certified: World, way: tuple[str, ...], days: int, proposed: date
    ) -> None:
        """Empty at the entry, nothing said or overdue, proposed once Integrations is notified."""
        certified.pass_time(days=days)
        certified.comments.clear()
        for stage in way:
            certified.go(stage)
            certified.finish(but=("notify", "slot", "materials", "round"))
        decided = certified.settle()
        assert (start(certified), decided.booking, certified.comments) == (None, None, [])
        assert certified.step("materials").due is None
        certified.done("notify")
        certified.settle()
        assert (start(certified), given_up(certified)) == (proposed, ())

    def test_cut_off_at_the_entry_it_ends_the_same(self, certified: World) -> None:
        """The steps are made first; none is due by the old start."""
        certified.pass_time(days=20)
        certified.move("Certification")
        certified.look(stop_after=1)
        certified.settle()
        assert (start(certified), certified.comments) == (None, [])
        assert certified.step("materials").due is None

    def test_what_people_plan_in_launch_is_the_next_ones(self, certified: World) -> None:
        """They set it after the round."""
        certified.fill("certification_start", date(2026, 4, 20))
        certified.go("certification")
        assert certified.settle().booking == start(certified) == date(2026, 4, 20)

    def test_with_the_record_lost_before(self, certified: World) -> None:
        """The log says who set it, and when."""
        certified.record = None
        certified.go("certification")
        assert start(certified) is None


class TestAfterAVisitThatIsOver:
    """Its start is cleared; what people set since is theirs, be it the very same day."""

    def test_the_same_day_again(self, withdrawn: World) -> None:
        """It is respected at every look, and is the slot of the next visit."""
        withdrawn.fill("certification_start", FIRST_SLOT)
        withdrawn.settle()
        assert start(withdrawn) == FIRST_SLOT
        withdrawn.finish()
        withdrawn.go("certification")
        assert withdrawn.settle().booking == start(withdrawn) == FIRST_SLOT

    def test_also_where_the_log_is_too_long_to_be_read_so_far(self, withdrawn: World) -> None:
        """The record has it as the visit's."""
        withdrawn.fill("certification_start", FIRST_SLOT)
        withdrawn.finish()
        withdrawn.go("certification")
        withdrawn.changes = [change for change in withdrawn.changes if change.field != "certification_start"]
        withdrawn.settle()
        assert start(withdrawn) == FIRST_SLOT

    def test_a_log_that_tells_nothing_of_it(self, withdrawn: World) -> None:
        """Then the ended visit's day is taken for what it was, and another for what it will be."""
        for day, expected in ((FIRST_SLOT, None), (date(2026, 3, 10), date(2026, 3, 10))):
            world = withdrawn.copy()
            world.fields["certification_start"] = day
            world.changes = [change for change in world.changes if change.field != "certification_start"]
            world.settle()
            assert start(world) == expected

    def test_on_the_screen_of_the_way_back(self) -> None:
        """Who moves it back may plan the next start with it."""
        world = at("certification")
        world.done("notify")
        world.settle()
        world.go("development", certification_start=date(2026, 4, 20))
        assert start(world) == date(2026, 4, 20)

    def test_on_the_screen_of_the_way_in(self, withdrawn: World) -> None:
        """It is the new visit's."""
        withdrawn.finish()
        withdrawn.go("certification", certification_start=FIRST_SLOT)
        assert withdrawn.settle().booking == FIRST_SLOT

    def test_our_own_proposal_that_came_too_late(self) -> None:
        """Written when people had moved the project back already, it is the old visit's all the same."""
        world = at("certification")
        world.move("Development")
        world.fill("certification_start", FIRST_SLOT, by=SERVICE)
        world.settle()
        assert (world.stage, start(world)) == ("development", None)

    def test_in_an_end_nothing_is_cleared(self, withdrawn: World) -> None:
        """Nobody needs a mail for it."""
        withdrawn.go("cancelled")
        withdrawn.fill("certification_start", date(2026, 3, 3))
        withdrawn.settle()
        assert start(withdrawn) == date(2026, 3, 3)


class TestPlannedAhead:
    """People may set a start before the visit begins."""

    def test_a_day_that_is_past_at_the_entry_is_no_slot(self) -> None:
        """Development took longer: it is cleared without being given up, so the next is proposed as ever."""
        world = at("development")
        world.fill("certification_start", date(2026, 3, 4))
        world.pass_time(days=7)
        world.finish()
        world.comments.clear()
        world.go("certification")
        assert (start(world), given_up(world), world.said("given up")) == (None, (), 0)
        world.record = None
        world.done("notify")
        world.settle()
        assert (start(world), given_up(world)) == (date(2026, 3, 16), ())

    def test_a_day_that_passes_later_is_given_up(self) -> None:
        """And stays so without the record."""
        world = at("development")
        world.fill("certification_start", date(2026, 3, 4))
        world.finish()
        world.go("certification")
        world.pass_time(days=3)
        world.done("notify")
        world.settle()
        assert (start(world), world.said("given up")) == (None, 1)
        world.record = None
        world.settle()
        assert (start(world), world.said("given up")) == (None, 1)
        assert given_up(world) == (date(2026, 3, 5),)

    def test_adopted_with_an_old_start(self) -> None:
        """What stood in the field before enforcement is people's, but no slot once it is past."""
        world = World(enforce_since=MONDAY + timedelta(days=30), fields={"certification_start": date(2026, 3, 16)})
        for status in ("Requirements", "Development", "Certification", "Development"):
            world.move(status)
        world.settle()
        assert start(world) == date(2026, 3, 16)
        world.pass_time(days=60)
        world.settle()
        world.finish()
        world.go("certification")
        assert (world.stage, start(world), world.said("given up")) == ("certification", None, 0)

    def test_adopted_in_certification(self) -> None:
        """A visit from before enforcement keeps what it has."""
        world = World(enforce_since=MONDAY + timedelta(days=30), fields={"certification_start": date(2026, 2, 16)})
        for status in ("Requirements", "Development", "Certification"):
            world.move(status)
        world.settle()
        assert start(world) == date(2026, 2, 16)

    @pytest.mark.parametrize("enforcement", ["warn", "observe"])
    def test_back_within_seconds(self, enforcement: str) -> None:
        """The old slot, cleared when the new visit had begun already, is not the new visit's to be given up."""
        world = at("certification", varied(enforcement=enforcement))
        world.done("notify")
        world.settle()
        world.tick = timedelta(seconds=2)
        world.move("Development")
        world.move("Certification")
        world.settle()
        assert (world.stage, start(world), given_up(world)) == ("certification", None, ())
        world.done("notify")
        world.settle()
        assert start(world) == FIRST_SLOT

    def test_a_first_start_that_no_log_tells_of(self) -> None:
        """Set when the issue was created: it is given up like any other, once."""
        world = World(fields={"certification_start": FIRST_SLOT}).advance("certification")
        world.now = datetime.combine(FIRST_SLOT, time(9), BOSTON)
        world.settle()
        world.record = None
        world.settle()
        assert (start(world), given_up(world), world.said("given up")) == (None, (FIRST_SLOT,), 1)


class TestNoBusinessDay:
    """A slot on a weekend or a holiday begins on the next business day."""

    @pytest.mark.parametrize("day", [date(2026, 5, 23), date(2026, 5, 25)], ids=["Saturday", "Memorial Day"])
    def test_like_the_next_business_day(self, day: date) -> None:
        """Given up when its materials are due, and as long as one booked for that day."""
        world = at("certification")
        world.done("notify")
        world.fill("certification_start", day)
        world.settle()
        assert world.step("materials").due == date(2026, 5, 26)
        early = world.copy()
        early.done("materials")
        early.settle()
        assert early.step("round").due == date(2026, 6, 2)
        world.now = datetime.combine(date(2026, 5, 26), time(8, 59), BOSTON)
        decided = world.settle()
        assert start(world) == day
        assert decided.look_again == datetime.combine(date(2026, 5, 26), time(9), BOSTON)
        world.pass_time(minutes=1)
        world.settle()
        assert (start(world), world.said("given up")) == (None, 1)
