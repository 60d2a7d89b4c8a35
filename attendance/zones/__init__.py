"""Days and zones: an instant is UTC, a day is what the wall calendar of an IANA zone says."""

from attendance.zones.days import FIRST_DAY, LAST_DAY, day_bounds, day_start, days_between, days_of, local_day, zone

__all__ = ["FIRST_DAY", "LAST_DAY", "day_bounds", "day_start", "days_between", "days_of", "local_day", "zone"]
