"""Who was there: one mark a person and session, made once however many cameras see them.

A mark and its event are written together. A voided mark stays and is made again only by hand.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Self

from attendance.errors import MarkUnknown, MarkVoided, SessionClosed
from attendance.records import SCORE_DIGITS, Decision, instant
from attendance.register.sessions import SessionInfo
from gallery.errors import PersonUnknown
from gallery.repositories import marks as rows
from gallery.repositories import sessions
from gallery.repositories.events import MARK_ADDED, MARK_RESTORED, MARK_VOIDED, record

if TYPE_CHECKING:
    from gallery.ports import Database, Transaction
    from gallery.values import StoredMark

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

    def __init__(self, store: "Database", by: str) -> None:
        self._store = store
        self._by = by

    def by(self, name: str) -> Self:
        """The same marks, with somebody else who acts."""
        return type(self)(self._store, name)

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
        """Mark a person, once; the same again returns the mark that is there. It waits for other writers.

        ``entered`` is when this is done, where that is not ``at``: the event log has it. Raises `SessionClosed`, but
        not for a mark by hand: corrections are made afterwards; `PersonUnknown` where the person is gone.
        """
        done = entered or at
        with self._store.atomic() as transaction:
            new = rows.add(
                transaction, person, session.id, at=at, how=how, evidence=evidence,
                open_at=None if how == "manual" else done,
            )  # fmt: skip
            if new is not None:
                return self._told(transaction, MARK_ADDED, new, done)
            there = rows.of(transaction, person, session.id)
            if there is None:
                closes = sessions.closes_at(transaction, session.id)
                raise _refusal(person, session, None if how == "manual" else closes, done)
            if there.voided_at is None or how != "manual":
                return Marked(info_of(there), new=False)
            back = rows.restore(transaction, there.id, at=at, how=how, evidence=evidence)
            return self._told(transaction, MARK_RESTORED, back, done)

    def void(self, person: int, session: SessionInfo, *, reason: str, at: datetime) -> MarkInfo:
        """Declare a mark wrong; it stays, with the reason. Raises `MarkUnknown`, `MarkVoided`."""
        with self._store.atomic() as transaction:
            there = rows.of(transaction, person, session.id)
            if there is None:
                raise MarkUnknown(session.name, "this person has no mark in the session")
            if there.voided_at is not None:
                raise MarkVoided(session.name, f"the mark was voided at {instant(there.voided_at)}")
            gone = rows.void(transaction, there.id, at=at, by=self._by, reason=reason)
            return self._told(transaction, MARK_VOIDED, gone, at).mark

    def of(self, person: int, session: int) -> MarkInfo | None:
        """The person's mark in the session, valid or void."""
        with self._store.reading() as transaction:
            found = rows.of(transaction, person, session)
        return None if found is None else info_of(found)

    def of_session(self, session: int) -> list[MarkInfo]:
        """All marks of a session, void ones too, in order of time."""
        with self._store.reading() as transaction:
            return [info_of(found) for found in rows.of_session(transaction, session)]

    def _told(self, transaction: "Transaction", action: str, mark: "StoredMark", at: datetime) -> Marked:
        """Record what was done to the mark."""
        details = {"person": mark.person, "session": mark.session, "how": mark.how}
        record(transaction, at=at, by=self._by, action=action, subject=mark.id, details=details)
        return Marked(info_of(mark), new=True)


def evidence_of(decision: Decision) -> dict[str, Any]:
    """What a mark keeps of the decision behind it; the gallery takes removed people out of the candidates."""
    whole = decision.to_dict()
    candidates = [
        {**candidate.to_dict(), "cosine": round(candidate.cosine, SCORE_DIGITS)} for candidate in decision.candidates
    ]
    return {**{key: whole[key] for key in EVIDENCE}, "candidates": candidates}


def info_of(found: "StoredMark") -> MarkInfo:
    """A mark as the gallery keeps it, with what its evidence says of its time."""
    return MarkInfo(
        found.id,
        found.person,
        found.session,
        found.at,
        found.how,
        found.evidence,
        found.voided_at,
        found.void_reason,
        found.voided_by,
    )


def _refusal(person: int, session: SessionInfo, closes: datetime | None, at: datetime) -> SessionClosed | PersonUnknown:
    if closes is not None and at >= closes:
        return SessionClosed(session.name, f"was closed at {instant(closes)}")
    return PersonUnknown(str(person), "this person was removed meanwhile")
