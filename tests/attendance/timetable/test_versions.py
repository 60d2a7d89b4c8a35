"""Versions of an entry: which one holds on a day."""

from dataclasses import replace
from datetime import date, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from attendance.timetable.facts import Entry, Version
from attendance.timetable.rule import Rule
from attendance.timetable.versions import by_days, holding, later, timeline

TODAY = date(2026, 3, 2)
RULE = Rule(time(8), time(8, 45), "Europe/Berlin", date(2026, 1, 5), "FREQ=WEEKLY;BYDAY=MO,WE")
BEGUN = Entry(1, "Maths", None, None, (Version(1, date(2026, 1, 5), RULE),))
LATER = replace(RULE, begins=time(9), ends=time(10))


def test_the_last_word_on_a_day_holds():
    """Of two versions from one day the one entered last holds, and order of entering is not order of days."""
    entry = replace(BEGUN, versions=(Version(3, TODAY, LATER), *BEGUN.versions, Version(4, TODAY, None)))
    assert [1, 4] == [each.key for each in timeline(entry)]
    assert (None, 1, 4) == (
        holding(entry, date(2026, 1, 4)), holding(entry, date(2026, 3, 1)).key, holding(entry, TODAY).key
    )  # fmt: skip


def test_a_version_that_was_entered_for_an_earlier_day():
    """A version entered later for an earlier day counts from it up to the next one."""
    entry = replace(BEGUN, versions=(Version(1, date(2026, 9, 14), RULE), Version(2, date(2026, 9, 1), LATER)))
    assert [2, 1] == [holding(entry, date(2026, 9, day)).key for day in (7, 21)]
    assert holding(entry, date(2026, 8, 31)) is None


def test_what_is_to_come():
    """The versions of later days come in order, that of the day itself is none of them."""
    entry = replace(
        BEGUN, versions=(Version(3, TODAY + timedelta(days=9), None), *BEGUN.versions, Version(2, TODAY, LATER))
    )
    assert [2, 3] == [each.key for each in later(entry, TODAY - timedelta(days=1))]
    assert [3] == [each.key for each in later(entry, TODAY)]


@given(st.lists(st.integers(0, 20), max_size=6), st.integers(-5, 25), st.integers(-5, 25))
def test_days_in_a_row(begins, first, last):
    """Over a span of days, stretches tell for each day the version that holds on it, and no other day."""
    versions = tuple(Version(key, TODAY + timedelta(days=day), RULE) for key, day in enumerate(begins))
    entry = replace(BEGUN, versions=versions)
    days = [TODAY + timedelta(days=number) for number in range(first, last + 1)]
    found = {
        begin + timedelta(days=number): version
        for begin, end, version in by_days(entry, TODAY + timedelta(days=first), TODAY + timedelta(days=last))
        for number in range((end - begin).days + 1)
    }
    assert {day: holding(entry, day) for day in days if holding(entry, day) is not None} == found
