"""`Occurrence`: one time that people are expected, as instants."""

from dataclasses import dataclass
from datetime import date, datetime

from attendance.timetable.facts import Entry, Span
from attendance.timetable.rule import Rule


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time that people are expected, by the version of the entry that held on its day.

    It belongs to the local ``day`` it begins on, also where it goes on after midnight. ``opens`` and ``closes`` bound
    the marks that can count for it. ``breaks`` are the unpaid ones.
    """

    entry: Entry
    version: int
    rule: Rule
    day: date
    begins: datetime
    ends: datetime
    opens: datetime
    closes: datetime
    breaks: tuple[Span, ...] = ()

    @property
    def name(self) -> str:
        """What the entry is called."""
        return self.entry.name

    @property
    def planned_s(self) -> int:
        """Seconds to be worked: without the unpaid breaks."""
        breaks = sum((each.ends - each.begins).total_seconds() for each in self.breaks)
        return round((self.ends - self.begins).total_seconds() - breaks)
