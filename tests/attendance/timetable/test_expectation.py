"""What is left of an occurrence without what is excused."""

import pytest
from timetable_made import at, excuse, mark, occurs, row

from attendance.timetable.attended import Status
from attendance.timetable.rule import Pairing

ALL = excuse("08:00", "17:00", key=7)


def test_excused():
    """Who is excused for all of it is excused, whether somebody looked or not, and before it has begun."""
    for more in ({}, {"covers": []}, {"now": at("-08:00")}):
        found = row(occurs(), excuses=[ALL], **more)
        assert (Status.EXCUSED, (), (7,)) == (found.status, found.reasons, found.excuses)


@pytest.mark.parametrize(
    ("begins", "ends", "status"),
    [
        ("08:00:00", "17:00:00", Status.EXCUSED),
        ("08:00:01", "17:00:00", Status.ABSENT),
        ("08:00:00", "16:59:59", Status.ABSENT),
    ],
)
def test_to_the_second(begins, ends, status):
    """A second that is not excused is expected."""
    assert status is row(occurs(), excuses=[excuse(begins, ends)]).status


@pytest.mark.parametrize(
    ("first", "second", "status"),
    [
        (("08:00", "12:00"), ("12:00", "17:00"), Status.EXCUSED),
        (("08:00", "13:00"), ("11:00", "17:00"), Status.EXCUSED),
        (("08:00", "12:00"), ("12:00:01", "17:00"), Status.ABSENT),
        (("08:00", "17:00"), ("10:00", "11:00"), Status.EXCUSED),
    ],
)
def test_together(first, second, status):
    """Excuses next to and over each other count together."""
    found = row(occurs(), excuses=[excuse(*second, key=2), excuse(*first, key=1)])
    assert (status, (1, 2)) == (found.status, found.excuses)


def test_excused_but_there():
    """Who comes although excused is present, at whatever time, and it is told."""
    found = row(occurs(absent_below=60), mark("11:00"), mark("11:30"), excuses=[ALL])
    assert (Status.PRESENT, ("excused_but_there",), 1800) == (found.status, found.reasons, found.worked_s)


@pytest.mark.parametrize(
    ("arrives", "leaves", "status", "late_s", "early_s"),
    [
        ("10:05:00", "14:55:00", Status.PRESENT, 0, 0),
        ("10:05:01", "14:55:00", Status.LATE, 301, 0),
        ("10:05:00", "14:54:59", Status.LEFT_EARLY, 0, 301),
        ("09:00:00", "16:00:00", Status.PRESENT, 0, 0),
    ],
)
def test_late_by_what_is_left(arrives, leaves, status, late_s, early_s):
    """Late and early are measured by what is not excused."""
    excuses = [excuse("07:00", "10:00", key=1), excuse("15:00", "18:00", key=2)]
    found = row(occurs(), mark(arrives), mark(leaves), excuses=excuses)
    assert (status, late_s, early_s) == (found.status, found.late_s, found.early_s)
    assert (("partly_excused",), (1, 2)) == (found.reasons, found.excuses)


def test_excused_in_the_middle():
    """An hour off in the middle changes neither the beginning nor the end."""
    found = row(occurs(), mark("08:06"), mark("16:50"), excuses=[excuse("11:00", "12:00")])
    assert (Status.PARTIAL, 360, 600) == (found.status, found.late_s, found.early_s)


def test_excused_up_to_a_break():
    """Who is excused until noon comes after the break that begins then, who is excused after it leaves before."""
    shift = occurs(breaks=[("12:00", "12:30")])
    assert Status.PRESENT is row(shift, mark("12:35"), mark("17:00"), excuses=[excuse("08:00", "12:00")]).status
    assert Status.LATE is row(shift, mark("12:36"), mark("17:00"), excuses=[excuse("08:00", "12:00")]).status
    assert Status.PRESENT is row(shift, mark("08:00"), mark("12:00"), excuses=[excuse("12:30", "17:00")]).status
    around = [excuse("08:00", "12:00", key=1), excuse("12:30", "17:00", key=2)]
    assert Status.EXCUSED is row(shift, excuses=around).status


def test_half_a_day_excused():
    """Nobody has to be there for longer than is left of the day; less than that counts as before."""
    shift = occurs(half_day=300, absent_below=60)
    morning = [excuse("12:00", "17:00")]
    assert Status.PRESENT is row(shift, mark("08:04"), mark("12:00"), excuses=morning).status
    found = row(shift, mark("08:00"), mark("08:30"), excuses=morning)
    assert (Status.ABSENT, ("too_short", "partly_excused")) == (found.status, found.reasons)


@pytest.mark.parametrize("length", ["17:00", "12:00"])
def test_excuse_that_waits(length):
    """An excuse that awaits approval does not count, and the row says that there is one."""
    found = row(occurs(half_day=600), mark("08:00"), mark("17:00"), excuses=[excuse("08:00", length, pending=True)])
    assert (Status.PARTIAL, ("awaits_approval", "half_day"), ()) == (found.status, found.reasons, found.excuses)
    found = row(occurs(), excuses=[excuse("08:00", length, pending=True)])
    assert (Status.ABSENT, ("awaits_approval",)) == (found.status, found.reasons)


@pytest.mark.parametrize(
    ("begins", "ends"), [("06:00", "08:00"), ("17:00", "18:00"), ("09:00", "09:00"), ("12:00", "11:00")]
)
def test_excuse_beside(begins, ends):
    """An excuse of another time, or of none, changes nothing."""
    found = row(occurs(pairing=Pairing.ONCE), excuses=[excuse(begins, ends)])
    assert (Status.ABSENT, (), ()) == (found.status, found.reasons, found.excuses)
