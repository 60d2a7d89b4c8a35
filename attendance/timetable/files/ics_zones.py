"""Which IANA zone a time of a calendar file is of."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache, lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from attendance.errors import ZoneUnknown
from attendance.zones import zone
from attendance.zones.names import Hours, hours_of, is_zone, near_zones, zones_like
from gallery.near import did_you_mean

_UTC: Final = frozenset({"UTC", "Etc/UTC", "Z", "GMT", "Etc/GMT"})


@dataclass(frozen=True, slots=True)
class Zones:
    """The zone of the site, and the one that the calendar names for all its times, if any (X-WR-TIMEZONE)."""

    site: str
    calendar: str | None = None

    def of(self, at: datetime, told: str | None, *, recurs: bool) -> str:
        """The IANA name of the zone that a time is on the wall of; ``told`` is its TZID.

        A floating time is one of the calendar, or else of the site. So is one in UTC, as many programs write all
        times so; but what recurs in UTC without a calendar's zone follows no summer time. Raises ZoneUnknown.
        """
        if at.tzinfo is None:
            if told:
                raise ZoneUnknown(told, f"is no time zone of the file or the IANA database{_near(told)}")
            return self.calendar or self.site
        name = _name(at.tzinfo)
        if name in _UTC and not told:
            return self.calendar or ("UTC" if recurs else self.site)
        if name is not None and is_zone(name):
            return name
        alike = _alike(at.tzinfo, at.year, tuple(each for each in (self.calendar, self.site) if each))
        if alike is None:
            raise ZoneUnknown(name or told or "zone", "keeps the hours of no time zone of the IANA database")
        return alike


@lru_cache(maxsize=64)
def _alike(found: tzinfo, year: int, own: tuple[str, ...]) -> str | None:
    """A zone that keeps the same hours all through the year, best one of its own; None where there is none."""
    hours = _hours(found)
    told = [(at, hours(at)[0]) for at in _instants(hours, year)]
    for name in (*own, *zones_like(hours, year)):
        clock = hours_of(zone(name))
        if all(offset == clock(at)[0] for at, offset in told):
            return name
    return None


def named_zone(text: str) -> str | None:
    """The IANA zone of a name as calendars have it: of IANA, of Windows, or behind a vendor's; None for others."""
    from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

    plain = text.strip().strip('"').strip("/")
    parts = plain.split("/")
    ends = ["/".join(parts[start:]) for start in range(len(parts))]
    return next((each for each in (WINDOWS_TO_OLSON.get(plain), *ends) if each and is_zone(each)), None)


def wall_time(at: datetime, name: str) -> datetime:
    """What the wall of the zone shows then; a time that is of this zone already stays as it is written."""
    if at.tzinfo is None or _name(at.tzinfo) == name:
        return at.replace(tzinfo=None)
    if not isinstance(at.tzinfo, ZoneInfo) and at.replace(tzinfo=ZoneInfo(name)).utcoffset() == at.utcoffset():
        return at.replace(tzinfo=None)
    return at.astimezone(UTC).astimezone(ZoneInfo(name)).replace(tzinfo=None)


def _name(found: tzinfo) -> str | None:
    if isinstance(found, ZoneInfo):
        return found.key
    told: Any = getattr(found, "_tzid", None) or found.tzname(None)
    return named_zone(str(told)) if told else None


def _near(told: str) -> str:
    return did_you_mean(near_zones(told))


def _hours(found: tzinfo) -> Hours:
    @cache
    def hours(at: datetime) -> tuple[int, str]:
        local = at.astimezone(found)
        offset = local.utcoffset()
        return (0 if offset is None else round(offset.total_seconds())), ""

    return hours


def _instants(hours: Hours, year: int) -> Iterator[datetime]:
    """Twice a day, and every hour where the clock is turned: zones that differ in one night alone are told apart."""
    begin, half = datetime(year, 1, 1, tzinfo=UTC), timedelta(hours=12)
    for number in range(2 * 366):
        at = begin + number * half
        turned = hours(at)[0] != hours(at + half)[0]
        yield from (at + timedelta(hours=hour) for hour in range(12 if turned else 1))
