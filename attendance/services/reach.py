"""What a change of the timetable, the calendar or somebody's times reaches, so that closed months stay as they are."""

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from attendance.register.months import refuse_closed
from attendance.timetable.calendar import Calendar
from attendance.timetable.occurrences import of_entries
from attendance.timetable.preview import changes
from attendance.timetable.reach import days_of, reached, touched
from attendance.zones import local_day
from gallery.repositories import months

if TYPE_CHECKING:
    from attendance.services.statuses import Plan
    from attendance.timetable.facts import Entry
    from gallery.ports import Transaction

_DAY = timedelta(days=1)
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
    found = (changes(old, new, *calendars, (), first - _DAY, last + _DAY) for first, last in closed)
    differing = touched((each for some in found for each in some), zone_name)
    refuse_closed(transaction, sorted({*days, *differing}))


def days_reached(plan: "Plan", begins: datetime, ends: datetime, zone_name: str) -> set[date]:
    """The local days of a span, and those of all occurrences in whose windows it lies.

    A night that began the day before is that day's.
    """
    span = list(days_of(begins, ends, zone_name))
    found = of_entries(plan.entries, span[0] - 2 * _DAY, span[-1] + _DAY, Calendar(plan.calendar))
    return {*span, *reached(found, begins, ends)}


def nights_of_closed(transaction: "Transaction", plan: "Callable[[], Plan]", at: datetime, zone_name: str) -> set[date]:
    """The days, in a closed month, on which something began in whose window the instant lies.

    The plan is read only where the instant is of a day beside such a month: it is asked for each mark.
    """
    day = local_day(at, zone_name)
    beside = {f"{day + _DAY * number:%Y-%m}" for number in (-2, -1, 1, 2)}
    if not any(state.closed for name, state in months.states(transaction).items() if name in beside):
        return set()
    return days_reached(plan(), at, at, zone_name)


def _without(some: "Iterable[Entry]", others: "Iterable[Entry]") -> "tuple[Entry, ...]":
    same = {each.key: each for each in others}
    return tuple(each for each in some if same.get(each.key) != each)
