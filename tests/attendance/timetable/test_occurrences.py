"""Occurrences take place on the wall of their zone, by the version and the calendar of their day."""

import random
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest

from attendance.timetable.calendar import Calendar
from attendance.timetable.facts import CalendarEntry, Entry, Span, Version
from attendance.timetable.occurrences import of_entries, of_entry
from attendance.timetable.rule import Break, Held, Rule

ZONES = ["Europe/Dublin", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca", "America/Santiago"]
NONE = Calendar()
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
BEGAN = date(2000, 1, 1)


def entry(*rules, from_days=(), group=None, key=1, name="Maths"):
    starts = from_days or [BEGAN]
    versions = (Version(number, day, rule) for number, (day, rule) in enumerate(zip(starts, rules, strict=True)))
    return Entry(key, name, group, None, tuple(versions))


def rule(begins="08:00", ends="08:45", zone="Europe/Berlin", first=date(2026, 9, 7), recurs="FREQ=WEEKLY", **more):
    return Rule(time.fromisoformat(begins), time.fromisoformat(ends), zone, first, recurs, **more)


def walls(occurrences):
    """What the wall of the rule's zone shows when they begin and end."""
    zones = [ZoneInfo(each.rule.zone) for each in occurrences]
    return [
        (each.begins.astimezone(zone).replace(tzinfo=None), each.ends.astimezone(zone).replace(tzinfo=None))
        for each, zone in zip(occurrences, zones, strict=True)
    ]


def naive_instant(day, at, zone, fold):
    """The instant of a wall time by the offsets of a day before and after: one that shows it, else past the gap."""
    wanted = datetime.combine(day, at)
    zero = wanted.replace(tzinfo=UTC)
    offsets = [(zero + timedelta(hours=36 * sign)).astimezone(zone).utcoffset() for sign in (-1, 1)]
    tried = [zero - offset for offset in offsets]
    same = sorted({each for each in tried if each.astimezone(zone).replace(tzinfo=None) == wanted})
    return same[min(fold, len(same) - 1)] if same else tried[0]


def naive_days(told, first, last):
    """Stepping day by day: the days on which a rule of the random timetables takes place."""
    day, found = told.first, []
    parts = dict(part.split("=") for part in told.recurs.split(";"))
    until = date.fromisoformat(parts.get("UNTIL", "29990101"))
    interval, count = int(parts.get("INTERVAL", 1)), int(parts.get("COUNT", 10**6))
    while day <= min(last, until) and len(found) < count:
        if naive_is_day(told, parts, interval, day) and day_exists(day, told.zone):
            found.append(day)
        day += timedelta(days=1)
    return [each for each in found if each >= first]


def naive_is_day(told, parts, interval, day):
    start = told.first
    if parts["FREQ"] == "DAILY":
        return (day - start).days % interval == 0
    if parts["FREQ"] == "WEEKLY":
        weeks = (day - timedelta(days=day.weekday()) - (start - timedelta(days=start.weekday()))).days // 7
        return weeks % interval == 0 and WEEKDAYS[day.weekday()] in parts["BYDAY"].split(",")
    months = 12 * (day.year - start.year) + day.month - start.month
    return months % interval == 0 and day.day == int(parts["BYMONTHDAY"])


@cache
def day_exists(day, zone):
    return naive_instant(day, time(12), ZoneInfo(zone), 0).astimezone(ZoneInfo(zone)).date() == day


def naive(told, first, last):
    """Beginnings and ends of all occurrences, one day after the other."""
    zone, found = ZoneInfo(told.zone), []
    moved = dict(told.moved)
    held = [
        Held(day, told.begins, told.ends)
        for day in naive_days(told, first, last)
        if day not in told.left_out and day not in moved
    ]
    held += [each for each in (*told.added, *moved.values()) if first <= each.day <= last]
    for each in {(each.day, each.begins): each for each in held}.values():
        if not day_exists(each.day, told.zone):
            continue
        begin = naive_instant(each.day, each.begins, zone, 0)
        last_day = each.day + timedelta(days=each.ends <= each.begins)
        end = naive_instant(last_day, each.ends, zone, 0)
        if end <= begin:
            end = naive_instant(last_day, each.ends, zone, 1)
        if end <= begin:
            end = begin + (datetime.combine(last_day, each.ends) - datetime.combine(each.day, each.begins))
        found.append((each.day, begin, end))
    return sorted(found)


def some_rule(chance):
    """A rule of the kinds that timetables have; times in quarters of an hour, so that clock changes are met."""
    zone = chance.choice(ZONES)
    first = date(2025 if zone != "Pacific/Apia" else 2011, 1, 1) + timedelta(days=chance.randrange(500))
    begins, ends = (time(*divmod(chance.randrange(96) * 15, 60)) for _ in range(2))
    days = ",".join(sorted(chance.sample(WEEKDAYS, chance.randint(1, 3)), key=WEEKDAYS.index))
    recurs = chance.choice(
        [
            f"FREQ=WEEKLY;BYDAY={days};INTERVAL={chance.choice([1, 1, 2, 3])}",
            f"FREQ=DAILY;INTERVAL={chance.choice([2, 3, 7])}",
            f"FREQ=MONTHLY;BYMONTHDAY={chance.randint(1, 31)};INTERVAL={chance.choice([1, 2])}",
        ]
    )
    end = chance.choice(["", f";COUNT={chance.randint(1, 40)}", f";UNTIL={first + timedelta(days=200):%Y%m%d}"])
    some = [first + timedelta(days=chance.randrange(300)) for _ in range(6)]
    added = (Held(some[0], begins, ends), Held(some[1], time(2, 30), time(3, 15)))
    moved = ((some[2], Held(some[3], time(23), time(1))),)
    return Rule(begins, ends, zone, first, recurs + end, tuple(some[4:]), added, moved)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(8))
def test_random_timetables_equal_a_naive_count(part):
    """4,000 timetables over two years take place when stepping day by day with zoneinfo says, on the same walls.

    Each run of the tests draws others, by the seed of pytest-randomly.
    """
    drawn = f"{random.getrandbits(32)} {part}"
    chance = random.Random(drawn)  # noqa: S311
    for number in range(500):
        told = some_rule(chance)
        first, last = told.first, told.first + timedelta(days=730)
        found = of_entry(entry(told), first, last, NONE)
        expected = naive(told, first, last)
        assert expected == [(each.day, each.begins, each.ends) for each in found], (drawn, number, told)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Dublin", date(2026, 3, 28), 7),
        ("Europe/Dublin", date(2026, 10, 24), 9),
        ("Europe/Dublin", date(2026, 10, 25), 8),
        ("Australia/Lord_Howe", date(2026, 10, 3), 7.5),
        ("Australia/Lord_Howe", date(2026, 4, 4), 8.5),
        ("Pacific/Apia", date(2012, 9, 29), 7),
        ("Pacific/Apia", date(2012, 3, 31), 9),
        ("Pacific/Apia", date(2011, 12, 29), 8),
        ("Africa/Casablanca", date(2025, 2, 22), 9),
        ("Africa/Casablanca", date(2025, 4, 5), 7),
        ("Africa/Casablanca", date(2026, 2, 14), 9),
        ("Africa/Casablanca", date(2026, 3, 21), 7),
        ("America/Santiago", date(2026, 4, 4), 9),
        ("America/Santiago", date(2026, 9, 5), 7),
    ],
)
def test_night_shift_over_clock_changes(zone, day, hours):
    """A shift from 22:00 to 06:00 belongs to the day it begins on, and is as long as the clocks let it be."""
    (found,) = of_entry(entry(rule("22:00", "06:00", zone, first=day, recurs=None)), day, day, NONE)
    assert (day, hours) == (found.day, (found.ends - found.begins) / timedelta(hours=1))
    begin, end = walls([found])[0]
    assert (datetime.combine(day, time(22)), time(6)) == (begin, end.time())


def test_day_that_a_country_left_out():
    """Apia had no 30th of December in 2011: nothing takes place on it, and the other days are as ever."""
    told = rule(zone="Pacific/Apia", first=date(2011, 12, 28), recurs="FREQ=DAILY;COUNT=4")
    found = of_entry(entry(told), date(2011, 12, 1), date(2012, 1, 31), NONE)
    assert [date(2011, 12, 28), date(2011, 12, 29), date(2011, 12, 31), date(2012, 1, 1)] == [e.day for e in found]


def test_time_that_the_clock_skips():
    """A lesson in the hour that clocks skip is as far past the gap as it says, and as long as it reads."""
    told = rule("02:15", "03:00", first=date(2026, 3, 29), recurs=None)
    (found,) = of_entry(entry(told), date(2026, 3, 29), date(2026, 3, 29), NONE)
    assert [(datetime(2026, 3, 29, 3, 15), datetime(2026, 3, 29, 4))] == walls([found])  # noqa: DTZ001


def test_time_that_comes_twice():
    """A time that clocks show twice is the first, and an end is the second only where it would be before."""
    told = rule("02:15", "02:45", first=date(2026, 10, 25), recurs=None)
    (found,) = of_entry(entry(told), date(2026, 10, 25), date(2026, 10, 25), NONE)
    assert (datetime(2026, 10, 25, 0, 15, tzinfo=UTC), timedelta(minutes=30)) == (
        found.begins,
        found.ends - found.begins,
    )


def test_same_times_are_a_whole_day():
    """A rule that ends when it begins goes on for 24 hours of the wall."""
    told = rule("06:00", "06:00", first=date(2026, 10, 24), recurs=None)
    (found,) = of_entry(entry(told), date(2026, 10, 24), date(2026, 10, 24), NONE)
    assert timedelta(hours=25) == found.ends - found.begins


def test_breaks_after_midnight_belong_to_the_next_day():
    """Unpaid breaks are instants: one before midnight and one after, of a shift over midnight; paid ones are none."""
    breaks = (
        Break(time(23, 30), time(0, 15)),
        Break(time(2), time(2, 30)),
        Break(time(4), time(4, 30), paid=True),
    )
    told = rule("22:00", "06:00", first=date(2026, 9, 7), recurs=None, breaks=breaks)
    (found,) = of_entry(entry(told), date(2026, 9, 7), date(2026, 9, 7), NONE)
    day = datetime(2026, 9, 7, tzinfo=UTC)
    expected = (
        Span(day + timedelta(hours=21.5), day + timedelta(hours=22.25)),
        Span(day + timedelta(hours=24), day + timedelta(hours=24.5)),
    )
    assert expected == found.breaks
    assert (8 - 1.25) * 3600 == found.planned_s


def test_breaks_that_the_clock_pushes_together_count_once():
    """Where the clock skips the hour of one break into another, the time is not taken off twice."""
    breaks = (Break(time(2), time(2, 30)), Break(time(3), time(3, 30)))
    told = rule("22:00", "06:00", first=date(2026, 3, 28), recurs=None, breaks=breaks)
    (found,) = of_entry(entry(told), date(2026, 3, 28), date(2026, 3, 28), NONE)
    assert 6.5 * 3600 == found.planned_s


def test_breaks_outside_a_moved_time_are_none():
    """A time that was moved has those breaks alone that lie in it."""
    moved = ((date(2026, 9, 7), Held(date(2026, 9, 8), time(12, 15), time(14))),)
    told = rule("08:00", "16:00", moved=moved, breaks=(Break(time(12), time(12, 30)), Break(time(15), time(15, 15))))
    (found,) = of_entry(entry(told), date(2026, 9, 8), date(2026, 9, 8), NONE)
    assert [timedelta(minutes=15)] == [each.ends - each.begins for each in found.breaks]


def test_window_of_marks():
    """Marks count from so many real minutes before the beginning to so many after the end."""
    told = rule(first=date(2026, 3, 29), begins="03:00", ends="04:00", recurs=None, opens_before=90, closes_after=15)
    (found,) = of_entry(entry(told), date(2026, 3, 29), date(2026, 3, 29), NONE)
    assert (timedelta(minutes=90), timedelta(minutes=15)) == (found.begins - found.opens, found.closes - found.ends)


def test_left_out_added_and_moved():
    """Days left out are none, added ones are, and a moved time is on its new day alone."""
    told = rule(
        left_out=(date(2026, 9, 14),),
        added=(Held(date(2026, 9, 16), time(10), time(11)),),
        moved=((date(2026, 9, 21), Held(date(2026, 9, 22), time(9), time(9, 45))),),
    )
    found = of_entry(entry(told), date(2026, 9, 7), date(2026, 9, 28), NONE)
    assert [(7, "08:00"), (16, "10:00"), (22, "09:00"), (28, "08:00")] == [
        (each.day.day, f"{begin:%H:%M}") for each, (begin, _) in zip(found, walls(found), strict=True)
    ]


def test_added_time_at_the_same_hour_counts_once():
    """A day that is added where the rule takes place anyway has one occurrence, by what was added."""
    told = rule(added=(Held(date(2026, 9, 7), time(8), time(9, 30)),))
    found = of_entry(entry(told), date(2026, 9, 7), date(2026, 9, 7), NONE)
    assert [time(9, 30)] == [end.time() for _, end in walls(found)]


def test_versions_hold_from_their_days():
    """On a day the version of the latest day before it counts, and of one day the one entered last."""
    early, late, corrected = (rule(begins=at, ends="12:00", recurs="FREQ=DAILY") for at in ("08:00", "09:00", "10:00"))
    line = entry(early, late, corrected, None, from_days=[BEGAN, date(2026, 9, 9), date(2026, 9, 9), date(2026, 9, 11)])
    found = of_entry(line, date(2026, 9, 7), date(2026, 9, 30), NONE)
    assert [(7, 8, 0), (8, 8, 0), (9, 10, 2), (10, 10, 2)] == [
        (each.day.day, begin.hour, each.version) for each, (begin, _) in zip(found, walls(found), strict=True)
    ]


def test_closed_days_have_no_occurrence():
    """The calendar takes days out, also added and moved ones, unless the rule does not follow it."""
    closed = Calendar([CalendarEntry(1, "closed", date(2026, 9, 14), date(2026, 9, 17), "Fair", "by hand")])
    added = (Held(date(2026, 9, 16), time(8), time(9)),)
    found = of_entry(entry(rule(added=added)), date(2026, 9, 7), date(2026, 9, 21), closed)
    assert [7, 21] == [each.day.day for each in found]
    free = of_entry(entry(rule(added=added, follows_calendar=False)), date(2026, 9, 7), date(2026, 9, 21), closed)
    assert [7, 14, 16, 21] == [each.day.day for each in free]


def test_several_entries_in_order_of_time():
    """Occurrences of several entries come by time, and by name where they begin together."""
    lines = [entry(rule(), name="B"), entry(rule(begins="07:00"), key=2, name="C"), entry(rule(), key=3, name="A")]
    found = of_entries(lines, date(2026, 9, 7), date(2026, 9, 7), NONE)
    assert ["C", "A", "B"] == [each.name for each in found]
