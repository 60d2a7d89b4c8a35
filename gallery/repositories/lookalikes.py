"""Pairs of people too close to tell apart without a look; the smaller internal id comes first."""

import math
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from gallery.repositories.events import LOOKALIKE_CLEARED, history
from gallery.repositories.people import find_row
from gallery.schema import LookalikeRow
from gallery.values import Lookalike

SAME_SCORE = 1e-3
"""Two scores no further apart are those of the same photos, embedded alone or in a batch, on this computer or that."""


def pair(session: Session, one: str | int, other: str | int) -> tuple[int, int]:
    """The internal ids of two people, in order; raises PersonUnknown, PersonAmbiguous."""
    first, second = sorted((find_row(session, one).id, find_row(session, other).id))
    return first, second


def known(session: Session, first: int, second: int) -> bool:
    """Whether the pair is remembered."""
    return session.get(LookalikeRow, (first, second)) is not None


def remember(session: Session, first: int, second: int, score: float, at: datetime) -> bool:
    """Remember a pair, with the highest score; whether it is remembered now.

    One that somebody has looked at and cleared is remembered again only where it has come closer than it was then.
    """
    row = session.get(LookalikeRow, (first, second))
    if row is not None:
        row.score = max(row.score, score)
    elif score <= _cleared_at(session, first, second) + SAME_SCORE:
        return False
    else:
        session.add(LookalikeRow(first_id=first, second_id=second, score=score, created=at))
    session.flush()
    return True


def forget(session: Session, first: int, second: int) -> Lookalike | None:
    """Forget a pair; what was remembered, or None."""
    row = session.get(LookalikeRow, (first, second))
    if row is None:
        return None
    session.delete(row)
    session.flush()
    return _lookalike(row)


def _cleared_at(session: Session, first: int, second: int) -> float:
    """The highest score at which this pair was cleared; minus infinity where it never was."""
    events = history(session, subject=first, action=LOOKALIKE_CLEARED)
    scores = (event.details["score"] for event in events if event.details["other"] == second)
    return float(max(scores, default=-math.inf))


def count_of(session: Session, person: int) -> int:
    """With how many others a person is remembered."""
    theirs = or_(LookalikeRow.first_id == person, LookalikeRow.second_id == person)
    return session.scalar(select(func.count()).select_from(LookalikeRow).where(theirs)) or 0


def all_pairs(session: Session) -> list[Lookalike]:
    """All remembered pairs, the closest first."""
    return [_lookalike(row) for row in session.scalars(select(LookalikeRow).order_by(LookalikeRow.score.desc()))]


def _lookalike(row: LookalikeRow) -> Lookalike:
    return Lookalike(row.first_id, row.second_id, row.score, row.created)
