"""A rule as people say it, part by part, and the `Rule` that it makes; what cannot be is refused part by part."""

import re
from dataclasses import dataclass, fields, replace
from datetime import date, time, timedelta
from typing import TYPE_CHECKING, Any, Final

from attendance.errors import RuleInvalid, RuleRecurrence
from attendance.timetable.rrule import weekly
from attendance.timetable.rule import Break, Held, Pairing, Rule
from attendance.timetable.rulechecks import checked
from attendance.zones import zone
from refusal import usable_name

if TYPE_CHECKING:
    from collections.abc import Callable

NONE: Final = "none"
"""What takes a part away."""
_CLOCK: Final = re.compile(r"\d{1,2}:\d{2}", re.ASCII)
_MINUTES: Final = ("opens_before", "closes_after", "late_grace", "early_grace", "half_day", "absent_below")


@dataclass(frozen=True, slots=True)
class Parts:
    """What somebody says of a rule, in the words that they typed; None says nothing of that part.

    One of ``weekly`` ("MO,TU"), ``rrule`` and ``on`` (a day) tells the days. ``breaks`` are such as "12:00-12:30" and
    "15:00-15:15,paid"; ("none",) takes all away, as "none" does the automatic closing and an empty text the site.
    """

    weekly: str | None = None
    rrule: str | None = None
    on: str | None = None
    begins: str | None = None
    ends: str | None = None
    zone: str | None = None
    opens_before: int | None = None
    closes_after: int | None = None
    late_grace: int | None = None
    early_grace: int | None = None
    half_day: int | None = None
    absent_below: int | None = None
    pairing: str | None = None
    breaks: tuple[str, ...] | None = None
    auto_close: str | None = None
    always: bool | None = None
    site: str | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing is said at all."""
        return all(getattr(self, each.name) is None for each in fields(self))


def rule_of(parts: Parts, *, name: str, zone_name: str, first: date) -> Rule:
    """The rule of these parts, counted from the day ``first``. Raises RuleInvalid, RuleRecurrence, ZoneUnknown."""
    if parts.begins is None or parts.ends is None:
        raise RuleInvalid(name, "a rule needs the times at which it begins and ends")
    if parts.weekly is None and parts.rrule is None and parts.on is None:
        raise RuleRecurrence(name, "a rule needs its days: weekly, by an RRULE, or one day alone")
    made = Rule(clock(parts.begins, name), clock(parts.ends, name), zone_name, first)
    return changed(made, parts, name=name)


def changed(rule: Rule, parts: Parts, *, name: str) -> Rule:
    """The rule with the parts that are named, and else as it was. Raises RuleInvalid, RuleRecurrence, ZoneUnknown."""
    return checked(replace(rule, **_times(parts, name), **_days(parts, name), **_judged(parts, name)), name)


def counted_from(rule: Rule, day: date) -> Rule:
    """The rule, counted from an earlier day where it is to hold from before its first: every other week stays so."""
    if rule.recurs is None or day >= rule.first:
        return rule
    parts = dict(each.split("=", 1) for each in rule.recurs.upper().split(";") if "=" in each)
    step = {"DAILY": 1, "WEEKLY": 7}.get(parts.get("FREQ", ""), 0) * int(parts.get("INTERVAL", "1"))
    if step:
        return replace(rule, first=rule.first - -(-(rule.first - day) // timedelta(days=step)) * timedelta(days=step))
    return replace(rule, first=day)


def skipped(rule: Rule, day: date) -> Rule:
    """The rule without what takes place on that day."""
    left_out = rule.left_out if day in rule.left_out else tuple(sorted((*rule.left_out, day)))
    added = tuple(each for each in rule.added if each.day != day)
    moved = tuple((origin, each) for origin, each in rule.moved if day not in {origin, each.day})
    gone = {origin for origin, each in rule.moved if each.day == day}
    return replace(rule, left_out=tuple(sorted({*left_out, *gone})), added=added, moved=moved)


def shifted(rule: Rule, day: date, held: Held) -> Rule:
    """The rule with what takes place on that day as ``held`` says; what was moved or added there is moved on."""
    if any(each.day == day for each in rule.added):
        kept = tuple(each for each in rule.added if each.day != day)
        return replace(rule, added=tuple(sorted((*kept, held), key=_order)))
    origin = next((origin for origin, each in rule.moved if each.day == day), day)
    moved = tuple(pair for pair in rule.moved if pair[0] != origin)
    return replace(rule, moved=tuple(sorted((*moved, (origin, held)), key=lambda pair: pair[0])))


def with_extra(rule: Rule, held: Held) -> Rule:
    """The rule with one more occurrence."""
    return replace(rule, added=tuple(sorted((*rule.added, held), key=_order)))


def held_on(rule: Rule, day: date, begins: str | None, ends: str | None, name: str) -> Held:
    """An occurrence on that day, at the rule's own times where none are told. Raises RuleInvalid."""
    return Held(
        day,
        rule.begins if begins is None else clock(begins, name),
        rule.ends if ends is None else clock(ends, name),
    )


def clock(text: str, name: str) -> time:
    """A time on the wall, such as 08:05. Raises RuleInvalid."""
    bare = text.strip()
    if _CLOCK.fullmatch(bare):
        try:
            return time.fromisoformat(bare.zfill(5))
        except ValueError:
            pass
    raise RuleInvalid(name, f"{text!r} is no time of day: give it as 08:05")


def _order(held: Held) -> tuple[date, time]:
    return held.day, held.begins


def _times(parts: Parts, name: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if parts.begins is not None:
        found["begins"] = clock(parts.begins, name)
    if parts.ends is not None:
        found["ends"] = clock(parts.ends, name)
    if parts.zone is not None:
        found["zone"] = zone(parts.zone).key
    return found


def _days(parts: Parts, name: str) -> dict[str, Any]:
    told = [each for each in (parts.weekly, parts.rrule, parts.on) if each is not None]
    if len(told) > 1:
        raise RuleRecurrence(name, "its days are told twice: give one of weekly, an RRULE, or one day alone")
    if parts.weekly is not None:
        return {"recurs": weekly(parts.weekly)}
    if parts.rrule is not None:
        return {"recurs": parts.rrule.strip().removeprefix("RRULE:")}
    if parts.on is not None:
        return {"recurs": None, "first": day_of(parts.on, name)}
    return {}


def day_of(text: str, name: str) -> date:
    """A day as YYYY-MM-DD. Raises RuleInvalid."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise RuleInvalid(name, f"{text!r} is no day: give it as YYYY-MM-DD") from None


def _judged(parts: Parts, name: str) -> dict[str, Any]:
    found: dict[str, Any] = {each: getattr(parts, each) for each in _MINUTES if getattr(parts, each) is not None}
    told: dict[str, Callable[[], Any]] = {
        "pairing": lambda: _pairing(parts.pairing or "", name),
        "breaks": lambda: _breaks(parts.breaks or (), name),
        "auto_close": lambda: _auto_close(parts.auto_close or "", name),
        "site": lambda: _site(parts.site or "", name),
    }
    found |= {part: read() for part, read in told.items() if getattr(parts, part) is not None}
    return found if parts.always is None else {**found, "follows_calendar": not parts.always}


def _pairing(text: str, name: str) -> Pairing:
    try:
        return Pairing(text.strip().lower())
    except ValueError:
        raise RuleInvalid(name, f"{text!r} is no pairing: give one of {', '.join(Pairing)}") from None


def _breaks(texts: tuple[str, ...], name: str) -> tuple[Break, ...]:
    return tuple(_break(text, name) for text in texts if text.strip().lower() not in {"", NONE})


def _break(text: str, name: str) -> Break:
    span, _, paid = text.partition(",")
    begins, dash, ends = span.partition("-")
    if not dash or paid.strip().lower() not in {"", "paid", "unpaid"}:
        raise RuleInvalid(name, f"{text!r} is no break: give it as 12:00-12:30, or 12:00-12:30,paid")
    return Break(clock(begins, name), clock(ends, name), paid.strip().lower() == "paid")


def _auto_close(text: str, name: str) -> int | None:
    bare = text.strip().lower()
    if bare in {"", NONE}:
        return None
    if not bare.isdecimal():
        raise RuleInvalid(name, f"{text!r} is no number of minutes after the end")
    return int(bare)


def _site(text: str, name: str) -> str | None:
    if not text.strip():
        return None
    try:
        return usable_name(text)
    except ValueError as problem:
        raise RuleInvalid(name, f"site: {problem}") from problem
