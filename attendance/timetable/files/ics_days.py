"""Calendar files (.ics) as days off: their events of whole days."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from attendance.errors import CalendarFile, ReportsMissing, RuleRecurrence
from attendance.timetable.files.ics_parsing import read_calendars
from attendance.timetable.files.ics_series import (
    NotTaken,
    Series,
    check_whole,
    event_name,
    first_day,
    is_all_day,
    is_cancelled,
    length,
    rrules,
    series_of,
)
from attendance.timetable.files.proposals import ProposedCalendar, ProposedDays
from attendance.timetable.files.quiet import quiet
from attendance.timetable.rrule import comes_true, recurrence

if TYPE_CHECKING:
    from icalendar import Event

MOST_REFUSED: Final = 100
EARLIEST: Final = date(1900, 1, 1)


def read_days(data: bytes, where: str, *, first: date, last: date) -> ProposedCalendar:
    """The days off of a calendar file, in order.

    What comes again and again (every 1st of May) is told for the days ``first`` to ``last``, all else as it stands
    there. Raises CalendarFile for a file that cannot be read or has no event of whole days, ReportsMissing without
    the libraries.
    """
    found: set[ProposedDays] = set()
    refused: list[CalendarFile] = []
    passed_over: list[str] = []
    for series in series_of(read_calendars(data, where, CalendarFile), "UTC"):
        if "DTSTART" in series.head and not is_all_day(series.head):
            passed_over.append(series.name)
            continue
        try:
            found.update(_days(series, first, last))
        except NotTaken as problem:
            refused.append(CalendarFile(where, f"{series.name}: {problem}"))
        except (ValueError, TypeError, OverflowError) as problem:  # dates at the end of all time, and their like
            refused.append(CalendarFile(where, f"{series.name}: it cannot be read: {problem}"))
        if len(refused) > MOST_REFUSED:
            raise CalendarFile(where, f"more than {MOST_REFUSED} events cannot be read; first {refused[0].detail}")
    if not found and not refused:
        raise CalendarFile(where, f"the calendar holds no event of whole days between {first} and {last}")
    return ProposedCalendar(tuple(sorted(found)), tuple(refused), tuple(passed_over))


def _days(series: Series, first: date, last: date) -> Iterator[ProposedDays]:
    events = [each for each in (series.master, *series.changes) if each is not None]
    for event in events:
        check_whole(event)
    if series.master is not None and any(name in series.master for name in ("RRULE", "RDATE", "EXDATE")):
        events = _recurring(series, first, last)
    for event in events:
        if not is_cancelled(event):
            yield _spanned(event)


def _spanned(event: "Event") -> ProposedDays:
    first = first_day(event)
    whole = max(timedelta(days=1), length(event))
    return ProposedDays(first, first + timedelta(days=-(-whole // timedelta(days=1)) - 1), event_name(event))


def _recurring(series: Series, first: date, last: date) -> "list[Event]":
    try:
        import recurring_ical_events
        from icalendar import Calendar
    except ImportError as missing:
        raise ReportsMissing(series.name, "this series needs the library recurring-ical-events") from missing
    _check_countable(series)
    calendar = Calendar()
    for event in (series.head, *series.changes):
        calendar.add_component(event)
    with quiet():
        try:
            return list(recurring_ical_events.of(calendar).between(first, last + timedelta(days=1)))
        except (ValueError, TypeError, KeyError, OverflowError) as problem:
            raise NotTaken(f"it cannot be counted: {problem}") from problem


def _check_countable(series: Series) -> None:
    day = first_day(series.head)
    if day < EARLIEST:
        raise NotTaken(f"it begins on {day}, before {EARLIEST}")
    for text in rrules(series.head):
        try:
            told = recurrence(text)
        except RuleRecurrence as problem:
            raise NotTaken(problem.detail) from problem
        if not comes_true(told, day):
            raise NotTaken(f"no day after {day} is ever one of {text}")
