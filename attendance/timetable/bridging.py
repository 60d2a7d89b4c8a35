"""In to one occurrence and out of a later one: presence that runs through all of them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from attendance.timetable.assignment import Line
from attendance.timetable.occurrence import Occurrence
from attendance.timetable.pairing import Passing, Presence, carried_on, presence, through
from attendance.timetable.rule import Pairing

LONGEST: Final = timedelta(hours=36)
"""Nobody works through more than that; it also bounds how far beyond a day marks can matter for it."""


def bridge(line: Line, found: Mapping[int, list[Passing]], presences: dict[int, Presence]) -> None:
    """Carry open presences on to a departure in a later occurrence, where windows touch and nothing lies between.

    ``presences`` holds, by place in the line, what each occurrence's own passings say, and is changed. Occurrences that
    take one mark alone neither carry presence nor stand in its way.
    """
    chain: list[int] = []  # an occurrence with an open presence, and those after it without marks
    for place, each in enumerate(line.occurrences):
        if each.rule.pairing is Pairing.ONCE:
            continue
        if chain and each.opens > max(line.occurrences[before].closes for before in chain):
            chain = []
        own = found.get(place)
        if own is None:
            chain += [place] if chain else []
            continue
        if chain and _goes_out(own, each) and own[0].last - _since(presences[chain[0]]) <= LONGEST:
            _carry(line, chain, presences)
            presences[place] = presence(own, each.rule.pairing, each.begins)
        chain = [place] if presences[place].since is not None else []


def _since(presence: Presence) -> datetime:
    """Since when somebody has been there; chains begin with nobody else."""
    if presence.since is None:
        raise ValueError("presence is not open")
    return presence.since


def _goes_out(own: list[Passing], each: Occurrence) -> bool:
    """Whether an occurrence's passings begin with a departure, or are a single one that may be and is near its end."""
    if own[0].direction is None:
        return len(own) == 1 and abs(own[0].first - each.ends) < abs(own[0].first - each.begins)
    return own[0].direction == "out"


def _carry(line: Line, chain: list[int], presences: dict[int, Presence]) -> None:
    first, *between = chain
    presences[first] = carried_on(presences[first], line.occurrences[first])
    for place in between:
        presences[place] = through(line.occurrences[place])
