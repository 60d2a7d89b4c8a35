"""From decisions to records: a sighting of each, the marks they come to, and of which time those are."""

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from attendance.errors import SessionClosed
from attendance.judge.decision import MARK_VOIDED
from attendance.records import Decision, PersonRef, number
from attendance.register.directions import DIRECTION, Coming
from attendance.register.marks import Wish
from attendance.register.months import refuse_closed
from attendance.zones import day_bounds, days_between, zone
from gallery.repositories import consents, news, sightings
from gallery.values import ScoredKey, Sighting

if TYPE_CHECKING:
    from attendance.access import Actor
    from attendance.register.coverage import CoverageNotes, Stretch
    from attendance.register.marks import Marks
    from attendance.register.retention import Retention
    from attendance.register.sessions import SessionInfo, Sessions
    from attendance.scope import Scope
    from gallery import Gallery
    from gallery.ports import Transaction
    from gallery.sending import Question
    from gallery.values import Means, StoredMark, StoredSession

Crops = Sequence[Any]
"""By decision the picture of its face, (H, W, 3) uint8 RGB, or None."""


class Recorder:
    """Writes what was judged: a sighting of each face, the marks they come to, and that people were looked for.

    ``coverage`` keeps when they were, and knows whether there is anybody to look for; ``noted`` holds the sessions in
    which this program has noted that they were at all; ``site`` is the one that this computer works for.
    """

    def __init__(
        self,
        gallery: "Gallery",
        sessions: "Sessions",
        marks: "Marks",
        retention: "Retention",
        coverage: "CoverageNotes",
        *,
        actor: "Actor",
        noted: set[int] | None = None,
        site: str | None = None,
    ) -> None:
        self._gallery, self._retention = gallery, retention
        self._sessions, self._marks = sessions.by(actor.name), marks.by(actor.name)
        self._coverage = coverage.by(actor.name)
        self._actor, self._site = actor, site
        self._noted = set() if noted is None else noted

    def by(self, actor: "Actor") -> Self:
        """The same, with somebody else who acts."""
        parts = (self._gallery, self._sessions, self._marks, self._retention, self._coverage)
        return type(self)(*parts, actor=actor, noted=self._noted, site=self._site)

    def record(
        self,
        decisions: Sequence[Decision],
        scope: "Scope",
        means: "Means | None",
        *,
        at: datetime,
        note: bool,
        crops: Crops = (),
        source: str | None = None,
    ) -> list[Decision]:
        """Store the decisions of one picture, and mark who is ``present``, all in one step; returns them as recorded.

        With ``note`` the check itself is remembered, at the instant ``at``, even where there is no decision; that one
        of ``source`` covers its instant. Who is marked already is asked in the step that writes: nobody marks or
        removes anybody in between.
        """
        if not decisions:
            if note:
                with self._gallery.store.reading():
                    session = self._sessions.for_marks(scope.session, at)
                    self.note(session, means or "file", at)
                    self._cover_picture(session, scope, means or "file", source, at)
            return []
        with self._gallery.store.atomic(*self._ahead(decisions, scope)) as transaction:
            return self.record_in(transaction, decisions, scope, means, at=at, note=note, crops=crops)

    def _ahead(self, decisions: Sequence[Decision], scope: "Scope") -> "list[Question]":
        """What can be asked with the beginning of a step that records one decision, so that it is sooner over."""
        if len(decisions) > 1:
            return []
        person = decisions[0].person
        about = () if person is None else self._sessions.ahead(scope.session, decisions[0].at, person.key)
        return [*about, sightings.ONE]

    def record_in(
        self,
        transaction: "Transaction",
        decisions: Sequence[Decision],
        scope: "Scope",
        means: "Means | None",
        *,
        at: datetime,
        note: bool,
        crops: Crops,
    ) -> list[Decision]:
        """As `record` for one decision or more, within a step that is under way."""
        people = {each.person.key for each in decisions if each.person is not None}
        marking = note or any(each.decision == "present" for each in decisions)
        found, stored = self._sessions.for_sightings(scope.session, decisions[0].at, people, must_be_open=marking)
        if found.is_over(decisions[0].at):
            refuse_closed(transaction, [found.day])
        if note:
            self.note(found, means or "file", at)
            self._cover_picture(found, scope, means or "file", str(decisions[0].source), at)
        settled = self._settled(decisions, found, stored, scope, means)
        seen = [_sighting(each, found, means, scope, self._site or scope.site) for each in settled]
        with news.together(transaction):
            numbers = sightings.add(transaction, seen, entered=at)
            numbered = zip(settled, numbers, strict=True)
            settled = [dataclasses.replace(each, sighting=number) for each, number in numbered]
            self._keep_faces(transaction, settled, crops, at)
            first = len(settled) == 1 and not stored.marks  # of several, one may be of the same person
            return [
                self._marked(transaction, each, found, sighted.means, scope, first=first)
                if each.decision == "present"
                else each
                for each, sighted in zip(settled, seen, strict=True)
            ]

    def note_check(self, means: "Means", scope: "Scope", at: datetime) -> None:
        """Remember, once a run and session, that people were looked for: who is not marked now is absent.

        Where nobody can be recognised (no template of this pipeline), nobody was looked for. Faces that have been kept
        long enough for somebody to look at go.
        """
        self._retention.purge(self._actor)
        with self._gallery.store.reading():
            self.note(self._sessions.for_marks(scope.session, at), means, at)

    def note(self, session: "SessionInfo", means: "Means", at: datetime) -> None:
        """As `note_check`, for a session that is open; raises SessionClosed for a camera in one of a day gone by."""
        refuse_past(session, at, means)
        if session.id not in self._noted and self._coverage.searched():
            if session.is_over(at):
                with self._gallery.store.reading() as transaction:
                    refuse_closed(transaction, [session.day])
            self._sessions.note_check(session, at=at, details={"how": means})
            self._noted.add(session.id)

    def cover(
        self, means: "Means", scope: "Scope", source: str, begins: datetime, ends: datetime, before: "Stretch | None"
    ) -> "Stretch | None":
        """Remember that a source has looked from an instant to another, see `CoverageNotes.stretch`.

        A recording of a day gone by tells no time that it could be of.
        """
        if self._sessions.is_past(scope.session, ends):
            return None
        return self._coverage.stretch(means, scope, source, begins, ends, before)

    def cover_shown(self, scope: "Scope", begins: datetime, ends: datetime, at: datetime) -> bool:
        """Remember which time of a day gone by recordings have shown; false where nobody could be recognised."""
        with self._gallery.store.atomic() as transaction:
            also = self._coverage.also(transaction, begins, ends)
            refuse_closed(transaction, {*days_between(begins, ends, self._sessions.zone), *also})
            return self._coverage.shown("file", scope, begins, ends, now=at)

    def _cover_picture(
        self, session: "SessionInfo", scope: "Scope", means: "Means", source: str | None, at: datetime
    ) -> None:
        """Remember the instant of a picture: now, or the one that a picture of a day gone by tells."""
        shown = at
        if session.is_over(at):
            taken = None if source is None else taken_in(source, session)
            if taken is None:
                return
            shown = taken
            with self._gallery.store.reading() as transaction:
                refuse_closed(transaction, self._coverage.also(transaction, shown, shown))
        self._coverage.picture(means, scope, shown, now=at)

    def purge(self) -> int:
        """Let faces go that have been kept long enough; how many went."""
        return self._retention.purge(self._actor)

    def _settled(
        self,
        decisions: Sequence[Decision],
        session: "SessionInfo",
        stored: "StoredSession",
        scope: "Scope",
        means: "Means | None",
    ) -> list[Decision]:
        """The decisions as they are given out, by who is enrolled and marked now."""
        made = defaultdict[int, list["StoredMark"]](list)
        for mark in stored.marks:
            made[mark.person].append(mark)

        def coming(decision: Decision) -> Coming:
            if scope.direction is None and not self._marks.again:
                return Coming(decision.at, time_known=True)  # once a session, whenever: its time need not be read
            at, known = time_of_mark(decision, session, _means(decision, means))
            return Coming(at, known, scope.direction, self._marks.again)

        return [_given_out(each, stored.people, made, coming) for each in decisions]

    def _marked(
        self,
        transaction: "Transaction",
        decision: Decision,
        session: "SessionInfo",
        means: "Means",
        scope: "Scope",
        *,
        first: bool,
    ) -> Decision:
        """Mark who is present, and enrolled; ``first`` where they have no mark in the session."""
        if decision.person is None:
            return decision
        at, known = time_of_mark(decision, session, means)
        wish = Wish(
            at, means, decision.sighting, {}, decision.at, known, scope.direction, scope.site, first, scope.place_id
        )
        marked = self._marks.mark_in(transaction, decision.person.key, session, wish)
        return dataclasses.replace(decision, decision="present" if marked.new else "already", mark=marked.mark.id)

    def _keep_faces(
        self, transaction: "Transaction", decisions: Sequence[Decision], crops: Crops, at: datetime
    ) -> None:
        """Keep, sealed, the faces of which the settings say so: of reviews, and of strangers if that is asked for.

        None that looks most like somebody who has said no to that.
        """
        wanted = [
            (each, crop)
            for each, crop in zip(decisions, crops, strict=False)
            if crop is not None and each.sighting is not None and self._retention.keeps(each.decision)
        ]
        if not wanted:
            return
        from enroll.chips import encoded_crop

        first = {each.candidates[0].person.key for each, _ in wanted if each.candidates}
        no = consents.refused(transaction, first, "unknown", at)
        kept = {
            each.sighting: encoded_crop(crop)
            for each, crop in wanted
            if each.sighting is not None and not (each.candidates and each.candidates[0].person.key in no)
        }
        if kept:
            sightings.keep_crops(transaction, self._gallery.sealer, kept)


def _given_out(
    decision: Decision,
    enrolled: "frozenset[int]",
    made: "Mapping[int, list[StoredMark]]",
    coming: Callable[[Decision], Coming],
) -> Decision:
    if decision.person is None:
        return decision
    if decision.person.key not in enrolled:
        return _without(decision, decision.person)
    theirs = made.get(decision.person.key, [])
    if decision.decision != "present" or not theirs:
        return decision
    there = coming(decision).stopped_by(theirs)
    if there is None:
        return decision
    if there.is_void:
        reasons = (*decision.reasons, MARK_VOIDED)
        return dataclasses.replace(decision, decision="review", mark=there.id, reasons=reasons)
    return dataclasses.replace(decision, decision="already", mark=there.id)


def _without(decision: Decision, gone: PersonRef) -> Decision:
    """The decision as it would be had the person been removed before it: whoever it was is nobody enrolled."""
    others = tuple(each for each in decision.candidates if each.person.key != gone.key)
    best, second, *_ = (*others, None, None)
    return dataclasses.replace(
        decision,
        decision="unknown",
        person=None,
        score=None if best is None else best.score,
        cosine=None if best is None else best.cosine,
        margin=None if best is None or second is None else best.score - second.score,
        candidates=others,
        judged={},  # it tells of whoever is gone
    )


def _means(decision: Decision, means: "Means | None") -> "Means":
    return means or ("file" if decision.track is None else "camera")


def _sighting(
    decision: Decision, session: "SessionInfo", means: "Means | None", scope: "Scope", site: str | None
) -> Sighting:
    """What is kept of the decision: its numbers as they are given out, people by the gallery's number.

    Beside its quality stands the direction in which people go there, for the mark that a review may come to.
    """
    told = decision.to_dict()
    return Sighting(
        at=decision.at,
        means=_means(decision, means),
        source=decision.source,
        ruling=decision.decision,
        pipeline=decision.pipeline or decision.encoder,
        session=session.id,
        place=scope.place_id,
        site=site,
        person=None if decision.person is None else decision.person.key,
        frame=decision.frame,
        track=decision.track,
        reasons=decision.reasons,
        candidates=tuple(
            ScoredKey(each.person.key, number(each.score), number(each.cosine)) for each in decision.candidates
        ),
        judged=decision.judged,
        quality={**decision.quality, **({DIRECTION: scope.direction} if scope.direction else {})},
        **{key: told[key] for key in _NUMBERS},
    )


_NUMBERS = ("box", "score", "cosine", "threshold", "margin", "target_fpir", "gallery_size")


def refuse_past(session: "SessionInfo", at: datetime, means: "Means") -> None:
    """Raise SessionClosed for a camera in the own session of a day gone by: what it sees is of the present one."""
    if means == "camera" and session.is_over(at):
        raise SessionClosed(session.name, "this day is over, and a camera sees the present one")


def time_of_mark(decision: Decision, session: "SessionInfo", means: "Means") -> tuple[datetime, bool]:
    """When the person was there, and whether that is known.

    That is the instant of the decision; in the session of a day gone by the time that the file tells, else it is
    not known and the session's first instant stands for it. Raises SessionClosed for a camera.
    """
    refuse_past(session, decision.at, means)
    if not session.is_over(decision.at):
        return decision.at, True
    taken = taken_in(decision.source, session)
    return taken or session.opens, taken is not None


def taken_in(source: Path | str, session: "SessionInfo") -> datetime | None:
    """The UTC instant at which the picture was taken, where its Exif tells one of the session's day; else None.

    A camera's clock that shows another day is not believed. Videos tell no time that could be relied on: theirs
    may be that of the export, in whatever zone.
    """
    try:
        at = _taken(Path(source), session.zone)
    except Exception:  # noqa: BLE001 - whatever a damaged file does, it tells no time
        return None
    begin, end = day_bounds(session.day, session.zone)
    return at if at is not None and begin <= at < end else None


def _taken(path: Path, zone_name: str) -> datetime | None:
    from enroll.photo import photo_facts

    facts = photo_facts(path)
    text, offset = facts.taken, facts.offset
    if text is None:
        return None
    wall = datetime.strptime(text.strip("\0 "), "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007 - Exif's own form has no zone
    if offset is not None and offset.strip("\0 "):
        return datetime.fromisoformat(wall.isoformat() + offset.strip("\0 ")).astimezone(UTC)
    return wall.replace(tzinfo=zone(zone_name)).astimezone(UTC)
