"""Days and zones: an instant is UTC, a day is what the wall calendar of an IANA zone says."""

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from attendance.errors import ZoneUnknown

_NO_NAMES = frozenset({"localtime", "posixrules"})
"""Files among the zones that mean another zone on every computer."""
_PLACE = re.compile(r"zoneinfo(?:[.-][\w.-]*)?/(.+)")
_KINDS = ("posix/", "right/")


def is_zone(name: str) -> bool:
    """Whether this is a zone of the IANA database, spelt as there: "europe/berlin" is none, wherever it would open."""
    from attendance.zonenames import zone_names

    if name in _NO_NAMES or name.startswith(_KINDS):
        return False
    if name not in zone_names() and name.casefold() in {each.casefold() for each in zone_names()}:
        return False
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def zone(name: str) -> ZoneInfo:
    """The zone of this name; raises `ZoneUnknown`, which names the near ones."""
    try:
        return ZoneInfo(name)  # also in a spelling that is no longer taken: sessions of old may have it
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        from attendance.zonenames import near_zones
        from gallery.near import did_you_mean

        near = did_you_mean(near_zones(name))
        raise ZoneUnknown(name, f"is no time zone of the IANA database{near}") from error


def plain_name(text: str) -> str:
    """A zone's name without what stands before it in ``TZ`` and in folders: a colon, posix/, right/."""
    name = text.removeprefix(":")
    for kind in _KINDS:
        name = name.removeprefix(kind)
    return name


def name_in_path(path: Path | str) -> str | None:
    """The zone that a file of compiled zones is named for; None where its place tells none."""
    found = _PLACE.search(Path(path).as_posix())
    name = plain_name(found[1]) if found else ""
    return name if name and is_zone(name) else None


@cache
def system_zone() -> str:
    """The computer's own zone by its IANA name, see `attendance.computerzone`; UTC where nothing tells."""
    from attendance.computerzone import computer_zone

    return computer_zone().name


def local_day(at: datetime, zone_name: str) -> date:
    """The date on the wall at that instant."""
    return at.astimezone(zone(zone_name)).date()


def day_start(day: date, zone_name: str) -> datetime:
    """The day's first instant in UTC: midnight, its first pass if there are two, the gap's end if none."""
    return datetime.combine(day, time.min, zone(zone_name)).astimezone(UTC)


def day_bounds(day: date, zone_name: str) -> tuple[datetime, datetime]:
    """First instant of the day and of the next one; 23, 24 or 25 hours apart, mostly."""
    return day_start(day, zone_name), day_start(day + timedelta(days=1), zone_name)
