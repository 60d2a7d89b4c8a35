"""Instants as lists of other systems write them: with an offset, or on the wall of a zone; never guessed."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Final
from zoneinfo import ZoneInfo

from attendance.zones.wall import shown

_ISO_DAY: Final = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
_OTHER_DAY: Final = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{2,4})")
_TIME: Final = re.compile(
    r"(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*(am|pm|a\.m\.|p\.m\.)?\s*(z|utc|[+-]\d{2}(?::?\d{2})?)?",
    re.IGNORECASE,
)
_NOON: Final = 12
_FIRST_YEAR: Final = 1900
_LAST_YEAR: Final = 2999
_MOST_OFFSET: Final = timedelta(hours=15)


class MomentError(ValueError):
    """The text is no instant, or may mean several; the message says which."""


@dataclass(frozen=True, slots=True)
class Read:
    """An instant in UTC; ``remark`` says what was decided where the clock shows the time twice."""

    at: datetime
    remark: str | None = None


def read_moment(text: str, zone: ZoneInfo, *, day_first: bool = False) -> Read:
    """The instant of "2026-03-02 08:05", "2026-03-02T08:05:00+01:00" or, with ``day_first``, "2.3.2026 08:05".

    A time without an offset is on the wall of the zone. Raises MomentError for everything else, for a time that the
    clock left out, and for days that are written in another order.
    """
    day, rest = _day(text.strip(), day_first=day_first)
    found = _TIME.fullmatch(rest.strip().removeprefix("T").removeprefix("t").strip(" ,"))
    if found is None:
        raise MomentError(f"{text!r} has no time such as 08:05" if not rest else f"{text!r} is no time")
    wall = datetime.combine(day, _time(found, text))
    return _on_the_wall(wall, zone) if found[6] is None else Read(_with_offset(wall, found[6]))


def _day(text: str, *, day_first: bool) -> tuple[date, str]:
    iso = _ISO_DAY.match(text)
    if iso is not None:
        return _date(int(iso[1]), int(iso[2]), int(iso[3]), text), text[iso.end() :]
    other = _OTHER_DAY.match(text)
    if other is None:
        raise MomentError("no time is given" if not text else f"{text!r} is no time; write it as 2026-03-02 08:05")
    if not day_first:
        raise MomentError(f"{text!r} has no day as YYYY-MM-DD; --day-first says that the day stands first")
    if len(other[3]) != len("2026"):
        raise MomentError(f"{text!r} has no year of four digits")
    return _date(int(other[3]), int(other[2]), int(other[1]), text), text[other.end() :]


def _date(year: int, month: int, day: int, text: str) -> date:
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise MomentError(f"{text!r} is in no year that a mark can be of")
    try:
        return date(year, month, day)
    except ValueError:
        raise MomentError(f"{text!r} is on no day of the calendar") from None


def _time(found: re.Match[str], text: str) -> time:
    hour, half = int(found[1]), (found[5] or "").lower().replace(".", "")
    if half and not 1 <= hour <= _NOON:
        raise MomentError(f"{text!r} is no time")
    if half:
        hour = hour % _NOON + (_NOON if half == "pm" else 0)
    try:
        return time(hour, int(found[2]), int(found[3] or 0), int((found[4] or "0")[:6].ljust(6, "0")))
    except ValueError:
        raise MomentError(f"{text!r} is no time") from None


def _with_offset(wall: datetime, told: str) -> datetime:
    if told.lower() in {"z", "utc"}:
        return wall.replace(tzinfo=UTC)
    digits = told[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0))
    if offset > _MOST_OFFSET:
        raise MomentError(f"no clock runs at {told}")
    return wall.replace(tzinfo=timezone(-offset if told.startswith("-") else offset)).astimezone(UTC)


def _on_the_wall(wall: datetime, zone: ZoneInfo) -> Read:
    """The instant at which the wall shows this; of two the first, where the clock was put back."""
    found = shown(wall, zone)
    if found.skipped:
        raise MomentError(f"{wall:%Y-%m-%d %H:%M} never was: clocks were put forward ({zone.key})")
    if found.again is not None:
        return Read(found.at, f"{wall:%H:%M} came twice that day, as clocks were put back: the first is taken")
    return Read(found.at)
