"""Closed months: nothing of a day in one is changed, by whatever door."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from attendance.errors import MonthClosed
from attendance.records import instant
from attendance.zones import local_day
from gallery.repositories import months

if TYPE_CHECKING:
    from gallery.ports import Transaction


def days_between(begins: datetime, ends: datetime, zone: str) -> list[date]:
    """The days on the wall calendar of the zone that have an instant in begins <= t < ends; that of begins at least."""
    first, last = local_day(begins, zone), local_day(max(begins, ends - timedelta(microseconds=1)), zone)
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


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


def refuse_closed_at(transaction: "Transaction", instants: Iterable[datetime], zone: str) -> None:
    """As `refuse_closed`, for the days of these instants on the wall calendar of the zone."""
    refuse_closed(transaction, {local_day(at, zone) for at in instants})
