"""How marks become times of presence: by one mark, from the first to the last, or in and out by turns."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from attendance.timetable.facts import Direction, Mark, Span
from attendance.timetable.occurrence import Occurrence
from attendance.timetable.reasons import Reason
from attendance.timetable.rule import Pairing

ONE_PASSING = timedelta(seconds=60)
"""Marks of one direction no further apart are one: a camera that marks a passer-by twice does not see them leave."""


class Passing(NamedTuple):
    """Marks of one direction within a minute; one without direction takes that of the others."""

    first: datetime
    last: datetime
    direction: Direction | None


@dataclass(frozen=True, slots=True)
class Presence:
    """When somebody was there, as far as marks tell.

    ``spans`` are closed; ``since`` is when one began that nobody has closed. ``arrived`` and ``left`` are None where
    not known.
    """

    arrived: datetime | None = None
    left: datetime | None = None
    spans: tuple[Span, ...] = ()
    since: datetime | None = None
    reasons: tuple[Reason, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every arrival has a departure and the other way round, so that its length is known."""
        return bool(self.spans) and self.since is None and not set(self.reasons) - {Reason.BRIDGED}


def passings(marks: Sequence[Mark]) -> list[Passing]:
    """The marks of one occurrence, in order, with those of one passing as one."""
    found: list[Passing] = []
    for mark in marks:
        if found and _same(found[-1], mark):
            found[-1] = Passing(found[-1].first, mark.at, found[-1].direction or mark.direction)
        else:
            found.append(Passing(mark.at, mark.at, mark.direction))
    return found


def _same(passing: Passing, mark: Mark) -> bool:
    if mark.at - passing.first > ONE_PASSING:
        return False
    return passing.direction == mark.direction or passing.direction is None or mark.direction is None


def presence(found: Sequence[Passing], pairing: Pairing, carried: datetime | None = None) -> Presence:
    """What the passings of one occurrence, at least one, say by its pairing.

    ``carried`` is its beginning for somebody who has been there since an earlier occurrence.
    """
    if pairing is Pairing.PAIRS:
        return _pairs(found, carried)
    if carried is not None:
        return _carried(found, carried)
    return _outline(found, only_out=pairing is Pairing.ONCE)


def through(occurrence: Occurrence) -> Presence:
    """That of somebody who came in to an earlier occurrence and went out of a later one."""
    return Presence(spans=(Span(occurrence.begins, occurrence.ends),), reasons=(Reason.BRIDGED,))


def carried_on(before: Presence, occurrence: Occurrence) -> Presence:
    """An open presence that goes on beyond the end of its occurrence."""
    spans = before.spans
    if before.since is not None and before.since < occurrence.ends:
        spans = (*spans, Span(before.since, occurrence.ends))
    return replace(before, spans=spans, since=None, reasons=(*before.reasons, Reason.BRIDGED))


def _outline(found: Sequence[Passing], *, only_out: bool) -> Presence:
    """From the first passing that is not out to the last that may be; ``only_out``: to one that says so."""
    first = next((place for place, each in enumerate(found) if each.direction != "out"), None)
    last = found[-1]
    if first is None:
        return Presence(left=last.last, reasons=(Reason.NO_CHECKIN,))
    arrived = found[first].first
    reasons = (Reason.OUT_BEFORE_IN,) if first else ()
    if first == len(found) - 1 or last.last == arrived or not _ends(last, only_out=only_out):
        return Presence(arrived, since=arrived, reasons=reasons)
    return Presence(arrived, last.last, (Span(arrived, last.last),), reasons=reasons)


def _ends(last: Passing, *, only_out: bool) -> bool:
    return last.direction == "out" if only_out else last.direction != "in"


def _carried(found: Sequence[Passing], begins: datetime) -> Presence:
    """From the beginning to the last passing, unless that is one in."""
    last = found[-1]
    if last.direction == "in":
        return Presence(since=begins, reasons=(Reason.BRIDGED,))
    return Presence(left=last.last, spans=_span(begins, last.last), reasons=(Reason.BRIDGED,))


def _pairs(found: Sequence[Passing], carried: datetime | None) -> Presence:
    """In and out by turns: a second arrival leaves the first open, a departure from nowhere closes nothing."""
    since, arrived, left = carried, None, None
    spans: tuple[Span, ...] = ()
    reasons = [] if carried is None else [Reason.BRIDGED]
    for place, each in enumerate(found):
        if each.direction == "in" or (each.direction is None and since is None):
            reasons += [] if since is None else [Reason.NO_CHECKOUT]
            arrived, left, since = arrived or each.first, None, each.first
        elif since is None:
            left = each.last
            first = arrived is None and carried is None
            reasons.append(Reason.OUT_BEFORE_IN if first and _comes(found[place:]) else Reason.NO_CHECKIN)
        else:
            left, spans, since = each.last, spans + _span(since, each.last), None
    return Presence(arrived if carried is None else None, left, spans, since, tuple(dict.fromkeys(reasons)))


def _comes(rest: Sequence[Passing]) -> bool:
    return any(each.direction != "out" for each in rest)


def _span(begins: datetime, ends: datetime) -> tuple[Span, ...]:
    return (Span(begins, ends),) if begins < ends else ()
