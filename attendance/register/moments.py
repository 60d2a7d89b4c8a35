"""Times that people type: on the clock of a session's zone, within its day, and not in the future."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from attendance.errors import MarkTime
from attendance.zones import day_bounds, zone
from attendance.zones.wall import shown

if TYPE_CHECKING:
    from attendance.register.sessions import SessionInfo

_SHORT = re.compile(r"\d:")
_MARKS = re.compile(r"[\d:+.TtZz -]*\d:\d[\d:+.TtZz -]*", re.ASCII)
_WHERE = "--at"


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant in UTC; ``remark`` says what was decided where the clock shows the time twice or not at all."""

    at: datetime
    remark: str | None = None


def day_told(text: str, zone_name: str) -> date | None:
    """The day that a whole instant lies in, on the wall of the zone; None for a bare time. Raises MarkTime."""
    told = _parsed(text)
    if isinstance(told, time):
        return None
    return told.date() if told.tzinfo is None else told.astimezone(zone(zone_name)).date()


def moment(text: str, session: "SessionInfo", now: datetime) -> Moment:
    """The instant that a person means: a time of the session's day, or a whole instant.

    Raises MarkTime for one that cannot be read, lies outside the session, or has not come yet.
    """
    found = wall_moment(text, session.day, session.zone)
    begin, end = span(session, now)
    if not begin <= found.at <= end:
        first, last = (f"{each.astimezone(zone(session.zone)):%Y-%m-%d %H:%M}" for each in (begin, end))
        raise MarkTime(
            _WHERE, f"{text} does not lie in session {session.name}, from {first} to {last} ({session.zone})"
        )
    if found.at > now:
        here = now.astimezone(zone(session.zone))
        raise MarkTime(_WHERE, f"{text} has not come yet: it is {here:%Y-%m-%d %H:%M} ({session.zone})")
    return found


def wall_moment(text: str, day: date, zone_name: str) -> Moment:
    """The instant that a person means: a time of the day on the wall of the zone, or a whole instant. Raises MarkTime.

    Unlike with `moment` it may lie anywhere, also in the future.
    """
    told = _parsed(text)
    if isinstance(told, time):
        told = datetime.combine(day, told)
    return _on_the_wall(told, zone(zone_name)) if told.tzinfo is None else Moment(told.astimezone(UTC))


def span(session: "SessionInfo", now: datetime) -> tuple[datetime, datetime]:
    """First and last instant at which somebody can be in the session: the whole day, or while it was open."""
    if session.kind == "day":
        return day_bounds(session.day, session.zone)
    return session.opens, session.closes or now


def _parsed(text: str) -> datetime | time:
    bare = text.strip()
    bare = f"0{bare}" if _SHORT.match(bare) else bare
    for parse in (time.fromisoformat, datetime.fromisoformat):
        try:
            found: datetime | time = parse(bare)
        except ValueError:
            continue
        if _MARKS.fullmatch(bare):
            return found
    raise MarkTime(_WHERE, f"{text!r} is no time")


def _on_the_wall(told: datetime, where: ZoneInfo) -> Moment:
    """The instant at which the wall shows this; twice: the first, never: as far past the gap as it says."""
    found = shown(told, where)
    if found.skipped:
        left_out = f"{told:%H:%M} was left out that day, as clocks were put forward"
        return Moment(found.at, f"{left_out}: {found.at.astimezone(where):%H:%M} is taken")
    if found.again is not None:
        twice = f"{told:%H:%M} came twice that day, as clocks were put back"
        other = found.again.astimezone(where).isoformat(timespec="minutes")
        return Moment(found.at, f"{twice}: the first is taken, and {other} means the other")
    return Moment(found.at)
