"""Hours worked, over midnight and through the nights on which clocks change."""

from datetime import date, timedelta

import pytest
from timetable_made import at, mark, occurs, placed, row, rule

from attendance.timetable.facts import Span
from attendance.timetable.rule import Pairing

HOUR = 3600


def night(day, zone):
    """A night shift from ten to six on the wall, worked from a quarter before to a quarter after."""
    shift = placed(rule("22:00", "06:00", zone=zone), day)
    quarter = timedelta(minutes=15)
    return row(
        shift, mark(shift.begins - quarter, "in"), mark(shift.ends + quarter, "out"), now=shift.ends + 9 * quarter
    )


@pytest.mark.parametrize(
    ("zone", "day", "hours", "before_midnight"),
    [
        ("Europe/Berlin", date(2026, 3, 2), 8, 2),
        ("Europe/Berlin", date(2026, 3, 28), 7, 2),
        ("Europe/Berlin", date(2026, 10, 24), 9, 2),
        ("Australia/Lord_Howe", date(2026, 10, 3), 7.5, 2),
        ("Australia/Lord_Howe", date(2026, 4, 4), 8.5, 2),
        ("America/Santiago", date(2026, 9, 5), 7, 2),
        ("America/Santiago", date(2026, 4, 4), 9, 3),
        ("America/St_Johns", date(2010, 11, 6), 9, 2),
    ],
)
def test_nights_on_which_clocks_change(zone, day, hours, before_midnight):
    """A night shift has as many hours as the night has, each on its local day, and nothing outside the plan counts."""
    found = night(day, zone)
    assert hours * HOUR == found.worked_s == found.occurrence.planned_s
    expected = (day, before_midnight * HOUR), (day + timedelta(days=1), (hours - before_midnight) * HOUR)
    assert expected == found.worked_by_day
    assert ("present", ()) == (found.status, found.reasons)


def test_midnight_itself():
    """A shift that ends at midnight has no second of the next day."""
    found = row(occurs("16:00", "00:00"), mark("16:00"), mark("+00:20"))
    assert ((date(2026, 3, 2), 8 * HOUR),) == found.worked_by_day


def test_longer_than_a_day():
    """Work from one morning to that of the day after the next stands on three days."""
    shift = occurs("08:00", "07:59")
    long = type(shift)(
        shift.entry,
        1,
        shift.rule,
        shift.day,
        at("08:00"),
        at("+08:00") + timedelta(days=1),
        shift.opens,
        at("+12:00") + timedelta(days=1),
    )
    found = row(long, mark("08:00", "in"), mark(at("+08:00") + timedelta(days=1), "out"))
    assert [16 * HOUR, 24 * HOUR, 8 * HOUR] == [seconds for _, seconds in found.worked_by_day]


def test_unpaid_breaks():
    """An unpaid break is not worked, whether somebody stays or goes."""
    shift = occurs(breaks=[("12:00", "12:30"), ("15:00", "15:15")], pairing=Pairing.PAIRS)
    stays = row(shift, mark("08:00"), mark("17:00"))
    assert (shift.planned_s, 9 * HOUR - 45 * 60) == (stays.worked_s, stays.worked_s)
    goes = row(shift, mark("08:00"), mark("12:10"), mark("12:20"), mark("17:00"))
    assert shift.planned_s == goes.worked_s
    long_lunch = row(shift, mark("08:00"), mark("11:50"), mark("12:40"), mark("17:00"))
    assert shift.planned_s - 20 * 60 == long_lunch.worked_s


def test_break_over_midnight():
    """A break at midnight is taken from both days."""
    shift = occurs("22:00", "06:00", breaks=[("23:45", "00:30")])
    found = row(shift, mark("22:00"), mark("+06:00"))
    expected = (date(2026, 3, 2), 2 * HOUR - 15 * 60), (date(2026, 3, 3), 6 * HOUR - 30 * 60)
    assert expected == found.worked_by_day


def test_only_planned_time_counts():
    """Who comes early and stays late works the planned time; the times of presence stand as they were."""
    found = row(occurs(), mark("07:40"), mark("17:20"))
    assert (9 * HOUR, (Span(at("07:40"), at("17:20")),)) == (found.worked_s, found.present)


def test_nothing_in_the_plan():
    """Presence wholly before the beginning is no hours."""
    found = row(occurs(pairing=Pairing.PAIRS), mark("07:35", "in"), mark("07:55", "out"))
    assert (0, ()) == (found.worked_s, found.worked_by_day)


def test_parts_of_seconds():
    """Parts of seconds are cut off the whole, and days add up to it."""
    found = row(occurs("22:00", "06:00"), mark("22:00:00.600"), mark("+05:59:59.700"))
    assert 8 * HOUR - 1 == found.worked_s == sum(seconds for _, seconds in found.worked_by_day)


def test_no_day_of_nothing():
    """A part of a second after midnight makes no day of no seconds."""
    found = row(occurs("22:00", "06:00"), mark("22:00"), mark("+00:00:00.400"))
    assert ((date(2026, 3, 2), 2 * HOUR),) == found.worked_by_day
