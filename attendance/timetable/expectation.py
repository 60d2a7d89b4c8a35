"""What is left of an occurrence for one person: without what is excused, and without the time they did not belong."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from attendance.timetable.assignment import Line
from attendance.timetable.facts import Excuse, Span
from attendance.timetable.occurrence import Occurrence
from attendance.timetable.reasons import Reason
from attendance.timetable.spans import minus


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is ``expected`` of somebody in an occurrence, in order; nothing where all is excused.

    ``excuses`` are the keys of those that count.
    """

    expected: tuple[Span, ...]
    excuses: tuple[int, ...] = ()
    reasons: tuple[Reason, ...] = ()

    @property
    def shortened(self) -> bool:
        """Whether less is expected than the occurrence takes."""
        return bool(self.excuses) or Reason.PARTLY_AWAY in self.reasons

    @property
    def seconds(self) -> float:
        """How long it is."""
        return sum((each.ends - each.begins for each in self.expected), timedelta()).total_seconds()


@dataclass(slots=True)
class _Cuts:
    excuses: list[Excuse] = field(default_factory=list)
    away: list[Span] = field(default_factory=list)
    waiting: bool = False


def belonged(occurrences: Iterable[Occurrence], away: Sequence[Span]) -> Iterable[Occurrence]:
    """Those in which the person belonged for some of the time."""
    if not away:
        return occurrences
    return [each for each in occurrences if minus(each.begins, each.ends, _and_breaks(each, away))]


def expectations(line: Line, excuses: Iterable[Excuse], away: Iterable[Span]) -> Mapping[int, Expectation]:
    """What is expected in those occurrences, by their places, of which an excuse or a time away concerns a part."""
    cuts: defaultdict[int, _Cuts] = defaultdict(_Cuts)
    for each in excuses:
        for place in line.over(each.begins, each.ends):
            if each.pending:
                cuts[place].waiting = True
            else:
                cuts[place].excuses.append(each)
    for span in away:
        for place in line.over(span.begins, span.ends):
            cuts[place].away.append(span)
    return {place: _expectation(line.occurrences[place], cut) for place, cut in cuts.items()}


def _expectation(occurrence: Occurrence, cut: _Cuts) -> Expectation:
    gone = [*cut.away, *(Span(each.begins, each.ends) for each in cut.excuses)]
    expected = minus(occurrence.begins, occurrence.ends, _and_breaks(occurrence, gone))
    reasons = [Reason.AWAITS_APPROVAL] if cut.waiting else []
    reasons += [Reason.PARTLY_EXCUSED] if cut.excuses and expected else []
    reasons += [Reason.PARTLY_AWAY] if cut.away else []
    return Expectation(tuple(expected), tuple(sorted(each.key for each in cut.excuses)), tuple(reasons))


def _and_breaks(occurrence: Occurrence, gone: Sequence[Span]) -> Sequence[Span]:
    """Nobody has to be there in a break: who is excused until noon comes after the break that begins then."""
    return [*gone, *occurrence.breaks] if gone else []
