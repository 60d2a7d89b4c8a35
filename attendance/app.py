"""`Attendance`: the whole product in one object; the command line only parses, calls it and prints."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from attendance.access import Actor
from attendance.clock import Clock, SystemClock
from attendance.faults import Problem
from attendance.home import (
    encoder_card,
    former_name,
    home_folder,
    in_background,
    keep_zone,
    load_pipeline,
    pipeline_id,
)
from attendance.judge.decision import Policy
from attendance.records import Decision
from attendance.scope import Scope
from attendance.settings import Resolved, Settings, Value, check, load

if TYPE_CHECKING:
    from concurrent.futures import Future

    from attendance.cameras import Address, Camera
    from attendance.judge.judging import Judge
    from attendance.register.marks import MarkInfo, Marks
    from attendance.register.report import Row
    from attendance.register.retention import Retention
    from attendance.register.sessions import Sessions
    from attendance.services.approving import Approvals
    from attendance.services.archives import Archives
    from attendance.services.byhand import ByHand, ByHandMark
    from attendance.services.calendars import Calendars
    from attendance.services.checking import Checks, ShowPicture
    from attendance.services.covering import Coverings
    from attendance.services.desk import Desk
    from attendance.services.enrolment import Enrolled, Enroller, NotEnrolled
    from attendance.services.excuses import Excuses
    from attendance.services.exports import Exports
    from attendance.services.foreignids import ForeignIds
    from attendance.services.leaving import Leaving
    from attendance.services.lookalikes import Lookalikes
    from attendance.services.markimport import MarkImport
    from attendance.services.months import Months
    from attendance.services.outlook import Outlooks
    from attendance.services.people import People
    from attendance.services.places import Places
    from attendance.services.portrait import Portraits
    from attendance.services.proving import Proofs
    from attendance.services.reach import Nights
    from attendance.services.reembedding import Renewal
    from attendance.services.reporting import Reports
    from attendance.services.reviewing import Reviews
    from attendance.services.rosterimport import RosterImport
    from attendance.services.scopes import Scopes
    from attendance.services.sessions import SessionBook
    from attendance.services.settled import Settled
    from attendance.services.statuses import Statuses
    from attendance.services.statusreports import StatusReports
    from attendance.services.timetables import Timetables
    from attendance.services.upkeep import Upkeep
    from attendance.sources import Source
    from enroll.card import EncoderCard
    from enroll.face import Face
    from enroll.pipeline import Pipeline
    from enroll.roster import Entry
    from gallery import Database, Gallery
    from gallery.values import Direction, Means, Place


class Attendance:
    """A home (gallery, sessions, marks, settings) opened for work; use it as a context manager.

    Methods raise the errors of `attendance.errors`, `enroll.errors` and `gallery.errors`, nothing else on purpose.
    """

    def __init__(
        self,
        store: "Database",
        resolved: Resolved,
        clock: Clock,
        pipeline: "Pipeline | None" = None,
        actor: Actor | None = None,
    ) -> None:
        self.store = store
        self.home = store.home
        self.resolved = resolved
        self.settings: Settings = resolved.values
        self.clock = clock
        self.actor = actor or Actor.of_account()
        self.zone_taken: str | None = None
        """In words the zone that this new home keeps from now on, and what told it; None for any other home."""
        self._pipeline = pipeline
        self._loading: Future[Pipeline] | None = None
        self._lock = threading.RLock()

    @classmethod
    def open(
        cls,
        home: Path | str | None = None,
        *,
        clock: Clock | None = None,
        pipeline: "Pipeline | None" = None,
        flags: Mapping[str, Value] | None = None,
        create: bool = True,
        read_only: bool = False,
        preload: bool = False,
        actor: Actor | None = None,
        zone: str | None = None,
    ) -> Self:
        """Open the home, created on first use; ``pipeline`` replaces the shipped detector and encoder.

        A new home keeps the zone of its site: ``zone``, else the one that a setting gives, else the computer's, unless
        that is in doubt; see `zone_taken`. ``flags`` overrule settings. With ``read_only`` nothing is ever written.
        With ``preload`` detector and encoder load beside the database, for those who will surely need them. ``actor``
        is who acts wherever no other is named; without one, the account that this process runs under. Raises
        GalleryUnusable, SettingsError.
        """
        folder = home_folder(home)
        resolved = load(folder, flags=flags)
        if zone is not None:
            check("time_zone", zone, "zone")
        clock = clock or SystemClock()
        loading = in_background(lambda: load_pipeline(resolved.values)) if preload and pipeline is None else None
        from gallery import Store

        begins = create and not read_only and not Store.is_there(folder)
        store = Store.open(folder, create=create, read_only=read_only, at=clock.utc())
        taken = keep_zone(folder, zone or resolved.values.time_zone, clock.utc()) if begins else None
        opened = cls(store, load(folder, flags=flags) if taken else resolved, clock, pipeline, actor)
        opened._loading, opened.zone_taken = loading, taken
        return opened

    def close(self) -> None:
        """Close the database."""
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # The parts

    @property
    def pipeline(self) -> "Pipeline":
        """Detector and encoder, loaded at first use; raises EncoderError, DetectorError."""
        with self._lock:
            if self._pipeline is None:
                loading, self._loading = self._loading, None
                self._pipeline = load_pipeline(self.settings) if loading is None else loading.result()
            return self._pipeline

    @cached_property
    def card(self) -> "EncoderCard":
        """What is known of the encoder."""
        if self._pipeline is not None:
            return self._pipeline.encoder.card
        return encoder_card(self.settings.encoder)

    @cached_property
    def gallery(self) -> "Gallery":
        """The people and their templates, those of homes that earlier versions wrote under the present name."""
        from gallery import Gallery

        name = pipeline_id(self.settings) if self._pipeline is None else self._pipeline.id
        opened = Gallery(self.store, name, formerly=former_name(name, self.card))
        if not self.store.read_only:
            opened.adopt_former(at=self.clock.utc(), by=self.actor.name)
        return opened

    @cached_property
    def sessions(self) -> "Sessions":
        """The sessions, days in the site's zone."""
        from attendance.register.sessions import Sessions

        return Sessions(self.store, self.zone, self.actor.name)

    @cached_property
    def marks(self) -> "Marks":
        """The marks."""
        from attendance.register.marks import Customs, Marks

        again = timedelta(minutes=self.settings.mark_again_minutes)
        customs = Customs(again, self.settings.second_approval, self.nights.of_mark)
        return Marks(self.store, self.actor.name, customs)

    @cached_property
    def desk(self) -> "Desk":
        """Where faces are judged and recorded for whoever acts."""
        from attendance.register.coverage import Coverage
        from attendance.register.recording import Recorder
        from attendance.services.desk import Desk

        def searched() -> int:
            return self.judging.policy().gallery_size

        coverage = Coverage(self.store, searched, self.actor.name, also=self.nights.of_look)
        recorder = Recorder(self.gallery, self.sessions, self.marks, self.retention, coverage, actor=self.actor)
        return Desk(self.store, self.judging, recorder, lambda: self.pipeline, settings=self.settings, clock=self.clock)

    @cached_property
    def retention(self) -> "Retention":
        """How long faces are kept that nobody has looked at."""
        from attendance.register.retention import Retention

        return Retention(self.store, self.clock, self.settings)

    @cached_property
    def judging(self) -> "Judge":
        """What compares faces with the gallery."""
        from attendance.judge.judging import Judge
        from gallery import GalleryIndex

        return Judge(self.gallery, GalleryIndex(self.gallery), self.card.score_model, self.settings)

    @property
    def zone(self) -> str:
        """The site's IANA zone."""
        from attendance.zones.computer import system_zone

        return self.settings.time_zone or system_zone()

    @property
    def zone_warning(self) -> str | None:
        """What is in doubt about the zone that days are counted in, None where all is well or the site's is set."""
        from attendance.zones.computer import computer_zone

        if self.settings.time_zone is not None:
            return None
        found = computer_zone(self.clock.utc())
        return None if found.warning is None else f"{found.warning}. To settle it: {found.repair}"

    # The use cases

    @cached_property
    def people(self) -> "People":
        """Who is enrolled."""
        from attendance.services.people import People

        return People(self.gallery, self.sessions, self.clock, self.settled)

    @cached_property
    def leaving(self) -> "Leaving":
        """Who leaves, and who comes back."""
        from attendance.services.leaving import Leaving

        return Leaving(self.gallery, self.sessions, self.clock, self.settled)

    @cached_property
    def portraits(self) -> "Portraits":
        """All that is known of somebody."""
        from attendance.services.portrait import Portraits

        return Portraits(self.gallery, self.judging, self.leaving)

    @cached_property
    def lookalikes(self) -> "Lookalikes":
        """Who is hard to tell apart."""
        from attendance.services.lookalikes import Lookalikes

        return Lookalikes(self.gallery, self.clock)

    @cached_property
    def upkeep(self) -> "Upkeep":
        """Whether the gallery is sound."""
        from attendance.services.upkeep import Upkeep

        return Upkeep(self.gallery, self.clock)

    @cached_property
    def enrolment(self) -> "Enroller":
        """How photos become people."""
        from attendance.services.enrolment import Enroller

        return Enroller(self.gallery, self.judging, self.clock, self.settings, lambda: self.pipeline, self.zone)

    @cached_property
    def renewal(self) -> "Renewal":
        """Templates of a new encoder, without new photos."""
        from attendance.services.reembedding import Renewal

        return Renewal(self.gallery, self.clock, lambda: self.pipeline)

    @cached_property
    def archives(self) -> "Archives":
        """People as a file."""
        from attendance.services.archives import Archives

        return Archives(self.gallery, self.sessions, self.clock)

    @cached_property
    def session_book(self) -> "SessionBook":
        """What people are marked for."""
        from attendance.services.sessions import SessionBook

        return SessionBook(self.gallery, self.sessions, self.marks, self.clock)

    @cached_property
    def by_hand(self) -> "ByHand":
        """What a person marks and voids."""
        from attendance.services.byhand import ByHand

        return ByHand(self.gallery, self.sessions, self.marks, self.clock)

    @cached_property
    def reports(self) -> "Reports":
        """Who was there."""
        from attendance.services.reporting import Reports

        return Reports(self.gallery, self.sessions, self.marks, self.clock, self.settings.site_name)

    @cached_property
    def statuses(self) -> "Statuses":
        """What became of everybody by the timetable."""
        from attendance.services.statuses import Statuses

        return Statuses(self.gallery, self.sessions, self.clock)

    @cached_property
    def nights(self) -> "Nights":
        """What else belongs to days of closed months."""
        from attendance.services.reach import Nights

        return Nights(self.statuses, self.zone)

    @cached_property
    def settled(self) -> "Settled":
        """Closed months, kept as they are."""
        from attendance.services.settled import Settled

        return Settled(self.statuses)

    @cached_property
    def status_reports(self) -> "StatusReports":
        """Who was there by the timetable."""
        from attendance.services.statusreports import StatusReports

        return StatusReports(self.gallery, self.sessions, self.statuses, self.clock, self.settings.site_name)

    @cached_property
    def proofs(self) -> "Proofs":
        """All that somebody's day rests on."""
        from attendance.services.proving import Proofs

        return Proofs(self.gallery, self.statuses, self.clock, self.settings.site_name)

    @cached_property
    def places(self) -> "Places":
        """Cameras and kiosks by name."""
        from attendance.services.places import Places

        return Places(self.gallery, self.clock, self.settled)

    @cached_property
    def timetables(self) -> "Timetables":
        """When who is expected."""
        from attendance.services.timetables import Timetables

        return Timetables(self.gallery, self.sessions, self.clock, self.statuses)

    @cached_property
    def calendars(self) -> "Calendars":
        """Days off, and terms."""
        from attendance.services.calendars import Calendars

        return Calendars(self.gallery, self.sessions, self.clock, self.statuses)

    @cached_property
    def excuses(self) -> "Excuses":
        """When somebody need not be there."""
        from attendance.services.excuses import Excuses

        awaits = self.settings.second_approval
        return Excuses(self.gallery, self.sessions, self.clock, self.statuses, second_approval=awaits)

    @cached_property
    def months(self) -> "Months":
        """What is not changed any more."""
        from attendance.services.months import Months

        return Months(self.gallery, self.sessions, self.clock, self.statuses)

    @cached_property
    def scopes(self) -> "Scopes":
        """For what people are looked for."""
        from attendance.services.scopes import Scopes

        given = self.resolved.origins["target_fpir"] == "flag"
        return Scopes(self.judging, self.sessions, self.places, self.clock, target_given=given)

    @cached_property
    def outlooks(self) -> "Outlooks":
        """What checks will judge by."""
        from attendance.services.outlook import Outlooks

        return Outlooks(self.gallery, self.judging, lambda: self.card)

    @cached_property
    def checks(self) -> "Checks":
        """Pictures, folders and videos looked through."""
        from attendance.services.checking import Checks

        return Checks(self.desk)

    @cached_property
    def roster_import(self) -> "RosterImport":
        """Registers of other systems."""
        from attendance.services.rosterimport import RosterImport

        return RosterImport(self.gallery, self.sessions, self.clock)

    @cached_property
    def mark_import(self) -> "MarkImport":
        """Marks of other devices."""
        from attendance.services.markimport import MarkImport

        return MarkImport(self.gallery, self.sessions, self.clock, self.nights)

    @cached_property
    def exports(self) -> "Exports":
        """Marks as files for other systems."""
        from attendance.services.exports import Exports

        return Exports(self.gallery, self.sessions)

    @cached_property
    def foreign_ids(self) -> "ForeignIds":
        """What other systems call people."""
        from attendance.services.foreignids import ForeignIds

        return ForeignIds(self.gallery, self.clock)

    @cached_property
    def reviews(self) -> "Reviews":
        """What waits for somebody to look."""
        from attendance.services.reviewing import Reviews

        return Reviews(self.gallery, self.sessions, self.marks, self.retention, self.clock)

    @cached_property
    def approvals(self) -> "Approvals":
        """What waits for a second person."""
        from attendance.services.approving import Approvals

        return Approvals(self.gallery, self.sessions, self.marks, self.clock, self.statuses)

    @cached_property
    def coverings(self) -> "Coverings":
        """When people were looked for."""
        from attendance.services.covering import Coverings

        return Coverings(self.gallery, self.sessions, self.clock, self.nights)

    # Enrol

    def enroll(
        self,
        photo: Path | str | bytes,
        *,
        name: str,
        external_id: str | None = None,
        groups: Sequence[str] = (),
        replace: bool = False,
        allow_duplicate: bool = False,
        same_person: bool = False,
        source: str = "bytes",
    ) -> "Enrolled":
        """Enrol one photo of one person: a file, or its bytes, which ``source`` names.

        A face unlike the earlier photos of the person of this name is refused (PersonUnlike), unless an id says who
        it is, or ``same_person``. Raises PhotoError, FaceError (PhotoRefused with its reasons), PersonDuplicate,
        PersonUnlike, GalleryError.
        """
        from attendance.services.enrolment import Rules

        rules = Rules(replace, allow_duplicate, same_person)
        return self.enrolment.photo(
            self.actor, photo, name=name, external_id=external_id, groups=groups, rules=rules, source=source
        )

    def enroll_many(
        self,
        entries: "Iterable[Entry]",
        *,
        replace: bool = False,
        allow_duplicate: bool = False,
        same_person: bool = False,
        workers: int | None = None,
    ) -> "Iterator[Enrolled | NotEnrolled]":
        """Enrol photos one by one, in order; an outcome that came out is on the disk.

        A photo whose face is unlike the person's others is refused also where an id is given, as it may lie in the
        wrong folder or row; ``same_person`` files it.

        A run may be repeated: what is there already comes out as ``unchanged``, without a look at the photo.
        """
        from attendance.services.enrolment import Rules

        return self.enrolment.many(self.actor, entries, Rules(replace, allow_duplicate, same_person), workers)

    # Judge and mark

    def scope(
        self,
        session: str | None = None,
        group: str | None = None,
        place: "Place | None" = None,
        *,
        direction: "Direction | None" = None,
        dry_run: bool = False,
    ) -> Scope:
        """For what people are to be looked for, see `Scopes.of`."""
        return self.scopes.of(session, group, place, direction=direction, dry_run=dry_run)

    def policy(self, group: str | None = None) -> Policy:
        """The numbers to judge by, for the people enrolled now (of one group)."""
        return self.judging.policy(Scope(group=group))

    def judge(
        self,
        faces: "Sequence[Face]",
        *,
        source: str,
        frame: int | None = None,
        at: datetime | None = None,
        group: str | None = None,
        track: bool = False,
    ) -> list[Decision]:
        """Judge all faces of one picture together, see `Desk.judge`; marks nothing."""
        return self.desk.judge(faces, Scope(group=group, at=at), source=source, frame=frame, track=track)

    def record(
        self, decision: Decision, session: str | None = None, *, how: "Means | None" = None, crop: Any = None
    ) -> Decision:
        """Store a decision as a sighting, and mark whom it finds ``present`` in the session, see `Desk.record`."""
        return self.desk.record(decision, Scope(session), means=how, crop=crop)

    def record_picture(
        self,
        decisions: Sequence[Decision],
        session: str | None = None,
        *,
        how: "Means | None" = None,
        crops: Sequence[Any] = (),
    ) -> list[Decision]:
        """As `record` for all decisions of one picture in one step, and as `note_check`; see `Desk.record_picture`."""
        return self.desk.record_picture(decisions, Scope(session), means=how, crops=crops)

    def note_check(self, how: "Means", session: str | None = None) -> None:
        """Remember, once a run and session, that people were looked for; see `Recorder.note_check`."""
        self.desk.note_check(how, Scope(session))

    def check(
        self,
        *sources: Path | str | bytes,
        session: str | None = None,
        group: str | None = None,
        direction: "Direction | None" = None,
        covers: str | None = None,
        dry_run: bool = False,
        on_problem: Callable[[Problem], None] | None = None,
        on_picture: "ShowPicture | None" = None,
        on_status: Callable[[str], object] | None = None,
        on_done: "Callable[[Source], object] | None" = None,
        annotated_video: "Callable[[Source], Path | None] | None" = None,
        workers: int | None = None,
    ) -> Iterator[Decision]:
        """Judge every face of pictures, folders and videos and mark who is present; one decision a face.

        A source that cannot be used goes to ``on_problem``; without one, the first such error is raised at
        the end, when all the others are done. ``on_picture`` sees every picture with its decisions, ``on_status``
        gets a video's progress, ``on_done`` each source that was looked at, ``annotated_video`` says where to write
        an annotated copy. Bytes are a picture. ``covers`` is the time of a day gone by that they show, see
        `Coverings.shown`. Raises SessionUnknown, SessionClosed, GroupUnknown, MonthClosed, CoverageSpan at once.
        """
        from attendance.services.checking import Hooks, silent

        hooks = Hooks(on_problem, on_picture, on_status or silent, on_done or silent, annotated_video or silent)
        scope = self.scope(session, group, direction=direction, dry_run=dry_run)
        shown = None if covers is None else self.coverings.shown(covers, session)
        return self.checks.run(self.actor, sources, scope, hooks, workers=workers, covers=shown)

    def watch(
        self,
        camera: "str | Address",
        *,
        session: str | None = None,
        group: str | None = None,
        direction: "Direction | None" = None,
        dry_run: bool = False,
        on_status: Callable[[str], object] | None = None,
        device: "Camera | None" = None,
    ) -> Iterator[Decision]:
        """Watch a camera and mark who is present; one decision a track.

        ``camera`` is the name of a place, else a device number, URL or video file.

        Goes on until the camera ends or the iterator is left: with ``contextlib.closing`` it is left where the
        ``with`` ends. ``on_status`` hears how the camera does, ``device`` stands in for it. Raises CameraAddress,
        CameraMissing, PlaceRetired, PlaceAddress, PlaceUnknown, SessionUnknown, SessionClosed, GroupUnknown at once,
        and in the end what `run_camera` does.
        """
        from attendance.services.watching import decisions_of

        address, scope = self.scopes.before(camera, session, group, direction=direction, dry_run=dry_run)
        return decisions_of(self.desk, address, scope, status=on_status, device=device)

    # By hand

    def mark(
        self,
        person: str,
        *,
        session: str | None = None,
        at: str | datetime | None = None,
        note: str = "",
        direction: "Direction | None" = None,
    ) -> "MarkInfo":
        """As `enter`; returns the mark alone."""
        return self.enter(person, session=session, at=at, note=note, direction=direction).mark

    def enter(
        self,
        person: str,
        *,
        session: str | None = None,
        at: str | datetime | None = None,
        note: str = "",
        direction: "Direction | None" = None,
    ) -> "ByHandMark":
        """Mark somebody present by hand, see `ByHand.enter`; returns the mark with whose it is, and whether it is new.

        ``at`` may be an instant.
        """
        text = at.isoformat() if isinstance(at, datetime) else at
        return self.by_hand.enter(self.actor, person, session=session, at=text, note=note, direction=direction)

    def void(self, person: str, *, reason: str, session: str | None = None, mark: str | None = None) -> "MarkInfo":
        """Declare a mark wrong; cameras do not make it again. Raises MarkUnknown, MarkVoided, MonthClosed."""
        return self.by_hand.void(self.actor, person, reason=reason, session=session, mark=mark).mark

    def correct(
        self,
        person: str,
        *,
        at: str | datetime,
        reason: str,
        session: str | None = None,
        direction: "Direction | None" = None,
        mark: str | None = None,
    ) -> "MarkInfo":
        """Put a mark of the right time in the place of a wrong one, see `ByHand.correct`; returns the new one."""
        text = at.isoformat() if isinstance(at, datetime) else at
        return self.by_hand.correct(
            self.actor, person, at=text, reason=reason, session=session, direction=direction, mark=mark
        ).made.mark

    def report(
        self,
        *,
        session: str | None = None,
        first: date | None = None,
        last: date | None = None,
        group: str | None = None,
    ) -> "list[Row]":
        """Who was present, absent or unknown ("no log") in one session, or in those of a span of days.

        Without any of them: today's sessions. Raises SessionUnknown, GroupUnknown.
        """
        from attendance.services.reporting import Asked

        return self.reports.rows(Asked(session, first, last, group))


def zone_wanted(home: Path | str | None, flags: Mapping[str, Value] | None = None) -> bool:
    """Whether there is no home yet, and no setting tells the zone of its site."""
    from gallery import Store

    folder = home_folder(home)
    return not Store.is_there(folder) and load(folder, flags=flags).values.time_zone is None
