"""Which days something touches: those of an occurrence, and those on which its window lies."""

from datetime import UTC, date, datetime, time

import pytest

from attendance.timetable.calendar import Calendar
from attendance.timetable.facts import Entry, Version
from attendance.timetable.occurrences import of_entry
from attendance.timetable.preview import changes
from attendance.timetable.reach import reached, touched
from attendance.timetable.rule import Rule

LAST, FIRST = date(2026, 2, 28), date(2026, 3, 1)


def entry(**parts: object) -> Entry:
    """A night each day, marks counting from half an hour before to half an hour after, unless parts say otherwise."""
    told = {"begins": time(22), "ends": time(6), "zone": "UTC", "first": LAST, "recurs": "FREQ=DAILY", **parts}
    return Entry(1, "Night", None, None, (Version(1, LAST, Rule(**told)),))


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """An instant of March 2026."""
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


def test_the_days_that_a_change_touches():
    """What begins on the first of a month reaches into the month before with its window, unless it ends at midnight."""
    calendar = Calendar(())
    for opens_before, wanted in ((30, {LAST, FIRST}), (15, {FIRST})):
        vigil = entry(begins=time(0, 15), ends=time(1), opens_before=opens_before, recurs=None, first=FIRST)
        found = changes([], [vigil], calendar, calendar, (), FIRST, FIRST)
        assert wanted == touched(found, "UTC")


@pytest.mark.parametrize(
    ("begins", "ends", "days"),
    [
        (at(1, 6, 29), at(1, 6, 29), {LAST}),
        (at(1, 6, 30), at(1, 6, 30), set()),
        (at(1, 21, 29), at(1, 21, 29), set()),
        (at(1, 21, 30), at(1, 21, 30), {FIRST}),
        (at(1, 21, 0), at(1, 21, 30), set()),
        (at(1, 6, 0), at(1, 22, 0), {LAST, FIRST}),
    ],
)
def test_the_occurrences_that_a_span_reaches(begins, ends, days):
    """An instant or span reaches each occurrence in whose window it lies, and none at the very end of one."""
    assert days == reached(of_entry(entry(), LAST, FIRST, Calendar(())), begins, ends)
