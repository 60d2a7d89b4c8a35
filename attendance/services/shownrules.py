"""Rules as people see them: what each says, for whom, since when, what became of it, and when it is next."""

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Final

from attendance.records import PersonRef, instant
from attendance.services.previewing import wall
from attendance.services.statuses import entry_of
from attendance.services.versions import version_of
from attendance.timetable.calendar import Calendar
from attendance.timetable.drafting import Draft
from attendance.timetable.facts import Entry
from attendance.timetable.occurrences import of_entry
from attendance.timetable.versions import holding, later, timeline
from attendance.timetable.wording import told_from

if TYPE_CHECKING:
    from collections.abc import Iterator

    from attendance.timetable.facts import Version
    from attendance.timetable.occurrence import Occurrence
    from gallery.timetablevalues import StoredRule

AHEAD: Final = timedelta(days=5 * 366)
"""How far the next occurrences are looked for: a leap day comes within it, but once a century."""
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ShownRule:
    """A rule as it is stored, whom it is for, and what it says today; ``next`` is empty unless it was asked for."""

    stored: "StoredRule"
    person: PersonRef | None
    today: date
    next: "tuple[Occurrence, ...]" = ()

    @property
    def entry(self) -> Entry:
        """As the timetable takes it."""
        return entry_of(self.stored)

    @property
    def version(self) -> "Version":
        """The version that holds today, else the first one that will."""
        return holding(self.entry, self.today) or timeline(self.entry)[0]

    @property
    def since(self) -> date:
        """From which day on it goes on without an end, whatever was changed of it; or has ended."""
        found = self.version
        before = [each for each in timeline(self.entry) if each.from_day < found.from_day]
        alike = takewhile(lambda each: (each.rule is None) == (found.rule is None), reversed(before))
        return min((each.from_day for each in alike), default=found.from_day)

    @property
    def over(self) -> bool:
        """Whether it has ended, and nothing of it is planned."""
        return self.version.rule is None and all(each.rule is None for each in later(self.entry, self.today))

    @property
    def until(self) -> date | None:
        """Its last day, where that is settled."""
        last = timeline(self.entry)[-1]
        return last.from_day - _DAY if last.rule is None else None

    @property
    def whom(self) -> str:
        """Whom it is for, in words."""
        if self.person is not None:
            return f"{self.person.name} ({self.person.id})"
        return f"group {self.stored.group}" if self.stored.group else "everybody"

    @property
    def says(self) -> str:
        """What it says, in words."""
        return "ended" if self.version.rule is None else told_from(self.version.rule, self.since)

    def to_dict(self) -> dict[str, Any]:
        """One line of ``timetable list --json``."""
        rule = self.version.rule
        return {
            "name": self.stored.name,
            "group": self.stored.group,
            "person": None if self.person is None else self.person.to_dict(),
            "says": self.says,
            "since": self.since.isoformat(),
            "until": None if self.until is None else self.until.isoformat(),
            "ended": self.over,
            "rule": None if rule is None else rule.to_dict(),
        }

    @property
    def seen(self) -> dict[str, Any]:
        """What was seen by whoever has read all of it: it is another whenever something was changed."""
        return {"name": self.stored.name, "versions": [each.id for each in self.stored.versions]}

    @property
    def state(self) -> str:
        """The version of what was seen."""
        return version_of(self.seen)

    def row(self) -> dict[str, Any]:
        """One line of the table."""
        return {**self.to_dict(), "whom": self.whom}

    def coming(self) -> list[dict[str, Any]]:
        """When it takes place next: the day, and begin and end as instants and on the wall."""
        return [
            {
                "day": each.day.isoformat(),
                "begins": instant(each.begins),
                "ends": instant(each.ends),
                "wall": wall(each),
            }
            for each in self.next
        ]

    def lines(self) -> "Iterator[str]":
        """All that is known of it, for people."""
        yield f"{self.stored.name}, {self.whom}"
        for version in self.versions():
            who = f"{version['entered'][:10]} by {version['by']}{': ' if version['reason'] else ''}{version['reason']}"
            yield f"from {version['from']}  {version['says']} (version {version['number']}, {who})"
        if not self.next:
            yield "takes place no more"
        for each in self.next:
            yield f"next {each.day:%a} {each.day} {wall(each)}"

    def versions(self) -> list[dict[str, Any]]:
        """What it said and says, from which day on, by whom, when and why, in the order in which it was entered."""
        return [
            {
                "number": stored.id,
                "from": stored.from_day.isoformat(),
                "says": "ended" if version.rule is None else told_from(version.rule, stored.from_day),
                "rule": None if version.rule is None else version.rule.to_dict(),
                "entered": instant(stored.entered),
                "by": stored.by,
                "reason": stored.reason,
            }
            for stored, version in zip(self.stored.versions, self.entry.versions, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class Changed:
    """A rule after a change; ``new`` is false where it said all of it before. ``remarks`` are worth being told."""

    rule: ShownRule
    draft: Draft
    remarks: tuple[str, ...] = ()

    @property
    def new(self) -> bool:
        """Whether anything was changed."""
        return bool(self.draft.turns)

    @property
    def told(self) -> str:
        """What it says from which day on."""
        return "; ".join(
            f"from {day}: {'ended' if rule is None else told_from(rule, day)}" for day, rule in self.draft.turns
        )


def upcoming(entry: Entry, calendar: Calendar, day: date, count: int) -> "list[Occurrence]":
    """The next occurrences from a day on, at most so many."""
    found: list[Occurrence] = []
    step, last = timedelta(days=31), day + AHEAD
    while day <= last and len(found) < count:
        found += of_entry(entry, day, day + step, calendar)
        day, step = day + step + _DAY, 2 * step
    return sorted(found, key=lambda each: each.begins)[:count]
