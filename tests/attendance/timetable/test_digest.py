"""The digest of statuses: the same for the same rows in whatever order, another for any other word of them."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from attendance.timetable.attended import Attended, Status
from attendance.timetable.calendar import Calendar
from attendance.timetable.digest import digest, digests
from attendance.timetable.facts import Entry, Span, Version
from attendance.timetable.occurrences import of_entry
from attendance.timetable.rule import Rule

RULE = Rule(time(8), time(9), "UTC", date(2026, 3, 2), "FREQ=DAILY")
ENTRY = Entry(7, "Maths", "7b", None, (Version(1, date(2026, 3, 1), RULE),))
FIRST, SECOND = of_entry(ENTRY, date(2026, 3, 2), date(2026, 3, 3), Calendar(()))
AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
ROW = Attended(1, FIRST, Status.PRESENT, ("overlap",), AT, None, 0, 0, (Span(AT, AT),), marks=("a",), excuses=(1,))


def test_order_is_none_of_it():
    """Rows in any order have one digest, and no rows one of their own."""
    rows = [ROW, Attended(2, FIRST, Status.ABSENT), Attended(1, SECOND, Status.NO_LOG)]
    assert digest(rows) == digest(reversed(rows))
    assert 4 == len({digest(rows[:number]) for number in range(4)})
    assert 64 == len(digest([]))


@pytest.mark.parametrize(
    "other",
    [
        {"person": 2}, {"occurrence": SECOND}, {"status": Status.LATE}, {"reasons": ()}, {"arrived": None},
        {"left": AT}, {"late_s": 1}, {"early_s": 1}, {"present": ()}, {"automatic": True}, {"worked_s": 1},
        {"worked_by_day": ((date(2026, 3, 2), 1),)}, {"marks": ()}, {"excuses": ()},
    ],
)  # fmt: skip
def test_every_word_counts(other):
    """A row that says anything else has another digest."""
    assert digest([ROW]) != digest([replace(ROW, **other)])


def test_a_version_that_says_the_same_is_the_same():
    """Which version a row was judged by is none of it: a day skipped elsewhere changes no digest."""
    again = replace(
        ENTRY,
        versions=(
            *ENTRY.versions,
            Version(2, date(2026, 3, 2), replace(RULE, left_out=(AT.date() + timedelta(days=9),))),
        ),
    )
    (same, *_) = of_entry(again, date(2026, 3, 2), date(2026, 3, 2), Calendar(()))
    assert digest([ROW]) == digest([replace(ROW, occurrence=same)])


def test_digests_of_people_and_days():
    """By person and by day there is a short digest each, which the others' rows do not touch."""
    rows = [ROW, Attended(2, FIRST, Status.ABSENT), Attended(1, SECOND, Status.NO_LOG)]
    people, by_day = digests(rows, "person"), digests(rows, "day")
    assert (["1", "2"], ["2026-03-02", "2026-03-03"]) == (sorted(people), sorted(by_day))
    less = digests(rows[:2], "person")
    assert (people["2"], False) == (less["2"], people["1"] == less["1"])
    assert {16} == {len(each) for each in (*people.values(), *by_day.values())}
