"""What pages and receivers are told of, written in the step that did it, with what is on its way to whom."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete, exists, func, insert, select
from sqlalchemy.orm import Session

from gallery import sending, steps
from gallery.repositories import receivers
from gallery.servicetables import DeliveryRow, NewsRow
from gallery.servicevalues import News

MARK_MADE: Final = "mark.made"
MARK_VOIDED: Final = "mark.voided"
MARK_RESTORED: Final = "mark.restored"
REVIEW_WAITING: Final = "review.waiting"
REVIEW_SETTLED: Final = "review.settled"
FACE_UNKNOWN: Final = "face.unknown"
PERSON_CHANGED: Final = "person.changed"
CAMERA_LOST: Final = "camera.lost"
CAMERA_BACK: Final = "camera.back"
CAMERA_FAILED: Final = "camera.failed"
KINDS: Final = (
    MARK_MADE,
    MARK_VOIDED,
    MARK_RESTORED,
    REVIEW_WAITING,
    REVIEW_SETTLED,
    FACE_UNKNOWN,
    PERSON_CHANGED,
    CAMERA_LOST,
    CAMERA_BACK,
    CAMERA_FAILED,
)
"""Every kind of news there is."""
_HELD: Final = "news held"
_TABLE: Any = NewsRow.__table__
_INSERT: Final = insert(_TABLE).returning(_TABLE.c.id, _TABLE.c.kind, _TABLE.c.at, receivers.any_webhook())
"""It tells with each whether any webhook is in use, for steps that do not know."""
_ALONE: Final = insert(_TABLE).inline()
"""Where none is in use, nobody needs the numbers."""


@dataclass(frozen=True, slots=True)
class New:
    """A piece of news to write, at the instant of writing; ``person`` and ``place`` are internal ids."""

    at: datetime
    kind: str
    subject: str
    person: int | None = None
    place: int | None = None


def add(session: Session, items: Sequence[New]) -> None:
    """Write them, and for each webhook in use that wants one of them a delivery, due at once.

    One statement, however many they are; where a webhook is in use, two more. Within `together` it is done at its end.
    """
    held: list[New] | None = session.info.get(_HELD)
    if held is not None:
        held += items
    elif items:
        _write(session, items)


@contextmanager
def together(session: Session) -> Iterator[None]:
    """Write the news of all that is done inside at its end, at once; where it fails, none.

    Inside, no step is taken back by itself, no news are read, and nobody is removed of whom there may be some.
    """
    if _HELD in session.info:
        yield
        return
    held: list[New] = []
    session.info[_HELD] = held
    try:
        yield
    finally:
        del session.info[_HELD]
    add(session, held)


def _write(session: Session, items: Sequence[New]) -> None:
    if len(items) == 1 and session.connection().info.get(steps.WEBHOOKS) is False:
        sending.put(session, _ALONE, _columns(items[0]))
        return
    written = session.execute(_INSERT, [_columns(each) for each in items]).all()
    if written[0][-1] is None:
        return
    wanting = receivers.wanting(session)
    due = [
        {"receiver_id": receiver, "news_id": number, "due": at, "attempts": 0, "outcome": ""}
        for number, kind, at, _ in sorted(written)
        for receiver, kinds in wanting
        if kind in kinds
    ]
    if due:
        session.execute(insert(DeliveryRow), due)


def _columns(each: New) -> dict[str, Any]:
    return {
        "at": each.at,
        "kind": each.kind,
        "subject": each.subject,
        "person_id": each.person,
        "place_id": each.place,
    }


def after(session: Session, number: int, *, limit: int = 200) -> list[News]:
    """The first of those that came after the one of this number, in order."""
    query = select(NewsRow).where(NewsRow.id > number).order_by(NewsRow.id).limit(limit)
    return [told(row) for row in session.scalars(query)]


def of_person(session: Session, person: int) -> list[News]:
    """Those of a person, in order."""
    return [
        told(row) for row in session.scalars(select(NewsRow).where(NewsRow.person_id == person).order_by(NewsRow.id))
    ]


def latest(session: Session) -> int:
    """The number of the newest that is kept, 0 where there is none."""
    return session.scalar(select(func.max(NewsRow.id))) or 0


def oldest(session: Session) -> int:
    """The number of the oldest that is kept, 0 where there is none."""
    return session.scalar(select(func.min(NewsRow.id))) or 0


def purge(session: Session, before: datetime) -> int:
    """Delete those of before this instant that are not on their way to anybody; how many."""
    undone = exists().where(DeliveryRow.news_id == NewsRow.id, DeliveryRow.done.is_(None))
    gone = delete(NewsRow).where(NewsRow.at < before, ~undone).returning(NewsRow.id)
    count = len(session.execute(gone, execution_options={"synchronize_session": False}).all())
    session.expire_all()
    return count


def told(row: NewsRow) -> News:
    """What the row says."""
    return News(row.id, row.at, row.kind, row.subject, row.person_id, row.place_id)
