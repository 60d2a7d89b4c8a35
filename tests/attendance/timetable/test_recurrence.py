"""Recurrences: which days they tell."""

from datetime import date, datetime, time, timedelta

import pytest
from dateutil import rrule as dateutil_rrule
from dateutil.rrule import rrulestr
from hypothesis import given
from hypothesis import strategies as st

from attendance.timetable.recurrence import days
from attendance.timetable.rule import Rule

FIRST = date(2026, 9, 2)


def rule(recurs, first=FIRST, zone="Europe/Berlin", begins=time(8), ends=time(8, 45), **more):
    return Rule(begins, ends, zone, first, recurs, **more)


def texts():
    """RRULEs of all kinds but those whose weeks dateutil begins in the middle (BYSETPOS with WEEKLY)."""
    weekdays = st.lists(st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"]), min_size=1, unique=True)
    numbered = st.sampled_from(["1MO", "-1FR", "2TU,4TU", "5SU", "MO,2WE"])
    interval = st.integers(1, 5)
    of_month = st.sampled_from(["1", "15", "31", "-1", "29,30"])
    build = st.builds
    return st.one_of(
        build("FREQ=DAILY;INTERVAL={}".format, interval),
        build("FREQ=DAILY;INTERVAL={};BYDAY={}".format, interval, weekdays.map(",".join)),
        build("FREQ=WEEKLY;INTERVAL={}".format, interval),
        build(
            "FREQ=WEEKLY;INTERVAL={};BYDAY={};WKST={}".format,
            interval,
            weekdays.map(",".join),
            st.sampled_from(["MO", "SU", "WE"]),
        ),
        build("FREQ=MONTHLY;INTERVAL={}".format, interval),
        build("FREQ=MONTHLY;INTERVAL={};BYMONTHDAY={}".format, interval, of_month),
        build("FREQ=MONTHLY;INTERVAL={};BYDAY={}".format, interval, numbered),
        build("FREQ=MONTHLY;INTERVAL={};BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1".format, interval),
        build("FREQ=YEARLY;INTERVAL={}".format, interval),
        build("FREQ=YEARLY;INTERVAL={};BYMONTH=3,9;BYDAY={}".format, interval, numbered),
        build("FREQ=YEARLY;INTERVAL={};BYWEEKNO=1,20,53;BYDAY=MO".format, interval),
        build("FREQ=YEARLY;INTERVAL={};BYYEARDAY=1,100,-1".format, interval),
    )


@given(texts(), st.dates(date(1990, 1, 1), date(2027, 1, 1)), st.integers(0, 15000), st.sampled_from(["", ";COUNT=7"]))
def test_days_equal_dateutil_from_the_beginning(text, first, later, end):
    """However late the span that is asked for, the days are those that counting from the first day comes to."""
    begin = min(first + timedelta(days=later), date(2035, 1, 1))
    last = begin + timedelta(days=400)
    start = datetime.combine(first, time())
    counted = rrulestr(text + end, dtstart=start).between(
        datetime.combine(begin, time()), datetime.combine(last, time()), inc=True
    )
    assert [at.date() for at in counted] == days(rule(text + end, first), begin, last)


@pytest.mark.parametrize("text", ["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO,TU", "FREQ=MONTHLY", "FREQ=YEARLY;BYMONTH=1,6"])
def test_old_rules_are_counted_from_the_span(monkeypatch, text):
    """A rule that began 30 years ago is counted from the period asked for on, not from its first day."""
    counted = []
    plain = dateutil_rrule.rrule._iter
    monkeypatch.setattr(dateutil_rrule.rrule, "_iter", lambda self: (counted.append(at) or at for at in plain(self)))
    found = days(rule(text, date(1996, 1, 1)), date(2026, 9, 1), date(2026, 9, 14))
    assert len(counted) <= len(found) + 32
    assert min(counted).date() >= date(2026, 1, 1)


@pytest.mark.parametrize(
    ("until", "last"),
    [
        ("20260907", 7),
        ("20260907T080000", 7),
        ("20260907T075959", 6),
        ("20260907T060000Z", 7),
        ("20260907T055959Z", 6),
        ("20260906T235959Z", 6),
    ],
)
def test_until_is_compared_with_the_beginning(until, last):
    """UNTIL as a day has that day; as a wall time or an instant it has the days whose beginning is not after it."""
    found = days(rule(f"FREQ=DAILY;UNTIL={until}"), date(2026, 9, 1), date(2026, 9, 30))
    assert date(2026, 9, last) == found[-1]


def test_until_in_utc_far_from_greenwich():
    """An instant that is another day in the rule's zone ends the rule on the day of that zone."""
    told = rule("FREQ=DAILY;UNTIL=20260907T180000Z", zone="Pacific/Auckland", begins=time(6))
    assert date(2026, 9, 8) == days(told, date(2026, 9, 1), date(2026, 9, 30))[-1]


def test_set_positions_choose_from_whole_weeks():
    """The last of several weekdays is that of the whole week, also in the week in which the rule begins."""
    found = days(rule("FREQ=WEEKLY;BYDAY=MO,FR;BYSETPOS=1", FIRST), date(2026, 9, 1), date(2026, 9, 20))
    assert [date(2026, 9, 7), date(2026, 9, 14)] == found


def test_without_recurrence_there_is_one_day():
    """A rule without recurrence takes place on its first day alone."""
    assert [FIRST] == days(rule(None), date(2026, 1, 1), date(2026, 12, 31))
    assert [] == days(rule(None), date(2026, 9, 3), date(2026, 12, 31))


def test_count_goes_from_the_first_day():
    """COUNT counts from the first day of the rule, whatever is asked for."""
    told = rule("FREQ=DAILY;COUNT=10")
    assert [date(2026, 9, 11)] == days(told, date(2026, 9, 11), date(2026, 9, 30))
