"""What somebody decides who looks at a review: it was this person, it was another one, or nobody is to be marked.

Nothing that was recorded changes: a correction is written beside the sighting, and a mark where one is due. The face
that was kept for this goes then, or when it has been kept long enough.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from attendance.errors import SightingSettled, SightingUnknown
from attendance.records import PersonRef, instant
from attendance.register.marks import MarkInfo, candidate_of, info_of
from attendance.services.byhand import Time, refuse_inactive
from attendance.zones import local_day
from gallery.errors import GalleryLocked
from gallery.repositories import aliases, corrections, sightings
from gallery.repositories import marks as rows
from gallery.repositories.corrections import TOLD_BY
from gallery.repositories.events import SIGHTING_PURGED, record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attendance.app import Attendance
    from attendance.register.sessions import SessionInfo
    from gallery.ports import Transaction
    from gallery.values import Correction, CorrectionKind, Named, PersonInfo, Sighting


@dataclass(frozen=True, slots=True)
class Waiting:
    """A review that nobody has looked at: whom the face may be, by which numbers, and whether the face is kept."""

    sighting: "Sighting"
    person: PersonRef
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
            "person": self.person.to_dict(),
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


def waiting(app: "Attendance") -> list[Waiting]:
    """The reviews that nobody has looked at, oldest first."""
    with app.store.reading() as transaction:
        found = sightings.waiting(transaction)
        keys = {each.key for seen in found for each in seen.candidates if each.key is not None}
        names = aliases.called(transaction, keys | {seen.person for seen in found if seen.person is not None})
        kept = set(sightings.crop_ids(transaction))
        sessions = {each.id: each.name for each in app.sessions.all()}
        return [_waiting(seen, names, sessions, face=seen.id in kept) for seen in found]


def _waiting(seen: "Sighting", names: "Mapping[int, Named]", sessions: "Mapping[int, str]", *, face: bool) -> Waiting:
    number = seen.person or 0
    named = names[number]
    return Waiting(
        seen,
        PersonRef(named.external_id, named.name, number),
        None if seen.session is None else sessions.get(seen.session),
        tuple(candidate_of(each, names) for each in seen.candidates),
        face,
    )


def face(app: "Attendance", sighting: int) -> bytes | None:
    """The kept face of a sighting as an encoded picture, None where none is kept. Raises TemplateAltered."""
    with app.store.reading() as transaction:
        return sightings.open_crop(transaction, app.gallery.sealer, sighting)


def confirm(app: "Attendance", sighting: int, *, reason: str = "") -> Settled:
    """It was the person whom the review names: mark them, also where the session is closed or a mark was voided.

    Raises SightingUnknown, SightingSettled, PersonInactive.
    """
    with app.store.atomic() as transaction:
        seen = _open(transaction, sighting)
        who = app.gallery.find(seen.person or 0)
        settled = _person_said(app, transaction, seen, who, "confirm", reason)
    purge(app)
    return settled


def reassign(app: "Attendance", sighting: int, person: str | int, *, reason: str = "") -> Settled:
    """It was somebody else: mark that person. Raises as `confirm`, and PersonUnknown, PersonAmbiguous."""
    with app.store.atomic() as transaction:
        seen, who = _open(transaction, sighting), app.gallery.find(person)
        kind: CorrectionKind = "confirm" if who.id == seen.person else "reassign"
        settled = _person_said(app, transaction, seen, who, kind, reason)
    purge(app)
    return settled


def dismiss(app: "Attendance", sighting: int, *, reason: str = "") -> Settled:
    """Somebody has looked, and nobody is marked. Raises SightingUnknown, SightingSettled."""
    with app.store.atomic() as transaction:
        seen = _open(transaction, sighting)
        said = _said(app, transaction, seen, "dismiss", reason)
    purge(app)
    return Settled(said)


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


def _person_said(
    app: "Attendance",
    transaction: "Transaction",
    seen: "Sighting",
    who: "PersonInfo",
    kind: "CorrectionKind",
    reason: str,
) -> Settled:
    now = app.clock.utc()
    session = _session_of(app, seen)
    time = Time(session.opens, is_known=False) if session.is_over(seen.at) else Time(seen.at, is_known=True)
    refuse_inactive(app, who, session, time, now)
    said = _said(app, transaction, seen, kind, reason, None if kind == "confirm" else who.id)
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
        by=app.actor.name,
        method="face",
        sighting=seen.id,
        time_known=time.is_known,
        unless="none",
    )
    return Settled(said) if new is None else Settled(said, app.marks.told(transaction, new, seen.means).mark, new=True)


def _session_of(app: "Attendance", seen: "Sighting") -> "SessionInfo":
    """What the sighting was for, also where it is closed; the day's own where it tells none."""
    if seen.session is not None:
        return app.sessions.numbered(seen.session)
    return app.sessions.by_hand(local_day(seen.at, app.zone).isoformat(), app.clock.utc())


def _said(
    app: "Attendance",
    transaction: "Transaction",
    seen: "Sighting",
    kind: "CorrectionKind",
    reason: str,
    person: int | None = None,
) -> "Correction":
    """Write the correction and its event."""
    now, number = app.clock.utc(), seen.id or 0
    said = corrections.add(transaction, kind, sighting=number, person=person, at=now, by=app.actor.name, reason=reason)
    details = {"person": seen.person, "to": person} if kind == "reassign" else {"person": seen.person}
    record(transaction, at=now, by=app.actor.name, action=TOLD_BY[kind], subject=number, details=details)
    return said


# Faces that are kept no longer


def purge(app: "Attendance", at: datetime | None = None) -> int:
    """Delete the faces of sightings that are not to be kept any more at that instant (now); how many went.

    What is deleted is overwritten. While another program is writing, it is left for the next time.
    """
    now = at or app.clock.utc()
    with app.store.reading() as transaction:
        if not sightings.any_crop(transaction):
            return 0
    with suppress(GalleryLocked):
        return _purged(app, now)
    return 0


def _purged(app: "Attendance", now: datetime) -> int:
    days = {"review_days": app.settings.keep_review_days, "unknown_days": app.settings.keep_unknown_days}
    with app.store.atomic() as transaction:
        count = sightings.purge_crops(transaction, now, **days)
        if count:
            details = {"faces": count}
            record(transaction, at=now, by=app.actor.name, action=SIGHTING_PURGED, subject="gallery", details=details)
            app.store.plan_erasure()
    app.store.finish_erasure()
    return count
