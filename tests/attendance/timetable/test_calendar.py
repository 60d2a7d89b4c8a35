"""Which days are closed, for whom, and who says so."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.timetable.calendar import NO_TERM, Calendar
from attendance.timetable.facts import CalendarEntry

SEPT = date(2026, 9, 1)


def on(day):
    return date(2026, 9, day)


def entry(kind, first, last, key=1, site=None, group=None, source="by hand"):
    return CalendarEntry(key, kind, on(first), on(last), f"{kind} {key}", source, site, group)


def test_without_entries_every_day_is_open():
    """An empty calendar closes nothing."""
    assert Calendar().closed(SEPT) is None
    assert "no entry" == Calendar().state(SEPT).source


def test_closed_days_with_their_ends():
    """A closed entry closes its first and last day and those between, and no other."""
    closed = entry("closed", 7, 9)
    calendar = Calendar([closed])
    assert [None, closed, closed, closed, None] == [calendar.closed(on(day)) for day in range(6, 11)]


def test_days_outside_all_terms_are_closed():
    """Where there are terms, the days outside all of them are closed for the reason that no term runs."""
    calendar = Calendar([entry("term", 7, 11), entry("term", 21, 25, key=2)])
    assert [NO_TERM, None, NO_TERM, None] == [calendar.closed(on(day)) for day in (1, 7, 12, 25)]
    assert [NO_TERM, "by hand"] == [calendar.state(on(day)).source for day in (1, 7)]


def test_open_days_open_whatever_else_says():
    """An open entry opens its days within closed ones and outside terms."""
    calendar = Calendar([entry("term", 7, 11), entry("closed", 8, 9, key=2), entry("open", 9, 12, key=3)])
    assert [True, False, False, True] == [calendar.closed(on(day)) is not None for day in (8, 9, 12, 13)]


def test_entries_of_a_site_or_group_concern_these_alone():
    """A term of one group closes nothing for others, and a closed day of a site is one there alone."""
    calendar = Calendar([entry("term", 7, 11, group="7b"), entry("closed", 8, 8, key=2, site="North")])
    assert [NO_TERM, None] == [calendar.closed(on(1), None, group) for group in ("7b", "8a")]
    assert calendar.closed(on(1)) is None
    assert [True, False, False] == [calendar.closed(on(8), site) is not None for site in ("North", "South", None)]


def test_shortest_entry_is_the_reason():
    """Of several entries that close a day the shortest is named, as it says most of the day."""
    long, short = entry("closed", 1, 30, source="holidays 0.109 DE-BY"), entry("closed", 9, 9, key=2)
    assert short == Calendar([long, short]).closed(on(9))
    assert "holidays 0.109 DE-BY" == Calendar([long, short]).state(on(8)).source


kinds = st.sampled_from(["closed", "open", "term"])
scopes = st.sampled_from([None, "A", "B"])
entries = st.lists(st.tuples(kinds, st.integers(0, 60), st.integers(0, 30), scopes, scopes), max_size=12)


@given(entries, st.integers(-5, 100), scopes, scopes)
def test_calendar_equals_a_plain_look_at_all_entries(told, offset, site, group):
    """However many entries there are, a day is closed exactly when reading all of them says so."""
    made = [
        CalendarEntry(n, kind, SEPT + timedelta(begin), SEPT + timedelta(begin + more), "", "", at, of)
        for n, (kind, begin, more, at, of) in enumerate(told)
    ]
    day = SEPT + timedelta(offset)
    mine = [each for each in made if each.site in {None, site} and each.group in {None, group}]
    there = {each.kind for each in mine if each.first <= day <= each.last}
    terms = any(each.kind == "term" for each in mine)
    expected = "open" not in there and ("closed" in there or (terms and "term" not in there))
    assert expected == (Calendar(made).closed(day, site, group) is not None)


@pytest.mark.parametrize("day", [date.min, date.max])
def test_days_at_the_end_of_all_time(day):
    """Any day can be asked for."""
    assert NO_TERM == Calendar([entry("term", 7, 11)]).closed(day)
