"""Until when a status may still be another, and which ones a mark changes from outside of their windows."""

from datetime import UTC, date, datetime, time, timedelta

from status_world import ADA, held, row, rule

from attendance.timetable.attended import Status
from attendance.timetable.reasons import Reason
from attendance.timetable.rule import Pairing
from attendance.timetable.settling import awaited, beside, settles

DAY = date(2026, 3, 31)
NIGHT = held(DAY, "Night", of=rule(time(22), time(6), pairing=Pairing.FIRST_LAST, zone="UTC"))
MORNING = held(DAY + timedelta(days=1), "Morning", of=rule(time(6), time(14), pairing=Pairing.FIRST_LAST, zone="UTC"))
ROLL = held(DAY + timedelta(days=1), "Roll", of=rule(time(6), time(14), zone="UTC"))
OPEN = row(ADA, Status.PRESENT, NIGHT, reasons=(Reason.NO_CHECKOUT,), marks=("m1",))
WHOLE = row(ADA, Status.PRESENT, NIGHT, marks=("m1", "m2"))


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 4, 1, hour, minute, tzinfo=UTC)


def test_it_settles_when_its_window_and_its_day_are_over():
    """Marks count until the window closes; a look on the same day tells a gap from no look, wherever the rule is."""
    assert at(6, 30) == settles(OPEN)
    honolulu = held(DAY, of=rule(time(8), time(9), zone="Pacific/Honolulu"))
    assert at(10) == settles(row(ADA, Status.NO_LOG, honolulu))


def test_an_open_presence_is_awaited_while_what_follows_goes_on():
    """Not one that was closed, and not where one mark alone is taken next."""
    following = row(ADA, Status.NO_LOG, MORNING)
    assert [OPEN] == list(awaited([OPEN, following], at(14, 29)))
    assert [] == list(awaited([OPEN, following], at(14, 30)))
    assert [] == list(awaited([WHOLE, following], at(7)))
    assert [] == list(awaited([OPEN, row(ADA, Status.NO_LOG, ROLL)], at(7)))


def test_a_mark_reaches_back_to_an_open_presence_alone():
    """From within the window of the morning, and from nowhere else."""
    following = row(ADA, Status.NO_LOG, MORNING)
    assert [OPEN] == list(beside([OPEN, following], at(13)))
    assert [] == list(beside([OPEN, following], at(15)))
    assert [] == list(beside([WHOLE, following], at(13)))
