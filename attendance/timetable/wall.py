"""What the clock on the wall of a zone says, as instants."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from attendance.timetable.facts import Span


def instant(day: date, at: time, zone: ZoneInfo, *, fold: int = 0) -> datetime:
    """The instant in UTC of a wall time: the first where it comes twice, the second with ``fold`` 1.

    A time that the clock skips is as far past the gap as it says.
    """
    return datetime.combine(day, at, zone).replace(fold=fold).astimezone(UTC)


def span(day: date, begins: time, ends: time, zone: ZoneInfo) -> Span:
    """From one wall time to another; an end not after the beginning is a time of the next day.

    An end that comes twice is the first, unless that is not after the beginning. Where a gap in the clock swallows the
    beginning and more, both go as far past the gap as they say, so that the span is as long as it reads.
    """
    last = day if ends > begins else day + timedelta(days=1)
    begin = instant(day, begins, zone)
    for fold in (0, 1):
        end = instant(last, ends, zone, fold=fold)
        if end > begin:
            return Span(begin, end)
    return Span(begin, begin + (datetime.combine(last, ends) - datetime.combine(day, begins)))


def exists(day: date, zone: ZoneInfo) -> bool:
    """Whether the zone has this day at all: Apia went from the 29th of December 2011 to the 31st."""
    noon = datetime.combine(day, time(12), zone)
    return noon.astimezone(UTC).astimezone(zone).date() == day
