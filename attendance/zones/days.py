"""Days and zones: an instant is UTC, a day is what the wall calendar of an IANA zone says."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from attendance.errors import ZoneUnknown

FIRST_DAY: Final = date(1970, 1, 1)
LAST_DAY: Final = date(2199, 12, 31)
"""No session, rule or excuse is of a day before the one, and no rule of one after the other."""


def zone(name: str) -> ZoneInfo:
    """The zone of this name; raises `ZoneUnknown`, which names the near ones."""
    try:
        return ZoneInfo(name)  # also in a spelling that is no longer taken: sessions of old may have it
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        from attendance.zones.names import near_zones
        from gallery.near import did_you_mean

        near = did_you_mean(near_zones(name))
        raise ZoneUnknown(name, f"is no time zone of the IANA database{near}") from error


def local_day(at: datetime, zone_name: str) -> date:
    """The date on the wall at that instant."""
    return at.astimezone(zone(zone_name)).date()


def day_start(day: date, zone_name: str) -> datetime:
    """The day's first instant in UTC: midnight, its first pass if there are two, the gap's end if none."""
    return datetime.combine(day, time.min, zone(zone_name)).astimezone(UTC)


def day_bounds(day: date, zone_name: str) -> tuple[datetime, datetime]:
    """First instant of the day and of the next one; 23, 24 or 25 hours apart, mostly."""
    return day_start(day, zone_name), day_start(day + timedelta(days=1), zone_name)


def days_between(begins: datetime, ends: datetime, zone_name: str) -> list[date]:
    """The days on the wall that have an instant in begins <= t < ends; that of ``begins`` at least."""
    first, last = local_day(begins, zone_name), local_day(max(begins, ends - timedelta(microseconds=1)), zone_name)
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def days_of(text: str) -> tuple[date, date]:
    """First and last day of such as 2026-12-24 or 2026-12-24..2027-01-06. Raises ValueError for what is neither."""
    first, dots, last = text.partition("..")
    return date.fromisoformat(first.strip()), date.fromisoformat((last if dots else first).strip())
