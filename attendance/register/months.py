"""Closed months: nothing of a day in one is changed, by whatever door."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from attendance.errors import MonthClosed
from attendance.records import instant
from gallery.repositories import months, purging

if TYPE_CHECKING:
    from gallery.ports import Transaction


AROUND: Final = timedelta(days=4)
"""How far from its own day the window of an occurrence reaches at most, whatever its zone and the site's."""


def any_closed(transaction: "Transaction", first: date, last: date) -> bool:
    """Whether a month that some of these days lie in is closed."""
    closed = (name for name, state in months.states(transaction).items() if state.closed)
    return any(month_of(first) <= name <= month_of(last) for name in closed)


def month_of(day: date) -> str:
    """The month that a day lies in, as it is written: 2026-11."""
    return day.isoformat()[:7]


def refuse_closed(transaction: "Transaction", days: Iterable[date]) -> None:
    """Raise MonthClosed where one of the days lies in a month that is closed now, or purged; it names the first one."""
    touched = sorted(set(days))
    if not touched:
        return
    kept_from = purging.kept_from(transaction)
    if kept_from is not None and touched[0] < kept_from:
        told = f"the marks of {touched[0]} were purged: what is kept begins on {kept_from}"
        raise MonthClosed(month_of(touched[0]), told)
    states = months.states(transaction)
    for day in touched:
        state = states.get(month_of(day))
        if state is not None and state.closed:
            told = f"this month was closed at {instant(state.at)} by {state.by}, and {day} would change"
            raise MonthClosed(state.month, told)
