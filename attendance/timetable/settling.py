"""When a status is settled, and which ones a mark may change besides those in whose windows it lies.

Presence runs on from one occurrence to a later one (see `attendance.timetable.bridging`), so that a mark of the next
morning can say of a night long over until when somebody was there.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Final

from attendance.timetable.attended import Attended
from attendance.timetable.bridging import LONGEST
from attendance.timetable.cover import LONGEST_GAP
from attendance.timetable.reasons import Reason
from attendance.timetable.rule import Pairing
from attendance.zones import day_bounds

_OPEN: Final = frozenset({Reason.NO_CHECKOUT, Reason.AUTO_CLOSED, Reason.NOT_OVER, Reason.BRIDGED})
"""Reasons of presence that a departure elsewhere may close, or has closed."""
_LINKED: Final = _OPEN | {Reason.NO_CHECKIN, Reason.OUT_BEFORE_IN}
"""Reasons of marks that may belong to an arrival, or to a departure, elsewhere."""
_FARTHEST: Final = LONGEST + timedelta(days=1)


def settles(row: Attended) -> datetime:
    """From when on time, and what is marked or looked at then, changes nothing of it, but for `awaited`.

    Marks count no longer, what closes itself has, and no look at that day can come any more.
    """
    occurrence = row.occurrence
    closed = occurrence.ends + timedelta(minutes=occurrence.rule.auto_close or 0)
    day = day_bounds(occurrence.day, occurrence.rule.zone)[1]
    return max(occurrence.closes, occurrence.ends + LONGEST_GAP, closed, day)


def awaited(rows: Iterable[Attended], now: datetime) -> Iterator[Attended]:
    """Of one person's rows those that a mark from now on may still change, by closing an open presence."""
    line = _line(rows)
    for place, row in enumerate(line):
        if row.marks and _OPEN & set(row.reasons):
            passed = [row]
            for each in _touching(row, line[place + 1 :]):
                if each.occurrence.closes > now:
                    yield from passed
                    break
                passed.append(each)


def beside(rows: Iterable[Attended], at: datetime) -> Iterator[Attended]:
    """Of one person's rows those that a mark of that instant may change though it lies in none of their windows."""
    line = _line(rows)
    for place, row in enumerate(line):
        if row.occurrence.opens <= at <= row.occurrence.closes:
            for rest in (line[place + 1 :], line[:place][::-1]):
                yield from _linked(list(_touching(row, rest)))


def _line(rows: Iterable[Attended]) -> list[Attended]:
    """In order of time, without those that one mark is enough for: they carry nothing on."""
    found = (each for each in rows if each.occurrence.rule.pairing is not Pairing.ONCE)
    return sorted(found, key=attrgetter("occurrence.begins"))


def _touching(row: Attended, rest: Sequence[Attended]) -> Iterator[Attended]:
    """Going on from a row, those whose windows touch, up to the first that has marks of its own."""
    opens, closes = row.occurrence.opens, row.occurrence.closes
    for each in rest:
        there = each.occurrence
        if there.opens > closes or there.closes < opens or abs(there.begins - row.occurrence.begins) > _FARTHEST:
            return
        opens, closes = min(opens, there.opens), max(closes, there.closes)
        yield each
        if each.marks:
            return


def _linked(chain: Sequence[Attended]) -> Sequence[Attended]:
    """The whole chain, where it ends in marks that may belong to what is elsewhere; else nothing of it."""
    return chain if chain and chain[-1].marks and _LINKED & set(chain[-1].reasons) else ()
