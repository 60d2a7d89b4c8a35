"""Series that no single rule tells, as days one by one; the library recurring-ical-events counts them.

What cannot be counted in a short time is refused before it is begun.
"""

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from attendance.errors import ReportsMissing, RuleRecurrence
from attendance.timetable.files.ics_rules import held_of, listed, zone_name
from attendance.timetable.files.ics_series import NotTaken, Series, first_day, is_cancelled, part, rrules
from attendance.timetable.files.quiet import quiet
from attendance.timetable.rrule import comes_true, recurrence
from attendance.timetable.rule import Held, Rule

if TYPE_CHECKING:
    from icalendar import Calendar, Event

MOST_DAYS: Final = 1_000
"""Days that a series may be listed as."""
EARLIEST: Final = date(1970, 1, 1)
_STEP: Final = timedelta(days=7)
_TIMES: Final = re.compile(r";(?:BYHOUR|BYMINUTE)=[0-9,]*", re.IGNORECASE)
_TOO_OFTEN: Final = re.compile(r"SECONDLY|MINUTELY|BYSECOND", re.IGNORECASE)


def expanded(series: Series, why: str, last: date) -> Rule:
    """The series' days up to ``last`` as a rule of single days. Raises NotTaken, which says why that cannot be."""
    for text in rrules(series.head):
        _check_countable(text, series.head, why)
    name = zone_name(series, series.head)
    found: set[Held] = set()
    for event in _events(series, why, last):
        if not is_cancelled(event):
            found.add(held_of(event, name))
        if len(found) > MOST_DAYS:
            raise NotTaken(f"{why}, and it takes place more than {MOST_DAYS:,} times until {last}")
    if not found:
        raise NotTaken(f"{why}, and it does not take place until {last}")
    return listed(list(found), name)


def _check_countable(text: str, head: "Event", why: str) -> None:
    if _TOO_OFTEN.search(text):
        raise NotTaken(f"{why}: a rule has days, not minutes")
    by_day = _TIMES.sub("", f";{text}").lstrip(";")
    finer = by_day != text or "HOURLY" in text
    if finer and "BYSETPOS" in text:
        raise NotTaken(f"{why}, and BYSETPOS chooses among its times")
    by_day = re.sub(r"INTERVAL=[0-9]+;?", "", by_day).replace("HOURLY", "DAILY") if "HOURLY" in text else by_day
    try:
        told = recurrence(by_day)
    except RuleRecurrence as problem:
        raise NotTaken(problem.detail) from problem
    first = first_day(head)
    if first < EARLIEST:
        raise NotTaken(f"it begins on {first}, before {EARLIEST}")
    if not comes_true(told, first):
        raise NotTaken(f"no day after {first} is ever one of {text}")


def _events(series: Series, why: str, last: date) -> "list[Event]":
    """The times of the series, and at least one too many where they are too many."""
    try:
        import recurring_ical_events
    except ImportError as missing:
        raise ReportsMissing(series.name, "this series needs the library recurring-ical-events") from missing
    begin = min(first_day(each) for each in (series.head, *series.changes)) - timedelta(days=1)
    found: dict[bytes, Event] = {}
    with quiet():
        try:
            query = recurring_ical_events.of(_alone(series))
            while begin <= last and len(found) <= MOST_DAYS:
                several = query.between(begin, min(begin + _STEP, last + timedelta(days=1)))
                found |= {part(each, "DTSTART").to_ical() + part(each, "DTEND").to_ical(): each for each in several}
                begin += _STEP
        except (ValueError, TypeError, KeyError, OverflowError) as problem:
            raise NotTaken(f"{why}, and it cannot be counted: {problem}") from problem
    return list(found.values())


def _alone(series: Series) -> "Calendar":
    from icalendar import Calendar

    calendar = Calendar()
    if series.zones.calendar:
        calendar.add("X-WR-TIMEZONE", series.zones.calendar)
    for event in (() if series.master is None else (series.master,)) + series.changes:
        calendar.add_component(event)
    return calendar
