"""Calendar files become rules that take place exactly when other programs say they do."""

import contextlib
import random
import sys
import warnings
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from attendance.errors import CalendarFile, ReportsMissing, RuleFile
from attendance.timetable.calendar import Calendar
from attendance.timetable.facts import Entry, Version
from attendance.timetable.files.ics_days import read_days
from attendance.timetable.files.ics_in import read_rules
from attendance.timetable.occurrences import of_entry

icalendar = pytest.importorskip("icalendar")
recurring_ical_events = pytest.importorskip("recurring_ical_events")

CALENDARS = Path(__file__).parent / "calendars"
FIRST, LAST = date(2024, 1, 1), date(2028, 12, 31)
SITE = "Europe/Berlin"


def of_library(data, site):
    """Beginnings and ends, in UTC, of the times that the library finds in five years."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        calendar = icalendar.Calendar.from_ical(data)
        events = recurring_ical_events.of(calendar).between(FIRST - timedelta(days=2), LAST + timedelta(days=2))
    kept = [
        (each["DTSTART"].dt, each["DTEND"].dt)
        for each in events
        if str(each.get("STATUS", "")) != "CANCELLED" and "X-MICROSOFT-CDO-ALLDAYEVENT" not in each
    ]
    timed = [pair for pair in kept if isinstance(pair[0], datetime)]
    found = [tuple((at if at.tzinfo else at.replace(tzinfo=ZoneInfo(site))).astimezone(UTC) for at in p) for p in timed]
    return sorted(pair for pair in found if FIRST <= pair[0].date() <= LAST)


def of_product(data, site):
    """The same by the rules that the file becomes."""
    proposed = read_rules(data, "some.ics", site, last=LAST)
    assert () == proposed.refused
    found = []
    for each in proposed.rules:
        entry = Entry(1, each.name, None, None, (Version(1, date(1970, 1, 1), each.rule),))
        found += of_entry(entry, FIRST - timedelta(days=1), LAST + timedelta(days=1), Calendar())
    return sorted((each.begins, each.ends) for each in found if FIRST <= each.begins.date() <= LAST)


def calendar(*events, head=""):
    body = "".join(f"BEGIN:VEVENT\r\n{event}\r\nEND:VEVENT\r\n" for event in events)
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:test\r\n{head}{body}END:VCALENDAR\r\n".encode()


def event(*lines, uid="1", begins="20260907T080000", ends="20260907T084500", zone=SITE):
    times = f"DTSTART;TZID={zone}:{begins}\r\nDTEND;TZID={zone}:{ends}"
    return "\r\n".join([f"UID:{uid}", "SUMMARY:Maths", times, *lines])


def only_rule(data, *, last=LAST):
    proposed = read_rules(data, "some.ics", SITE, last=last)
    (found,) = proposed.rules
    return found


@pytest.mark.parametrize("name", ["google", "outlook", "apple", "thunderbird", "untis"])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_files_of_other_programs(name, line_end):
    """What five programs write takes place in five years exactly when the library recurring-ical-events says."""
    data = (CALENDARS / f"{name}.ics").read_bytes().replace(b"\n", line_end)
    assert of_library(data, SITE) == of_product(data, SITE)


@pytest.mark.parametrize(
    "lines",
    [
        ["RRULE:FREQ=WEEKLY;COUNT=30", "EXDATE:20260914T060000Z,20260921T060000Z"],
        ["RRULE:FREQ=WEEKLY;COUNT=30", "EXDATE;TZID=Asia/Tokyo:20260914T150000"],
        ["RRULE:FREQ=WEEKLY;COUNT=30", "EXDATE;VALUE=DATE:20260914"],
        ["RRULE:FREQ=WEEKLY;COUNT=30", "EXDATE;TZID=Europe/Berlin:20260914T090000"],
        ["RRULE:FREQ=WEEKLY;BYDAY=TU,TH;COUNT=9"],
        ["RRULE:FREQ=WEEKLY;BYDAY=TU,TH;UNTIL=20261231T000000Z"],
        ["RDATE;TZID=Europe/Berlin:20260908T080000,20260909T100000"],
        ["RDATE:20260908T060000Z", "EXDATE:20260907T060000Z"],
        ["RDATE;VALUE=PERIOD:20260908T060000Z/20260908T090000Z", "RRULE:FREQ=MONTHLY;COUNT=5"],
        ["RRULE:FREQ=WEEKLY;COUNT=30", "RRULE:FREQ=MONTHLY;COUNT=5"],
        ["RRULE:FREQ=WEEKLY;BYDAY=MO;BYHOUR=8,10;COUNT=20"],
        ["RRULE:FREQ=HOURLY;INTERVAL=5;COUNT=99"],
        ["RRULE:FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO"],
        ["RRULE:FREQ=MONTHLY;BYDAY=-1FR,2MO"],
        ["RRULE:FREQ=DAILY;INTERVAL=3;BYDAY=MO,WE,FR;WKST=SU"],
        ["RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29"],
    ],
)
def test_recurrences_one_by_one(lines):
    """Recurrences, days left out in other zones and added ones take place as the library says."""
    data = calendar(event(*lines))
    assert of_library(data, SITE) == of_product(data, SITE)


@pytest.mark.parametrize(
    "change",
    [
        ["RECURRENCE-ID;TZID=Europe/Berlin:20260914T080000", "DTSTART:20260915T060000Z", "DTEND:20260915T070000Z"],
        ["RECURRENCE-ID:20260914T060000Z", "DTSTART;TZID=Asia/Tokyo:20260914T180000", "DURATION:PT90M"],
        ["RECURRENCE-ID:20260915T060000Z", "DTSTART:20260915T080000Z", "DTEND:20260915T090000Z"],
        [
            "RECURRENCE-ID;RANGE=THISANDFUTURE:20260914T060000Z",
            "DTSTART:20260914T070000Z",
            "DTEND:20260914T080000Z",
        ],
        ["RECURRENCE-ID:20260914T060000Z", "DTSTART:20260913T210000Z", "DTEND:20260914T050000Z"],
    ],
)
def test_changes_of_single_times(change):
    """A time that was moved, in whichever zone and over midnight too, takes place where the library says."""
    data = calendar(event("RRULE:FREQ=WEEKLY;COUNT=6"), "\r\n".join(["UID:1", "SUMMARY:Maths", *change]))
    assert of_library(data, SITE) == of_product(data, SITE)


def test_changes_of_times_that_are_left_out():
    """A change to a time that EXDATE leaves out is left out with it, be it one of the recurrence or not."""
    changes = [
        "\r\n".join(["UID:1", "SUMMARY:Maths", f"RECURRENCE-ID:{at}", "DTSTART:20260930T080000Z", "DURATION:PT1H"])
        for at in ("20260914T060000Z", "20260915T060000Z")
    ]
    data = calendar(event("RRULE:FREQ=WEEKLY;COUNT=6", "EXDATE:20260914T060000Z,20260915T060000Z"), *changes)
    assert of_library(data, SITE) == of_product(data, SITE)


def test_cancelled_time_is_left_out():
    """A time that is cancelled is one of the days left out."""
    change = event(
        "RECURRENCE-ID:20260914T060000Z", "STATUS:CANCELLED", begins="20260914T080000", ends="20260914T084500"
    )
    assert (date(2026, 9, 14),) == only_rule(calendar(event("RRULE:FREQ=WEEKLY"), change)).rule.left_out


def test_times_without_zone_are_those_of_the_site():
    """Floating times are read on the wall of the site, or of the zone that the calendar names."""
    floating = "UID:1\r\nSUMMARY:Maths\r\nDTSTART:20260907T080000\r\nDTEND:20260907T084500\r\nRRULE:FREQ=WEEKLY"
    assert (SITE, time(8)) == (only_rule(calendar(floating)).rule.zone, only_rule(calendar(floating)).rule.begins)
    named = only_rule(calendar(floating, head="X-WR-TIMEZONE:America/Santiago\r\n"))
    assert ("America/Santiago", time(8)) == (named.rule.zone, named.rule.begins)


def test_single_times_in_utc_are_told_on_the_wall_of_the_site():
    """Programs write single lessons in UTC: the rule has the site's wall times, in summer and winter the same."""
    single = "UID:{0}\r\nSUMMARY:Maths\r\nDTSTART:{1}00Z\r\nDTEND:{1}45Z"
    summer, winter = single.format(1, "20260907T0600").replace("45Z", "45Z"), single.format(2, "20261207T0700")
    rule = only_rule(calendar(summer.replace("060045Z", "064500Z"), winter.replace("070045Z", "074500Z"))).rule
    assert (SITE, time(8), time(8, 45)) == (rule.zone, rule.begins, rule.ends)
    assert [(date(2026, 12, 7), time(8), time(8, 45))] == [(each.day, each.begins, each.ends) for each in rule.added]


def test_what_recurs_in_utc_follows_no_summer_time():
    """A series in UTC stays in UTC where the calendar names no zone, and a remark says what that means."""
    series = "UID:1\r\nSUMMARY:Maths\r\nDTSTART:20260907T060000Z\r\nDTEND:20260907T064500Z\r\nRRULE:FREQ=WEEKLY"
    found = only_rule(calendar(series))
    assert ("UTC", time(6)) == (found.rule.zone, found.rule.begins)
    assert "summer time" in found.remark
    named = only_rule(calendar(series, head="X-WR-TIMEZONE:Europe/Berlin\r\n"))
    assert (SITE, time(8), "") == (named.rule.zone, named.rule.begins, named.remark)


def test_zone_of_windows():
    """Names of zones as Windows has them become those of IANA, with or without a definition in the file."""
    assert SITE == only_rule(calendar(event(zone='"W. Europe Standard Time"'))).rule.zone
    rules = read_rules((CALENDARS / "outlook.ics").read_bytes(), "o.ics", SITE, last=LAST).rules
    assert {SITE, "America/New_York"} == {each.rule.zone for each in rules}


def test_two_files_that_define_the_same_name_differently():
    """A zone that one file defines does not stay for the next, which calls another one so."""
    data = (CALENDARS / "outlook.ics").read_text()
    other = data.replace("-0400", "-0700").replace("-0500", "-0800")
    first, second = (read_rules(each.encode(), "o.ics", SITE, last=LAST).rules for each in (data, other))
    zones = [{each.rule.zone for each in rules} - {SITE} for rules in (first, second)]
    assert [{"America/New_York"}, {"America/Los_Angeles"}] == zones


def test_unknown_zone_is_named():
    """A zone that neither the file nor the database has refuses that one event, and names those that come near."""
    bad = event(zone="Europe/Brelin")
    proposed = read_rules(calendar(bad, event(uid="2")), "some.ics", SITE, last=LAST)
    assert 1 == len(proposed.rules)
    (refused,) = proposed.refused
    assert "Europe/Brelin" in refused.detail
    assert "did you mean Europe/Berlin" in refused.detail


def test_lessons_written_one_by_one_are_one_rule():
    """A program that writes every lesson as its own event gives one rule a name, not hundreds."""
    rules = read_rules((CALENDARS / "untis.ics").read_bytes(), "u.ics", SITE, last=LAST).rules
    assert ["M Mü 7b", "D Sch 7b"] == [each.name for each in rules]
    assert {time(8)} == {held.begins for held in rules[0].rule.added}


def test_names_are_made_apart():
    """Two series of one name get names of their own, as rules are told apart by them."""
    rules = read_rules(
        calendar(event("RRULE:FREQ=WEEKLY"), event("RRULE:FREQ=MONTHLY", uid="2")), "some.ics", SITE, last=LAST
    ).rules
    assert ["Maths", "Maths (2)"] == [each.name for each in rules]


@pytest.mark.parametrize("name", ["icalendar", "recurring_ical_events"])
def test_without_the_libraries(monkeypatch, name):
    """Without the libraries for calendars one line says what to install."""
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ReportsMissing, match="need"):
        read_rules(calendar(event("RRULE:FREQ=DAILY;BYHOUR=8,9;COUNT=3")), "some.ics", SITE, last=LAST)
    with pytest.raises(ReportsMissing, match="need"):
        read_days(
            calendar("UID:1\r\nDTSTART;VALUE=DATE:20260501\r\nRRULE:FREQ=YEARLY"), "some.ics", first=FIRST, last=LAST
        )


def test_marks_and_blank_lines_of_editors():
    """A mark in front, blank lines and small letters, as editors leave them, change nothing."""
    data = b"\xef\xbb\xbf" + calendar(event()).replace(b"BEGIN:VCALENDAR", b"begin:vcalendar") + b"\r\n\r\n"
    assert "Maths" == only_rule(data).name
    assert "Maths" == only_rule(calendar(event()).decode().encode("utf-16")).name


def test_same_uid_twice_loses_no_event():
    """Events that a program gave one UID are all taken over where they are not versions of each other."""
    other = event(begins="20260908T100000", ends="20260908T104500")
    assert [date(2026, 9, 8)] == [each.day for each in only_rule(calendar(event(), other)).rule.added]


def test_whole_days_are_no_rules():
    """Events of whole days are passed over by their names."""
    proposed = read_rules((CALENDARS / "google.ics").read_bytes(), "g.ics", SITE, last=LAST)
    assert ("Easter Monday", "Labour Day") == proposed.passed_over


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["RRULE:FREQ=SECONDLY"], "days, not minutes"),
        (["RRULE:FREQ=MINUTELY;COUNT=5"], "days, not minutes"),
        (["RRULE:FREQ=HOURLY"], "more than 1,000 times"),
        (["RRULE:FREQ=DAILY;COUNT=999999"], "COUNT=999999"),
        (["RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"], "no day after 2026-09-07"),
        (["RRULE:FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30"], "no day after 2026-09-07"),
        (["RRULE:FREQ=DAILY;BYHOUR=8,9;BYSETPOS=9"], "BYSETPOS"),
        (["RRULE:FREQ=HOURLY;INTERVAL=24;BYHOUR=5"], "cannot be counted"),
        (["RRULE:FREQ=WEEKLY;BYDAY=TU,TH;UNTIL=20260801T000000Z"], "before it begins"),
        (["RRULE:FREQ=WEKLY"], "RRULE cannot be read"),
        (["RRULE:FREQ=DAILY;INTERVAL=0"], "INTERVAL=0"),
        (["EXDATE:junk"], "EXDATE cannot be read"),
        (["RRULE:FREQ=DAILY", "EXDATE:203000"], "EXDATE cannot be read"),
        (["RRULE:FREQ=DAILY", "EXDATE;VALUE=PERIOD:20260908T060000Z/PT1H"], "EXDATE cannot be read"),
        (["RRULE:FREQ=DAILY", "RDATE:203000"], "RDATE cannot be read"),
        (["RECURRENCE-ID:203000"], "RECURRENCE-ID cannot be read"),
        (["RRULE:FREQ=DAILY", *["EXDATE:20260907T060000Z"] * 10_001], "EXDATE has more than 10,000 values"),
        (["EXRULE:FREQ=WEEKLY"], "EXRULE"),
    ],
)
def test_what_cannot_be_a_rule_is_refused_by_name(lines, words):
    """Of a series that cannot be counted the name and the reason are told, and the others are taken over."""
    proposed = read_rules(calendar(event(*lines), event(uid="2")), "some.ics", SITE, last=LAST)
    (refused,) = proposed.refused
    assert "Maths: " in refused.detail
    assert words in refused.detail
    assert 1 == len(proposed.rules)


@pytest.mark.parametrize(
    ("times", "words"),
    [
        ("DTSTART:20260907T080000Z", "no length"),
        ("DTSTART:20260907T080000Z\r\nDTEND:20260907T070000Z", "no length"),
        ("DTSTART:20260907T080000Z\r\nDTEND:20260909T080000Z", "at most 24 hours"),
        ("DTSTART:20260907T080000Z\r\nDTEND;VALUE=DATE:20260909", "ends on a day"),
        ("DTEND:20260907T080000Z", "DTSTART is missing"),
        ("DTSTART:203000\r\nDTEND:20260907T080000Z", "DTSTART cannot be read"),
        ("DTSTART:PT1H\r\nDTEND:20260907T080000Z", "DTSTART cannot be read"),
        ("DTSTART:20260907T080000Z\r\nDTEND:203000", "DTEND cannot be read"),
        ("DTSTART:20260907T080000Z\r\nDURATION:20260907T090000Z", "DURATION cannot be read"),
        ("DTSTART:junk\r\nDTEND:20260907T080000Z", "DTSTART cannot be read"),
        ("DTSTART:20260907T080000Z\r\nDTSTART:20260908T080000Z\r\nDURATION:PT1H", "DTSTART stands there twice"),
        ("DTSTART:20260907T080000Z\r\nDURATION:-PT1H", "no length"),
        ("DTSTART:00010101T000000\r\nDTEND:00010101T010000", "0001-01-01"),
    ],
)
def test_times_that_are_none(times, words):
    """An event that has no length, is longer than a day, or lies outside all calendars is refused by its name."""
    proposed = read_rules(calendar(f"UID:1\r\nSUMMARY:Maths\r\n{times}", event(uid="2")), "some.ics", SITE, last=LAST)
    (refused,) = proposed.refused
    assert words in refused.detail


BROKEN = [
    (b"", "begin with BEGIN:VCALENDAR"),
    (b"name,begins\nMaths,08:00\n", "begin with BEGIN:VCALENDAR"),
    (b"\x89PNG\r\n\x1a\n\x00", "no text in UTF-8"),
    (b"BEGIN:VCALENDAR\r\nX-A:\x00\r\nEND:VCALENDAR\r\n", "zero bytes"),
    (b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n", "ends before END:VEVENT"),
    (b"BEGIN:VCALENDAR\r\nEND:VEVENT\r\nEND:VCALENDAR", "line 2"),
    (b"BEGIN:VCALENDAR\r\nNONSENSE\r\nEND:VCALENDAR", "cannot be read"),
    (b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR", "no event"),
    (b"BEGIN:VCALENDAR\r\nVERSION:1.0\r\nBEGIN:VEVENT\r\nEND:VEVENT\r\nEND:VCALENDAR", "version 1.0"),
    (calendar(event("RDATE;TZID=Europe/:20260907T080000")), "TZID of it is no time zone"),
    ("BEGIN:VCALENDAR\r\nX-A:Größe\r\nEND:VCALENDAR".encode("cp1252"), "line 2"),
    (
        b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\n" * 900 + b"END:VEVENT\r\n" * 900 + b"END:VCALENDAR",
        "nested too deep",
    ),
    (calendar(event()).replace(b"PRODID", b"X" * 10_000_000), "at most 10,000,000"),
    (
        calendar(event(), head="BEGIN:VTIMEZONE\r\nRRULE:FREQ=YEARLY;BYDAY=MO\r\nEND:VTIMEZONE\r\n"),
        "line 5: a time zone whose clocks",
    ),
    (
        calendar(event(), head="BEGIN:VTIMEZONE\r\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=13SU\r\nEND:VTIMEZONE\r\n"),
        "line 5: of a time zone: BYDAY=13SU",
    ),
    (calendar(event(), head="BEGIN:VTIMEZONE\r\nEND:VTIMEZONE\r\n" * 201), "more than 200 time zones"),
    (calendar(*["X:Y"] * 50_001), "more than 50,000 events"),
    (calendar(event(), head="BEGIN:VTIMEZONE\r\nRRULE:FREQ=SECONDLY\r\nEND:VTIMEZONE\r\n"), "time zone whose clocks"),
]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (calendar(*(event("RRULE:FREQ=SECONDLY", uid=n) for n in range(150))), "more than 100 events"),
        (calendar(*(event("RRULE:FREQ=DAILY;BYHOUR=8,9;COUNT=3", uid=n) for n in range(250))), "more than 200 series"),
    ],
    ids=["refused", "listed"],
)
def test_files_full_of_what_cannot_be_read(data, words):
    """A file in which nearly nothing can be a rule is refused as a whole, before hours have gone by."""
    with pytest.raises(RuleFile, match=words):
        read_rules(data, "some.ics", SITE, last=LAST)


@pytest.mark.parametrize(("data", "words"), BROKEN, ids=[words for _, words in BROKEN])
def test_broken_files(data, words):
    """A file that is no calendar, is cut, too large or made to keep readers busy gives one line that says so."""
    with pytest.raises(RuleFile, match=words):
        read_rules(data, "some.ics", SITE, last=LAST)
    with pytest.raises(CalendarFile, match=words):
        read_days(data, "some.ics", first=FIRST, last=LAST)


@pytest.mark.parametrize("seed", range(60))
def test_altered_files_give_rules_or_one_line(seed):
    """Whatever is altered in a calendar, there are rules, or a refusal of the product's own."""
    chance = random.Random(seed)  # noqa: S311
    name = chance.choice(["google", "outlook", "apple", "thunderbird"])
    lines = (CALENDARS / f"{name}.ics").read_bytes().split(b"\n")
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(lines))
        line = bytearray(lines[at])
        for _ in range(chance.randint(1, 3) if line else 0):
            line[chance.randrange(len(line))] = chance.choice(b"0123456789;:=,TZ\rA\xc3")
        lines[at] = bytes(line)
    for read in (
        lambda d: read_rules(d, "a.ics", SITE, last=LAST),
        lambda d: read_days(d, "a.ics", first=FIRST, last=LAST),
    ):
        with contextlib.suppress(RuleFile, CalendarFile):
            read(b"\n".join(lines))


def test_days_off():
    """Whole days of a calendar are days off: the last one by its own date, recurring ones year by year."""
    found = read_days((CALENDARS / "google.ics").read_bytes(), "g.ics", first=date(2025, 1, 1), last=date(2027, 12, 31))
    told = [(each.first, each.last, each.name) for each in found.days]
    may = [(date(year, 5, 1), date(year, 5, 1), "Labour Day") for year in (2025, 2027)]
    assert [may[0], (date(2026, 4, 6), date(2026, 4, 6), "Easter Monday"), may[1]] == told
    assert "Maths 7b" in found.passed_over


def test_days_off_of_several_days_and_as_outlook_writes_them():
    """Days off over several days are told whole, be they days or times from midnight to midnight."""
    apple = read_days((CALENDARS / "apple.ics").read_bytes(), "a.ics", first=FIRST, last=LAST)
    outlook = read_days((CALENDARS / "outlook.ics").read_bytes(), "o.ics", first=FIRST, last=LAST)
    assert [(date(2025, 10, 27), date(2025, 11, 4))] == [(each.first, each.last) for each in apple.days]
    assert [(date(2026, 8, 3), date(2026, 8, 21))] == [(each.first, each.last) for each in outlook.days]
