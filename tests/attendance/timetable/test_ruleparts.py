"""A rule as people say it: each part is read on its own, and what cannot be is refused with what was expected."""

from datetime import date, time

import pytest

from attendance.errors import RuleError, RuleInvalid, RuleRecurrence, ZoneUnknown
from attendance.timetable.rule import Break, Held, Pairing, Rule
from attendance.timetable.ruleparts import Parts, changed, counted_from, held_on, rule_of, shifted, skipped, with_extra

MONDAY = date(2026, 3, 2)
LESSON = Rule(time(8), time(8, 45), "UTC", MONDAY, "FREQ=WEEKLY;BYDAY=MO,TU")


def made(**parts: object) -> Rule:
    """A rule of these parts, on Mondays and Tuesdays from eight to a quarter to nine unless they say otherwise."""
    told = {"weekly": "MO,TU", "begins": "08:00", "ends": "8:45", **parts}
    return rule_of(Parts(**told), name="Maths", zone_name="UTC", first=MONDAY)


def test_the_least_that_makes_a_rule():
    """Days, a beginning and an end are enough; all else is as rules have it without a word."""
    assert LESSON == made()


def test_every_part_is_read():
    """Each part ends up in the rule as it was said."""
    found = made(
        zone="Europe/Berlin", opens_before=10, closes_after=15, late_grace=3, early_grace=4, half_day=40,
        absent_below=20, pairing="First-Last", breaks=("08:10-08:15", "08:20-08:25,paid"), auto_close="90",
        always=True, site=" North  wing ",
    )  # fmt: skip
    assert ("Europe/Berlin", 10, 15, 3, 4, 40, 20, Pairing.FIRST_LAST, 90, False, "North wing") == (
        found.zone, found.opens_before, found.closes_after, found.late_grace, found.early_grace, found.half_day,
        found.absent_below, found.pairing, found.auto_close, found.follows_calendar, found.site,
    )  # fmt: skip
    assert (Break(time(8, 10), time(8, 15)), Break(time(8, 20), time(8, 25), paid=True)) == found.breaks


def test_what_takes_a_part_away():
    """None takes breaks and automatic closing away, an empty text the site; what is not named stays."""
    full = made(breaks=("08:10-08:15",), auto_close="5", site="North", late_grace=9)
    bare = changed(full, Parts(breaks=("none",), auto_close="none", site=""), name="Maths")
    assert ((), None, None, 9) == (bare.breaks, bare.auto_close, bare.site, bare.late_grace)


def test_days_are_told_anew():
    """Weekdays, an RRULE or one day take each other's place; the day that weeks are counted from stays."""
    assert "FREQ=WEEKLY;BYDAY=WE" == changed(LESSON, Parts(weekly="we"), name="x").recurs
    assert "FREQ=DAILY;INTERVAL=2" == changed(LESSON, Parts(rrule="RRULE:FREQ=DAILY;INTERVAL=2"), name="x").recurs
    once = changed(LESSON, Parts(on="2026-04-01"), name="x")
    assert (None, date(2026, 4, 1)) == (once.recurs, once.first)


@pytest.mark.parametrize(
    ("parts", "kind", "said"),
    [
        ({"begins": None}, RuleInvalid, "begins and ends"),
        ({"weekly": None}, RuleRecurrence, "needs its days"),
        ({"on": "2026-03-02"}, RuleRecurrence, "told twice"),
        ({"weekly": "Mittwoch"}, RuleRecurrence, "Mittwoch"),
        ({"weekly": None, "rrule": "FREQ=HOURLY"}, RuleRecurrence, "HOURLY"),
        ({"weekly": None, "rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, RuleRecurrence, ""),
        ({"weekly": None, "on": "2.3.2026"}, RuleInvalid, "'2.3.2026' is no day"),
        ({"begins": "25:00"}, RuleInvalid, "'25:00' is no time"),
        ({"ends": "08:45:30"}, RuleInvalid, "'08:45:30' is no time"),
        ({"zone": "Europe/Berlim"}, ZoneUnknown, "Europe/Berlin"),
        ({"late_grace": -1}, RuleInvalid, "late_grace"),
        ({"closes_after": 2000}, RuleInvalid, "1440"),
        ({"half_day": 60}, RuleInvalid, "longer than the rule"),
        ({"half_day": 10, "absent_below": 20}, RuleInvalid, "less than absent_below"),
        ({"pairing": "twice"}, RuleInvalid, "once, first-last, pairs"),
        ({"breaks": ("12:00",)}, RuleInvalid, "no break"),
        ({"breaks": ("12:00-12:30",)}, RuleInvalid, "within 08:00-08:45"),
        ({"breaks": ("08:10-08:20,free",)}, RuleInvalid, "no break"),
        ({"auto_close": "soon"}, RuleInvalid, "no number of minutes"),
        ({"site": "a\tb"}, RuleInvalid, "site"),
    ],
)
def test_what_is_refused(parts, kind, said):
    """Each part that cannot be is refused by its own error, which says what was meant."""
    with pytest.raises(RuleError if kind is not ZoneUnknown else ZoneUnknown) as caught:
        made(**parts)
    assert (kind, True) == (type(caught.value), said in str(caught.value))


def test_single_days():
    """A day is skipped, moved, moved on, added, and what was added is skipped again."""
    day, other, third = MONDAY, date(2026, 3, 4), date(2026, 3, 5)
    assert (day,) == skipped(LESSON, day).left_out == skipped(skipped(LESSON, day), day).left_out
    once = shifted(LESSON, day, Held(other, time(9), time(10)))
    assert ((day, Held(other, time(9), time(10))),) == once.moved
    twice = shifted(once, other, Held(third, time(9), time(10)))
    assert ((day, Held(third, time(9), time(10))),) == twice.moved
    gone = skipped(twice, third)
    assert ((), (day, third)) == (gone.moved, gone.left_out)
    more = with_extra(LESSON, Held(other, time(9), time(10)))
    assert (Held(third, time(8), time(9)),) == shifted(more, other, Held(third, time(8), time(9))).added
    assert () == skipped(more, other).added


def test_times_of_a_single_day():
    """Where no times are told, they are the rule's own."""
    assert Held(MONDAY, time(8), time(9, 30)) == held_on(LESSON, MONDAY, None, "9:30", "Maths")


@pytest.mark.parametrize(
    ("recurs", "first"),
    [
        ("FREQ=WEEKLY;BYDAY=MO", date(2026, 2, 2)),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", date(2026, 2, 2)),
        ("FREQ=DAILY;INTERVAL=3", date(2026, 2, 3)),
        ("FREQ=MONTHLY;BYMONTHDAY=2", date(2026, 2, 5)),
        (None, MONDAY),
    ],
)
def test_counted_from_an_earlier_day(recurs, first):
    """Held from before its first day, it is counted from as many whole steps before, so that every other week stays."""
    rule = Rule(time(8), time(9), "UTC", MONDAY, recurs)
    assert first == counted_from(rule, date(2026, 2, 5)).first
    assert MONDAY == counted_from(rule, date(2026, 5, 1)).first
