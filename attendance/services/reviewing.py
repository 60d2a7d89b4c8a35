"""What somebody decides who looks at a review: it was this person, it was another one, or nobody is to be marked.

Nothing that was recorded changes: a correction is written beside the sighting, and a mark where one is due. What was
said can be taken back: one more correction says so, the mark made by it is void, and the sighting waits again. The face
that was kept for this goes when somebody has looked, a little later where they may want to take it back, or when it has
been kept long enough.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from attendance.access import needs
from attendance.errors import MarkUnknown, SightingFaceless, SightingOpen, SightingSettled, SightingUnknown
from attendance.records import PersonRef, instant
from attendance.register.directions import DIRECTION
from attendance.register.evidence import TIME, UNKNOWN, candidate_of
from attendance.register.marks import MarkInfo, Wish, counting, info_of
from attendance.register.report import local
from attendance.register.review import SHOWN_KIND, Review
from attendance.services.byhand import Time, refuse_inactive
from attendance.writing import write_new
from attendance.zones import day_bounds, local_day
from gallery.repositories import aliases, corrections, places, sightings
from gallery.repositories import marks as rows
from gallery.repositories.corrections import TOLD_BY
from gallery.repositories.events import SIGHTING_DISMISSED, SIGHTING_REOPENED, history, record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.register.marks import How, Marks
    from attendance.register.retention import Retention
    from attendance.register.sessions import SessionInfo, Sessions
    from gallery import Gallery
    from gallery.ports import Transaction
    from gallery.values import Correction, CorrectionKind, Named, PersonInfo, Sighting, StoredMark

_HIGHEST: Final = 2**63 - 1  # that a database can number
_VOIDED: Final = "voided"
"""Under which the event of a dismissal tells the id of the mark that was voided with it."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What was said of a sighting; ``mark`` is the person's in the session, ``new`` whether it was made for this.

    Where something was taken back, or a mark voided, it is the one that is void now, or counts again.
    """

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

    def waiting(
        self,
        session: str | None = None,
        *,
        wanted: "Callable[[Sighting], bool] | None" = None,
        limit: int | None = None,
    ) -> list[Review]:
        """The reviews that nobody has looked at, oldest first, all or those of a session. Raises SessionUnknown.

        Only those that are ``wanted``, and of these the first ones up to the ``limit``.
        """
        with self._gallery.store.reading() as transaction:
            within = None if session is None else self._sessions.held(session, self._clock.utc()).id
            enough = limit if wanted is None and within is None else None
            found = [each for each in sightings.waiting(transaction, enough) if within in {None, each.session}]
            return self._views(transaction, [each for each in found if wanted is None or wanted(each)][:limit])

    def count(self, wanted: "Callable[[Sighting], bool] | None" = None) -> int:
        """How many reviews nobody has looked at, all or those that are ``wanted``."""
        with self._gallery.store.reading() as transaction:
            if wanted is None:
                return sightings.count_waiting(transaction)
            return sum(map(wanted, sightings.waiting(transaction)))

    def of(self, sighting: int) -> Review:
        """The review of this number, also one that somebody has looked at. Raises SightingUnknown, SightingSettled."""
        with self._gallery.store.reading() as transaction:
            (found,) = self._views(transaction, [_review(transaction, sighting)])
            return replace(found, said=tuple(corrections.of_sighting(transaction, sighting)))

    def seen(self, sighting: int) -> Review:
        """What was judged of a face, whatever was decided, with what was said of it since. Raises SightingUnknown."""
        with self._gallery.store.reading() as transaction:
            (found,) = self._views(transaction, [_sighting(transaction, sighting)])
            return replace(found, said=tuple(corrections.of_sighting(transaction, sighting)))

    def settled(self, limit: int) -> list[Review]:
        """What was said last of reviews and strangers, the latest first."""
        with self._gallery.store.reading() as transaction:
            found = self._views(transaction, sightings.settled(transaction, limit=limit))
            said = corrections.about(transaction, (), {each.sighting.id or 0 for each in found})
            return [
                replace(each, said=tuple(one for one in said if one.sighting == each.sighting.id)) for each in found
            ]

    def unknown(self, day: "date") -> list[Review]:
        """The faces of a local day that were nobody's and are kept, of which nobody has said anything, newest first."""
        begin, end = day_bounds(day, self._sessions.zone)
        with self._gallery.store.reading() as transaction:
            return self._views(transaction, sightings.unknown(transaction, begin, end))

    def face(self, sighting: int) -> bytes | None:
        """The kept face of a sighting as an encoded picture, None where none is kept. Raises TemplateAltered."""
        with self._gallery.store.reading() as transaction:
            return sightings.open_crop(transaction, self._gallery.sealer, sighting)

    def write_face(self, sighting: int, target: "Path") -> None:
        """Write the kept face, a PNG, to a new file that its owner alone may read.

        Raises SightingFaceless where none is kept, OutputFailed, TemplateAltered.
        """
        face = self.face(sighting)
        if face is None:
            raise SightingFaceless(str(sighting), "the face of this review is not kept, or not any more")
        write_new(target, face, private=True)

    def told(self, before: Review, settled: Settled) -> str:
        """What came of a decision, in words: who is marked, and whether the face that was kept ``before`` is gone."""
        with self._gallery.store.reading() as transaction:
            kept = before.sighting.id in sightings.crop_ids(transaction)
            face = "its face is kept" if kept else "its face is deleted" if before.face else "no face was kept"
            return f"{self._mark_told(settled)}; {face}"

    def _mark_told(self, settled: Settled) -> str:
        mark = settled.mark
        if mark is None:
            return "dismissed, nobody is marked" if settled.correction.kind == "dismiss" else "nobody is marked anew"
        who, session = self._gallery.find(mark.person), self._sessions.numbered(mark.session)
        when = f"{local(mark.at, session):%Y-%m-%d %H:%M}" if mark.time_is_known else "at a time not known"
        told = "is marked in session" if settled.new else "was marked before, which stays, in session"
        return f"{who.name} ({who.external_id}) {told} {session.name}, {when} (mark {mark.id})"

    def _views(self, transaction: "Transaction", found: "Sequence[Sighting]") -> list[Review]:
        keys = {each.key for seen in found for each in seen.candidates if each.key is not None}
        names = aliases.called(transaction, keys | {seen.person for seen in found if seen.person is not None})
        pairs = [(each.first_id, each.second_id) for each in self._gallery.lookalikes()]
        known = _Known(
            names,
            _pairs(pairs, aliases.called(transaction, {key for pair in pairs for key in pair})),
            frozenset(sightings.crop_ids(transaction)),
            {each.id: each.name for each in self._sessions.all()},
            places.names(transaction, {seen.place for seen in found if seen.place is not None}),
            self._sessions.zone,
        )
        return [_view(seen, known) for seen in found]

    @needs("reviews.settle")
    def confirm(self, actor: "Actor", sighting: int, *, reason: str = "", keep: bool = False) -> Settled:
        """It was the person whom the review names: mark them, also where the session is closed or a mark was voided.

        The face goes at once, or with ``keep`` some minutes later: until then this can be taken back as if nothing had
        been said. Raises SightingUnknown, SightingSettled, PersonInactive, and PersonUnknown where it names nobody.
        """
        with self._gallery.store.atomic() as transaction:
            seen = _open(transaction, sighting)
            who = self._gallery.find(seen.person or 0)
            settled = self._person_said(actor, transaction, seen, who, "confirm", reason)
        self._let_go(actor, sighting, keep=keep)
        return settled

    @needs("reviews.settle")
    def reassign(
        self, actor: "Actor", sighting: int, person: str | int, *, reason: str = "", keep: bool = False
    ) -> Settled:
        """It was somebody else, or a stranger was somebody: mark them.

        Raises as `confirm`, and PersonUnknown, PersonAmbiguous.
        """
        with self._gallery.store.atomic() as transaction:
            seen, who = _open(transaction, sighting), self._gallery.find(person)
            kind: CorrectionKind = "confirm" if who.id == seen.person else "reassign"
            settled = self._person_said(actor, transaction, seen, who, kind, reason)
        self._let_go(actor, sighting, keep=keep)
        return settled

    @needs("reviews.settle")
    def dismiss(self, actor: "Actor", sighting: int, *, reason: str = "", keep: bool = False) -> Settled:
        """Somebody has looked, and nobody is marked. Raises SightingUnknown, SightingSettled."""
        with self._gallery.store.atomic() as transaction:
            seen = _open(transaction, sighting)
            said = self._said(actor, transaction, seen, "dismiss", reason)
        self._let_go(actor, sighting, keep=keep)
        return Settled(said)

    @needs("reviews.settle")
    def void(self, actor: "Actor", sighting: int, *, reason: str = "", keep: bool = False) -> Settled:
        """It is not whom it names, and their mark that counts in that session is wrong, too: nobody is marked.

        Raises SightingUnknown, SightingSettled, MonthClosed, and MarkUnknown where they have no mark that counts.
        """
        with self._gallery.store.atomic() as transaction:
            seen = _open(transaction, sighting)
            there = self._mark_of(transaction, seen)
            if there is None:
                raise MarkUnknown(str(sighting), "whom it names has no mark in that session that counts")
            said = self._said(actor, transaction, seen, "dismiss", reason, voided=there.id)
            session, now = self._sessions.numbered(there.session), self._clock.utc()
            why = reason or f"review {sighting} was of somebody else"
            marks = self._marks.by(actor.name)
            gone = marks.void_in(transaction, there.person, session, reason=why, at=now, mark=there.id)
        self._let_go(actor, sighting, keep=keep)
        return Settled(said, gone)

    def mark_of(self, sighting: int) -> MarkInfo | None:
        """The mark that counts, of whom a review names, in the session that it is of."""
        with self._gallery.store.reading() as transaction:
            found = self._mark_of(transaction, _sighting(transaction, sighting))
            return None if found is None else info_of(found)

    @staticmethod
    def _mark_of(transaction: "Transaction", seen: "Sighting") -> "StoredMark | None":
        if seen.person is None or seen.session is None:
            return None
        found = counting(rows.of(transaction, seen.person, seen.session))
        return found if found is not None and found.valid else None

    @needs("reviews.settle")
    def reopen(self, actor: "Actor", sighting: int, *, reason: str = "") -> Settled:
        """Take back what was said last: the mark made by it is void, one that it voided counts again, and it waits.

        Raises SightingUnknown, MonthClosed, and SightingOpen where nothing was said that stands.
        """
        with self._gallery.store.atomic() as transaction:
            seen = _ruled(transaction, sighting)
            if (last := _standing(transaction, sighting)) is None:
                raise SightingOpen(str(sighting), "nobody has said anything of it that stands")
            now = self._clock.utc()
            why = reason or f"review {sighting} was opened again"
            mark = self._unmade(actor, transaction, sighting, last, why)
            said = corrections.add(transaction, "restore", sighting=sighting, at=now, by=actor.name, reason=reason)
            details = {"person": seen.person, "was": last.kind}
            record(transaction, at=now, by=actor.name, action=SIGHTING_REOPENED, subject=sighting, details=details)
            return Settled(said, mark)

    def _unmade(
        self, actor: "Actor", transaction: "Transaction", sighting: int, last: "Correction", why: str
    ) -> MarkInfo | None:
        """Void the mark that a word on a sighting has made, or let one count again that it has voided."""
        marks, now = self._marks.by(actor.name), self._clock.utc()
        if last.kind == "dismiss":
            told = history(transaction, subject=sighting, action=SIGHTING_DISMISSED)[-1].details.get(_VOIDED)
            there = None if told is None else rows.by_id(transaction, told)
            if there is None or there.voided is None or there.voided.at != last.at:
                return None
            return marks.restore_in(transaction, there, self._sessions.numbered(there.session), now, why)
        made = next((each for each in rows.of_sighting(transaction, sighting) if each.voided is None), None)
        if made is None:
            return None
        session = self._sessions.numbered(made.session)
        return marks.void_in(transaction, made.person, session, reason=why, at=now, mark=made.id)

    def _let_go(self, actor: "Actor", sighting: int, *, keep: bool) -> None:
        self._retention.purge(actor, settled=() if keep else (sighting,))

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
        unknown = session.is_over(seen.at) or seen.quality.get(TIME) == UNKNOWN
        time = Time(session.opens, is_known=False) if unknown else Time(seen.at, is_known=True)
        refuse_inactive(self._gallery, who, session, time, now)
        said = self._said(actor, transaction, seen, kind, reason, None if kind == "confirm" else who.id)
        marks, way = self._marks.by(actor.name), seen.quality.get(DIRECTION)
        marks.refuse_closed(transaction, who.id, session, time.at if time.is_known else None)
        how: How = seen.quality.get(SHOWN_KIND, seen.means)
        wish = Wish(time.at, how, seen.id, {}, now, time.is_known, way)
        there = rows.of(transaction, who.id, session.id)
        before = [each for each in there if not time.is_known or (each.time_is_known and each.at <= time.at)]
        earlier = wish.coming(marks.again, "valid").stopped_by(before)
        if earlier is not None:
            return Settled(said, info_of(earlier))
        made = marks.mark_anew(transaction, who.id, session, wish)
        return Settled(said, made.mark, new=True)

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
        voided: str | None = None,
    ) -> "Correction":
        """Write the correction and its event, which tells what was ``voided`` with it."""
        now, number = self._clock.utc(), seen.id or 0
        said = corrections.add(transaction, kind, sighting=number, person=person, at=now, by=actor.name, reason=reason)
        details: dict[str, Any] = {"person": seen.person}
        details |= {"to": person} if kind == "reassign" else {}
        details |= {} if voided is None else {_VOIDED: voided}
        record(transaction, at=now, by=actor.name, action=TOLD_BY[kind], subject=number, details=details)
        return said


@dataclass(frozen=True, slots=True)
class _Known:
    """What is looked up once for many reviews: names by key, look-alikes by external id, kept faces, and so on."""

    names: "Mapping[int, Named]"
    alike: frozenset[frozenset[str]]
    kept: frozenset[int]
    sessions: "Mapping[int, str]"
    places: "Mapping[int, str]"
    zone: str


def _pairs(pairs: "Sequence[tuple[int, int]]", names: "Mapping[int, Named]") -> frozenset[frozenset[str]]:
    return frozenset(frozenset(names[key].external_id for key in pair if key in names) for pair in pairs)


def _view(seen: "Sighting", known: _Known) -> Review:
    number = seen.person or 0
    named = known.names.get(number)
    person = None if named is None else PersonRef(named.external_id, named.name, number)
    others = [known.names[each.key] for each in seen.candidates if each.key is not None and each.key in known.names]
    alike = dict.fromkeys(PersonRef(*other) for other in others if _are_alike(person, other, known))
    return Review(
        sighting=seen,
        person=person,
        session=None if seen.session is None else known.sessions.get(seen.session),
        candidates=tuple(candidate_of(each, known.names) for each in seen.candidates),
        face=seen.id in known.kept,
        zone=known.zone,
        place=None if seen.place is None else known.places.get(seen.place),
        lookalikes=tuple(alike),
    )


def _are_alike(person: PersonRef | None, other: "Named", known: _Known) -> bool:
    return (
        person is not None
        and person.id != other.external_id
        and frozenset({person.id, other.external_id}) in known.alike
    )


def _sighting(transaction: "Transaction", number: int) -> "Sighting":
    """What was seen, by its number."""
    found = sightings.by_id(transaction, number) if 0 < number <= _HIGHEST else None
    if found is None:
        raise SightingUnknown(str(number), "there is no sighting of this number")
    return found


def _review(transaction: "Transaction", number: int) -> "Sighting":
    """The review of this number."""
    found = _sighting(transaction, number)
    if found.ruling != "review":
        raise SightingSettled(str(number), f"this sighting was ruled {found.ruling}, not review")
    return found


def _ruled(transaction: "Transaction", number: int) -> "Sighting":
    """The review, or the stranger, of this number: of others there is nothing to say."""
    found = _sighting(transaction, number)
    return found if found.ruling == "unknown" else _review(transaction, number)


def _open(transaction: "Transaction", number: int) -> "Sighting":
    """As `_ruled`, if nobody has looked at it."""
    found, said = _ruled(transaction, number), _standing(transaction, number)
    if said is not None:
        raise SightingSettled(str(number), f"{said.by} has looked at it at {instant(said.at)} ({said.kind})")
    return found


def _standing(transaction: "Transaction", number: int) -> "Correction | None":
    """What was said of a sighting, unless it was taken back."""
    said = corrections.of_sighting(transaction, number)
    return said[-1] if said and said[-1].kind != "restore" else None
