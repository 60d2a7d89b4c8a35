"""Closed months: nothing of a day in one is changed, by whatever door."""

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

from attendance.errors import MonthClosed
from attendance.records import instant
from gallery.repositories import months

if TYPE_CHECKING:
    from gallery.ports import Transaction


def month_of(day: date) -> str:
    """The month that a day lies in, as it is written: 2026-11."""
    return day.isoformat()[:7]


def refuse_closed(transaction: "Transaction", days: Iterable[date]) -> None:
    """Raise MonthClosed where one of the days lies in a month that is closed now; it names the first such day."""
    touched = sorted(set(days))
    if not touched:
        return
    states = months.states(transaction)
    for day in touched:
        state = states.get(month_of(day))
        if state is not None and state.closed:
            told = f"this month was closed at {instant(state.at)} by {state.by}, and {day} would change"
            raise MonthClosed(state.month, told)
