"""Closed months, kept as they are: what would make their statuses otherwise is refused, whatever it is."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from attendance.errors import MonthClosed
from attendance.records import instant
from attendance.register.months import month_of
from gallery.repositories import months

if TYPE_CHECKING:
    from attendance.services.statuses import Statuses
    from attendance.timetable.attended import Attended
    from gallery.ports import Transaction


class Settled:
    """Compares what was settled before a change and after it."""

    def __init__(self, statuses: "Callable[[], Statuses]") -> None:
        self._statuses = statuses

    @contextmanager
    def kept(self, transaction: "Transaction", people: Collection[int] | None = None) -> Iterator[None]:
        """Within a step that is under way: raises MonthClosed where a status of a closed month is another at its end.

        ``people`` are the internal ids of those whom the change may concern, None for everybody.
        """
        closed = {month: state for month, state in months.states(transaction).items() if state.closed}
        before = self._digests(closed, people)
        yield
        if not closed:
            return
        after = self._digests(closed, people)
        for month, state in sorted(closed.items()):
            if before.get(month) != after.get(month):
                told = f"this month was closed at {instant(state.at)} by {state.by}, and statuses of it would change"
                raise MonthClosed(month, told)

    def _digests(self, closed: Collection[str], people: Collection[int] | None) -> Mapping[str, str]:
        """By closed month what the statuses in it come to; one without any is left out."""
        if not closed:
            return {}
        from attendance.services.reach import month_days
        from attendance.services.statuses import StatusesWanted
        from attendance.timetable.digest import digest

        first, last = month_days(min(closed))[0], month_days(max(closed))[1]
        found: dict[str, list[Attended]] = {}
        for person in [None] if people is None else sorted(people):
            for row in self._statuses().derive(StatusesWanted(first, last, person=person)).rows:
                found.setdefault(month_of(row.occurrence.day), []).append(row)
        return {month: digest(rows) for month, rows in found.items() if month in closed}
