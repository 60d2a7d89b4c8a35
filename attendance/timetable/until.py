"""The last day of a recurrence that has an end."""

from datetime import UTC, date, datetime, time, timedelta

from attendance.timetable import wall
from attendance.timetable.rrule import Recurrence
from attendance.zones import zone


def last_day(told: Recurrence, begins: time, zone_name: str) -> date | None:
    """The last local day on which the recurrence can fall by its UNTIL; None where it has none.

    An UNTIL that is a day has that day. A time, on the wall or in UTC, is compared with the beginning on its day
    (RFC 5545, 3.3.10).
    """
    until = told.until
    if not isinstance(until, datetime):
        return until
    where = zone(zone_name)
    day = until.astimezone(where).date() if until.tzinfo else until.date()
    end = until if until.tzinfo else until.replace(tzinfo=where).astimezone(UTC)
    return day if wall.instant(day, begins, where) <= end else day - timedelta(days=1)
