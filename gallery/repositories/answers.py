"""What programs were answered under their Idempotency-Keys, sealed, so that asking twice does a thing once."""

from datetime import datetime
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from gallery.errors import Conflict
from gallery.servicetables import AnswerRow
from gallery.servicevalues import Answer

if TYPE_CHECKING:
    from collections.abc import Collection

    from gallery.ports import Cipher

PURPOSE: Final = "answer"


def found(session: Session, cipher: "Cipher", token: int, key: str) -> Answer | None:
    """What this token was answered under this key, or None. Raises TemplateAltered."""
    row = session.get(AnswerRow, (token, key))
    if row is None:
        return None
    return Answer(row.request, row.status, cipher.open(row.body, person=token, pipeline_id=key, purpose=PURPOSE))


def keep(
    session: Session,
    cipher: "Cipher",
    token: int,
    key: str,
    *,
    request: str,
    status: int,
    body: bytes,
    person: int | None,
    at: datetime,
) -> None:
    """Keep an answer; of whom it tells (internal id), it goes with. Raises Conflict where there is one already."""
    if session.get(AnswerRow, (token, key)) is not None:
        raise Conflict(key, "there is an answer under this key already")
    sealed = cipher.seal(body, person=token, pipeline_id=key, purpose=PURPOSE)
    session.add(
        AnswerRow(token_id=token, key=key, request=request, status=status, body=sealed, person_id=person, at=at)
    )
    session.flush()


def purge(session: Session, before: datetime) -> int:
    """Forget the answers given before this instant; how many."""
    gone = session.execute(delete(AnswerRow).where(AnswerRow.at < before).returning(AnswerRow.key)).all()
    session.expire_all()
    return len(gone)


def any_kept(session: Session) -> bool:
    """Whether there is an answer at all."""
    return session.scalar(select(AnswerRow.token_id).limit(1)) is not None


def keys(session: Session) -> "list[tuple[int, str]]":
    """Token and key of every answer, in order."""
    query = select(AnswerRow.token_id, AnswerRow.key).order_by(AnswerRow.token_id, AnswerRow.key)
    return [(token, key) for token, key in session.execute(query)]


def drop(session: Session, which: "Collection[tuple[int, str]]") -> None:
    """Forget these answers."""
    for token, key in which:
        session.execute(delete(AnswerRow).where(AnswerRow.token_id == token, AnswerRow.key == key))
    session.expire_all()


def count_of(session: Session, person: int) -> int:
    """How many answers tell of a person."""
    return session.scalar(select(func.count()).select_from(AnswerRow).where(AnswerRow.person_id == person)) or 0
