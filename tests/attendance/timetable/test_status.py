"""Statuses: what became of somebody, to the second, and why."""

import pytest
from timetable_made import ALL_DAY, LATER, at, cover, excuse, mark, occurs, untimed

from attendance.timetable.attended import Status
from attendance.timetable.facts import Expected, Span
from attendance.timetable.rule import Pairing
from attendance.timetable.status import derive

ANYBODY = Expected(1, recognisable=at("00:00"))


def rows(occurrences, marks=(), excuses=(), covers=(ALL_DAY,), now=LATER, person=ANYBODY):
    return derive(person, occurrences, marks, excuses, covers, now=now)


def row(occurrence, *marks, **more):
    (found,) = rows([occurrence], marks, **more)
    return found


@pytest.mark.parametrize(
    ("arrives", "leaves", "expected", "late_s", "early_s"),
    [
        ("08:00:00", "17:00:00", Status.PRESENT, 0, 0),
        ("07:30:00", "17:30:00", Status.PRESENT, 0, 0),
        ("08:04:59", "16:55:01", Status.PRESENT, 0, 0),
        ("08:05:00", "16:55:00", Status.PRESENT, 0, 0),
        ("08:05:01", "16:55:00", Status.LATE, 301, 0),
        ("08:05:00", "16:54:59", Status.LEFT_EARLY, 0, 301),
        ("08:05:01", "16:54:59", Status.PARTIAL, 301, 301),
        ("12:00:00", "17:00:00", Status.LATE, 4 * 3600, 0),
    ],
)
def test_late_and_early(arrives, leaves, expected, late_s, early_s):
    """Up to the grace nobody is late or leaves early; a second more counts from the planned time."""
    found = row(occurs(), mark(arrives), mark(leaves))
    assert (expected, late_s, early_s) == (found.status, found.late_s, found.early_s)


def test_bridged():
    """In to one shift and out of another is presence in both."""
    early, late = occurs("06:00", "14:00"), occurs("14:00", "22:00", key=2)
    first, second = rows([early, late], [mark("06:00", "in"), mark("22:00", "out")])
    assert (Status.PRESENT, Status.PRESENT) == (first.status, second.status)
    assert (8 * 3600, 8 * 3600) == (first.worked_s, second.worked_s)
    assert (("bridged",), ("bridged",)) == (first.reasons, second.reasons)


def test_absent_and_no_log():
    """Who was not seen is absent where somebody looked all the time, else there is no log."""
    assert Status.ABSENT is row(occurs()).status
    found = row(occurs(), covers=[cover("07:00", "09:00"), cover("11:00", "18:00")])
    assert (Status.NO_LOG, ("gap",)) == (found.status, found.reasons)
    found = row(occurs(), covers=[])
    assert (Status.NO_LOG, ("not_looked",)) == (found.status, found.reasons)


def test_picture_of_a_class():
    """Who is not in a picture taken in the lesson was absent."""
    lesson = occurs("08:00", "08:45", pairing=Pairing.ONCE)
    assert Status.ABSENT is row(lesson, covers=[cover("08:05")]).status
    assert Status.PRESENT is row(lesson, mark("08:05"), covers=[cover("08:05")]).status


def test_excused():
    """Who is excused for all of it is excused; who comes all the same is present."""
    away = [excuse("07:00", "18:00", key=7)]
    found = row(occurs(), excuses=away)
    assert (Status.EXCUSED, (7,)) == (found.status, found.excuses)
    found = row(occurs(), mark("11:00"), mark("12:00"), excuses=away)
    assert (Status.PRESENT, ("excused_but_there",)) == (found.status, found.reasons)


def test_forgotten_checkout():
    """A forgotten check-out counts no hours; the rule may close it, which counts none either until it is approved."""
    found = row(occurs(), mark("08:00"))
    assert (Status.PRESENT, 0, ("no_checkout",)) == (found.status, found.worked_s, found.reasons)
    found = row(occurs(auto_close=60), mark("08:00"))
    assert (True, 0, (Span(at("08:00"), at("17:00")),)) == (found.automatic, found.worked_s, found.present)
    found = row(occurs(auto_close=60), mark("08:00"), mark("17:00", "out", method="manual"))
    assert (False, 9 * 3600, ()) == (found.automatic, found.worked_s, found.reasons)


def test_unknown_time():
    """A mark of unknown time is presence without times in all occurrences of its day."""
    found = row(occurs(), untimed())
    assert (Status.PRESENT, None, ("time_unknown",)) == (found.status, found.arrived, found.reasons)
