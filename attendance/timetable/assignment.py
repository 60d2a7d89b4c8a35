"""Which occurrence a mark belongs to."""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import accumulate

from attendance.timetable.facts import Mark
from attendance.timetable.occurrence import Occurrence


class Line:
    """A person's occurrences in order of their beginnings, made to be asked which of them an instant concerns."""

    def __init__(self, occurrences: Iterable[Occurrence]) -> None:
        self.occurrences = sorted(occurrences, key=_place)
        self._begins = [each.begins for each in self.occurrences]
        self._reach = list(accumulate((each.closes for each in self.occurrences), max))
        self._lead = max((each.begins - each.opens for each in self.occurrences), default=timedelta())

    def near(self, at: datetime) -> range:
        """The places of all whose window holds the instant, and maybe of others between them."""
        return range(bisect_left(self._reach, at), bisect_right(self._begins, at + self._lead))

    def over(self, begins: datetime, ends: datetime) -> list[int]:
        """The places of those that take place at some time from one instant up to the other."""
        places = range(bisect_left(self._reach, begins), bisect_left(self._begins, ends))
        return [place for place in places if self.occurrences[place].ends > begins] if begins < ends else []


@dataclass(slots=True)
class Assignment:
    """What belongs to each occurrence, by its place in the line.

    ``timed`` are the marks that count, in order. ``untimed`` are those of unknown time, by day. ``waiting`` occurrences
    have a mark that does not count yet, ``shared`` ones have a mark that counts for another occurrence, too. On
    ``vague`` days there is a mark of unknown time that may be of any of several occurrences, and counts for none.
    """

    timed: dict[int, list[Mark]] = field(default_factory=dict)
    untimed: dict[date, list[Mark]] = field(default_factory=dict)
    waiting: set[int] = field(default_factory=set)
    waiting_days: set[date] = field(default_factory=set)
    shared: set[int] = field(default_factory=set)
    vague: set[date] = field(default_factory=set)


def assignment(line: Line, marks: Iterable[Mark]) -> Assignment:
    """Which marks belong to which occurrence; those outside all windows belong to none."""
    found = Assignment()
    timed: defaultdict[int, list[Mark]] = defaultdict(list)
    for mark in sorted(marks, key=_turn):
        if not mark.time_known:
            _add_untimed(found, mark)
            continue
        owners = _owners(line, mark)
        if mark.pending:
            found.waiting.update(owners)
            continue
        for owner in owners:
            timed[owner].append(mark)
        if len(owners) > 1:
            found.shared.update(owners)
    found.timed = timed
    if found.untimed:
        _settle_untimed(line, found)
    return found


def _add_untimed(found: Assignment, mark: Mark) -> None:
    if mark.pending:
        found.waiting_days.add(mark.day)
    else:
        found.untimed.setdefault(mark.day, []).append(mark)


def _settle_untimed(line: Line, found: Assignment) -> None:
    """What a person says of a day is of all of it; what was seen at an unknown time is of one occurrence alone."""
    times = Counter(each.day for each in line.occurrences)
    for day in [day for day in found.untimed if times[day] > 1]:
        marks = found.untimed[day]
        found.untimed[day] = [each for each in marks if each.method == "manual"]
        if len(found.untimed[day]) < len(marks):
            found.vague.add(day)


def _owners(line: Line, mark: Mark) -> Sequence[int]:
    """The places of the occurrences a mark belongs to: those it lies in, else the nearest whose window it lies in."""
    at = mark.at
    inside, around = [], []
    for place in line.near(at):
        each = line.occurrences[place]
        if each.begins <= at < each.ends:
            inside.append(place)
        elif each.opens <= at <= each.closes:
            around.append(place)
    if inside:
        return _left_at_the_end(line, mark, inside, around) if around and mark.direction == "out" else inside
    return _nearest(line, mark, around) if len(around) > 1 else around


def _left_at_the_end(line: Line, mark: Mark, inside: list[int], around: list[int]) -> list[int]:
    """Who checks out at the very instant at which one ends and the next begins leaves the first."""
    ended = [place for place in around if line.occurrences[place].ends == mark.at]
    if not ended:
        return inside
    return ended + [place for place in inside if line.occurrences[place].begins < mark.at]


def _nearest(line: Line, mark: Mark, around: list[int]) -> list[int]:
    """Those with the nearest end or beginning, at the same distance the ends: several, where they share it.

    Nobody checks out of what is to come, nor in to what is over, as long as there is another.
    """
    over = {place: line.occurrences[place].ends <= mark.at for place in around}
    if mark.direction is not None:
        meant = [place for place in around if over[place] == (mark.direction == "out")]
        around = meant or around
    away = {place: _distance(line.occurrences[place], mark.at) for place in around}
    nearest = min(away.values())
    found = [place for place in around if away[place] == nearest]
    return [place for place in found if over[place]] or found


def _distance(each: Occurrence, at: datetime) -> timedelta:
    return each.begins - at if at < each.begins else at - each.ends


def _place(each: Occurrence) -> tuple[datetime, datetime, int, date]:
    return each.begins, each.ends, each.entry.key, each.day


def _turn(mark: Mark) -> tuple[datetime, str, str]:
    return mark.at, mark.direction or "", mark.id
