"""Which IANA zone a time of a calendar file is of."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
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
        return self._alike(at.tzinfo, at.year, name or told or "a zone without a name")

    def _alike(self, found: tzinfo, year: int, name: str) -> str:
        """A zone that keeps the same hours through the year, best that of the site."""
        hours = _hours(found)
        for own in (self.calendar, self.site):
            if own and _same(hours, hours_of(zone(own)), year):
                return own
        alike = zones_like(hours, year)
        if not alike:
            raise ZoneUnknown(name, "keeps the hours of no time zone of the IANA database")
        return alike[0]


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
    def hours(at: datetime) -> tuple[int, str]:
        local = at.astimezone(found)
        offset = local.utcoffset()
        return (0 if offset is None else round(offset.total_seconds())), ""

    return hours


@lru_cache(maxsize=256)
def _instants(year: int) -> tuple[datetime, ...]:
    return tuple(datetime(year, month, day, 12, tzinfo=UTC) for month in range(1, 13) for day in (1, 9, 17, 25))


def _same(one: Hours, other: Hours, year: int) -> bool:
    return all(one(at)[0] == other(at)[0] for at in _instants(year))
