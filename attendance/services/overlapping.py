"""Which rules expect the same people at the same time: not refused, as it may be meant, but said."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from attendance.timetable.calendar import Calendar
from attendance.timetable.occurrences import of_entry

if TYPE_CHECKING:
    from attendance.services.statuses import Plan
    from attendance.timetable.facts import Entry
    from attendance.timetable.occurrence import Occurrence
    from gallery.values import PersonInfo

LOOKED_AT: Final = timedelta(days=28)
"""How far ahead overlaps are looked for: most rules repeat within four weeks."""


def overlapping(entry: "Entry", plan: "Plan", people: "Collection[PersonInfo]", day: date) -> Iterator[str]:
    """One line for each other rule with which this one overlaps for somebody, within four weeks of the day."""
    calendar, whom = Calendar(plan.calendar), _whom(entry, people)
    own = of_entry(entry, day, day + LOOKED_AT, calendar)
    for other in plan.entries:
        shared = set() if other.key == entry.key else whom & _whom(other, people)
        if not shared or not own:
            continue
        first = _first(own, of_entry(other, day, day + LOOKED_AT, calendar))
        if first is not None:
            who = "1 person" if len(shared) == 1 else f"{len(shared)} people"
            yield f"{entry.name} overlaps {other.name} for {who}, first on {first.day}"


def _whom(entry: "Entry", people: "Collection[PersonInfo]") -> set[int]:
    """Those whom it is for as groups are now."""
    if entry.person is not None:
        return {entry.person}
    return {each.id for each in people if entry.group is None or entry.group in each.groups}


def _first(own: "Sequence[Occurrence]", others: "Sequence[Occurrence]") -> "Occurrence | None":
    """The first of the one that lies in part within one of the others, both in order of their beginnings."""
    for each in own:
        if any(other.begins < each.ends and each.begins < other.ends for other in others):
            return each
    return None
