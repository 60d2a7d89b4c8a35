"""RRULE texts (RFC 5545): which ones a timetable takes, and what they say before days are counted.

Days alone are told: rules finer than a day, hours, minutes and seconds are refused, as are unknown parts, values that
cannot be, and rules that never come true. What a rule takes from its first day (the weekday, the day of the month) is
written out, so that it can be counted from any later day with the same outcome.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final

from dateutil.rrule import rrulestr

from attendance.errors import RuleRecurrence

WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
MOST_COUNTED: Final = 10_000
"""Instances a rule with COUNT may have."""
MOST_INTERVAL: Final = 1_000
LONGEST: Final = 1_000
"""Characters of a rule."""
_SHOWN: Final = 100
_WHOLE_CYCLE: Final = 400
"""Years after which the Gregorian calendar repeats, weekdays and all."""
_LAST_CYCLE: Final = 9_500
_FINER: Final = ("HOURLY", "MINUTELY", "SECONDLY")
_FINER_PARTS: Final = ("BYHOUR", "BYMINUTE", "BYSECOND")
_FREQUENCIES: Final = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_NUMBERS: Final = {
    "BYMONTHDAY": (31, True),
    "BYYEARDAY": (366, True),
    "BYWEEKNO": (53, True),
    "BYMONTH": (12, False),
    "BYSETPOS": (366, True),
}
"""Lists of numbers: the greatest, and whether they may count from the end."""
_ONLY_WITH: Final = {
    "BYMONTHDAY": ("DAILY", "MONTHLY", "YEARLY"),
    "BYYEARDAY": ("YEARLY",),
    "BYWEEKNO": ("YEARLY",),
}
_PARTS: Final = ("FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", *_NUMBERS)
_DAY: Final = re.compile(r"([+-]?[1-9][0-9]?)?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
_MOST_IN_MONTH: Final = 5
_MOST_IN_YEAR: Final = 53
"""Times that a weekday can come; dateutil counts on beyond them, and falls off the end of its year."""
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,3}", re.ASCII)
_WHOLE: Final = re.compile(r"[0-9]{1,9}", re.ASCII)
_UNTIL: Final = re.compile(r"[0-9]{8}(T[0-9]{6}Z?)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Recurrence:
    """An RRULE that was found good: its parts in order, COUNT and UNTIL apart.

    ``until`` is a date (that day is the last), a naive datetime (on the wall), or an aware one.
    """

    parts: tuple[tuple[str, str], ...]
    interval: int
    count: int | None = None
    until: date | datetime | None = None

    def __getitem__(self, name: str) -> str | None:
        """The text of a part, None where the rule has none of this name."""
        return dict(self.parts).get(name)

    @property
    def freq(self) -> str:
        """DAILY, WEEKLY, MONTHLY or YEARLY."""
        return dict(self.parts)["FREQ"]

    @property
    def week_start(self) -> int:
        """The weekday on which weeks begin, 0 for Monday."""
        return WEEKDAYS.index(self["WKST"] or "MO")

    def text_from(self, first: date) -> str:
        """The rule without its end, and with what it takes from its first day written out."""
        named = dict(self.parts)
        chosen = {"BYDAY", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO"} & set(named)
        if not chosen and self.freq == "WEEKLY":
            named["BYDAY"] = WEEKDAYS[first.weekday()]
        if not chosen and self.freq in {"MONTHLY", "YEARLY"}:
            named["BYMONTHDAY"] = str(first.day)
        if not chosen and self.freq == "YEARLY":
            named.setdefault("BYMONTH", str(first.month))
        return ";".join(f"{name}={value}" for name, value in named.items())

    def anchor(self, first: date, day: date) -> date:
        """The latest day, not after ``day``, from which counting gives the same days: a period of the rule begins."""
        begin = self._period(first)
        wanted = self._period(max(first, day))
        if self.freq == "DAILY":
            return begin + timedelta(days=_whole((wanted - begin).days, self.interval))
        if self.freq == "WEEKLY":
            return begin + timedelta(weeks=_whole((wanted - begin).days // 7, self.interval))
        if self.freq == "YEARLY":
            return begin.replace(year=begin.year + _whole(wanted.year - begin.year, self.interval))
        months = _whole(12 * (wanted.year - begin.year) + wanted.month - begin.month, self.interval)
        years, month = divmod(begin.month - 1 + months, 12)
        return date(begin.year + years, month + 1, 1)

    def _period(self, day: date) -> date:
        if self.freq == "WEEKLY":
            return day - timedelta(days=(day.weekday() - self.week_start) % 7)
        if self.freq == "MONTHLY":
            return day.replace(day=1)
        return day.replace(month=1, day=1) if self.freq == "YEARLY" else day


def _whole(number: int, interval: int) -> int:
    return number - number % interval


@lru_cache(maxsize=4096)
def recurrence(text: str) -> Recurrence:
    """What the RRULE says. Raises RuleRecurrence, which tells the part that cannot be."""
    parts = _split(text)
    freq = parts.get("FREQ")
    if freq is None:
        raise RuleRecurrence(_shown(text), "FREQ is missing")
    _check_frequency(text, freq)
    for name, value in parts.items():
        _check(text, name, value, parts)
    _check_together(text, parts)
    kept = tuple((name, value) for name, value in parts.items() if name not in {"COUNT", "UNTIL"})
    count = int(parts["COUNT"]) if "COUNT" in parts else None
    until = _until(text, parts["UNTIL"]) if "UNTIL" in parts else None
    return Recurrence(kept, int(parts.get("INTERVAL", "1")), count, until)


def _split(text: str) -> dict[str, str]:
    if len(text) > LONGEST:
        raise RuleRecurrence(_shown(text), f"the rule has {len(text)} characters, at most {LONGEST} are read")
    if not text.isprintable() or not text.isascii():
        raise RuleRecurrence(_shown(text), "the rule holds characters that no RRULE has")
    found: dict[str, str] = {}
    for part in text.strip().upper().removeprefix("RRULE:").rstrip(";").split(";"):
        name, equals, value = part.partition("=")
        if not equals or not value:
            raise RuleRecurrence(_shown(text), f"{part!r} is no part of an RRULE, such as FREQ=WEEKLY")
        if name in found:
            raise RuleRecurrence(_shown(text), f"{name} stands there twice")
        found[name] = value
    return {"FREQ": found.pop("FREQ"), **found} if "FREQ" in found else found


def _check_frequency(text: str, freq: str) -> None:
    if freq in _FINER:
        raise RuleRecurrence(_shown(text), f"FREQ={freq} comes several times a day, and a rule comes once")
    if freq not in _FREQUENCIES:
        raise RuleRecurrence(_shown(text), f"FREQ={freq} is unknown")


def _check(text: str, name: str, value: str, parts: dict[str, str]) -> None:
    if name in _FINER_PARTS:
        raise RuleRecurrence(_shown(text), f"{name} is a time of day, which the rule's beginning tells")
    if name not in _PARTS:
        raise RuleRecurrence(_shown(text), f"{name} is unknown")
    if name in _NUMBERS and not all(_in_range(each, *_NUMBERS[name]) for each in value.split(",")):
        most, signed = _NUMBERS[name]
        raise RuleRecurrence(_shown(text), f"{name}={value}: numbers from 1 to {most} are meant{_or_back(signed)}")
    if name == "INTERVAL" and not (_WHOLE.fullmatch(value) and 1 <= int(value) <= MOST_INTERVAL):
        raise RuleRecurrence(_shown(text), f"INTERVAL={value}: a number from 1 to {MOST_INTERVAL} is meant")
    if name == "COUNT" and not (_WHOLE.fullmatch(value) and 1 <= int(value) <= MOST_COUNTED):
        raise RuleRecurrence(_shown(text), f"COUNT={value}: a number from 1 to {MOST_COUNTED} is meant")
    if name == "WKST" and value not in WEEKDAYS:
        raise RuleRecurrence(_shown(text), f"WKST={value} is no weekday, such as MO")
    if name == "BYDAY":
        _check_weekdays(text, value, parts)
    if parts["FREQ"] not in _ONLY_WITH.get(name, _FREQUENCIES):
        raise RuleRecurrence(_shown(text), f"{name} means nothing with FREQ={parts['FREQ']}")


def _or_back(signed: bool) -> str:
    return ", or back from -1" if signed else ""


def _in_range(number: str, most: int, signed: bool) -> bool:
    if not _NUMBER.fullmatch(number):
        return False
    return (-most if signed else 1) <= int(number) <= most and int(number) != 0


def _check_weekdays(text: str, value: str, parts: dict[str, str]) -> None:
    found = [_DAY.fullmatch(each) for each in value.split(",")]
    for each, day in zip(value.split(","), found, strict=True):
        if day is None:
            raise RuleRecurrence(_shown(text), f"BYDAY={each} is no weekday, such as MO")
    numbers = [int(day[1]) for day in found if day is not None and day[1]]
    if numbers and (parts["FREQ"] not in {"MONTHLY", "YEARLY"} or "BYWEEKNO" in parts):
        raise RuleRecurrence(_shown(text), f"BYDAY={value}: numbered weekdays need FREQ=MONTHLY or YEARLY")
    monthly = parts["FREQ"] == "MONTHLY" or "BYMONTH" in parts
    most = _MOST_IN_MONTH if monthly else _MOST_IN_YEAR
    if any(abs(number) > most for number in numbers):
        span = "month" if monthly else "year"
        raise RuleRecurrence(_shown(text), f"BYDAY={value}: no weekday comes more than {most} times in a {span}")


def _check_together(text: str, parts: dict[str, str]) -> None:
    if "COUNT" in parts and "UNTIL" in parts:
        raise RuleRecurrence(_shown(text), "COUNT and UNTIL exclude each other")
    if "BYSETPOS" in parts and not any(name.startswith("BY") and name != "BYSETPOS" for name in parts):
        raise RuleRecurrence(_shown(text), "BYSETPOS needs a part to choose from, such as BYDAY")


def _until(text: str, value: str) -> date | datetime:
    if not _UNTIL.fullmatch(value):
        raise RuleRecurrence(_shown(text), f"UNTIL={value} is neither a day nor an instant, such as 20270131")
    try:
        if len(value) == len("20270131"):
            return datetime.strptime(value, "%Y%m%d").date()  # noqa: DTZ007 - a day has no zone
        told = datetime.strptime(value.removesuffix("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007 - set below
    except ValueError as problem:
        raise RuleRecurrence(_shown(text), f"UNTIL={value} is no day of the calendar") from problem
    return told.replace(tzinfo=UTC) if value.endswith("Z") else told


def _shown(text: str) -> str:
    if not text.strip():
        return "an empty rule"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


_NAMES: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHORTEST: Final = 2


def weekly(text: str) -> str:
    """The RRULE of a list of weekdays such as "MO,WE", "Mon Wed" or "MO-FR". Raises RuleRecurrence."""
    found: set[int] = set()
    for part in re.split(r"[,;\s]+", re.sub(r"\s*[-–]\s*", "-", text.strip())):  # noqa: RUF001 - people type both
        first, *rest = (_weekday(each, text) for each in part.split("-"))
        last = rest[0] if rest else first
        if len(rest) > 1:
            raise RuleRecurrence(_shown(text), f"{part!r} is no weekday, such as MO")
        found |= {number % 7 for number in range(first, (last if last >= first else last + 7) + 1)}
    return f"FREQ=WEEKLY;BYDAY={','.join(WEEKDAYS[number] for number in sorted(found))}"


def _weekday(name: str, text: str) -> int:
    plain = name.casefold().rstrip(".")
    found = [number for number, each in enumerate(_NAMES) if len(plain) >= _SHORTEST and each.startswith(plain)]
    if len(found) != 1:
        raise RuleRecurrence(_shown(text), f"{name!r} is no weekday, such as MO")
    return found[0]


def comes_true(told: Recurrence, first: date) -> bool:
    """Whether the rule, begun on that day, has a day at all, whatever its end."""
    start = datetime.combine(told.anchor(far_off(first), far_off(first)), time.min)
    return any(at.date() >= start.date() for at in rrulestr(told.text_from(first), dtstart=start))


def far_off(day: date) -> date:
    """The same day of the calendar in its last cycle, from where counting soon comes to the end of all years."""
    return day.replace(year=_LAST_CYCLE + (day.year - _LAST_CYCLE) % _WHOLE_CYCLE)
