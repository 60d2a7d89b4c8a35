"""Files of calendars (.ics, RFC 5545), read by icalendar once it is known that this comes to an end."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from attendance.errors import CalendarFile, ReportsMissing, RuleFile, RuleRecurrence
from attendance.timetable.files.quiet import quiet
from attendance.timetable.rrule import recurrence

if TYPE_CHECKING:
    from icalendar import Calendar

MAX_BYTES: Final = 10_000_000
MOST_EVENTS: Final = 50_000
MOST_ZONES: Final = 200
DEEPEST: Final = 8
"""Components within components; a calendar has three: calendar, zone and its summer time, or event and alarm."""
_FOLDED: Final = re.compile(r"\r?\n[ \t]|\r[ \t]")
_LINE_ENDS: Final = re.compile(r"\r\n|\n|\r")
_ZONE_RULE: Final = re.compile(r"RRULE[^:]*:(?P<rule>.*)", re.IGNORECASE)
_WEEKLY: Final = re.compile(r"BYDAY=(?:[^;]*,)?(?:MO|TU|WE|TH|FR|SA|SU)\b")
_MOST_TURNS: Final = 12
FileError = type[RuleFile] | type[CalendarFile]


def read_calendars(data: bytes, where: str, error: FileError) -> list["Calendar"]:
    """The calendars of a file. Raises the error given, which says what is wrong, or ReportsMissing."""
    try:
        import icalendar
        from icalendar.timezone import tzp
    except ImportError as missing:
        raise ReportsMissing(where, "calendar files need the library icalendar") from missing
    text = _text(data, where, error)
    _check_structure(text, where, error)
    with quiet():  # it guesses zones from vendors' names, as is right
        tzp.use_zoneinfo()  # forget zones of the same name that another file has defined
        try:
            found = icalendar.Calendar.from_ical(text, multiple=True)
        except OSError as problem:  # zoneinfo opens what a TZID names, and a part of the world is a folder
            raise error(where, "a TZID of it is no time zone but a part of the world, such as Europe") from problem
        except (ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError, RecursionError) as problem:
            raise error(where, f"the calendar cannot be read: {_short(problem)}") from problem
    calendars = [each for each in found if isinstance(each, icalendar.Calendar)]
    if not any(each.walk("VEVENT") for each in calendars):
        raise error(where, "the calendar holds no event")
    return calendars


def _short(problem: Exception) -> str:
    text = str(problem) or type(problem).__name__
    return text if len(text) <= 100 else f"{text[:100]}…"  # noqa: PLR2004 - a line for people


def _text(data: bytes, where: str, error: FileError) -> str:
    if len(data) > MAX_BYTES:
        raise error(where, f"the file has {len(data):,} bytes, at most {MAX_BYTES:,} are read")
    encoding = "utf-16" if data[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as problem:
        line = data.count(b"\n", 0, problem.start) + 1
        raise error(where, f"line {line}: this is no text in {encoding.removesuffix('-sig').upper()}") from problem
    if "\0" in text:
        raise error(where, "the file holds zero bytes, so it is no calendar")
    if not text.lstrip().upper().startswith("BEGIN:VCALENDAR"):
        raise error(where, "the file does not begin with BEGIN:VCALENDAR, so it is no calendar")
    return text


def _check_structure(text: str, where: str, error: FileError) -> None:
    """Every component ends, none lies too deep, and no zone changes its clock so often that nobody can count it."""
    stack: list[str] = []
    counts: Counter[str] = Counter()
    for number, line in _lines(text):
        word, _, name = line.partition(":")
        word, name = word.strip().upper(), name.strip().upper()
        if word == "BEGIN":
            stack.append(name)
            counts[name] += 1
            _check_size(stack, counts, number, where, error)
        elif word == "END":
            if not stack or stack.pop() != name:
                raise error(where, f"line {number}: END:{name[:40]} ends what has not begun")
        elif word == "VERSION" and stack == ["VCALENDAR"] and name == "1.0":
            raise error(where, "this is a vCalendar of version 1.0, which no rule can be read from")
        elif "VTIMEZONE" in stack:
            _check_zone_line(line, number, where, error)
    if stack:
        raise error(where, f"the file ends before END:{stack[-1][:40]}, so a part is missing")


def _check_size(stack: list[str], counts: Counter[str], number: int, where: str, error: FileError) -> None:
    if len(stack) > DEEPEST:
        raise error(where, f"line {number}: components nested too deep")
    for name, most, words in (("VEVENT", MOST_EVENTS, "events"), ("VTIMEZONE", MOST_ZONES, "time zones")):
        if counts[name] > most:
            raise error(where, f"line {number}: more than {most:,} {words}")


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines by their numbers, those unfolded that were folded."""
    number = 1
    for line in _LINE_ENDS.split(_FOLDED.sub("\x01", text)):
        yield number, line.replace("\x01", "")
        number += 1 + line.count("\x01")


def _check_zone_line(line: str, number: int, where: str, error: FileError) -> None:
    found = _ZONE_RULE.match(line)
    if found is None:
        return
    rule = found["rule"].upper()
    finer = any(part in rule for part in ("BYHOUR", "BYMINUTE", "BYSECOND", "BYWEEKNO"))
    weekly = _WEEKLY.search(rule) is not None and "BYMONTHDAY" not in rule
    if "FREQ=YEARLY" not in rule or finer or weekly or rule.count(",") > _MOST_TURNS:
        raise error(where, f"line {number}: a time zone whose clocks are turned more often than some days a year")
    try:
        recurrence(rule)
    except RuleRecurrence as problem:
        raise error(where, f"line {number}: of a time zone: {problem.detail}") from problem
