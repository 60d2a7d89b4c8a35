"""From what was said of memberships and of leaving to the spells in which somebody belonged."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from attendance.timetable.facts import Span, Spell

Turn = tuple[date, bool]
"""From that day on somebody belonged, or no longer."""


def spells(group: str, turns: Iterable[Turn], *, member: bool) -> list[Spell]:
    """The spells in a group by what was said of it, in the order it was said; the latest word counts.

    What was said before of later days goes. Before the first turn it was the other way round; without any turn it has
    always been as it is now, ``member`` or not.
    """
    told = _settled(turns)
    if not told:
        return [Spell(group, None, None)] if member else []
    begins: list[date | None] = [] if told[0][1] else [None]
    ends: list[date | None] = []
    for day, joined in told:
        (begins if joined else ends).append(day)
    ends += [None] * (len(begins) - len(ends))
    return [Spell(group, first, until) for first, until in zip(begins, ends, strict=True)]


def _settled(turns: Iterable[Turn]) -> list[Turn]:
    """In order of days, each another than the one before."""
    told: list[Turn] = []
    for day, joined in turns:
        told = [earlier for earlier in told if earlier[0] < day]
        if not told or told[-1][1] != joined:
            told.append((day, joined))
    return told


def away(changes: Sequence[tuple[datetime, bool]], forever: datetime) -> list[Span]:
    """The spans in which somebody did not belong, by changes in order of time; the last ends at ``forever``.

    Each change says from when on they are active or not; before the first it was the other way round.
    """
    found: list[Span] = []
    since: datetime | None = datetime.min.replace(tzinfo=forever.tzinfo) if changes and changes[0][1] else None
    for at, active in changes:
        if active and since is not None:
            found.append(Span(since, at))
            since = None
        elif not active and since is None:
            since = at
    return found if since is None else [*found, Span(since, forever)]
