"""What is known when statuses are derived: the timetable, the calendar, and of people their marks, excuses, coverage.

All of it is stored elsewhere and only handed in; instants are aware and in UTC.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from attendance.timetable.rule import Rule

Direction = Literal["in", "out"]
CoverKind = Literal["camera", "file", "device", "hand"]
EntryKind = Literal["closed", "open", "term"]


@dataclass(frozen=True, slots=True)
class Span:
    """From an instant up to, and without, another."""

    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class Version:
    """What an entry of the timetable says from a day on; ``rule`` is None where it has ended."""

    key: int
    from_day: date
    rule: Rule | None


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the timetable: a name, whom it is for (a group, a person, or with neither everybody), its versions.

    ``versions`` stand in the order in which they were entered. On a day that one holds which is from the latest day
    not after it, of several from that day the one entered last.
    """

    key: int
    name: str
    group: str | None
    person: int | None
    versions: tuple[Version, ...]


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """Days on which the site is closed, or open all the same, or on which a term runs; ``last`` is the last of them.

    ``source`` tells where it is from, such as "holidays 0.108 DE-BY", "by hand", or a file's name; ``site`` and
    ``group`` say whom it is for, None everybody.
    """

    key: int
    kind: EntryKind
    first: date
    last: date
    name: str
    source: str
    site: str | None = None
    group: str | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """Somebody was there: the valid marks alone are handed in, and those that wait for approval as ``pending``.

    ``day`` is that of its session; where the time is not known ``at`` says nothing, and the day is all there is.
    """

    id: str
    at: datetime
    day: date
    direction: Direction | None = None
    method: str = "face"
    time_known: bool = True
    pending: bool = False


@dataclass(frozen=True, slots=True)
class Excuse:
    """Somebody need not be there from an instant up to, and without, another; ``pending`` until it is approved."""

    key: int
    begins: datetime
    ends: datetime
    reason: str
    pending: bool = False


@dataclass(frozen=True, slots=True)
class Cover:
    """A source has looked from an instant to another for the people of a group, or for all.

    A picture is of one instant, so that both are the same. ``source`` is the name of the place, or of what was read.
    A recording was ``searched`` later than what it shows, and a device's file or what somebody watched told later, for
    those who were known then; None: at the time.
    """

    source: str
    kind: CoverKind
    begins: datetime
    ends: datetime
    group: str | None = None
    site: str | None = None
    searched: datetime | None = None


@dataclass(frozen=True, slots=True)
class Spell:
    """From a day up to, and without, another (None: without end), on which somebody belongs to a group."""

    group: str
    first: date | None
    until: date | None


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as statuses are derived of them: whom rules and calendar entries are for, and when they can be seen.

    ``key`` is the gallery's number. ``recognisable`` is since when a face can be recognised, None for never.
    ``away`` holds the spans in which they did not belong (inactive). Whoever looked before they were ``known`` did not
    look for them; None: they were known from ever.
    """

    key: int
    spells: tuple[Spell, ...] = ()
    recognisable: datetime | None = None
    away: tuple[Span, ...] = ()
    known: datetime | None = None

    def belongs(self, group: str, day: date) -> bool:
        """Whether they belong to the group on that day."""
        return any(
            each.group == group
            and (each.first is None or each.first <= day)
            and (each.until is None or day < each.until)
            for each in self.spells
        )
