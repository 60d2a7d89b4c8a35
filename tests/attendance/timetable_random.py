"""Random people, occurrences, marks, excuses and covers around a midnight, crowded and full of coincidences."""

from dataclasses import dataclass
from datetime import timedelta
from random import Random
from zoneinfo import ZoneInfo

from timetable_made import DAY, rule
from timetable_naive import instant

from attendance.timetable.facts import Cover, Entry, Excuse, Mark, Person, Span, Spell
from attendance.timetable.occurrence import Occurrence
from attendance.timetable.rule import Pairing

ZONES = ("Europe/Berlin", "UTC", "Europe/Moscow")  # at the base of the cases it is 23:00, 22:00 and 1:00 there
LONG = 3 * 3600


@dataclass
class Case:
    person: Person
    occurrences: list
    marks: list
    excuses: list
    covers: list
    now: object


def draws(seed):
    """The same draws for the same seed, in every run."""
    return Random(seed)  # noqa: S311 - nothing is kept secret


def case(seed):
    rng = draws(seed)
    occurrences = _occurrences(rng)
    edges = sorted({getattr(each, end) for each in occurrences for end in ("opens", "begins", "ends", "closes")})
    return Case(
        Person(
            7,
            tuple(Spell(group, None, None) for group in rng.choice([(), ("7b",), ("7b", "8c")])),
            rng.choice([None, instant(-3600), instant(-3600), instant(-3600), _some(rng, edges)]),
            tuple(_span(rng, edges) for _ in range(rng.choice([0, 0, 0, 1, 2]))),
            rng.choice([None, None, None, _some(rng, edges)]),
        ),
        occurrences,
        [_mark(rng, edges, number) for number in range(rng.choice([0, 1, 1, 2, 2, 3, 4, 6]))],
        [_excuse(rng, edges, number) for number in range(rng.choice([0, 0, 0, 1, 2, 3]))],
        [_cover(rng, edges) for _ in range(rng.choice([0, 1, 1, 2, 3, 5]))],
        rng.choice([instant(LONG), instant(LONG), _some(rng, edges)]),
    )


def _occurrences(rng):
    made, begins = [], rng.randrange(0, 3600)
    pairing = rng.choice([None, *Pairing])
    zone = rng.choice(ZONES)
    for key in range(rng.choice([1, 1, 2, 3, 4])):
        length = rng.choice([60, 300, 600, 1200, 1800])
        made.append(_occurrence(rng, key, begins, begins + length, pairing or rng.choice(list(Pairing)), zone))
        begins += rng.choice([length, length, length + 60, length + 240, length + 900, length // 2, 0])
    return made


def _occurrence(rng, key, begins, ends, pairing, zone):
    told = rule(
        zone=zone,
        pairing=pairing,
        opens_before=rng.choice([0, 2, 5]),
        closes_after=rng.choice([0, 2, 5]),
        late_grace=rng.choice([0, 1, 5]),
        early_grace=rng.choice([0, 1, 5]),
        half_day=rng.choice([0, 0, 0, 6]),
        absent_below=rng.choice([0, 0, 0, 3]),
        auto_close=rng.choice([None, None, 0, 10]),
        site=rng.choice([None, None, "North"]),
    )
    third = (ends - begins) // 3
    pauses = rng.choice([(), (), (Span(instant(begins + third), instant(begins + 2 * third)),)])
    return Occurrence(
        Entry(key, f"entry {key}", None, None, ()),
        key,
        told,
        instant(begins).astimezone(ZoneInfo(zone)).date(),
        instant(begins),
        instant(ends),
        instant(begins - 60 * told.opens_before),
        instant(ends + 60 * told.closes_after),
        pauses,
    )


def _some(rng, edges):
    """An edge, something near one, or any instant."""
    near = rng.choice([0, 0, 1, -1, 60, -60, 61, 300, -300, 301, rng.randrange(-900, 900)])
    return rng.choice(edges) + timedelta(seconds=near)


def _span(rng, edges):
    return Span(*sorted([_some(rng, edges), _some(rng, edges)]))


def _mark(rng, edges, number):
    return Mark(
        f"m{number}",
        _some(rng, edges),
        DAY + timedelta(days=rng.choice([0, 1])),
        rng.choice([None, None, "in", "out"]),
        time_known=rng.random() > 0.08,
        pending=rng.random() < 0.1,
    )


def _excuse(rng, edges, number):
    span = _span(rng, edges)
    return Excuse(number, span.begins, span.ends, "doctor", pending=rng.random() < 0.2)


def _cover(rng, edges):
    span = rng.choice([_span(rng, edges), Span(edges[0], edges[-1])])
    kind = rng.choice(["camera", "camera", "file", "device", "hand"])
    if kind == "file" and rng.random() < 0.7:
        span = Span(span.begins, span.begins)
    site, group = rng.choice([None, None, "North", "South"]), rng.choice([None, None, "7b", "8c"])
    searched = _some(rng, edges) if kind != "camera" and rng.random() < 0.5 else None
    return Cover("door", kind, span.begins, span.ends, group, site, searched)
