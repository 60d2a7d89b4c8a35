"""The marks of one person in a session by statements that are sent as those of `gallery.sending`.

That is how those are marked of whom a step has already read that they are there and have no mark yet: nobody who holds
the lock of the writers has to be told again.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import bindparam, insert, select
from sqlalchemy.orm import Session

from gallery import sending
from gallery.repositories import news
from gallery.repositories.marks import COLUMNS, awaits, is_void, marked
from gallery.schema import ApprovalRow, CorrectionRow, MarkRow, SightingRow
from gallery.values import Direction, Method, StoredMark

_TABLE: Final[Any] = MarkRow.__table__
_STATE: Final[tuple[tuple[Any, list[Any]], ...]] = (
    (MarkRow, [*_TABLE.c]),
    (None, [SightingRow.__table__.c.means]),
    (CorrectionRow, [*CorrectionRow.__table__.c]),
    (ApprovalRow, [*ApprovalRow.__table__.c]),
)
"""What says how a mark stands, as `marked` is told it: models with their columns, and the means of its sighting."""
_FIRST: Final = insert(_TABLE).inline()


def of(session: Session, person: int, session_id: int) -> list[StoredMark]:
    """As `marks.of`, in a step that writes, by a statement that is sent as those of `gallery.sending`."""
    found = sending.ask(session, _asked(), {"person": person, "session": session_id})
    return [marked(*_parts(row)) for row in found]


@cache
def _asked() -> Any:
    columns = [column for _, some in _STATE for column in some]
    query: Any = (
        select(*columns)
        .select_from(MarkRow)
        .outerjoin(SightingRow, SightingRow.id == MarkRow.sighting_id)
        .outerjoin(CorrectionRow, is_void())
        .outerjoin(ApprovalRow, ApprovalRow.mark_id == MarkRow.id)
        .where(MarkRow.person_id == bindparam("person"), MarkRow.session_id == bindparam("session"))
    )
    return query.order_by(MarkRow.ordinal)


def _parts(row: Sequence[Any]) -> Iterator[Any]:
    """What `_STATE` names of a row, None for what there is not."""
    left = iter(row)
    for model, columns in _STATE:
        values = {column.key: next(left) for column in columns}
        if model is None:
            yield from values.values()
        else:
            yield None if values["id"] is None else model(**values)


def add_first(
    session: Session,
    person: int,
    session_id: int,
    *,
    at: datetime,
    entered: datetime,
    by: str,
    method: Method,
    place: int | None,
    sighting: int | None = None,
    details: Mapping[str, Any] | None = None,
    time_known: bool = True,
    direction: Direction | None = None,
    site: str | None = None,
) -> StoredMark:
    """The new mark of somebody of whom this step has read that they are there and have none in an open session.

    Nobody waits for it: what the step has read stays so to its end. News of it tell the ``place`` that it is of.
    Conflict, with the step or before, where somebody wrote past the lock of the writers.
    """
    facts = dict(details or {})
    new = StoredMark(
        uuid4().hex, person, session_id, 1, at, time_known, entered, by, method, sighting, facts, direction,
        awaits=awaits(facts), site=site,
    )  # fmt: skip
    told = (new.id, person, session_id, 1, at, time_known, entered, by, method, sighting, facts, direction, site)
    sending.put(session, _FIRST, dict(zip(COLUMNS, told, strict=True)))
    news.add(session, [news.New(entered, news.MARK_MADE, new.id, person, place)])
    return new
