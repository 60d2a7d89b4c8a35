"""Days and zones: an instant is UTC, a day is what the wall calendar of an IANA zone says."""

from attendance.zones.days import day_bounds, day_start, days_between, local_day, zone

__all__ = ["day_bounds", "day_start", "days_between", "local_day", "zone"]
