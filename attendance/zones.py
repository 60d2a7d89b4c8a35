"""Days and zones: an instant is UTC, a day is what the wall calendar of an IANA zone says."""

import os
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from attendance.errors import ZoneUnknown

LOCALTIME = Path("/etc/localtime")


def is_zone(name: str) -> bool:
    """Whether the IANA database knows the zone."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def zone(name: str) -> ZoneInfo:
    """The zone of this name; raises `ZoneUnknown`."""
    if not is_zone(name):
        raise ZoneUnknown(name, "is no time zone of the IANA database")
    return ZoneInfo(name)


@cache
def system_zone() -> str:
    """The computer's own zone by its IANA name: ``TZ``, then /etc/localtime; UTC where neither tells."""
    return _named_zone() or _linked_zone() or "UTC"


def system_zone_is_known() -> bool:
    """Whether the computer tells its zone by name."""
    return (_named_zone() or _linked_zone()) is not None


def _named_zone() -> str | None:
    name = os.environ.get("TZ", "").removeprefix(":")
    return name if name and is_zone(name) else None


def _linked_zone() -> str | None:
    _, found, name = str(LOCALTIME.resolve()).partition("zoneinfo/")
    name = name.removeprefix("posix/").removeprefix("right/")
    return name if found and is_zone(name) else None


def local_day(at: datetime, zone_name: str) -> date:
    """The date on the wall at that instant."""
    return at.astimezone(zone(zone_name)).date()


def day_start(day: date, zone_name: str) -> datetime:
    """The day's first instant in UTC: midnight, its first pass if there are two, the gap's end if none."""
    return datetime.combine(day, time.min, zone(zone_name)).astimezone(UTC)


def day_bounds(day: date, zone_name: str) -> tuple[datetime, datetime]:
    """First instant of the day and of the next one; 23, 24 or 25 hours apart, mostly."""
    return day_start(day, zone_name), day_start(day + timedelta(days=1), zone_name)
