"""Local days as instants, remembered: statuses ask for the same days of few zones again and again."""

from datetime import date, datetime
from functools import lru_cache

from attendance.zones import day_bounds


@lru_cache(maxsize=4096)
def bounds(day: date, zone: str) -> tuple[datetime, datetime]:
    """First instant of the local day and of the next, in UTC."""
    return day_bounds(day, zone)
