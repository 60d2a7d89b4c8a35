"""Whether a rule says what can be: `checked` refuses the rest, each with one line."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, time
from typing import Final

from attendance.errors import RuleInvalid, RuleRecurrence, ZoneUnknown
from attendance.timetable.rrule import comes_true, recurrence
from attendance.timetable.rule import Break, Held, Pairing, Rule
from attendance.timetable.until import last_day
from attendance.zones import FIRST_DAY, LAST_DAY
from attendance.zones.aliases import present_name
from attendance.zones.names import is_zone, near_zones
from gallery.near import did_you_mean
from refusal import usable_name

MINUTES_A_DAY: Final = 1440
MOST_DAYS: Final = 10_000
"""Days that a rule may leave out, add or move, of each kind."""
_MINUTES: Final = ("opens_before", "closes_after", "late_grace", "early_grace", "half_day", "absent_below")


def checked(rule: Rule, where: str = "rule") -> Rule:
    """The rule as it is stored: found good, its zone by its present name, its lists in order without doubles.

    ``where`` names it in errors. Raises RuleInvalid, RuleRecurrence or ZoneUnknown.
    """
    for problem in _problems(rule):
        raise RuleInvalid(where, problem)
    _check_zone(rule.zone)
    if rule.recurs is not None:
        _check_recurrence(rule)
    return replace(
        rule,
        zone=present_name(rule.zone),
        left_out=tuple(sorted(set(rule.left_out))),
        added=tuple(sorted(set(rule.added), key=_order)),
        moved=tuple(sorted(rule.moved, key=lambda each: each[0])),
        breaks=tuple(sorted(rule.breaks, key=lambda each: _minute(each.begins, rule.begins))),
        pairing=Pairing(rule.pairing),
        site=None if rule.site is None else usable_name(rule.site),
    )


def _check_zone(name: str) -> None:
    if not is_zone(name):
        raise ZoneUnknown(name, f"is no time zone of the IANA database{did_you_mean(near_zones(name))}")


def _order(held: Held) -> tuple[date, time, time]:
    return held.day, held.begins, held.ends


def _check_recurrence(rule: Rule) -> None:
    told = recurrence(rule.recurs or "")
    last = last_day(told, rule.begins, rule.zone)
    if last is not None and last < rule.first:
        raise RuleRecurrence(rule.recurs or "", f"the rule ends on {last}, before it begins on {rule.first}")
    if not comes_true(told, rule.first):
        raise RuleRecurrence(rule.recurs or "", f"no day after {rule.first} is ever one of the rule")


def _problems(rule: Rule) -> Iterator[str]:
    """What is wrong with it, in words."""
    yield from _wall_times(rule)
    yield from _days(rule)
    yield from _numbers(rule)
    yield from _breaks(rule)
    if rule.pairing not in set(Pairing):
        yield f"pairing is {rule.pairing!r}, expected {', '.join(Pairing)}"
    if rule.site is not None:
        yield from _site(rule.site)


def _site(name: str) -> Iterator[str]:
    try:
        usable_name(name)
    except ValueError as problem:
        yield f"site: {problem}"


def _wall_times(rule: Rule) -> Iterator[str]:
    held = [*rule.added, *(each for _, each in rule.moved)]
    times = [(rule.begins, rule.ends), *((each.begins, each.ends) for each in held)]
    times += [(each.begins, each.ends) for each in rule.breaks]
    for pair in times:
        for at in pair:
            if at.tzinfo is not None or at.second or at.microsecond:
                yield f"{at.isoformat()} is no time in whole minutes on the wall of the zone, such as 08:00"


def _days(rule: Rule) -> Iterator[str]:
    moved = [day for day, _ in rule.moved]
    named = [rule.first, *rule.left_out, *moved, *(each.day for each in rule.added), *(to.day for _, to in rule.moved)]
    for day in named:
        if not FIRST_DAY <= day <= LAST_DAY:
            yield f"{day.isoformat()} is not between {FIRST_DAY} and {LAST_DAY}"
    for name, found in (("left out", rule.left_out), ("added", rule.added), ("moved", rule.moved)):
        if len(found) > MOST_DAYS:
            yield f"{len(found)} days are {name}, at most {MOST_DAYS} can be"
    twice = [day for day, number in Counter(moved).items() if number > 1]
    if twice:
        yield f"{min(twice)} is moved twice"


def _numbers(rule: Rule) -> Iterator[str]:
    planned = minutes_between(rule.begins, rule.ends)
    for name in _MINUTES:
        found = getattr(rule, name)
        if not _is_minutes(found):
            yield f"{name} is {found!r}, expected minutes from 0 to {MINUTES_A_DAY}"
    for name, found in (("half_day", rule.half_day), ("absent_below", rule.absent_below)):
        if _is_minutes(found) and found > planned:
            yield f"{name} is {found} minutes, longer than the rule with {planned}"
    if _is_minutes(rule.half_day) and 0 < rule.half_day < rule.absent_below:
        yield f"half_day is {rule.half_day}, less than absent_below with {rule.absent_below}"
    if rule.auto_close is not None and not _is_minutes(rule.auto_close):
        yield f"auto_close is {rule.auto_close!r}, expected minutes from 0 to {MINUTES_A_DAY}, or none"


def _is_minutes(found: object) -> bool:
    return isinstance(found, int) and not isinstance(found, bool) and 0 <= found <= MINUTES_A_DAY


def _breaks(rule: Rule) -> Iterator[str]:
    planned = minutes_between(rule.begins, rule.ends)
    previous = 0
    for each in sorted(rule.breaks, key=lambda each: _minute(each.begins, rule.begins)):
        begin = _minute(each.begins, rule.begins)
        end = begin + minutes_between(each.begins, each.ends)
        if each.begins == each.ends or end > planned:
            yield f"the break {_told(each)} does not lie within {rule.begins:%H:%M}-{rule.ends:%H:%M}"
        elif begin < previous:
            yield f"the break {_told(each)} overlaps another"
        previous = end


def _told(each: Break) -> str:
    return f"{each.begins:%H:%M}-{each.ends:%H:%M}"


def _minute(at: time, begins: time) -> int:
    """Minutes from the rule's beginning to a wall time, which is one of the next day where it comes first."""
    return (_of_day(at) - _of_day(begins)) % MINUTES_A_DAY


def minutes_between(begins: time, ends: time) -> int:
    """Minutes on the wall from one time to the next time that it shows the other: 1 to 1440."""
    return (_of_day(ends) - _of_day(begins)) % MINUTES_A_DAY or MINUTES_A_DAY


def _of_day(at: time) -> int:
    return 60 * at.hour + at.minute
