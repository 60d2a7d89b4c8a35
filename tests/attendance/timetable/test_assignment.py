"""Which occurrence a mark belongs to."""

import pytest
from timetable_made import at, mark, occurs, row, rows

from attendance.timetable.attended import Status
from attendance.timetable.rule import Pairing

ONCE = {"pairing": Pairing.ONCE}


def keys(marks, occurrences):
    """Of each mark, the keys of the occurrences that it counts for."""
    found = rows(occurrences, marks)
    return [[each.occurrence.entry.key for each in found if mark.id in each.marks] for mark in marks]


def lessons():
    return [occurs("08:00", "08:45", key=1, **ONCE), occurs("08:45", "09:30", key=2, **ONCE)]


@pytest.mark.parametrize(
    ("when", "key"),
    [("07:30", 1), ("08:20", 1), ("08:44:59", 1), ("08:45", 2), ("09:10", 2), ("10:00", 2)],
)
def test_adjacent_lessons(when, key):
    """A mark in a lesson counts for that one alone, though it lies in the window of the next."""
    assert [[key]] == keys([mark(when)], lessons())


@pytest.mark.parametrize(
    ("when", "key"),
    [("08:45", 1), ("08:52:29", 1), ("08:52:30", 1), ("08:52:31", 2), ("09:00", 2)],
)
def test_between_lessons(when, key):
    """A mark between two lessons belongs to the nearest, at the same distance to the earlier one."""
    apart = [occurs("08:00", "08:45", key=1, **ONCE), occurs("09:00", "09:45", key=2, **ONCE)]
    assert [[key]] == keys([mark(when)], apart)


@pytest.mark.parametrize(
    ("when", "direction", "key"),
    [("08:50", None, 1), ("08:50", "in", 2), ("08:55", None, 2), ("08:55", "out", 1)],
)
def test_direction_between_lessons(when, direction, key):
    """Who checks in between two comes for the next, who checks out leaves the last."""
    apart = [occurs("08:00", "08:45", key=1, **ONCE), occurs("09:00", "09:45", key=2, **ONCE)]
    assert [[key]] == keys([mark(when, direction)], apart)


def test_direction_without_a_choice():
    """Who checks in after the only occurrence, or out before it, still counts for that."""
    assert [[1], [1]] == keys([mark("07:50", "out"), mark("08:50", "in")], [occurs("08:00", "08:45", **ONCE)])


@pytest.mark.parametrize(("direction", "key"), [("out", 1), ("in", 2), (None, 2)])
def test_on_the_edge(direction, key):
    """Who checks out at the instant at which one ends and another begins leaves the first."""
    shifts = [occurs("06:00", "14:00", key=1), occurs("14:00", "22:00", key=2)]
    assert [[key]] == keys([mark("14:00", direction)], shifts)


def test_out_as_it_begins():
    """Without another that ends then, a check-out at the beginning belongs to what begins."""
    assert [[2]] == keys([mark("14:00", "out")], [occurs("14:00", "22:00", key=2)])


def test_overlapping_rules():
    """A mark in two occurrences counts for both, and both say so."""
    shift, meeting = occurs("08:00", "17:00", key=1, **ONCE), occurs("10:00", "11:00", key=2, **ONCE)
    assert [[1], [1, 2]] == keys([mark("09:45"), mark("10:00")], [shift, meeting])
    assert [("overlap",), ("overlap",)] == [each.reasons for each in rows([shift, meeting], [mark("10:00")])]
    assert () == row(shift, mark("09:00"), others=[meeting]).reasons


def test_one_check_in_for_two_that_begin_together():
    """Who checks in early for a shift and a lesson that begin at the same time is there for both."""
    shift, lesson = occurs("08:00", "17:00", key=1, **ONCE), occurs("08:00", "08:45", key=2, **ONCE)
    found = keys([mark("07:55"), mark("08:50"), mark("17:05")], [shift, lesson])
    assert [[1, 2], [1], [1]] == [sorted(each) for each in found]
    found = rows([shift, lesson], [mark("07:55")])
    assert [Status.PRESENT, Status.PRESENT] == [each.status for each in found]


def test_night_shift():
    """A night shift takes the marks on both sides of midnight, and belongs to the day on which it begins."""
    found = row(occurs("22:00", "06:00"), mark("21:58", "in"), mark("+06:01", "out"))
    assert (Status.PRESENT, 8 * 3600, at("22:00").date()) == (found.status, found.worked_s, found.occurrence.day)


def test_same_marks_on_two_days():
    """Marks of one day do not count for the same lesson of another."""
    tomorrow = at("+08:00").date()
    today, next_day = occurs(key=1), occurs(day=tomorrow, key=1)
    found = rows([today, next_day], [mark("+08:00"), mark("+17:00")])
    assert [Status.ABSENT, Status.PRESENT] == [each.status for each in found]
