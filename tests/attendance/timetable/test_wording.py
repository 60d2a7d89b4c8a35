"""Rules in words: when they are, then how they judge."""

from dataclasses import replace
from datetime import date, time

import pytest

from attendance.timetable.rule import Break, Held, Pairing, Rule
from attendance.timetable.wording import described, differing, told, told_from

RULE = Rule(time(8), time(12), "UTC", date(2026, 3, 2), "FREQ=DAILY")


def rule(recurs, **more):
    return Rule(time(8), time(8, 45), "Europe/Berlin", date(2026, 9, 2), recurs, **more)


def test_what_is_not_said_is_left_out():
    """A plain rule says when it is and when somebody is late."""
    assert "Every day 08:00-12:00 (UTC), from 2026-03-02, late after 5 min" == told(RULE)


def test_all_that_a_rule_says():
    """Breaks, site, closed days, pairing, graces, shares and automatic closing follow in one order."""
    full = replace(
        RULE, pairing=Pairing.PAIRS, breaks=(Break(time(9), time(10)), Break(time(11), time(11, 5), paid=True)),
        site="North", follows_calendar=False, half_day=60, absent_below=30, auto_close=0,
    )  # fmt: skip
    assert (
        ", unpaid break 09:00-10:00, paid break 11:00-11:05, site North, also on closed days, pairs marks, "
        "late after 5 min, early before 5 min, partial below 60 min, absent below 30 min, closed 0 min after the end"
    ) == told(full).partition("2026-03-02")[2]


def test_what_two_rules_differ_in():
    """The parts that differ are named in the order of the fields."""
    assert ["begins", "late_grace"] == differing(RULE, replace(RULE, late_grace=1, begins=time(7)))
    assert [] == differing(RULE, RULE)


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


def test_from_which_day_a_version_holds():
    """A version is said to hold from no day before its own; what is counted from the first day keeps that."""
    day = date(2026, 5, 1)
    assert "Every day 08:00-12:00 (UTC), from 2026-05-01, late after 5 min" == told_from(RULE, day)
    for recurs in ("FREQ=DAILY;INTERVAL=2", "FREQ=DAILY;COUNT=90", None):
        counted = replace(RULE, recurs=recurs)
        assert told(counted) == told_from(counted, day)
    assert told(RULE) == told_from(RULE, date(2026, 1, 1))
