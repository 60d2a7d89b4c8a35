"""Occurrences as a calendar that other programs subscribe to (.ics), the same bytes whenever nothing has changed."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from attendance.errors import ReportsMissing
from attendance.timetable.occurrence import Occurrence

if TYPE_CHECKING:
    from icalendar import Event

PRODUCT: Final = "-//attendance//timetable//EN"


@dataclass(frozen=True, slots=True)
class Shown:
    """An occurrence as the calendar shows it, with what became of it ("present"), if that is told."""

    occurrence: Occurrence
    status: str = ""


def feed(shown: Iterable[Shown], *, home: str, person: int | None, name: str, stamp: datetime) -> bytes:
    """The calendar of the occurrences, in order of time; instants are in UTC.

    ``home`` is the home's id, ``person`` whose calendar it is (None: nobody's own), ``name`` its title, and ``stamp``
    the instant it tells as that of its making: the same stamp and occurrences give the same bytes. Raises
    ReportsMissing without the library icalendar.
    """
    try:
        from icalendar import Calendar
    except ImportError as missing:
        raise ReportsMissing(name, "calendar files need the library icalendar") from missing
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", name)
    order = sorted(shown, key=lambda each: (each.occurrence.begins, each.occurrence.name, each.occurrence.entry.key))
    nth: dict[tuple[int, str], int] = {}
    for each in order:
        key = each.occurrence.entry.key, each.occurrence.day.isoformat()
        nth[key] = nth.get(key, 0) + 1
        calendar.add_component(_event(each, uid(each.occurrence, home, person, nth[key]), stamp))
    made: bytes = calendar.to_ical()
    return made


def uid(occurrence: Occurrence, home: str, person: int | None, number: int = 1) -> str:
    """What names the event for ever: of the home, the entry, the day, the person, and which of that day it is.

    Nobody can read the person from it.
    """
    parts = (home, str(occurrence.entry.key), occurrence.day.isoformat(), str(person), str(number))
    return f"{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:32]}@attendance"


def _event(shown: Shown, name: str, stamp: datetime) -> "Event":
    from icalendar import Event

    occurrence = shown.occurrence
    event = Event()
    event.add("uid", name)
    event.add("dtstamp", stamp.astimezone(UTC))
    event.add("dtstart", occurrence.begins.astimezone(UTC))
    event.add("dtend", occurrence.ends.astimezone(UTC))
    event.add("summary", f"{occurrence.name} ({shown.status})" if shown.status else occurrence.name)
    if occurrence.rule.site:
        event.add("location", occurrence.rule.site)
    return event
