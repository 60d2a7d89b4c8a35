"""What a change of the timetable, the calendar or somebody's times reaches, so that closed months stay as they are."""

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from attendance.register.months import refuse_closed
from attendance.timetable.calendar import Calendar
from attendance.timetable.occurrences import of_entries
from attendance.timetable.preview import changes
from attendance.timetable.reach import reached, touched
from attendance.zones import days_between, local_day
from gallery.repositories import months

if TYPE_CHECKING:
    from attendance.services.statuses import Plan
    from attendance.timetable.facts import Entry
    from gallery.ports import Transaction

_DAY: Final = timedelta(days=1)
AROUND: Final = 4 * _DAY
"""How far from its own day the window of an occurrence reaches at most, whatever its zone and the site's."""
Days = tuple[date, date]
"""First and last day."""


def month_days(month: str) -> Days:
    """First and last day of a month such as "2026-03"; raises ValueError for what is none."""
    first = date.fromisoformat(f"{month}-01")
    return first, (first.replace(day=28) + timedelta(days=4)).replace(day=1) - _DAY


def refuse_reach(
    transaction: "Transaction", before: "Plan", after: "Plan", zone_name: str, days: Iterable[date] = ()
) -> None:
    """Raise MonthClosed where these days, or what takes place otherwise than before, lie in a closed month.

    So also where only the window of a night that begins on another day does.
    """
    closed = [month_days(name) for name, state in sorted(months.states(transaction).items()) if state.closed]
    if not closed:
        return
    old, new = before.entries, after.entries
    if before.calendar == after.calendar:
        old, new = _without(old, new), _without(new, old)
    calendars = Calendar(before.calendar), Calendar(after.calendar)
    begin, end = _from_to(before, after)
    spans = ((max(begin, first - AROUND), min(end, last + AROUND)) for first, last in closed)
    found = (changes(old, new, *calendars, (), first, last) for first, last in spans if first <= last)
    differing = touched((each for some in found for each in some), zone_name)
    refuse_closed(transaction, sorted({*days, *differing}))


def days_reached(plan: "Plan", begins: datetime, ends: datetime, zone_name: str) -> set[date]:
    """The local days of a span, and those of all occurrences in whose windows it lies.

    A night that began the day before is that day's.
    """
    span, calendar = days_between(begins, ends, zone_name), Calendar(plan.calendar)
    edges = [(span[0] - AROUND, span[0])] if len(span) == 1 else [(span[0] - AROUND, span[0]), (span[-1], span[-1])]
    edges.append((span[-1] + _DAY, span[-1] + AROUND))
    found = (each for first, last in edges for each in of_entries(plan.entries, first, last, calendar))
    return {*span, *reached(found, begins, ends)}


def nights_of_closed(transaction: "Transaction", plan: "Callable[[], Plan]", at: datetime, zone_name: str) -> set[date]:
    """The days, in a closed month, on which something began in whose window the instant lies.

    The plan is read only where the instant is of a day beside such a month: it is asked for each mark.
    """
    day = local_day(at, zone_name)
    beside = {f"{each:%Y-%m}" for each in (day - AROUND, day, day + AROUND)}
    if not any(state.closed for name, state in months.states(transaction).items() if name in beside):
        return set()
    return days_reached(plan(), at, at, zone_name)


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
