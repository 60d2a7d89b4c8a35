"""Hours worked: presence in the planned time, less unpaid breaks, whole and by local day."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

from attendance.timetable.days import bounds
from attendance.timetable.facts import Span
from attendance.timetable.occurrence import Occurrence
from attendance.timetable.spans import minus

ByDay = tuple[tuple[date, int], ...]


def worked(occurrence: Occurrence, presence: Sequence[Span]) -> ByDay:
    """Seconds worked on each local day; presence is closed, in order, and does not overlap."""
    told: list[tuple[date, int]] = []
    total = timedelta()
    for day, time in _by_day(occurrence, _counted(occurrence, presence)):
        seconds = _whole(total + time) - _whole(total)
        total += time
        if told and told[-1][0] == day:
            told[-1] = day, told[-1][1] + seconds
        else:
            told.append((day, seconds))
    return tuple(each for each in told if each[1])


def _whole(time: timedelta) -> int:
    return time // timedelta(seconds=1)


def _counted(occurrence: Occurrence, presence: Iterable[Span]) -> Iterator[Span]:
    for each in presence:
        begins, ends = max(each.begins, occurrence.begins), min(each.ends, occurrence.ends)
        if not occurrence.breaks:
            yield Span(begins, ends)
        elif begins < ends:
            yield from minus(begins, ends, occurrence.breaks)


def _by_day(occurrence: Occurrence, spans: Iterable[Span]) -> Iterator[tuple[date, timedelta]]:
    """The lengths of the spans, cut at local midnights."""
    zone = occurrence.rule.zone
    for each in spans:
        begins, day = each.begins, occurrence.day
        while begins < each.ends:
            while bounds(day, zone)[1] <= begins:
                day += timedelta(days=1)
            ends = min(each.ends, bounds(day, zone)[1])
            yield day, ends - begins
            begins = ends
