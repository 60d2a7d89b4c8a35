"""News on their way to webhooks: due, claimed while they are sent, done when the other side has them, or never will."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import String, cast, func, or_, select, update
from sqlalchemy.orm import Session

from gallery.repositories.news import told
from gallery.servicetables import DeliveryRow, NewsRow, ReceiverRow
from gallery.servicevalues import Delivery

OUTCOME_LENGTH: Final = 200


def due(session: Session, now: datetime, *, limit: int = 50, receiver: int | None = None) -> list[Delivery]:
    """Those to be sent at that instant, in order, to receivers in use, or to this one alone.

    One waits while an earlier one to the same receiver is not done that is of the same person, or, where it is of
    nobody, of the same subject: each hears of somebody in the order in which it happened.
    """
    query = _read().join(ReceiverRow, ReceiverRow.id == DeliveryRow.receiver_id)
    ready = query.where(ReceiverRow.active, DeliveryRow.id.in_(_first_of_each()), DeliveryRow.due <= now)
    if receiver is not None:
        ready = ready.where(DeliveryRow.receiver_id == receiver)
    return _told(session, ready.order_by(DeliveryRow.id).limit(limit))


def _first_of_each() -> Any:
    """By receiver and whom it is of, the first delivery that is not done."""
    whose = func.coalesce(cast(NewsRow.person_id, String), "of " + NewsRow.subject)
    undone = select(func.min(DeliveryRow.id)).join(NewsRow, NewsRow.id == DeliveryRow.news_id)
    return undone.where(DeliveryRow.done.is_(None)).group_by(DeliveryRow.receiver_id, whose)


def claim(session: Session, number: int, at: datetime, *, stale_before: datetime) -> bool:
    """Take one to send it, which counts as an attempt; false where it is done or somebody else is sending it.

    One that was claimed before ``stale_before`` was left by a sender that is gone. One statement.
    """
    free = or_(DeliveryRow.claimed.is_(None), DeliveryRow.claimed < stale_before)
    taken = update(DeliveryRow).where(DeliveryRow.id == number, DeliveryRow.done.is_(None), free)
    claimed = taken.values(claimed=at, attempts=DeliveryRow.attempts + 1).returning(DeliveryRow.id)
    return bool(session.execute(claimed, execution_options={"synchronize_session": False}).all())


def sent(session: Session, number: int, at: datetime, outcome: str) -> None:
    """The other side has it."""
    _change(session, DeliveryRow.id == number, claimed=None, done=at, outcome=outcome)


def again(session: Session, number: int, *, due: datetime, outcome: str) -> None:
    """It did not arrive, and is due once more at that instant."""
    _change(session, DeliveryRow.id == number, claimed=None, due=due, outcome=outcome)


def give_up(session: Session, number: int, at: datetime, outcome: str) -> None:
    """It did not arrive, and is not tried any more."""
    _change(session, DeliveryRow.id == number, claimed=None, done=at, outcome=outcome)


def give_up_all(session: Session, receiver: int, at: datetime, outcome: str) -> None:
    """Nothing that is on its way to this receiver is tried any more."""
    theirs = (DeliveryRow.receiver_id == receiver, DeliveryRow.done.is_(None))
    _change(session, *theirs, claimed=None, done=at, outcome=outcome)


def postpone(session: Session, receiver: int, due: datetime) -> None:
    """Nothing of this receiver is due before that instant: it has just failed, and is asked with one at a time."""
    early = (DeliveryRow.receiver_id == receiver, DeliveryRow.done.is_(None), DeliveryRow.due < due)
    later = update(DeliveryRow).where(*early).values(due=due)
    session.execute(later, execution_options={"synchronize_session": False})


def _change(session: Session, *which: Any, outcome: str, **values: Any) -> None:
    changed = update(DeliveryRow).where(*which).values(outcome=outcome[:OUTCOME_LENGTH], **values)
    session.execute(changed, execution_options={"synchronize_session": False})


def of_receiver(session: Session, receiver: int, *, limit: int = 50) -> list[Delivery]:
    """The latest of a receiver, the newest first."""
    return _told(
        session, _read().where(DeliveryRow.receiver_id == receiver).order_by(DeliveryRow.id.desc()).limit(limit)
    )


def waiting(session: Session) -> dict[int, int]:
    """By receiver, how many are not done; a receiver without any is not in it."""
    query = select(DeliveryRow.receiver_id, func.count()).where(DeliveryRow.done.is_(None))
    return {row[0]: row[1] for row in session.execute(query.group_by(DeliveryRow.receiver_id))}


def _read() -> Any:
    return select(DeliveryRow, NewsRow).join(NewsRow, NewsRow.id == DeliveryRow.news_id)


def _told(session: Session, query: Any) -> list[Delivery]:
    rows = session.execute(query, execution_options={"populate_existing": True})
    return [
        Delivery(
            id=row.id,
            receiver=row.receiver_id,
            news=told(news),
            due=row.due,
            attempts=row.attempts,
            claimed=row.claimed,
            done=row.done,
            outcome=row.outcome,
        )
        for row, news in rows
    ]
