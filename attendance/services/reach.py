"""What a change of the timetable, the calendar or somebody's times reaches, so that closed months stay as they are."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from attendance.register.months import AROUND, refuse_closed
from attendance.services.statuses import StatusesWanted
from attendance.timetable.calendar import Calendar
from attendance.timetable.digest import digest
from attendance.timetable.occurrences import of_entries
from attendance.timetable.preview import changes
from attendance.timetable.reach import reached, touched
from attendance.zones import days_between
from gallery.repositories import months

if TYPE_CHECKING:
    from attendance.services.statuses import Plan, Statuses
    from attendance.timetable.attended import Attended
    from attendance.timetable.facts import Entry
    from attendance.timetable.preview import Change
    from gallery.ports import Transaction

_DAY: Final = timedelta(days=1)
_EDGE: Final = 2 * _DAY
"""How far into a month reaches what takes place outside of it."""
Days = tuple[date, date]
"""First and last day."""


def month_days(month: str) -> Days:
    """First and last day of a month such as "2026-03"; raises ValueError for what is none."""
    first = date.fromisoformat(f"{month}-01")
    return first, (first.replace(day=28) + timedelta(days=4)).replace(day=1) - _DAY


def refuse_reach(
    transaction: "Transaction",
    statuses: "Statuses",
    before: "Plan",
    after: "Plan",
    zone_name: str,
    days: Iterable[date] = (),
) -> None:
    """Raise MonthClosed where these days, or what takes place otherwise than before, lie in a closed month.

    So also where only the window of a night that begins on another day does, and where marks of a closed month would
    belong to something else as there is more, or less, beside it.
    """
    closed = [month_days(name) for name, state in sorted(months.states(transaction).items()) if state.closed]
    if not closed:
        return
    found = dict(_changes_near(closed, before, after))
    differing = touched((each for some in found.values() for each in some), zone_name)
    refuse_closed(transaction, sorted({*days, *differing}))
    edges = (edge for first, last in found for edge in ((first, first + _EDGE), (last - _EDGE, last)))
    refuse_closed(
        transaction, {edge[0] for edge in edges if _said(statuses, edge, before) != _said(statuses, edge, after)}
    )


def _changes_near(closed: "Iterable[Days]", before: "Plan", after: "Plan") -> "Iterator[tuple[Days, list[Change]]]":
    """By closed month what takes place otherwise in it, or near it; a month with nothing of that is left out."""
    old, new = before.entries, after.entries
    if before.calendar == after.calendar:
        old, new = _without(old, new), _without(new, old)
    calendars = Calendar(before.calendar), Calendar(after.calendar)
    begin, end = _from_to(before, after)
    for month in closed:
        first, last = max(begin, month[0] - AROUND), min(end, month[1] + AROUND)
        found = changes(old, new, *calendars, (), first, last) if first <= last else []
        if found:
            yield month, found


def _said(statuses: "Statuses", days: Days, plan: "Plan") -> str:
    return digest(statuses.derive(StatusesWanted(*days), plan).rows)


def days_reached(plan: "Plan", begins: datetime, ends: datetime, zone_name: str) -> set[date]:
    """The local days of a span, and those of all occurrences in whose windows it lies.

    A night that began the day before is that day's.
    """
    span, calendar = days_between(begins, ends, zone_name), Calendar(plan.calendar)
    edges = [(span[0] - AROUND, span[0])] if len(span) == 1 else [(span[0] - AROUND, span[0]), (span[-1], span[-1])]
    edges.append((span[-1] + _DAY, span[-1] + AROUND))
    found = (each for first, last in edges for each in of_entries(plan.entries, first, last, calendar))
    return {*span, *reached(found, begins, ends)}


def by_person(rows: "Iterable[Attended]") -> "dict[int, list[Attended]]":
    """Each person's rows, in the order in which they come."""
    found: dict[int, list[Attended]] = {}
    for each in rows:
        found.setdefault(each.person, []).append(each)
    return found


def _from_to(before: "Plan", after: "Plan") -> Days:
    """The first and the last day that can be otherwise: a version ends with the next, a term closes all around it."""
    versions = {each for entry in before.entries for each in entry.versions}
    differing = versions ^ {each for entry in after.entries for each in entry.versions}
    entries = set(before.calendar) ^ set(after.calendar)
    if any(each.kind == "term" for each in entries):
        return date.min, date.max
    firsts = [*(each.from_day for each in differing), *(each.first for each in entries)]
    return min(firsts, default=date.max), date.max if differing else max(
        (each.last for each in entries), default=date.min
    )


def _without(some: "Iterable[Entry]", others: "Iterable[Entry]") -> "tuple[Entry, ...]":
    same = {each.key: each for each in others}
    return tuple(each for each in some if same.get(each.key) != each)
