"""Lists of rules (.csv): one row a rule, with a header that names the columns.

A row needs ``name``, ``begins``, ``ends`` and ``first``, and either ``weekly`` (MO,WE) or ``recurs`` (an RRULE) where
it comes again; ``last`` ends it. ``group`` or ``person`` says whom it is for. The other columns are those of a rule,
and an empty cell leaves what a rule has without it.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Any, Final

from attendance.errors import RuleError, RuleFile, ZoneUnknown
from attendance.timetable.files.proposals import ProposedRule, ProposedRules
from attendance.timetable.files.sheet import read_rows
from attendance.timetable.rrule import recurrence, weekly
from attendance.timetable.rule import Break, Pairing, Rule
from attendance.timetable.rulechecks import checked
from refusal import usable_name

NEEDED: Final = ("name", "begins", "ends", "first")
_MINUTES: Final = (
    "opens_before",
    "closes_after",
    "late_grace",
    "early_grace",
    "half_day",
    "absent_below",
    "auto_close",
)
_OWN: Final = (*NEEDED, "group", "person", "weekly", "recurs", "last", "zone", "pairing", "breaks")
_MORE: Final = ("follows_calendar", "site")
COLUMNS: Final = {
    **{name.replace("_", " "): name for name in (*_OWN, *_MINUTES, *_MORE)},
    **dict.fromkeys(("rule", "title", "lesson", "shift"), "name"),
    **dict.fromkeys(("begin", "start", "starts", "from time"), "begins"),
    **dict.fromkeys(("end", "until time"), "ends"),
    **dict.fromkeys(("from", "first day", "valid from"), "first"),
    **dict.fromkeys(("to", "until", "last day", "valid to"), "last"),
    **dict.fromkeys(("days", "weekdays"), "weekly"),
    **dict.fromkeys(("rrule", "recurrence"), "recurs"),
    **dict.fromkeys(("time zone", "timezone"), "zone"),
    **dict.fromkeys(("class", "team"), "group"),
    "calendar": "follows_calendar",
    "break": "breaks",
}
_TIME: Final = re.compile(r"([0-9]{1,2})[:.h]([0-9]{2})(?::00)?(?:\s*(am|pm|a\.m\.|p\.m\.))?", re.ASCII | re.IGNORECASE)
_NOON: Final = 12
_DAYS: Final = ("%Y-%m-%d", "%d.%m.%Y", "%Y/%m/%d")
_YES: Final = frozenset({"yes", "true", "1", "ja", "oui", "si", "x"})
_NO: Final = frozenset({"no", "false", "0", "nein", "non"})


def read_rules(data: bytes, where: str, site_zone: str) -> ProposedRules:
    """The rules of a list; ``site_zone`` is the zone of those that name none. Raises RuleFile, which names the line.

    A row that is wrong refuses the list: half a timetable would be taken for a whole one.
    """
    found: list[ProposedRule] = []
    for row in read_rows(data, where, COLUMNS):
        try:
            found.append(_proposed(row.cells, site_zone))
        except (RuleError, ZoneUnknown) as problem:
            raise RuleFile(where, f"line {row.line}: {problem}") from problem
        except ValueError as problem:
            raise RuleFile(where, f"line {row.line}: {problem}") from problem
    _check_names(found, where)
    return ProposedRules(tuple(found))


def _check_names(rules: list[ProposedRule], where: str) -> None:
    for name, number in Counter(each.name for each in rules).items():
        if number > 1:
            raise RuleFile(where, f"two rules are called {name!r}; names of rules are unique")


def _proposed(cells: Mapping[str, str], site_zone: str) -> ProposedRule:
    missing = [name for name in NEEDED if name not in cells]
    if missing:
        raise ValueError(f"the {missing[0]} is missing")
    if "group" in cells and "person" in cells:
        raise ValueError("a rule is for a group or a person, not for both")
    name = usable_name(cells["name"])
    group = usable_name(cells["group"]) if "group" in cells else None
    return ProposedRule(name, checked(_rule(cells, site_zone), name), group=group, person=cells.get("person"))


def _rule(cells: Mapping[str, str], site_zone: str) -> Rule:
    told: dict[str, Any] = {name: _minutes(name, cells[name]) for name in _MINUTES if name in cells}
    readers: dict[str, Callable[[str], Any]] = {"pairing": _pairing, "breaks": _breaks, "follows_calendar": _yes}
    told |= {name: read(cells[name]) for name, read in readers.items() if name in cells}
    if "site" in cells:
        told["site"] = usable_name(cells["site"])
    return Rule(
        begins=_time(cells["begins"]),
        ends=_end(cells["ends"]),
        zone=cells.get("zone", site_zone),
        first=_day(cells["first"]),
        recurs=_recurs(cells),
        **told,
    )


def _recurs(cells: Mapping[str, str]) -> str | None:
    if "weekly" in cells and "recurs" in cells:
        raise ValueError("weekly and recurs exclude each other")
    text = weekly(cells["weekly"]) if "weekly" in cells else cells.get("recurs")
    if "last" not in cells:
        return text
    last = _day(cells["last"])
    if last < _day(cells["first"]):
        raise ValueError(f"the last day {last} is before the first")
    if text is None:
        if last != _day(cells["first"]):
            raise ValueError("a rule with a last day needs weekly or recurs")
        return None
    told = recurrence(text)
    if told.count is not None or told.until is not None:
        raise ValueError("the last day stands in recurs already")
    return f"{text.rstrip(';')};UNTIL={last:%Y%m%d}"


def _time(text: str) -> time:
    found = _TIME.fullmatch(text.strip())
    hour, minute, half = (int(found[1]), int(found[2]), (found[3] or "")[:1].lower()) if found else (99, 99, "")
    if half and not 1 <= hour <= _NOON:
        hour = 99
    elif half:
        hour = hour % _NOON + (_NOON if half == "p" else 0)
    if hour > 23 or minute > 59:  # noqa: PLR2004 - a clock's
        raise ValueError(f"{text!r} is no time, such as 08:00")
    return time(hour, minute)


def _end(text: str) -> time:
    """The time of an end, where midnight is also written 24:00."""
    found = _TIME.fullmatch(text.strip())
    return time(0) if found and (found[1], found[2], found[3]) == ("24", "00", None) else _time(text)


def _day(text: str) -> date:
    for form in _DAYS:
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    raise ValueError(f"{text!r} is no day, such as 2026-09-01")


def _minutes(name: str, text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text, re.ASCII):
        raise ValueError(f"{name}: {text!r} is no number of minutes")
    return int(text)


def _pairing(text: str) -> Pairing:
    try:
        return Pairing(text.casefold().replace(" ", "-"))
    except ValueError as problem:
        raise ValueError(f"pairing: {text!r} is none of {', '.join(Pairing)}") from problem


def _yes(text: str) -> bool:
    plain = text.casefold()
    if plain not in _YES | _NO:
        raise ValueError(f"follows_calendar: {text!r} is neither yes nor no")
    return plain in _YES


def _breaks(text: str) -> tuple[Break, ...]:
    """Breaks as in 12:00-12:30, 15:00-15:15 paid."""
    return tuple(_break(each.strip()) for each in re.split(r"[,;+]", text) if each.strip())


def _break(text: str) -> Break:
    times, _, paid = text.partition(" ")
    begins, dash, ends = times.replace("–", "-").partition("-")  # noqa: RUF001 - spreadsheets write both
    if not dash or paid.strip().casefold() not in {"", "paid", "unpaid"}:
        raise ValueError(f"breaks: {text!r} is no break, such as 12:00-12:30 or 12:00-12:30 paid")
    return Break(_time(begins), _end(ends), paid.strip().casefold() == "paid")
