"""What became of a person in each occurrence: one pure function of what is stored."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from attendance.timetable.assignment import Assignment, Line, assignment
from attendance.timetable.attended import Attended, Status
from attendance.timetable.bridging import bridge
from attendance.timetable.cover import Coverage, Looked
from attendance.timetable.expectation import Expectation, belonged, expectations
from attendance.timetable.facts import Cover, Excuse, Mark, Person, Span
from attendance.timetable.hours import worked
from attendance.timetable.occurrence import Occurrence
from attendance.timetable.pairing import Presence, passings, presence
from attendance.timetable.reasons import REASONS, Reason, in_order
from attendance.timetable.rule import Pairing

__all__ = ["REASONS", "Coverage", "Reason", "derive"]

_SECOND = timedelta(seconds=1)
_MINUTE_S = 60
_NOWHERE = Presence()
_BY_EDGES = {
    (False, False): Status.PRESENT,
    (True, False): Status.LATE,
    (False, True): Status.LEFT_EARLY,
    (True, True): Status.PARTIAL,
}


def derive(
    person: Person,
    occurrences: Sequence[Occurrence],
    marks: Sequence[Mark],
    excuses: Sequence[Excuse],
    covers: Sequence[Cover] | Coverage,
    *,
    now: datetime,
    days: tuple[date, date] | None = None,
) -> list[Attended]:
    """The person's status in each of the occurrences, which concern them, in order of their beginnings.

    Nothing needs to come in order. An occurrence in which the person did not belong at all is left out. Who derives
    for many people makes one `Coverage` of the covers and hands that in. With ``days`` (first and last) the others
    only say which marks are theirs.
    """
    line = Line(belonged(occurrences, person.away))
    coverage = covers if isinstance(covers, Coverage) else Coverage(covers)
    rows = _Rows(
        person,
        expectations(line, excuses, person.away) if excuses or person.away else {},
        assignment(line, marks),
        coverage.of(person),
        now,
    )
    presences = _presences(line, rows.assignment)
    first, last = days or (date.min, date.max)
    return [
        rows.row(place, each, presences.get(place))
        for place, each in enumerate(line.occurrences)
        if first <= each.day <= last
    ]


def _presences(line: Line, found: Assignment) -> dict[int, Presence]:
    """By place in the line, of those who were there at a known time."""
    grouped = {place: passings(marks) for place, marks in found.timed.items()}
    told = {place: presence(each, line.occurrences[place].rule.pairing) for place, each in grouped.items()}
    if any(each.since is not None for each in told.values()):
        bridge(line, grouped, told)
    return told


class _Rows:
    """Makes the rows of one person."""

    def __init__(
        self, person: Person, asks: Mapping[int, Expectation], found: Assignment, looked: Looked, now: datetime
    ) -> None:
        self._person = person
        self._asks = asks
        self._looked = looked
        self._now = now
        self.assignment = found

    def row(self, place: int, occurrence: Occurrence, presence: Presence | None) -> Attended:
        """What became of it; no presence: nobody was there at a known time."""
        ask = self._asks.get(place) if self._asks else None
        reasons = [] if ask is None else list(ask.reasons)
        found = self.assignment
        if place in found.waiting or occurrence.day in found.waiting_days:
            reasons.append(Reason.AWAITS_APPROVAL)
        untimed = found.untimed.get(occurrence.day, ())
        if untimed or occurrence.day in found.vague:
            reasons.append(Reason.TIME_UNKNOWN)
        if presence is None and not untimed:
            return self._nobody(occurrence, ask, reasons)
        if place in found.shared:
            reasons.append(Reason.OVERLAP)
        marks = tuple([mark.id for mark in (*found.timed.get(place, ()), *untimed)])
        return self._somebody(occurrence, ask, presence or _NOWHERE, reasons, marks)

    def _nobody(self, occurrence: Occurrence, ask: Expectation | None, reasons: list[Reason]) -> Attended:
        expected = _whole(occurrence) if ask is None else ask.expected
        if not expected:
            status = Status.EXCUSED
        elif why := self._looked.why_not(occurrence, expected, self._now):
            status = Status.NO_LOG
            reasons.append(why)
        else:
            status = Status.ABSENT
            reasons += [Reason.NOT_OVER] if self._now < occurrence.ends else []
        excuses = () if ask is None else ask.excuses
        return Attended(self._person.key, occurrence, status, in_order(reasons), excuses=excuses)

    def _somebody(
        self,
        occurrence: Occurrence,
        ask: Expectation | None,
        presence: Presence,
        reasons: list[Reason],
        marks: tuple[str, ...],
    ) -> Attended:
        by_day = worked(occurrence, presence.spans) if presence.spans else ()
        worked_s = sum([seconds for _, seconds in by_day])
        present, more = _closed(occurrence, presence, self._now)
        late_s, early_s = _late_and_early(occurrence, ask, presence)
        status = _BY_EDGES[late_s > 0, early_s > 0]
        if ask is not None and not ask.expected:
            more.append(Reason.EXCUSED_BUT_THERE)
        elif self._now >= occurrence.ends and presence.complete and Reason.TIME_UNKNOWN not in reasons:
            status = _by_length(occurrence, ask, worked_s, status, more)
        if status is Status.ABSENT:
            late_s = early_s = 0
        return Attended(
            self._person.key,
            occurrence,
            status,
            in_order([*reasons, *presence.reasons, *more]) if reasons or presence.reasons or more else (),
            presence.arrived,
            presence.left,
            late_s,
            early_s,
            present,
            len(present) > len(presence.spans),
            worked_s,
            by_day,
            marks,
            () if ask is None else ask.excuses,
        )


def _whole(occurrence: Occurrence) -> tuple[Span, ...]:
    return (Span(occurrence.begins, occurrence.ends),)


def _closed(occurrence: Occurrence, presence: Presence, now: datetime) -> tuple[tuple[Span, ...], list[Reason]]:
    """The spans of presence, with one that the rule closes, and what is to be said of a missing check-out."""
    if presence.since is None:
        return presence.spans, [Reason.NOT_OVER] if presence.left is not None and now < occurrence.ends else []
    after = occurrence.rule.auto_close
    if after is not None and presence.since < occurrence.ends and now >= occurrence.ends + timedelta(minutes=after):
        return (*presence.spans, Span(presence.since, occurrence.ends)), [Reason.AUTO_CLOSED]
    if occurrence.rule.pairing is Pairing.ONCE:
        return presence.spans, []
    return presence.spans, [Reason.NO_CHECKOUT if now > occurrence.closes else Reason.NOT_OVER]


def _late_and_early(occurrence: Occurrence, ask: Expectation | None, presence: Presence) -> tuple[int, int]:
    """Seconds after the beginning and before the end of what is expected; 0 each where the rule forgives them."""
    begins, ends = occurrence.begins, occurrence.ends
    if ask is not None:
        if not ask.expected:
            return 0, 0
        begins, ends = ask.expected[0].begins, ask.expected[-1].ends
    rule = occurrence.rule
    return _beyond(begins, presence.arrived, rule.late_grace), _beyond(presence.left, ends, rule.early_grace)


def _beyond(first: datetime | None, then: datetime | None, grace: int) -> int:
    """Whole seconds from one instant to a later one, if both are known and it is more than these minutes."""
    if first is None or then is None or then <= first:
        return 0
    seconds = (then - first) // _SECOND
    return seconds if seconds > grace * _MINUTE_S else 0


def _by_length(
    occurrence: Occurrence, ask: Expectation | None, worked_s: int, status: Status, reasons: list[Reason]
) -> Status:
    """The status by how long somebody was there; nobody has to be there for longer than is expected of them."""
    rule = occurrence.rule
    most = float("inf")
    if ask is not None and ask.shortened:
        most = ask.seconds - (rule.late_grace + rule.early_grace) * _MINUTE_S
    if worked_s < min(rule.absent_below * _MINUTE_S, most):
        reasons.append(Reason.TOO_SHORT)
        return Status.ABSENT
    if worked_s < min(rule.half_day * _MINUTE_S, most):
        reasons.append(Reason.HALF_DAY)
        return Status.PARTIAL
    return status
