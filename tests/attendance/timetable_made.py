"""What tests of statuses are made of: days of March 2026 in UTC, and wall times as "08:00"."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from attendance.timetable.facts import Cover, Entry, Excuse, Mark, Person, Span
from attendance.timetable.occurrence import Occurrence
from attendance.timetable.rule import Break, Pairing, Rule
from attendance.timetable.status import derive

DAY = date(2026, 3, 2)
LATER = datetime(2026, 4, 1, tzinfo=UTC)
_NUMBERS = count(1)


def at(text, day=DAY):
    """An instant in UTC from "08:00" or "08:00:01"; "+06:00" is on the next day, "-22:00" on the one before."""
    shift = {"+": 1, "-": -1}.get(text[0], 0)
    return datetime.combine(day + timedelta(days=shift), time.fromisoformat(text.lstrip("+-")), UTC)


def rule(begins="08:00", ends="17:00", **more):
    settings = {"zone": "UTC", "first": DAY, "pairing": Pairing.FIRST_LAST, **more}
    return Rule(time.fromisoformat(begins), time.fromisoformat(ends), **settings)


def occurs(begins="08:00", ends="17:00", day=DAY, key=1, **more):
    """One occurrence by a rule of its own; unpaid ``breaks`` as pairs of wall times."""
    breaks = tuple(tuple(time.fromisoformat(each) for each in pair) for pair in more.pop("breaks", ()))
    told = rule(begins, ends, breaks=tuple(Break(*pair) for pair in breaks), **more)
    return placed(told, day, key)


def placed(told, day=DAY, key=1):
    """The rule's occurrence on a day, by its wall times."""
    first, last = on_the_wall(told.begins, day, told.zone), on_the_wall(told.ends, day, told.zone)
    if last <= first:
        last = on_the_wall(told.ends, day + timedelta(days=1), told.zone)
    breaks = []
    for each in told.breaks:
        begins = on_the_wall(each.begins, day, told.zone)
        later = day if begins >= first else day + timedelta(days=1)
        after = later + timedelta(days=each.ends <= each.begins)
        breaks.append(Span(on_the_wall(each.begins, later, told.zone), on_the_wall(each.ends, after, told.zone)))
    return Occurrence(
        Entry(key, f"entry {key}", None, None, ()),
        key,
        told,
        day,
        first,
        last,
        first - timedelta(minutes=told.opens_before),
        last + timedelta(minutes=told.closes_after),
        tuple(breaks),
    )


def on_the_wall(wall, day, zone):
    return datetime.combine(day, wall, ZoneInfo(zone)).astimezone(UTC)


def mark(when="08:00", direction=None, day=DAY, **more):
    instant = at(when, day) if isinstance(when, str) else when
    return Mark(more.pop("id", f"m{next(_NUMBERS)}"), instant, day, direction, **more)


def untimed(day=DAY, **more):
    return replace(mark("12:00", day=day, **more), time_known=False)


def excuse(begins, ends, key=1, **more):
    return Excuse(key, at(begins), at(ends), "doctor", **more)


def cover(begins, ends=None, kind="camera", **more):
    """A camera that looked, or with one instant alone a picture."""
    if ends is None:
        return Cover("door", "file", at(begins), at(begins), **more)
    return Cover("door", kind, at(begins), at(ends), **more)


ALL_DAY = cover("-12:00", "+23:00")
ANYBODY = Person(1, recognisable=at("-00:00"))


def rows(occurrences, marks=(), excuses=(), covers=(ALL_DAY,), now=LATER, person=ANYBODY):
    return derive(person, occurrences, marks, excuses, covers, now=now)


def row(occurrence, *marks, **more):
    """What comes of one occurrence; of ``others`` of the same person only the marks are taken away."""
    found = rows([occurrence, *more.pop("others", ())], marks, **more)
    return next(each for each in found if each.occurrence is occurrence)
