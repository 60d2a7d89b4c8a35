"""Changes of an entry as the versions that they add: from a day on, of single days, to its end; none is rewritten."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from itertools import count
from typing import Final

from attendance.timetable.facts import Entry, Version
from attendance.timetable.rule import Rule
from attendance.timetable.rulechecks import checked
from attendance.timetable.versions import holding, later, timeline

_DAY = timedelta(days=1)
Turn = tuple[date, Rule | None]
"""What is to hold from a day on; None: it has ended."""
_TOGETHER: Final = (("begins", "ends", "zone"), ("recurs", "first"))
UNITS: Final = (
    *_TOGETHER,
    *((each.name,) for each in fields(Rule) if not any(each.name in unit for unit in _TOGETHER)),
)
"""The parts of a rule that go together: a beginning without its end may be none."""


@dataclass(frozen=True, slots=True)
class Draft:
    """Versions to be added to an entry, in this order."""

    entry: Entry
    turns: tuple[Turn, ...]

    @property
    def first(self) -> date | None:
        """The first day that it may change, None where it changes nothing."""
        return min((day for day, _ in self.turns), default=None)

    def applied(self) -> Entry:
        """The entry as it would be; the new versions have numbers of their own, below zero."""
        numbers = count(-1, -1)
        added = tuple(Version(next(numbers), day, rule) for day, rule in self.turns)
        return replace(self.entry, versions=(*self.entry.versions, *added))


def basis(entry: Entry, day: date) -> Rule | None:
    """The rule that a change from that day goes by: the one that holds, else the last before, else the first of all."""
    told = timeline(entry)
    before = [each.rule for each in told if each.from_day <= day and each.rule is not None]
    after = [each.rule for each in told if each.from_day > day and each.rule is not None]
    return before[-1] if before else next(iter(after), None)


def from_day(entry: Entry, day: date, rule: Rule, until: date | None = None) -> Draft:
    """From that day on the entry says this; with ``until`` that day is its last of all.

    Versions from later days keep what they say otherwise than the one before them, and take over the rest. What is
    from the same day on and says the same already is left as it is.
    """
    turns: list[Turn] = [] if _says(entry, day, rule) else [(day, rule), *_through(entry, day, rule)]
    if until is None:
        return Draft(entry, tuple(turns))
    drafted = Draft(entry, tuple(turns)).applied()
    turns += [(each.from_day, rule) for each in later(drafted, day) if each.rule is None and each.from_day <= until]
    return Draft(entry, (*turns, *ended(Draft(entry, tuple(turns)).applied(), until + _DAY).turns))


def _through(entry: Entry, day: date, rule: Rule) -> Iterator[Turn]:
    """What the versions from later days say with what is changed from this one on."""
    before = basis(entry, day)
    changed = [] if before is None else [unit for unit in UNITS if _part(before, unit) != _part(rule, unit)]
    for each in later(entry, day):
        if each.rule is None or before is None:
            continue
        changed = [unit for unit in changed if _part(each.rule, unit) == _part(before, unit)]
        before = each.rule
        if changed:
            yield each.from_day, replace(before, **{name: getattr(rule, name) for unit in changed for name in unit})


def kept_apart(entry: Entry, day: date, rule: Rule) -> Iterator[tuple[date, list[str]]]:
    """From which later days on what of this rule does not hold, as another was planned for them before."""
    before = basis(entry, day)
    changed = [] if before is None else [unit for unit in UNITS if _part(before, unit) != _part(rule, unit)]
    for each in later(entry, day):
        if each.rule is None or before is None:
            continue
        apart = [unit for unit in changed if _part(each.rule, unit) != _part(before, unit)]
        if apart:
            yield each.from_day, [unit[0] for unit in apart]
        changed = [unit for unit in changed if unit not in apart]
        before = each.rule


def _part(rule: Rule, unit: tuple[str, ...]) -> tuple[object, ...]:
    return tuple(getattr(rule, name) for name in unit)


def ended(entry: Entry, day: date) -> Draft:
    """From that day on there is nothing, whatever was planned for later."""
    turns: list[Turn] = [] if _says(entry, day, None) else [(day, None)]
    return Draft(entry, (*turns, *((each.from_day, None) for each in later(entry, day) if each.rule is not None)))


def on_days(entry: Entry, today: date, changes: Mapping[date, Callable[[Rule], Rule]]) -> Draft:
    """The rules that hold on single days say something else of these days, and the same as before of all others.

    Of days to come that is said from today on, so that what is changed from today on does not end before them.
    """
    drafted: dict[date, tuple[date, Rule]] = {}
    for day in sorted(changes):
        version = holding(entry, day)
        if version is not None and version.rule is not None:
            begin, rule = drafted.get(version.from_day, (min(day, max(today, version.from_day)), version.rule))
            drafted[version.from_day] = (begin, changes[day](rule))
    return Draft(entry, tuple(drafted.values()))


def sound(draft: Draft) -> Draft:
    """The draft, if each of its versions can be, as it is stored. Raises RuleInvalid, RuleRecurrence, ZoneUnknown."""
    turns = ((day, None if rule is None else checked(rule, draft.entry.name)) for day, rule in draft.turns)
    return Draft(draft.entry, tuple(turns))


def said(drafts: Iterable[Draft], entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """The timetable as it would be with these drafts, those of new entries at its end."""
    changed = {each.entry.key: each.applied() for each in drafts}
    kept = tuple(changed.pop(each.key, each) for each in entries)
    return (*kept, *changed.values())


def _says(entry: Entry, day: date, rule: Rule | None) -> bool:
    """Whether on that day the entry says so already, and goes on saying it until its next version."""
    version = holding(entry, day)
    return version.rule == rule if version is not None else rule is None
