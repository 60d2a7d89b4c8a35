"""Who was there: one mark a person and session, made once however many cameras see them.

A mark and its event are written together. A voided mark stays and is made again only by hand.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import select

from attendance.errors import MarkUnknown, MarkVoided, SessionClosed
from attendance.records import SCORE_DIGITS, Decision, instant
from attendance.sessions import SessionInfo
from gallery.repositories.events import MARK_ADDED, MARK_RESTORED, MARK_VOIDED, record
from gallery.schema import MarkRow, SessionRow

if TYPE_CHECKING:
    from sqlalchemy.orm import Session as Transaction

    from gallery.sqlite.store import Store

How = Literal["camera", "file", "manual"]
TIME, UNKNOWN, ENTERED = "time", "unknown", "entered_at"
"""What the evidence says of a mark that was not made at the time it is of."""
EVIDENCE = (
    "source",
    "frame",
    "track",
    "box",
    "score",
    "cosine",
    "threshold",
    "margin",
    "target_fpir",
    "gallery_size",
    "candidates",
    "quality",
    "encoder",
)


@dataclass(frozen=True, slots=True)
class MarkInfo:
    """A mark as it stands; ``person`` is the gallery's number, ``evidence`` what it rests on."""

    id: str
    person: int
    session: int
    at: datetime
    how: str
    evidence: Mapping[str, Any]
    voided_at: datetime | None = None
    void_reason: str | None = None
    voided_by: str | None = None

    @property
    def valid(self) -> bool:
        """Whether it counts as presence."""
        return self.voided_at is None

    @property
    def time_is_known(self) -> bool:
        """Whether ``at`` tells when the person was there; if not, it is the beginning of the session."""
        return self.evidence.get(TIME) != UNKNOWN

    @property
    def entered(self) -> datetime | None:
        """When it was entered by hand or found in a recording of a day gone by; None: the moment it is of."""
        told = self.evidence.get(ENTERED)
        return None if told is None else datetime.fromisoformat(told)


@dataclass(frozen=True, slots=True)
class Marked:
    """What became of a wish to mark: the mark, and whether it was made now."""

    mark: MarkInfo
    new: bool


class Marks:
    """The marks of a home; ``by`` is who acts."""

    def __init__(self, store: "Store", by: str) -> None:
        self._store = store
        self._by = by

    def mark(
        self,
        person: int,
        session: SessionInfo,
        *,
        at: datetime,
        how: How,
        evidence: Mapping[str, Any],
        entered: datetime | None = None,
    ) -> Marked:
        """Mark a person, once; the same again returns the mark that is there.

        ``entered`` is when this is done, where that is not ``at``: the event log has it. Raises `SessionClosed`, but
        not for a mark by hand: corrections are made afterwards.
        """
        found = self.of(person, session.id)
        if found is not None and (found.valid or how != "manual"):
            return Marked(found, new=False)
        with self._store.atomic() as transaction:
            if how != "manual":
                _refuse_closed(transaction, session, entered or at)
            row = _row(transaction, person, session.id)
            if row is None:
                row = MarkRow(person_id=person, session_id=session.id, at=at, how=how, evidence=dict(evidence))
                self._add(transaction, row, entered or at)
            elif row.voided_at is not None and how == "manual":
                row.at, row.how, row.evidence = at, "manual", dict(evidence)
                self._restore(transaction, row, entered or at)
            else:
                return Marked(_info(row), new=False)
            return Marked(_info(row), new=True)

    def void(self, person: int, session: SessionInfo, *, reason: str, at: datetime) -> MarkInfo:
        """Declare a mark wrong; it stays, with the reason. Raises `MarkUnknown`, `MarkVoided`."""
        with self._store.atomic() as transaction:
            row = _row(transaction, person, session.id)
            if row is None:
                raise MarkUnknown(session.name, "this person has no mark in the session")
            if row.voided_at is not None:
                raise MarkVoided(session.name, f"the mark was voided at {instant(row.voided_at)}")
            row.voided_at, row.voided_by, row.void_reason = at, self._by, reason
            self._event(transaction, MARK_VOIDED, row, at)
            return _info(row)

    def of(self, person: int, session: int) -> MarkInfo | None:
        """The person's mark in the session, valid or void."""
        with self._store.reading() as transaction:
            row = _row(transaction, person, session)
            return None if row is None else _info(row)

    def of_session(self, session: int) -> list[MarkInfo]:
        """All marks of a session, void ones too, in order of time."""
        with self._store.reading() as transaction:
            query = select(MarkRow).where(MarkRow.session_id == session).order_by(MarkRow.at, MarkRow.id)
            return [_info(row) for row in transaction.scalars(query)]

    def _add(self, transaction: "Transaction", row: MarkRow, at: datetime) -> None:
        transaction.add(row)
        transaction.flush()
        self._event(transaction, MARK_ADDED, row, at)

    def _restore(self, transaction: "Transaction", row: MarkRow, at: datetime) -> None:
        row.voided_at = row.voided_by = row.void_reason = None
        self._event(transaction, MARK_RESTORED, row, at)

    def _event(self, transaction: "Transaction", action: str, row: MarkRow, at: datetime) -> None:
        details = {"person": row.person_id, "session": row.session_id, "how": row.how}
        record(transaction, at=at, by=self._by, action=action, subject=row.id, details=details)


def evidence_of(decision: Decision) -> dict[str, Any]:
    """What a mark keeps of the decision behind it; the gallery takes removed people out of the candidates."""
    whole = decision.to_dict()
    candidates = [
        {**candidate.to_dict(), "cosine": round(candidate.cosine, SCORE_DIGITS)} for candidate in decision.candidates
    ]
    return {**{key: whole[key] for key in EVIDENCE}, "candidates": candidates}


def _row(transaction: "Transaction", person: int, session: int) -> MarkRow | None:
    query = select(MarkRow).where(MarkRow.person_id == person, MarkRow.session_id == session)
    return transaction.scalars(query).one_or_none()


def _refuse_closed(transaction: "Transaction", session: SessionInfo, at: datetime) -> None:
    closes = transaction.scalars(select(SessionRow.closes).where(SessionRow.id == session.id)).one()
    if closes is not None and at >= closes:
        raise SessionClosed(session.name, f"was closed at {instant(closes)}")


def _info(row: MarkRow) -> MarkInfo:
    return MarkInfo(
        row.id,
        row.person_id,
        row.session_id,
        row.at,
        row.how,
        row.evidence,
        row.voided_at,
        row.void_reason,
        row.voided_by,
    )
