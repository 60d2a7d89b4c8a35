"""What a change of the timetable would do, before it is done: which statuses would differ, and what comes and goes."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from attendance.services.statuses import StatusesWanted
from attendance.timetable.calendar import Calendar
from attendance.timetable.drafting import said
from attendance.timetable.preview import changes
from attendance.timetable.wording import differing
from attendance.zones import local_day, zone
from refusal import counted

if TYPE_CHECKING:
    from datetime import datetime

    from attendance.clock import Clock
    from attendance.records import PersonRef
    from attendance.register.sessions import Sessions
    from attendance.services.statuses import Derived, Plan, Statuses
    from attendance.timetable.drafting import Draft
    from attendance.timetable.occurrence import Occurrence
    from attendance.timetable.preview import Change
    from attendance.timetable.rule import Rule

BEFORE: Final = timedelta(days=7)
"""How far before the first changed day statuses are compared: a mark belongs to the nearest occurrence."""
AHEAD: Final = timedelta(days=28)
"""How far ahead of today, or of a later first day, it is told what comes and goes."""
_TIMES: Final = ("begins", "ends", "first", "recurs", "left_out", "added", "moved")
"""What of a rule tells when it is."""
Told = dict[tuple[date, int, str], tuple[str, ...]]
"""By day, person and entry, the statuses in order of the beginnings."""


@dataclass(frozen=True, slots=True)
class StatusChange:
    """Somebody's status on a day in an entry, before and after: none where they would not be expected."""

    day: date
    person: "PersonRef"
    entry: str
    before: tuple[str, ...]
    after: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """One line of ``timetable preview --json``."""
        return {
            "kind": "status",
            "day": self.day.isoformat(),
            "entry": self.entry,
            "person": self.person.to_dict(),
            "before": list(self.before),
            "after": list(self.after),
        }

    def row(self) -> dict[str, Any]:
        """One line of the table."""
        who = f"{self.person.name} ({self.person.id})"
        return _row("status", self.day, self.entry, who, self.before, self.after)


@dataclass(frozen=True, slots=True)
class TimeChange:
    """What takes place on a day, before and after, in words: None where it does not."""

    kind: str
    day: date
    entry: str
    before: str | None
    after: str | None

    def to_dict(self) -> dict[str, Any]:
        """One line of ``timetable preview --json``."""
        told = {"kind": self.kind, "day": self.day.isoformat(), "entry": self.entry, "person": None}
        return {**told, "before": _listed(self.before), "after": _listed(self.after)}

    def row(self) -> dict[str, Any]:
        """One line of the table."""
        return _row(self.kind, self.day, self.entry, None, _listed(self.before), _listed(self.after))


@dataclass(frozen=True, slots=True)
class Preview:
    """What would differ: statuses of days gone by, in order, and what takes place from the first day on."""

    statuses: tuple[StatusChange, ...]
    times: tuple[TimeChange, ...]
    first: date
    last: date

    def lines(self) -> "Iterator[str]":
        """What it comes to, in words."""
        yield f"{counted(len(self.statuses), 'status', 'statuses')} of days gone by would differ"
        coming = counted(len(self.times), "occurrence", "occurrences")
        yield f"{coming} would come, go or alter from {self.first} to {self.last}"


class Previews:
    """Derives before and after a draft, and tells the differences; nothing is written."""

    def __init__(self, sessions: "Sessions", clock: "Clock", statuses: "Statuses") -> None:
        self._sessions, self._clock, self._statuses = sessions, clock, statuses

    def of(self, drafts: "Sequence[Draft]") -> Preview:
        """What these drafts would do. Raises GroupUnknown."""
        before = self._statuses.plan()
        first = min((each.first for each in drafts if each.first), default=None)
        whom = {each.entry.person for each in drafts}
        return self.between(before, _drafted(before, drafts), first, whom.pop() if len(whom) == 1 else None)

    def between(self, before: "Plan", after: "Plan", first: date | None, person: int | None = None) -> Preview:
        """What differs between two plans from a day on (None: nothing does), for all or, if it is only theirs, one."""
        now = self._clock.utc()
        today = local_day(now, self._sessions.zone)
        begin, last = first or today, max(first or today, today) + AHEAD
        if first is None:
            return Preview((), (), begin, last)
        wanted = StatusesWanted(first - BEFORE, today + timedelta(days=1), person=person)
        statuses = self._statuses_of(before, after, wanted, now)
        return Preview(tuple(statuses), tuple(time_changes(before, after, begin, last)), begin, last)

    def _statuses_of(
        self, before: "Plan", after: "Plan", wanted: StatusesWanted, now: "datetime"
    ) -> list[StatusChange]:
        if wanted.first > wanted.last:
            return []
        old, new = (self._statuses.derive(wanted, plan) for plan in (before, after))
        was, is_ = told(old, now), told(new, now)
        people = {**old.people, **new.people}
        found = [
            StatusChange(key[0], people[key[1]], key[2], was.get(key, ()), is_.get(key, ()))
            for key in was.keys() | is_.keys()
            if was.get(key) != is_.get(key)
        ]
        return sorted(found, key=lambda each: (each.day, each.entry, each.person.id))


def told(derived: "Derived", now: "datetime") -> Told:
    """The statuses of all that has begun."""
    found: dict[tuple[date, int, str], list[str]] = defaultdict(list)
    for each in derived.rows:
        if each.occurrence.begins <= now:
            found[each.occurrence.day, each.person, each.occurrence.name].append(str(each.status))
    return {key: tuple(some) for key, some in found.items()}


def time_changes(before: "Plan", after: "Plan", first: date, last: date) -> list[TimeChange]:
    """What takes place otherwise on the days from first to last, in order."""
    calendars = Calendar(before.calendar), Calendar(after.calendar)
    return [_told(each) for each in changes(before.entries, after.entries, *calendars, (), first, last)]


def _told(each: "Change") -> TimeChange:
    old, new = each.before, each.after
    words = ["", ""] if old is None or new is None else _judged(old.rule, new.rule)
    before = None if old is None else wall(old) + words[0]
    return TimeChange(each.what, each.day, each.name, before, None if new is None else wall(new) + words[1])


def _judged(old: "Rule", new: "Rule") -> list[str]:
    """In what two rules differ besides their times, of each as it says."""
    parts = [part for part in differing(old, new) if part not in _TIMES]
    return [
        "".join(f", {part.replace('_', ' ')} {told[part]}" for part in parts) for told in (old.to_dict(), new.to_dict())
    ]


def wall(each: "Occurrence") -> str:
    """From when to when, on the wall of the rule's zone."""
    begins, ends = (at.astimezone(zone(each.rule.zone)) for at in (each.begins, each.ends))
    return f"{begins:%H:%M}-{ends:%H:%M}{'' if ends.date() == each.day else ' (next day)'}"


def _drafted(plan: "Plan", drafts: "Sequence[Draft]") -> "Plan":
    return replace(plan, entries=said(drafts, plan.entries))


def _listed(text: str | None) -> list[str]:
    return [] if text is None else [text]


def _row(
    kind: str, day: date, entry: str, person: str | None, before: Sequence[str], after: Sequence[str]
) -> dict[str, Any]:
    """One line of the table, whatever it is about."""
    shown = {"before": "; ".join(before) or "-", "after": "; ".join(after) or "-"}
    return {"kind": kind, "day": day.isoformat(), "entry": entry, "person": person, **shown}
