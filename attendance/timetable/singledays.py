"""What becomes of an entry on single days: skipped, moved, held besides; all other days stay as they are."""

from datetime import date
from itertools import pairwise

from attendance.errors import RuleInvalid
from attendance.timetable.calendar import Calendar
from attendance.timetable.drafting import Draft, on_days, sound
from attendance.timetable.facts import Entry
from attendance.timetable.occurrences import of_entry
from attendance.timetable.rule import Rule
from attendance.timetable.ruleparts import held_on, shifted, skipped, with_extra
from attendance.timetable.versions import holding


def left_out(entry: Entry, today: date, day: date) -> Draft:
    """It does not take place on that day. Raises RuleInvalid where it would not anyway."""
    _refuse_idle(entry, day)
    return sound(on_days(entry, today, {day: lambda rule: skipped(rule, day)}))


def held_besides(entry: Entry, today: date, day: date, begins: str | None, ends: str | None) -> Draft:
    """It takes place on that day besides, at its own times where none are told. Raises RuleInvalid."""
    held = held_on(_rule_on(entry, day), day, begins, ends, entry.name)
    draft = sound(on_days(entry, today, {day: lambda rule: with_extra(rule, held)}))
    _refuse_twice(entry, draft, day)
    return draft


def _rule_on(entry: Entry, day: date) -> Rule:
    version = holding(entry, day)
    if version is None or version.rule is None:
        raise RuleInvalid(entry.name, f"it does not hold on {day}: it has not begun, or has ended")
    return version.rule


def _refuse_idle(entry: Entry, day: date) -> None:
    if not of_entry(entry, day, day, Calendar(())):
        raise RuleInvalid(entry.name, f"it does not take place on {day}")


def moved(entry: Entry, today: date, day: date, to: date, begins: str | None, ends: str | None) -> Draft:
    """What takes place on a day does so on another, or at other times. Raises RuleInvalid."""
    _refuse_idle(entry, day)
    held = held_on(_rule_on(entry, to), to, begins, ends, entry.name)
    if holding(entry, day) == holding(entry, to):
        draft = on_days(entry, today, {min(day, to): lambda rule: shifted(rule, day, held)})
    else:
        draft = on_days(entry, today, {day: lambda rule: skipped(rule, day), to: lambda rule: with_extra(rule, held)})
    draft = sound(draft)
    _refuse_twice(entry, draft, to, more=0 if to == day else 1)
    return draft


def _refuse_twice(entry: Entry, draft: Draft, day: date, more: int = 1) -> None:
    """Raise RuleInvalid where an entry would take place twice at the same time, or on a day that is none there."""
    before, after = (of_entry(each, day, day, Calendar(())) for each in (entry, draft.applied()))
    twice = any(one.ends > two.begins for one, two in pairwise(after))
    if len(after) != len(before) + more or twice:
        raise RuleInvalid(entry.name, f"it takes place at that time on {day} already, or there is no such day")
