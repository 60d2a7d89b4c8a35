"""Occurrences as a calendar for other programs."""

import sys
from datetime import UTC, date, datetime, time, timedelta

import pytest

from attendance.errors import ReportsMissing
from attendance.timetable.calendar import Calendar
from attendance.timetable.facts import Entry, Version
from attendance.timetable.files.ics_out import Shown, feed
from attendance.timetable.occurrences import of_entry
from attendance.timetable.rule import Held, Rule

icalendar = pytest.importorskip("icalendar")
STAMP = datetime(2026, 9, 1, 12, tzinfo=UTC)


def occurrences(**more):
    told = {"begins": time(22), "ends": time(6), "zone": "Europe/Berlin", "first": date(2026, 10, 23)} | more
    rule = Rule(recurs="FREQ=DAILY;COUNT=3", **told)
    entry = Entry(4, "Night; shift, Größe", None, None, (Version(1, date(2026, 1, 1), rule),))
    return of_entry(entry, date(2026, 1, 1), date(2026, 12, 31), Calendar())


def made(shown, *, home="home-1", person=7, stamp=STAMP):
    return feed(shown, home=home, person=person, name="Ada's shifts", stamp=stamp)


def events(data):
    return icalendar.Calendar.from_ical(data).walk("VEVENT")


def uids(data):
    return [str(each["UID"]) for each in events(data)]


def test_same_bytes_again_in_any_order():
    """The same occurrences give the same bytes, in whichever order they come."""
    shown = [Shown(each, "present") for each in occurrences()]
    assert made(shown) == made(reversed(shown))


def test_times_are_instants():
    """Other programs read the very instants, also over a change of the clocks, and the text as it is."""
    found = events(made(Shown(each, "present") for each in occurrences(site="North")))
    spans = [(each.begins, each.ends) for each in occurrences()]
    assert spans == [(each["DTSTART"].dt, each["DTEND"].dt) for each in found]
    assert timedelta(hours=9) == found[1]["DTEND"].dt - found[1]["DTSTART"].dt
    assert ("Night; shift, Größe (present)", "North") == (str(found[0]["SUMMARY"]), str(found[0]["LOCATION"]))
    assert {STAMP} == {each["DTSTAMP"].dt for each in found}


def test_an_event_keeps_its_name_when_its_time_changes():
    """UIDs stay where the time or the status changes, so that programs alter the event they have."""
    before = uids(made(Shown(each) for each in occurrences()))
    after = uids(made((Shown(each, "late") for each in occurrences(begins=time(21))), stamp=STAMP + timedelta(days=1)))
    assert (3, before) == (len(set(before)), after)


def test_names_differ_between_homes_people_and_times_of_a_day():
    """No two events share a name: not of two people, nor of two homes, nor two times on one day."""
    shown = [Shown(each) for each in occurrences(added=(Held(date(2026, 10, 23), time(8), time(9)),))]
    several = [uids(made(shown)), uids(made(shown, person=8)), uids(made(shown, home="home-2"))]
    assert 12 == len({each for names in several for each in names})


def test_file_is_read_back_with_line_ends_of_the_standard():
    """Lines end as RFC 5545 says and are at most 75 bytes long; the title is that of the caller."""
    lines = made(Shown(each) for each in occurrences()).split(b"\r\n")
    assert all(len(line) <= 75 and b"\n" not in line for line in lines)
    assert b"X-WR-CALNAME:Ada's shifts" in lines


def test_without_the_library(monkeypatch):
    """Without the library for calendars one line says what to install."""
    monkeypatch.setitem(sys.modules, "icalendar", None)
    with pytest.raises(ReportsMissing, match="icalendar"):
        made([])
