"""What somebody decides who looks at a review: it was this person, it was another one, or nobody is to be marked.

Nothing that was recorded changes: a correction is written beside the sighting, and a mark where one is due. The face
that was kept for this goes then, or when it has been kept long enough.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from attendance.errors import SightingSettled, SightingUnknown
from attendance.records import PersonRef, instant
from attendance.register.marks import MarkInfo, candidate_of, info_of
from attendance.services.byhand import Time, refuse_inactive
from attendance.zones import local_day
from gallery.repositories import aliases, corrections, sightings
from gallery.repositories import marks as rows
from gallery.repositories.corrections import TOLD_BY
from gallery.repositories.events import record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.register.marks import Marks
    from attendance.register.retention import Retention
    from attendance.register.sessions import SessionInfo, Sessions
    from gallery import Gallery
    from gallery.ports import Transaction
    from gallery.values import Correction, CorrectionKind, Named, PersonInfo, Sighting


@dataclass(frozen=True, slots=True)
class Waiting:
    """A review that nobody has looked at: whom the face may be, by which numbers, and whether the face is kept."""

    sighting: "Sighting"
    person: PersonRef | None
    session: str | None
    candidates: tuple[dict[str, Any], ...]
    face: bool

    def to_dict(self) -> dict[str, Any]:
        """As JSON shows it."""
        seen = self.sighting
        return {
            "sighting": seen.id,
            "at": instant(seen.at),
            "session": self.session,
            "source": seen.source,
            "frame": seen.frame,
            "track": seen.track,
            "box": None if seen.box is None else list(seen.box),
            "person": None if self.person is None else self.person.to_dict(),
            "score": seen.score,
            "threshold": seen.threshold,
            "margin": seen.margin,
            "reasons": list(seen.reasons),
            "candidates": list(self.candidates),
            "quality": dict(seen.quality),
            "face": self.face,
        }


@dataclass(frozen=True, slots=True)
class Settled:
    """What was said of a sighting; ``mark`` is the person's in the session, ``new`` whether it was made for this."""

    correction: "Correction"
    mark: MarkInfo | None = None
    new: bool = False


class Reviews:
    """The sightings that wait for somebody to look, and what is said of them."""

    def __init__(
        self, gallery: "Gallery", sessions: "Sessions", marks: "Marks", retention: "Retention", clock: "Clock"
    ) -> None:
        self._gallery = gallery
        self._sessions = sessions
        self._marks = marks
        self._retention = retention
        self._clock = clock

    def waiting(self) -> list[Waiting]:
        """The reviews that nobody has looked at, oldest first."""
        with self._gallery.store.reading() as transaction:
            found = sightings.waiting(transaction)
            keys = {each.key for seen in found for each in seen.candidates if each.key is not None}
            names = aliases.called(transaction, keys | {seen.person for seen in found if seen.person is not None})
            kept = set(sightings.crop_ids(transaction))
            sessions = {each.id: each.name for each in self._sessions.all()}
            return [_waiting(seen, names, sessions, face=seen.id in kept) for seen in found]

    def face(self, sighting: int) -> bytes | None:
        """The kept face of a sighting as an encoded picture, None where none is kept. Raises TemplateAltered."""
        with self._gallery.store.reading() as transaction:
            return sightings.open_crop(transaction, self._gallery.sealer, sighting)

    def confirm(self, actor: "Actor", sighting: int, *, reason: str = "") -> Settled:
        """It was the person whom the review names: mark them, also where the session is closed or a mark was voided.

        Raises SightingUnknown, SightingSettled, PersonInactive, and PersonUnknown where it names nobody.
        """
        with self._gallery.store.atomic() as transaction:
            seen = _open(transaction, sighting)
            who = self._gallery.find(seen.person or 0)
            settled = self._person_said(actor, transaction, seen, who, "confirm", reason)
        self._retention.purge(actor)
        return settled

    def reassign(self, actor: "Actor", sighting: int, person: str | int, *, reason: str = "") -> Settled:
        """It was somebody else: mark that person. Raises as `confirm`, and PersonUnknown, PersonAmbiguous."""
        with self._gallery.store.atomic() as transaction:
            seen, who = _open(transaction, sighting), self._gallery.find(person)
            kind: CorrectionKind = "confirm" if who.id == seen.person else "reassign"
            settled = self._person_said(actor, transaction, seen, who, kind, reason)
        self._retention.purge(actor)
        return settled

    def dismiss(self, actor: "Actor", sighting: int, *, reason: str = "") -> Settled:
        """Somebody has looked, and nobody is marked. Raises SightingUnknown, SightingSettled."""
        with self._gallery.store.atomic() as transaction:
            seen = _open(transaction, sighting)
            said = self._said(actor, transaction, seen, "dismiss", reason)
        self._retention.purge(actor)
        return Settled(said)

    def _person_said(
        self,
        actor: "Actor",
        transaction: "Transaction",
        seen: "Sighting",
        who: "PersonInfo",
        kind: "CorrectionKind",
        reason: str,
    ) -> Settled:
        now = self._clock.utc()
        session = self._session_of(actor, seen)
        time = Time(session.opens, is_known=False) if session.is_over(seen.at) else Time(seen.at, is_known=True)
        refuse_inactive(self._gallery, who, session, time, now)
        said = self._said(actor, transaction, seen, kind, reason, None if kind == "confirm" else who.id)
        there = [each for each in rows.of(transaction, who.id, session.id) if each.voided is None]
        earlier = [each for each in there if not time.is_known or (each.time_known and each.at <= time.at)]
        if earlier:
            return Settled(said, info_of(earlier[0]))
        new = rows.add(
            transaction,
            who.id,
            session.id,
            at=time.at,
            entered=now,
            by=actor.name,
            method="face",
            sighting=seen.id,
            time_known=time.is_known,
            unless="none",
        )
        return (
            Settled(said)
            if new is None
            else Settled(said, self._marks.told(transaction, new, seen.means).mark, new=True)
        )

    def _session_of(self, actor: "Actor", seen: "Sighting") -> "SessionInfo":
        """What the sighting was for, also where it is closed; the day's own where it tells none."""
        if seen.session is not None:
            return self._sessions.numbered(seen.session)
        return self._sessions.by(actor.name).by_hand(
            local_day(seen.at, self._sessions.zone).isoformat(), self._clock.utc()
        )

    def _said(
        self,
        actor: "Actor",
        transaction: "Transaction",
        seen: "Sighting",
        kind: "CorrectionKind",
        reason: str,
        person: int | None = None,
    ) -> "Correction":
        """Write the correction and its event."""
        now, number = self._clock.utc(), seen.id or 0
        said = corrections.add(transaction, kind, sighting=number, person=person, at=now, by=actor.name, reason=reason)
        details = {"person": seen.person, "to": person} if kind == "reassign" else {"person": seen.person}
        record(transaction, at=now, by=actor.name, action=TOLD_BY[kind], subject=number, details=details)
        return said


def _waiting(seen: "Sighting", names: "Mapping[int, Named]", sessions: "Mapping[int, str]", *, face: bool) -> Waiting:
    number = seen.person or 0
    named = names.get(number)
    return Waiting(
        seen,
        None if named is None else PersonRef(named.external_id, named.name, number),
        None if seen.session is None else sessions.get(seen.session),
        tuple(candidate_of(each, names) for each in seen.candidates),
        face,
    )


def _open(transaction: "Transaction", number: int) -> "Sighting":
    """The review of this number, if nobody has looked at it."""
    found = sightings.by_id(transaction, number)
    if found is None:
        raise SightingUnknown(str(number), "there is no sighting of this number")
    if found.ruling != "review":
        raise SightingSettled(str(number), f"this sighting was ruled {found.ruling}, not review")
    said = corrections.of_sighting(transaction, number)
    if said:
        raise SightingSettled(
            str(number), f"{said[-1].by} has looked at it at {instant(said[-1].at)} ({said[-1].kind})"
        )
    return found
