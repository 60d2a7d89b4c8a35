"""What a rule cannot say is refused by one line."""

from datetime import UTC, date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.errors import RuleInvalid, RuleRecurrence, ZoneUnknown
from attendance.timetable.rule import Break, Held, Pairing, Rule
from attendance.timetable.rulechecks import checked, minutes_between


def rule(**more):
    told = {"begins": time(8), "ends": time(16), "zone": "Europe/Berlin", "first": date(2026, 9, 7)} | more
    return Rule(**told)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"opens_before": -1}, "opens_before is -1"),
        ({"closes_after": 1441}, "closes_after is 1441"),
        ({"late_grace": 2.5}, "late_grace is 2.5"),
        ({"early_grace": True}, "early_grace is True"),
        ({"auto_close": -5}, "auto_close is -5"),
        ({"half_day": 60, "absent_below": 90}, "half_day is 60, less than absent_below"),
        ({"half_day": 481}, "half_day is 481 minutes, longer than the rule"),
        ({"absent_below": 481}, "absent_below is 481 minutes, longer than the rule"),
        ({"begins": time(8, 0, 30)}, "whole minutes"),
        ({"ends": time(8, tzinfo=UTC)}, "whole minutes"),
        ({"added": (Held(date(2026, 9, 8), time(8), time(9, 0, 1)),)}, "whole minutes"),
        ({"first": date(1, 1, 1)}, "not between"),
        ({"added": (Held(date(9999, 1, 1), time(8), time(9)),)}, "not between"),
        ({"moved": ((date(2026, 9, 7), Held(date(2026, 9, 8), time(8), time(9))),) * 2}, "moved twice"),
        ({"left_out": (date(2026, 9, 7),) * 10_001}, "10001 days are left out"),
        ({"breaks": (Break(time(7), time(8, 30)),)}, "does not lie within"),
        ({"breaks": (Break(time(15, 30), time(16, 30)),)}, "does not lie within"),
        ({"breaks": (Break(time(17), time(18)),)}, "does not lie within"),
        ({"breaks": (Break(time(12), time(12)),)}, "does not lie within"),
        ({"breaks": (Break(time(12), time(13)), Break(time(12, 30), time(13, 30)))}, "overlaps another"),
        ({"pairing": "sometimes"}, "pairing is 'sometimes'"),
        ({"site": "\x00"}, "site: "),
    ],
)
def test_rules_that_cannot_be(more, words):
    """Every field that says what cannot be is named, with what was expected."""
    with pytest.raises(RuleInvalid, match=words) as refused:
        checked(rule(**more), "Early shift")
    assert "Early shift" == refused.value.where


@pytest.mark.parametrize(
    "more",
    [
        {
            "begins": time(22),
            "ends": time(6),
            "breaks": (Break(time(23, 45), time(0, 15)), Break(time(2), time(2, 30))),
        },
        {"begins": time(6), "ends": time(6), "breaks": (Break(time(5), time(6)), Break(time(6), time(6, 30)))},
        {"half_day": 480, "absent_below": 480, "auto_close": 0},
        {"half_day": 0, "absent_below": 60},
        {"opens_before": 0, "closes_after": 1440},
        {"breaks": (Break(time(12), time(12, 30)), Break(time(12, 30), time(13), paid=True))},
    ],
)
def test_rules_that_can_be(more):
    """Shifts over midnight, of a whole day, with breaks side by side, and bounds themselves are taken."""
    assert rule(**more).begins == checked(rule(**more)).begins


def test_recurrences_are_checked():
    """A rule that never takes place, or ends before it begins, is refused."""
    with pytest.raises(RuleRecurrence, match="ever one of the rule"):
        checked(rule(recurs="FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"))
    with pytest.raises(RuleRecurrence, match="ever one of the rule"):
        checked(rule(recurs="FREQ=DAILY;INTERVAL=7;BYDAY=TU"))
    with pytest.raises(RuleRecurrence, match="before it begins"):
        checked(rule(recurs="FREQ=DAILY;UNTIL=20260907T055959Z"))
    with pytest.raises(RuleRecurrence, match="no part"):
        checked(rule(recurs=""))


def test_rare_days_are_taken():
    """A rule that comes true once in a long time is one: the 29th of February on a Monday, the 366th day."""
    for text in ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO", "FREQ=YEARLY;BYYEARDAY=366"):
        assert text == checked(rule(recurs=text)).recurs


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Europe/Kiev", "Europe/Kyiv"),
        ("Asia/Calcutta", "Asia/Kolkata"),
        ("America/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ("US/Eastern", "America/New_York"),
        ("Europe/Oslo", "Europe/Oslo"),
        ("Atlantic/Reykjavik", "Atlantic/Reykjavik"),
        ("Iceland", "Iceland"),
        ("UTC", "UTC"),
        ("Europe/Berlin", "Europe/Berlin"),
    ],
)
def test_zones_by_their_present_names(old, new):
    """Old names of zones go on working and become the present ones; places that share their hours stay apart."""
    assert new == checked(rule(zone=old)).zone


@pytest.mark.parametrize(
    "name", ["Europe/Brelin", "", "localtime", "posix/Europe/Berlin", "../etc/passwd", "europe\x00"]
)
def test_zones_that_are_none(name):
    """A zone that is not in the database is refused."""
    with pytest.raises(ZoneUnknown):
        checked(rule(zone=name))


def test_lists_in_order_without_doubles():
    """Days and breaks are stored in order, so that equal rules have equal digests."""
    days = (date(2026, 9, 21), date(2026, 9, 14), date(2026, 9, 21))
    late, early = Break(time(14), time(14, 15)), Break(time(10), time(10, 15))
    one = checked(rule(left_out=days, breaks=(late, early)))
    other = checked(rule(left_out=days[:2], breaks=(early, late)))
    assert ((date(2026, 9, 14), date(2026, 9, 21)), one.digest) == (one.left_out, other.digest)


def test_pairing_as_text():
    """A pairing that is told by its word becomes the value."""
    assert Pairing.PAIRS is checked(rule(pairing="pairs")).pairing


@given(st.times(), st.times())
def test_minutes_between(begins, ends):
    """From one wall time to another there are 1 to 1440 minutes, which lead from the one to the other."""
    found = minutes_between(begins, ends)
    assert 1 <= found <= 1440
    assert (begins.hour * 60 + begins.minute + found) % 1440 == ends.hour * 60 + ends.minute
