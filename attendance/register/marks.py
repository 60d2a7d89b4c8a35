"""Who was there: marks are made once and stay; what is void is said beside them, and made again by hand alone.

A mark and its event are written together, and so are a correction and its event.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

from attendance.errors import MarkUnknown, MarkVoided, SessionClosed
from attendance.records import instant
from attendance.register.sessions import SessionInfo
from enroll.naming import encoder_of
from gallery.errors import PersonUnknown
from gallery.repositories import aliases, corrections, places, sessions, sightings
from gallery.repositories import marks as rows
from gallery.repositories.events import MARK_ADDED, MARK_VOIDED, record
from gallery.values import StoredMark

if TYPE_CHECKING:
    from gallery.ports import Database, Transaction
    from gallery.values import Named, ScoredKey, Sighting

How = Literal["camera", "file", "manual"]
TIME, UNKNOWN, ENTERED = "time", "unknown", "entered_at"
"""What the evidence says of a mark that was not made at the time it is of."""


@dataclass(frozen=True, slots=True)
class MarkInfo:
    """A mark as it stands; ``person`` is the gallery's number, ``evidence`` what it rests on.

    It was ``made`` (written) then, ``by`` whom; ``how`` is ``manual``, or the means of the sighting (``camera``,
    ``file``), or where there is none the method.
    """

    id: str
    person: int
    session: int
    at: datetime
    how: str
    made: datetime
    by: str
    ordinal: int = 1
    time_is_known: bool = True
    sighting: int | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)
    voided_at: datetime | None = None
    void_reason: str | None = None
    voided_by: str | None = None

    @property
    def valid(self) -> bool:
        """Whether it counts as presence."""
        return self.voided_at is None

    @property
    def entered(self) -> datetime | None:
        """When it was entered by hand or found in a recording of a day gone by; None: the moment it is of."""
        return self.made if self.how == "manual" or self.made != self.at else None


@dataclass(frozen=True, slots=True)
class Marked:
    """What became of a wish to mark: the mark, and whether it was made now."""

    mark: MarkInfo
    new: bool


@dataclass(frozen=True, slots=True)
class Wish:
    """What a mark is to say; see `Marks.mark`."""

    at: datetime
    how: How
    sighting: int | None
    details: Mapping[str, Any]
    entered: datetime
    time_known: bool


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
        sighting: int | None = None,
        details: Mapping[str, Any] | None = None,
        entered: datetime | None = None,
        time_known: bool = True,
    ) -> Marked:
        """Mark a person, once; the same again returns the mark that counts. It waits for other writers.

        ``entered`` is when this is done, where that is not ``at``; ``sighting`` what it rests on, ``details`` what a
        person says of it. Only by hand is somebody marked anew whose marks are void. Raises `SessionClosed`, but not
        for a mark by hand: corrections are made afterwards; `PersonUnknown` where the person is gone.
        """
        wish = Wish(at, how, sighting, details or {}, entered or at, time_known)
        with self._store.atomic() as transaction:
            return self.mark_in(transaction, person, session, wish)

    def mark_in(self, transaction: "Transaction", person: int, session: SessionInfo, wish: "Wish") -> Marked:
        """As `mark`, within a step that is under way."""
        by_hand = wish.how == "manual"
        new = rows.add(
            transaction,
            person,
            session.id,
            at=wish.at,
            entered=wish.entered,
            by=self._by,
            method="manual" if by_hand else "face",
            sighting=wish.sighting,
            details=wish.details,
            time_known=wish.time_known,
            open_at=None if by_hand else wish.entered,
            unless="valid" if by_hand else "any",
        )
        if new is not None:
            return self.told(transaction, new, wish.how)
        there = counting(rows.of(transaction, person, session.id))
        if there is None:
            closes = sessions.closes_at(transaction, session.id)
            raise _refusal(person, session, None if by_hand else closes, wish.entered)
        return Marked(info_of(there), new=False)

    def told(self, transaction: "Transaction", new: "StoredMark", how: str) -> Marked:
        """Record that a mark was made."""
        details = {"person": new.person, "session": new.session, "how": how}
        record(transaction, at=new.entered, by=new.by, action=MARK_ADDED, subject=new.id, details=details)
        return Marked(info_of(new, how=how), new=True)

    def void(self, person: int, session: SessionInfo, *, reason: str, at: datetime) -> MarkInfo:
        """Declare the mark that counts wrong; it stays, with the reason. Raises `MarkUnknown`, `MarkVoided`."""
        with self._store.atomic() as transaction:
            there = counting(rows.of(transaction, person, session.id))
            if there is None:
                raise MarkUnknown(session.name, "this person has no mark in the session")
            if there.voided is not None:
                raise MarkVoided(session.name, f"the mark was voided at {instant(there.voided.at)}")
            corrections.add(transaction, "void", mark=there.id, at=at, by=self._by, reason=reason)
            gone = info_of(rows.by_id(transaction, there.id) or there)
            details = {"person": gone.person, "session": gone.session, "how": gone.how}
            record(transaction, at=at, by=self._by, action=MARK_VOIDED, subject=gone.id, details=details)
            return gone

    def of(self, person: int, session: int) -> MarkInfo | None:
        """The person's mark in the session that counts, or the last of void ones."""
        with self._store.reading() as transaction:
            found = counting(rows.of(transaction, person, session))
            return None if found is None else _with_evidence(transaction, [found])[0]

    def of_session(self, session: int) -> list[MarkInfo]:
        """All marks of a session, void ones too, in order of time."""
        with self._store.reading() as transaction:
            return _with_evidence(transaction, rows.of_session(transaction, session))


AMark = TypeVar("AMark", StoredMark, MarkInfo)
"""A mark as the gallery keeps it, or as it is handed out."""


def counting(found: Iterable[AMark]) -> AMark | None:
    """Of one person's marks in a session the first valid one, else the last of the void ones.

    One of no known time stands at the beginning of its session for want of a better one: any known time goes before.
    """
    marks = list(found)
    valid = [each for each in marks if each.valid]
    if valid:
        return min(valid, key=lambda each: (not each.time_is_known, each.at, each.ordinal))
    return max(marks, key=lambda each: each.ordinal, default=None)


def of_people(found: Iterable[AMark]) -> dict[int, AMark]:
    """By person, of the marks of one session the one that counts."""
    made: dict[int, list[AMark]] = {}
    for mark in found:
        made.setdefault(mark.person, []).append(mark)
    return {person: chosen for person, marks in made.items() if (chosen := counting(marks)) is not None}


def info_of(found: "StoredMark", evidence: Mapping[str, Any] | None = None, *, how: str | None = None) -> MarkInfo:
    """A mark as the gallery keeps it; without ``evidence``, what a person has said of it stands for that."""
    void = found.voided
    return MarkInfo(
        id=found.id,
        person=found.person,
        session=found.session,
        at=found.at,
        how=how or found.means or found.method,
        made=found.entered,
        by=found.by,
        ordinal=found.ordinal,
        time_is_known=found.time_is_known,
        sighting=found.sighting,
        evidence=evidence_of(found, None, {}) if evidence is None else evidence,
        voided_at=None if void is None else void.at,
        void_reason=None if void is None else void.reason,
        voided_by=None if void is None else void.by,
    )


# What a mark rests on


def _with_evidence(transaction: "Transaction", found: "Sequence[StoredMark]") -> list[MarkInfo]:
    seen = sightings.numbered(transaction, {each.sighting for each in found if each.sighting is not None})
    keys = {each.key for sighting in seen.values() for each in sighting.candidates if each.key is not None}
    names = aliases.called(transaction, keys)
    where = places.names(transaction, {each.place for each in seen.values() if each.place is not None})
    return [
        info_of(each, evidence_of(each, None if each.sighting is None else seen.get(each.sighting), names, where))
        for each in found
    ]


def evidence_of(
    mark: "StoredMark",
    sighting: "Sighting | None",
    names: "Mapping[int, Named]",
    where: "Mapping[int, str]" = MappingProxyType({}),
) -> dict[str, Any]:
    """What a mark rests on, by sorted keys, and at their end the place, where there is one.

    ``names`` holds how the candidates are called now, ``where`` the places.
    """
    facts = dict(mark.details)
    if sighting is not None:
        facts |= facts_of(sighting, names)
    if mark.method == "manual":
        facts |= {"by": mark.by, ENTERED: instant(mark.entered)}
    elif mark.entered != mark.at:
        facts[ENTERED] = instant(mark.entered)
        if sighting is not None and mark.time_is_known and mark.at != sighting.at:
            facts[TIME] = sighting.means
    if not mark.time_is_known:
        facts[TIME] = UNKNOWN
    at = {} if sighting is None or sighting.place is None else {"place": where.get(sighting.place)}
    return dict(sorted(facts.items())) | at


def facts_of(sighting: "Sighting", names: "Mapping[int, Named]") -> dict[str, Any]:
    """What a sighting tells of a face and whom it was compared with; who is gone is without a name."""
    return {
        "source": sighting.source,
        "frame": sighting.frame,
        "track": sighting.track,
        "box": None if sighting.box is None else list(sighting.box),
        "score": sighting.score,
        "cosine": sighting.cosine,
        "threshold": sighting.threshold,
        "margin": sighting.margin,
        "target_fpir": sighting.target_fpir,
        "gallery_size": sighting.gallery_size,
        "candidates": [candidate_of(each, names) for each in sighting.candidates],
        "quality": dict(sighting.quality),
        "encoder": encoder_of(sighting.pipeline),
    }


def candidate_of(each: "ScoredKey", names: "Mapping[int, Named]") -> dict[str, Any]:
    """Somebody a face was compared with, by sorted keys; one who was removed is ``removed``, without id and name."""
    named = None if each.key is None else names.get(each.key)
    if named is None:
        return {"cosine": each.cosine, "id": None, "name": None, "removed": True, "score": each.score}
    return {"cosine": each.cosine, "id": named.external_id, "name": named.name, "score": each.score}


def _refusal(person: int, session: SessionInfo, closes: datetime | None, at: datetime) -> SessionClosed | PersonUnknown:
    if closes is not None and at >= closes:
        return SessionClosed(session.name, f"was closed at {instant(closes)}")
    return PersonUnknown(str(person), "this person was removed meanwhile")
