"""What a change to the timetable or the calendar changes in a span of days: occurrences gone, new and altered."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from attendance.timetable.calendar import Calendar
from attendance.timetable.facts import Entry, Person
from attendance.timetable.occurrence import Occurrence
from attendance.timetable.occurrences import of_entry
from attendance.timetable.whom import concerns

What = Literal["gone", "new", "altered"]


@dataclass(frozen=True, slots=True)
class Change:
    """One occurrence that a change takes away, brings, or alters: by its times, what it is judged by, or its people.

    ``people`` are the gallery's numbers of those whom it concerns before or after.
    """

    day: date
    name: str
    what: What
    before: Occurrence | None
    after: Occurrence | None
    people: tuple[int, ...] = ()


def changes(
    old: Sequence[Entry],
    new: Sequence[Entry],
    calendar_old: Calendar,
    calendar_new: Calendar,
    people: Sequence[Person],
    first: date,
    last: date,
) -> list[Change]:
    """The changes of the days ``first`` to ``last`` (both included), in order of day, time and name.

    Entries are the same where their keys are.
    """
    before, after = ({entry.key: entry for entry in entries} for entries in (old, new))
    found: list[Change] = []
    for key in before.keys() | after.keys():
        olds = _by_day(before.get(key), first, last, calendar_old)
        news = _by_day(after.get(key), first, last, calendar_new)
        for day in olds.keys() | news.keys():
            found += _of_day(olds.get(day, []), news.get(day, []), people)
    return sorted(found, key=_order)


def _order(change: Change) -> tuple[Any, ...]:
    shown = change.after or change.before
    begins = "" if shown is None else shown.begins.isoformat()
    return change.day, begins, change.name, change.what


def _by_day(entry: Entry | None, first: date, last: date, calendar: Calendar) -> dict[date, list[Occurrence]]:
    found: dict[date, list[Occurrence]] = defaultdict(list)
    for each in () if entry is None else of_entry(entry, first, last, calendar):
        found[each.day].append(each)
    return found


def _of_day(olds: list[Occurrence], news: list[Occurrence], people: Sequence[Person]) -> Iterator[Change]:
    """Pairs those that begin together, then the rest in order: one that was put off is altered, not gone and new."""
    begun = {each.begins: each for each in news}
    pairs = [(each, begun.pop(each.begins)) for each in olds if each.begins in begun]
    rest = [each for each in olds if all(each is not old for old, _ in pairs)]
    more = sorted(begun.values(), key=lambda each: each.begins)
    pairs += zip(rest, more, strict=False)
    for before, after in pairs:
        told = _concerned(before, people), _concerned(after, people)
        if told[0] != told[1] or _shown(before) != _shown(after):
            yield Change(after.day, after.name, "altered", before, after, _joined(told))
    for each in rest[len(more) :]:
        yield Change(each.day, each.name, "gone", each, None, _joined([_concerned(each, people)]))
    for each in more[len(rest) :]:
        yield Change(each.day, each.name, "new", None, each, _joined([_concerned(each, people)]))


def _shown(each: Occurrence) -> tuple[Any, ...]:
    """All that statuses and lists take from an occurrence, and whom it is for; not how its day came about."""
    rule = each.rule
    judged = (rule.late_grace, rule.early_grace, rule.half_day, rule.absent_below, rule.pairing, rule.auto_close)
    times = (each.begins, each.ends, each.opens, each.closes, each.breaks)
    whom = (each.entry.group, each.entry.person, rule.site)
    return each.name, times, judged, rule.zone, whom


def _concerned(each: Occurrence, people: Sequence[Person]) -> frozenset[int]:
    return frozenset(person.key for person in people if concerns(each.entry, person, each.day))


def _joined(keys: Iterable[frozenset[int]]) -> tuple[int, ...]:
    return tuple(sorted(frozenset().union(*keys)))
