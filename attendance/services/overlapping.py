"""Which rules expect the same people at the same time: not refused, as it may be meant, but said."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from attendance.timetable.calendar import Calendar
from attendance.timetable.occurrences import of_entry
from refusal import counted

if TYPE_CHECKING:
    from attendance.services.statuses import Plan
    from attendance.timetable.facts import Entry
    from attendance.timetable.occurrence import Occurrence
    from gallery.values import PersonInfo

LOOKED_AT: Final = timedelta(days=28)
"""How far ahead overlaps are looked for: most rules repeat within four weeks."""


class Overlaps:
    """A timetable that is asked, entry by entry, which others expect the same people at the same time from today on.

    Groups count as they are now.
    """

    def __init__(self, plan: "Plan", people: "Collection[PersonInfo]", today: date) -> None:
        self._plan, self._people, self._today = plan, people, today
        self._calendar = Calendar(plan.calendar)
        self._held: dict[tuple[int, date], list[Occurrence]] = {}
        self._members: dict[str | None, frozenset[int]] = {None: frozenset(each.id for each in people)}

    def of(self, entry: "Entry", day: date) -> Iterator[str]:
        """One line for each other rule with which this one overlaps for somebody, within four weeks of the day."""
        begin, whom = max(day, self._today), self._whom(entry)
        own = self._occurrences(entry, begin)
        for other in self._plan.entries if own else ():
            shared = whom & self._whom(other) if other.key != entry.key else frozenset[int]()
            first = _first(own, self._occurrences(other, begin)) if shared else None
            if first is not None:
                who = counted(len(shared), "person", "people")
                yield f"{entry.name} overlaps {other.name} for {who}, first on {first.day}"

    def _whom(self, entry: "Entry") -> frozenset[int]:
        if entry.person is not None:
            return frozenset((entry.person,))
        if entry.group not in self._members:
            self._members[entry.group] = frozenset(each.id for each in self._people if entry.group in each.groups)
        return self._members[entry.group]

    def _occurrences(self, entry: "Entry", day: date) -> "list[Occurrence]":
        if (entry.key, day) not in self._held:
            self._held[entry.key, day] = of_entry(entry, day, day + LOOKED_AT, self._calendar)
        return self._held[entry.key, day]


def _first(own: "Sequence[Occurrence]", others: "Sequence[Occurrence]") -> "Occurrence | None":
    """The first of the one that lies in part within one of the others; both are in order of their beginnings."""
    number = 0
    for each in own:
        while number < len(others) and others[number].ends <= each.begins:
            number += 1
        if number < len(others) and others[number].begins < each.ends:
            return each
    return None
