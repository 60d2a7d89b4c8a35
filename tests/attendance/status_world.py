"""Statuses made by hand: a small school week, and many of one kind."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from attendance.records import PersonRef
from attendance.register.statusreport import ReportFacts, ReportScope, StatusReport
from attendance.timetable.attended import Attended, Status
from attendance.timetable.facts import Entry, Version
from attendance.timetable.occurrence import Occurrence
from attendance.timetable.rule import Pairing, Rule

BERLIN = "Europe/Berlin"
MONDAY = date(2026, 3, 2)
NOW = datetime(2026, 4, 1, 12, tzinfo=UTC)
ADA, BOB = PersonRef("E-1", "Ada Lovelace", 1), PersonRef("E-2", "Bob Byron", 2)


def rule(
    begins: time = time(8), ends: time = time(9, 30), *, pairing: Pairing = Pairing.ONCE, zone: str = BERLIN
) -> Rule:
    return Rule(begins, ends, zone, MONDAY, "FREQ=DAILY", pairing=pairing)


def held(day: date = MONDAY, name: str = "Maths", *, of: Rule | None = None, group: str | None = "7b") -> Occurrence:
    """An occurrence of the rule on that day; its version has the number 5."""
    told = of or rule()
    zone = ZoneInfo(told.zone)
    later = timedelta(days=1) if told.ends <= told.begins else timedelta()
    begins = datetime.combine(day, told.begins, zone).astimezone(UTC)
    ends = datetime.combine(day + later, told.ends, zone).astimezone(UTC)
    entry = Entry(sum(map(ord, name)), name, group, None, (Version(5, MONDAY, told),))
    half = timedelta(minutes=30)
    return Occurrence(entry, 5, told, day, begins, ends, begins - half, ends + half)


def row(person: PersonRef, status: Status, occurrence: Occurrence | None = None, **more: object) -> Attended:
    return Attended(person.key, occurrence or held(), status, **more)


def report(rows: Sequence[Attended], *people: PersonRef, **more: object) -> StatusReport:
    """A report on these rows, of Ada and Bob where nobody is named, from Monday to Sunday."""
    known = {each.key: each for each in people or (ADA, BOB)}
    facts = more.pop("facts", None) or ReportFacts(
        known, {"m1": "face", "m2": "manual"}, {}, {7: "dentist"}, {1: ("7b",)}
    )
    scope = ReportScope(
        **({"first": MONDAY, "last": date(2026, 3, 8), "zone": BERLIN, "now": NOW} | more.pop("scope", {}))
    )
    return StatusReport(tuple(rows), facts, scope, **more)


def week() -> StatusReport:
    """Ada on time, late by 10 minutes, excused; Bob absent, not logged, there for a part."""
    at = held().begins + timedelta(minutes=10)
    tuesday, wednesday = held(MONDAY + timedelta(days=1)), held(MONDAY + timedelta(days=2))
    return report(
        [
            row(ADA, Status.LATE, arrived=at, late_s=600, marks=("m1",)),
            row(BOB, Status.ABSENT),
            row(ADA, Status.PRESENT, tuesday, arrived=tuesday.begins, marks=("m2",)),
            row(BOB, Status.NO_LOG, tuesday, reasons=("gap",)),
            row(ADA, Status.EXCUSED, wednesday, excuses=(7,)),
            row(BOB, Status.PARTIAL, wednesday, reasons=("half_day",)),
        ],
        scope={"group": "7b", "site": "Marie Curie School"},
        closed={date(2026, 3, 5): "Founders' day"},
    )


def many(people: int, days: int, *, name: str = "Person") -> StatusReport:
    """So many people, all present on so many days."""
    who = [PersonRef(f"E-{number:04}", f"{name} {number}", number) for number in range(1, people + 1)]
    rows = []
    for day in (MONDAY + timedelta(days=number) for number in range(days)):
        occurrence = held(day)
        rows += [row(each, Status.PRESENT, occurrence, arrived=occurrence.begins) for each in who]
    return report(rows, *who, scope={"last": MONDAY + timedelta(days=max(days, 1) - 1)})
