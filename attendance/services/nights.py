"""To which days of closed months a mark or a look belongs besides its own, as shifts go on after midnight."""

from datetime import date, datetime
from functools import partial
from typing import TYPE_CHECKING

from attendance.register.months import AROUND, any_closed
from attendance.zones import local_day

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from attendance.services.statuses import Statuses
    from attendance.timetable.attended import Attended
    from gallery.ports import Transaction


class Nights:
    """Days in closed months that something belongs to besides its own: in whose windows it lies, or next to them.

    The plan and statuses are read only where there is such a month near by, as it is asked for each mark; what derives
    them is not even loaded before.
    """

    def __init__(self, statuses: "Callable[[], Statuses]", zone_name: str) -> None:
        self._statuses, self._zone = statuses, zone_name

    def of_mark(self, transaction: "Transaction", person: int, at: datetime) -> set[date]:
        """The days on which something began that a mark of the person at that instant may count for, or change."""

        def rows(first: date, last: date) -> "Sequence[Attended]":
            return self._rows(first, last, person)

        return self._of_mark(transaction, at, rows)

    def of_many(self, transaction: "Transaction") -> "Callable[[Transaction, int, datetime], set[date]]":
        """As `of_mark`, for many people in one step: everybody's statuses are read once, as they are before it."""
        known: dict[tuple[date, date], dict[int, list[Attended]]] = {}

        def of_person(person: int, first: date, last: date) -> "Sequence[Attended]":
            if (first, last) not in known:
                from attendance.services.reach import by_person

                known[first, last] = by_person(self._rows(first, last))
            return known[first, last].get(person, ())

        return lambda _, person, at: self._of_mark(transaction, at, partial(of_person, person))

    def of_look(self, transaction: "Transaction", begins: datetime, ends: datetime) -> set[date]:
        """The days, besides those it lies on, whose statuses may say otherwise as somebody has looked in that time."""
        first, last = local_day(begins, self._zone) - AROUND, local_day(ends, self._zone) + AROUND
        if not any_closed(transaction, first, last):
            return set()
        from attendance.timetable.calendar import Calendar
        from attendance.timetable.occurrences import of_entries
        from attendance.timetable.reach import looked_at

        plan = self._statuses().plan()
        return looked_at(of_entries(plan.entries, first, last, Calendar(plan.calendar)), begins, ends)

    def _of_mark(
        self, transaction: "Transaction", at: datetime, rows: "Callable[[date, date], Sequence[Attended]]"
    ) -> set[date]:
        day = local_day(at, self._zone)
        first, last = day - AROUND, day + AROUND
        if not any_closed(transaction, first, last):
            return set()
        from attendance.services.reach import days_reached
        from attendance.timetable.settling import beside

        found = days_reached(self._statuses().plan(), at, at, self._zone)
        return found | {each.occurrence.day for each in beside(rows(first, last), at)}

    def _rows(self, first: date, last: date, person: int | None = None) -> "list[Attended]":
        from attendance.services.statuses import StatusesWanted

        return self._statuses().derive(StatusesWanted(first, last, person=person)).rows
