"""The events of a calendar by what they belong to: a series with its changes, or one event alone."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from attendance.timetable.files.ics_zones import Zones, named_zone
from attendance.timetable.rulechecks import MOST_DAYS
from refusal import usable_name

if TYPE_CHECKING:
    from icalendar import Calendar, Event

LONGEST_NAME: Final = 100
_NEEDED: Final = frozenset({"DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "EXRULE", "RECURRENCE-ID"})
_KINDS: Final = {"DTSTART": date, "DTEND": date, "RECURRENCE-ID": date, "DURATION": timedelta}
_ONCE: Final = ("DTSTART", "DTEND", "DURATION", "RECURRENCE-ID")


class NotTaken(Exception):  # noqa: N818 - it says what happens to an event
    """An event cannot be taken over; the text says why."""


@dataclass(frozen=True, slots=True)
class Series:
    """An event, with the changes to single times of it; ``master`` is None where only these are in the file."""

    master: "Event | None"
    changes: "tuple[Event, ...]"
    zones: Zones

    @property
    def head(self) -> "Event":
        """The event that names it."""
        return self.changes[0] if self.master is None else self.master

    @property
    def name(self) -> str:
        """What it is called, fit for a name."""
        return event_name(self.head)


def series_of(calendars: "Iterable[Calendar]", site_zone: str) -> Iterator[Series]:
    """The series of all calendars, in the order in which they stand there."""
    for calendar in calendars:
        told = str(calendar.get("X-WR-TIMEZONE", "")).strip()
        zones = Zones(site_zone, named_zone(told) if told else None)
        by_uid: dict[str, list[Event]] = {}
        events: list[Any] = calendar.walk("VEVENT")
        for number, event in enumerate(events):
            by_uid.setdefault(str(event.get("UID") or f"event {number}"), []).append(event)
        for several in by_uid.values():
            yield from _joined(several, zones)


def _joined(events: "Sequence[Event]", zones: Zones) -> Iterator[Series]:
    """Those of one UID: the newest of each, unless a program has given one UID to events that are not the same."""
    masters = [each for each in events if "RECURRENCE-ID" not in each]
    changes = [each for each in events if "RECURRENCE-ID" in each]
    newest = max((_sequence(each) for each in masters), default=0)
    latest: list[Event] = [each for each in masters if _sequence(each) == newest]
    if changes or len(latest) < 2:  # noqa: PLR2004 - one is the rule
        yield Series(latest[0] if latest else None, tuple(_newest(changes)), zones)
        return
    apart = {_written(each, "DTSTART"): each for each in reversed(latest)}
    for event in reversed(apart.values()):
        yield Series(event, (), zones)


def _newest(changes: "Iterable[Event]") -> "list[Event]":
    found: dict[str, Event] = {}
    for each in changes:
        key = _written(each, "RECURRENCE-ID")
        if key not in found or _sequence(each) > _sequence(found[key]):
            found[key] = each
    return list(found.values())


def _written(event: "Event", name: str) -> str:
    """A property as it is written, whether it can be read or not."""
    found: Any = event.get(name)
    told = found.to_ical() if hasattr(found, "to_ical") else str(found)
    return told.decode() if isinstance(told, bytes) else str(told)  # a time without a day is written as str


def _sequence(event: "Event") -> int:
    told = event.get("SEQUENCE", 0)
    return told if isinstance(told, int) else 0


def event_name(event: "Event") -> str:
    """The summary as a name: cut where it is long, and one of its own where there is none that can be one."""
    told = "".join(char if char.isprintable() else " " for char in str(event.get("SUMMARY", "")))
    try:
        return usable_name(told[:LONGEST_NAME])
    except ValueError:
        return "Event without a name"


def check_whole(event: "Event") -> None:
    """Raise NotTaken where a part that says when it takes place cannot be read, or is missing."""
    for name, problem in event.errors:
        if (name or "").upper() in _NEEDED:
            raise NotTaken(f"{name} cannot be read: {problem}")
    for name in _ONCE:
        if isinstance(event.get(name), list):
            raise NotTaken(f"{name} stands there twice")
    if "DTSTART" not in event:
        raise NotTaken("DTSTART is missing")
    for name, kind in _KINDS.items():
        if name in event and not isinstance(getattr(part(event, name), "dt", None), kind):
            raise NotTaken(f"{name} cannot be read: {_written(event, name)[:40]} is of another kind")
    if "EXRULE" in event:
        raise NotTaken("EXRULE, which calendars no longer have, leaves out days by a rule of its own")


def is_cancelled(event: "Event") -> bool:
    """Whether it does not take place."""
    return str(event.get("STATUS", "")).upper() == "CANCELLED"


def is_all_day(event: "Event") -> bool:
    """Whether it is of days, or of times that its program shows as days."""
    flagged = str(event.get("X-MICROSOFT-CDO-ALLDAYEVENT", "")).upper() == "TRUE"
    readable = "DTSTART" not in {(name or "").upper() for name, _ in event.errors}
    begin = getattr(event.get("DTSTART"), "dt", None) if readable else None
    return flagged or (isinstance(begin, date) and not isinstance(begin, datetime))


def length(event: "Event") -> timedelta:
    """How long it is by the clock on the wall, or in days; raises NotTaken where that is nothing or less."""
    begin = part(event, "DTSTART").dt
    if "DTEND" in event:
        end = part(event, "DTEND").dt
        if isinstance(begin, datetime) != isinstance(end, datetime):
            raise NotTaken("it begins at a time and ends on a day, or the other way round")
        found: timedelta = _difference(begin, end)
    elif "DURATION" in event:
        found = part(event, "DURATION").dt
    else:
        found = timedelta() if isinstance(begin, datetime) else timedelta(days=1)
    if isinstance(begin, datetime) and found <= timedelta():
        raise NotTaken("it has no length: it ends when it begins, or before")
    return max(found, timedelta(days=1)) if not isinstance(begin, datetime) else found


def _difference(begin: date, end: date) -> timedelta:
    if isinstance(begin, datetime) and isinstance(end, datetime) and (begin.tzinfo is None) != (end.tzinfo is None):
        raise NotTaken("its beginning has a time zone and its end has none, or the other way round")
    return end - begin


def values(event: "Event", name: str) -> Iterator[tuple[Any, str | None]]:
    """The values of EXDATE or RDATE over all their lines, each with the TZID of its line."""
    found: Any = event.get(name, [])
    lines = found if isinstance(found, list) else [found]
    if sum(len(line.dts) for line in lines) > MOST_DAYS:
        raise NotTaken(f"{name} has more than {MOST_DAYS:,} values")
    for line in lines:
        told = line.params.get("TZID")
        for each in line.dts:
            if not isinstance(each.dt, (date, tuple) if name == "RDATE" else date):
                raise NotTaken(f"{name} cannot be read: {str(each.dt)[:40]} is neither a day nor a time on one")
            yield each.dt, each.params.get("TZID") or told


def part(event: "Event", name: str) -> Any:
    """The value of a property that is there once, such as DTSTART: its ``dt`` is a date, a datetime or a length."""
    return event[name]


def first_day(event: "Event") -> date:
    """The day that is written in its beginning."""
    begin: date = part(event, "DTSTART").dt
    return begin.date() if isinstance(begin, datetime) else begin


def rrules(event: "Event") -> list[str]:
    """The texts of its RRULEs."""
    found: Any = event.get("RRULE", [])
    return [each.to_ical().decode() for each in (found if isinstance(found, list) else [found])]
