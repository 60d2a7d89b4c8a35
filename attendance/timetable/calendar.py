"""Which days are closed: terms, closed days and those that are open all the same, of a site, a group or all.

An entry of a site concerns the rules of that site, one of a group the rules for that group, and one of neither all.
Where terms concern a rule, days outside all of them are closed. A closed entry closes its days, and an open one opens
them whatever else says.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import accumulate
from typing import Final, Literal

from attendance.timetable.facts import CalendarEntry, EntryKind
from attendance.timetable.rule import Rule

NO_TERM: Final = "no term"
WhyClosed = CalendarEntry | Literal["no term"]
"""Why a day is closed: the entry that closes it, or that no term runs."""


@dataclass(frozen=True, slots=True)
class DayState:
    """What the calendar says of a day, and which entry decides: None where no entry has a say, or no term runs."""

    closed: bool
    entry: CalendarEntry | None = None

    @property
    def source(self) -> str:
        """Where it is from, such as "by hand"; "no term" outside all terms, "no entry" where none has a say."""
        if self.entry is not None:
            return self.entry.source
        return NO_TERM if self.closed else "no entry"


class Calendar:
    """The calendar entries that count, made for many questions."""

    def __init__(self, entries: Iterable[CalendarEntry] = ()) -> None:
        self._entries = tuple(entries)
        self._sites = frozenset(each.site for each in self._entries)
        self._groups = frozenset(each.group for each in self._entries)
        self._scopes: dict[tuple[str | None, str | None], _Scope] = {}
        self._states: dict[tuple[date, str | None, str | None], DayState] = {}

    def closed(self, day: date, site: str | None = None, group: str | None = None) -> WhyClosed | None:
        """Why the day is closed for rules of that site and group; None where it is not."""
        found = self.state(day, site, group)
        return (found.entry or NO_TERM) if found.closed else None

    def opens(self, day: date, rule: Rule, group: str | None) -> bool:
        """Whether a rule for that group can take place on the day: one that follows no calendar always can."""
        return not rule.follows_calendar or not self.state(day, rule.site, group).closed

    def state(self, day: date, site: str | None = None, group: str | None = None) -> DayState:
        """What is said of the day for rules of that site and group, and by which entry."""
        scope = site if site in self._sites else None, group if group in self._groups else None
        key = day, *scope
        if key not in self._states:
            self._states[key] = self._scope(*scope).state(day)
        return self._states[key]

    def _scope(self, site: str | None, group: str | None) -> "_Scope":
        if (site, group) not in self._scopes:
            concerned = (each for each in self._entries if each.site in {None, site} and each.group in {None, group})
            self._scopes[site, group] = _Scope(concerned)
        return self._scopes[site, group]


class _Scope:
    """The entries that concern one site and group."""

    def __init__(self, entries: Iterable[CalendarEntry]) -> None:
        found = tuple(entries)
        self._open, self._closed, self._terms = (_Days(found, kind) for kind in ("open", "closed", "term"))

    def state(self, day: date) -> DayState:
        if opened := self._open.on(day):
            return DayState(closed=False, entry=opened)
        if closed := self._closed.on(day):
            return DayState(closed=True, entry=closed)
        term = self._terms.on(day)
        return DayState(closed=self._terms.any and term is None, entry=term)


class _Days:
    """The entries of one kind in order of their first days, with how far those up to each of them reach."""

    def __init__(self, entries: Iterable[CalendarEntry], kind: EntryKind) -> None:
        self._entries = sorted((each for each in entries if each.kind == kind), key=lambda each: (each.first, each.key))
        self._firsts = [each.first for each in self._entries]
        self._reach = list(accumulate((each.last for each in self._entries), max))

    @property
    def any(self) -> bool:
        return bool(self._entries)

    def on(self, day: date) -> CalendarEntry | None:
        """The entry that has the day; of several the shortest one, as it says most of the day, then the oldest."""
        found: list[CalendarEntry] = []
        number = bisect_right(self._firsts, day) - 1
        while number >= 0 and self._reach[number] >= day:
            if self._entries[number].last >= day:
                found.append(self._entries[number])
            number -= 1
        return min(found, key=lambda each: (each.last - each.first, each.key), default=None)
