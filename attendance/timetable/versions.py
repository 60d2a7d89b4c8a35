"""Which version of an entry holds on a day: the one that began last, of several from one day the one entered last."""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import zip_longest

from attendance.timetable.facts import Entry, Version


def timeline(entry: Entry) -> list[Version]:
    """The versions that hold, in the order of their days: of several from one day the one entered last."""
    last = {each.from_day: each for each in entry.versions}
    return [last[day] for day in sorted(last)]


def holding(entry: Entry, day: date) -> Version | None:
    """The version that holds on a day; None before the first."""
    return next((each for each in reversed(timeline(entry)) if each.from_day <= day), None)


def later(entry: Entry, day: date) -> list[Version]:
    """The versions that hold from later days on."""
    return [each for each in timeline(entry) if each.from_day > day]


def by_days(entry: Entry, first: date, last: date) -> Iterator[tuple[date, date, Version]]:
    """Which version holds on which of the days: stretches of days, both ends included, in order."""
    told = timeline(entry)
    for version, following in zip_longest(told, told[1:]):
        begin = max(first, version.from_day)
        end = last if following is None else min(last, following.from_day - timedelta(days=1))
        if begin <= end:
            yield begin, end, version
