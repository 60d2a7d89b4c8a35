"""Recurrences: which texts are taken, and which days they tell."""

from datetime import date, datetime, time, timedelta

import pytest
from dateutil import rrule as dateutil_rrule
from dateutil.rrule import rrulestr
from hypothesis import given
from hypothesis import strategies as st

from attendance.errors import RuleRecurrence
from attendance.timetable import recurrence
from attendance.timetable.recurrence import days, described, weekly
from attendance.timetable.rrule import recurrence as read
from attendance.timetable.rule import Held, Rule

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
    ("text", "part"),
    [
        ("", "no part"),
        ("junk", "no part"),
        ("FREQ=", "no part"),
        ("BYDAY=MO", "FREQ is missing"),
        ("FREQ=HOURLY", "several times a day"),
        ("FREQ=MINUTELY", "several times a day"),
        ("FREQ=SECONDLY;COUNT=3", "several times a day"),
        ("FREQ=FORTNIGHTLY", "FORTNIGHTLY is unknown"),
        ("FREQ=DAILY;BYHOUR=8", "BYHOUR"),
        ("FREQ=DAILY;BYMINUTE=8", "BYMINUTE"),
        ("FREQ=DAILY;BYSECOND=8", "BYSECOND"),
        ("FREQ=DAILY;BYEASTER=0", "BYEASTER is unknown"),
        ("FREQ=DAILY;X-OWN=1", "X-OWN is unknown"),
        ("FREQ=DAILY;FREQ=DAILY", "twice"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL=0"),
        ("FREQ=DAILY;INTERVAL=-1", "INTERVAL=-1"),
        ("FREQ=DAILY;INTERVAL=99999999999999999999", "INTERVAL"),
        ("FREQ=DAILY;COUNT=0", "COUNT=0"),
        ("FREQ=DAILY;COUNT=10001", "COUNT=10001"),
        ("FREQ=DAILY;COUNT=5;UNTIL=20270101", "exclude each other"),
        ("FREQ=DAILY;UNTIL=20260230", "no day of the calendar"),
        ("FREQ=DAILY;UNTIL=tomorrow", "neither a day nor an instant"),
        ("FREQ=DAILY;UNTIL=20270101T080000+0100", "neither a day nor an instant"),
        ("FREQ=WEEKLY;BYDAY=XX", "BYDAY=XX"),
        ("FREQ=WEEKLY;BYDAY=", "no part"),
        ("FREQ=WEEKLY;BYDAY=1MO", "numbered weekdays"),
        ("FREQ=MONTHLY;BYDAY=13MO", "more than 5 times in a month"),
        ("FREQ=YEARLY;BYMONTH=12;BYDAY=MO,-6TU", "more than 5 times in a month"),
        ("FREQ=YEARLY;BYDAY=54MO", "more than 53 times in a year"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "means nothing"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "from 1 to 31"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "from 1 to 31"),
        ("FREQ=YEARLY;BYMONTH=13", "from 1 to 12"),
        ("FREQ=YEARLY;BYMONTH=-1", "from 1 to 12"),
        ("FREQ=DAILY;WKST=8", "WKST=8"),
        ("FREQ=DAILY;BYSETPOS=1", "BYSETPOS needs"),
        ("FREQ=DAILY\nINTERVAL=2", "characters"),
        ("FREQ=DAILY\x00", "characters"),
        ("FREQ=DAİLY", "characters"),
        ("FREQ=DAILY;BYMONTH=" + "1," * 600 + "1", "at most 1000"),
    ],
)
def test_texts_that_are_no_recurrence(text, part):
    """What no day can be told of is refused by one line that names the part."""
    with pytest.raises(RuleRecurrence, match=part) as refused:
        read(text)
    assert refused.value.line.isprintable()


def test_text_as_files_write_it():
    """Small letters, the name in front and a semicolon at the end change nothing."""
    assert read("FREQ=WEEKLY;BYDAY=MO") == read(" rrule:freq=weekly;byday=mo; ")


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


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("MO,WE", "MO,WE"),
        ("we, mo", "MO,WE"),
        ("Monday Wednesday", "MO,WE"),
        ("Mon;Wed", "MO,WE"),
        ("MO-FR", "MO,TU,WE,TH,FR"),
        ("Fri - Mon", "MO,FR,SA,SU"),
        ("SU", "SU"),
    ],
)
def test_weekly(text, days):
    """Weekdays as people write them become an RRULE."""
    assert f"FREQ=WEEKLY;BYDAY={days}" == weekly(text)


@pytest.mark.parametrize("text", ["", ",", "M", "T", "Montag!", "MO-", "MO-WE-FR", "1", "MO\x00"])
def test_weekly_refuses_what_is_no_weekday(text):
    """What is no list of weekdays is refused, and so is a letter that may be two of them."""
    with pytest.raises(RuleRecurrence, match="no weekday"):
        weekly(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("FREQ=WEEKLY;BYDAY=WE,MO", "Mondays and Wednesdays 08:00-08:45 (Europe/Berlin), from 2026-09-02"),
        ("FREQ=WEEKLY", "Wednesdays 08:00-08:45 (Europe/Berlin), from 2026-09-02"),
        (
            "FREQ=WEEKLY;BYDAY=MO,TU,WE,SA",
            "Mondays to Wednesdays and Saturdays 08:00-08:45 (Europe/Berlin), from 2026-09-02",
        ),
        (
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR",
            "Every 2 weeks on Fridays 08:00-08:45 (Europe/Berlin), from 2026-09-02",
        ),
        ("FREQ=DAILY;COUNT=1", "Every day 08:00-08:45 (Europe/Berlin), 1 time from 2026-09-02"),
        (
            "FREQ=DAILY;INTERVAL=3;UNTIL=20261231T225959Z",
            "Every 3 days 08:00-08:45 (Europe/Berlin), from 2026-09-02 to 2026-12-31",
        ),
        ("FREQ=MONTHLY", "Every month on day 2 08:00-08:45 (Europe/Berlin), from 2026-09-02"),
        (
            "FREQ=MONTHLY;BYDAY=-1FR",
            "Every month on the last Friday 08:00-08:45 (Europe/Berlin), from 2026-09-02",
        ),
        ("FREQ=YEARLY", "Every year on day 2 of September 08:00-08:45 (Europe/Berlin), from 2026-09-02"),
        (
            "FREQ=YEARLY;BYWEEKNO=20",
            "FREQ=YEARLY;BYWEEKNO=20 08:00-08:45 (Europe/Berlin), from 2026-09-02",
        ),
        (
            "FREQ=DAILY;UNTIL=20261231T055959Z",
            "Every day 08:00-08:45 (Europe/Berlin), from 2026-09-02 to 2026-12-30",
        ),
        (None, "2026-09-02 08:00-08:45 (Europe/Berlin)"),
    ],
)
def test_described(text, words):
    """Lists tell a rule in plain words, and by its RRULE where there are none."""
    assert words == described(rule(text))


def test_described_with_exceptions():
    """Days left out, added and moved are counted in the words."""
    told = rule(
        "FREQ=WEEKLY",
        left_out=(date(2026, 9, 9), date(2026, 9, 16)),
        added=(Held(date(2026, 9, 10), time(8), time(9)),),
        moved=((date(2026, 9, 23), Held(date(2026, 9, 24), time(8), time(9))),),
    )
    assert described(told).endswith("from 2026-09-02, 2 left out, 1 added, 1 moved")


def test_what_the_module_offers():
    """The functions that others use stand in one module."""
    assert ["checked", "days", "described", "weekly"] == recurrence.__all__
