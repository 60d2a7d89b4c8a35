"""What goes when its time is over: sightings that led to no mark, and months of marks with what hangs on them.

What a hold keeps is left out. Of purged months nothing is told any more: `kept_from` says where the records begin.
"""

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import ColumnElement, Text, and_, delete, exists, false, func, or_, select, type_coerce
from sqlalchemy.orm import Session

from gallery.repositories.holds import Held
from gallery.schema import (
    ApprovalRow,
    CorrectionRow,
    CoverageRow,
    ExcuseRow,
    MarkRow,
    Meta,
    SessionRow,
    SightingCrop,
    SightingRow,
    WithdrawalRow,
)
from gallery.transactions import PURGING

KEPT_FROM: Final = "kept_from"
"""The fact about the home that says from which day on marks are kept, where older ones were purged."""
NEAR: Final = timedelta(days=4)
"""Looks so shortly before the first day that is kept may still tell of it: the windows of shifts reach so far."""
COUNTED: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "sightings": SightingRow,
        "marks": MarkRow,
        "corrections": CorrectionRow,
        "approvals": ApprovalRow,
        "excuses": ExcuseRow,
        "withdrawals": WithdrawalRow,
        "coverage": CoverageRow,
        "sessions": SessionRow,
    }
)
"""What is counted, by the word that receipts have for it."""
_OPTIONS: Final = {**PURGING, "synchronize_session": False}


def kept_from(session: Session) -> date | None:
    """The first day whose marks are kept, or None where none were ever purged."""
    found = session.scalar(select(Meta.value).where(Meta.key == KEPT_FROM))
    return None if found is None else date.fromisoformat(found)


def counts(session: Session) -> dict[str, int]:
    """How many there are of each kind that rules may take away."""
    return {name: session.scalar(select(func.count()).select_from(table)) or 0 for name, table in COUNTED.items()}


def sightings(session: Session, before: datetime, held: Held, *, most: int) -> int:
    """Delete sightings of before an instant that led to no mark, at most so many; how many went.

    One whose face is kept waits for somebody to look at it, and stays as long as the face.
    """
    marked = exists().where(MarkRow.sighting_id == SightingRow.id)
    face = exists().where(SightingCrop.sighting_id == SightingRow.id)
    due = select(SightingRow.id).where(SightingRow.at < before, ~marked, ~face, ~_concerns(held))
    numbers = due.order_by(SightingRow.id).limit(most).scalar_subquery()
    return _gone(session, delete(SightingRow).where(SightingRow.id.in_(numbers)))


def _concerns(held: Held) -> ColumnElement[bool]:
    """Whether a sighting names any of these people, was given to one, or was compared with one."""
    if not held.people:
        return false()
    given = exists().where(CorrectionRow.sighting_id == SightingRow.id, CorrectionRow.person_id.in_(held.people))
    compared = type_coerce(SightingRow.candidates, Text)
    named = and_(SightingRow.person_id.is_not(None), SightingRow.person_id.in_(held.people))
    return or_(named, given, *(compared.like(f'%"key": {key}{end}%') for key in sorted(held.people) for end in ",}"))


def oldest(session: Session) -> datetime | None:
    """The earliest instant of a mark or an excuse that is kept, or None."""
    found = [session.scalar(select(column).order_by(column).limit(1)) for column in (MarkRow.at, ExcuseRow.begins)]
    return min((each for each in found if each is not None), default=None)


def any_before(session: Session, boundary: datetime, first: date, held: Held) -> bool:
    """Whether a mark or an excuse is to go with the months before an instant."""
    marks = select(MarkRow.id).where(*_due(boundary, first, held)).limit(1)
    return session.scalar(marks) is not None or session.scalar(_excuses(boundary, held).limit(1)) is not None


def months(session: Session, boundary: datetime, first: date, held: Held, spared: Collection[str] = ()) -> None:
    """Delete the marks of before ``boundary``, which is where the day ``first`` begins, and all that hangs on them.

    The faces' sightings, what was said and decided of them, excuses whose time was over, looks, and sessions that
    nothing is left of. Marks that are ``spared`` (ids) stay, as a later day needs them.
    """
    due = [*_due(boundary, first, held), MarkRow.id.not_in(spared)]
    seen = set(session.scalars(select(MarkRow.sighting_id).where(*due, MarkRow.sighting_id.is_not(None))))
    _gone(session, delete(MarkRow).where(*due))
    _sightings_of(session, sorted(each for each in seen if each is not None), held)
    _gone(session, delete(ExcuseRow).where(ExcuseRow.id.in_(_excuses(boundary, held).scalar_subquery())))
    if not held.anything:
        _gone(session, delete(CoverageRow).where(CoverageRow.ends < boundary - NEAR))
    _gone(session, delete(SessionRow).where(*_empty(boundary, first)))
    session.expire_all()


def _due(boundary: datetime, first: date, held: Held) -> list[ColumnElement[bool]]:
    begun = SessionRow.day < first.isoformat(), and_(SessionRow.day.is_(None), SessionRow.opens < boundary)
    of_then = select(SessionRow.id).where(or_(*begun))
    return [MarkRow.at < boundary, MarkRow.session_id.in_(of_then), MarkRow.person_id.not_in(held.people)]


def _excuses(boundary: datetime, held: Held) -> Any:
    return select(ExcuseRow.id).where(ExcuseRow.ends <= boundary, ExcuseRow.person_id.not_in(held.people))


def _sightings_of(session: Session, numbers: list[int], held: Held) -> None:
    marked = exists().where(MarkRow.sighting_id == SightingRow.id)
    for begin in range(0, len(numbers), 500):
        some = SightingRow.id.in_(numbers[begin : begin + 500])
        _gone(session, delete(SightingRow).where(some, ~marked, ~_concerns(held)))


def _empty(boundary: datetime, first: date) -> list[ColumnElement[bool]]:
    """Sessions of purged days, or that were closed then, of which no mark and no sighting is left."""
    over = or_(SessionRow.day < first.isoformat(), and_(SessionRow.day.is_(None), SessionRow.closes < boundary))
    return [
        over,
        ~exists().where(MarkRow.session_id == SessionRow.id),
        ~exists().where(SightingRow.session_id == SessionRow.id),
    ]


def _gone(session: Session, statement: Any) -> int:
    found: Any = session.execute(statement, execution_options=_OPTIONS)
    return int(found.rowcount)
