"""`Attendance`: the whole product in one object; the command line only parses, calls it and prints."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from attendance.access import Actor
from attendance.clock import Clock, SystemClock
from attendance.faults import Problem
from attendance.home import encoder_card, home_folder, in_background, load_pipeline
from attendance.judge.decision import Policy
from attendance.records import Decision
from attendance.settings import Resolved, Settings, Value, load

if TYPE_CHECKING:
    from concurrent.futures import Future

    from attendance.cameras import Address, Camera
    from attendance.judge.judging import Judge
    from attendance.register.marks import MarkInfo, Marks
    from attendance.register.report import Row
    from attendance.register.sessions import SessionInfo, Sessions
    from attendance.services.archives import Archives
    from attendance.services.byhand import ByHand, ByHandMark
    from attendance.services.checking import ShowPicture
    from attendance.services.enrolment import Enrolled, Enroller, NotEnrolled
    from attendance.services.leaving import Leaving
    from attendance.services.lookalikes import Lookalikes
    from attendance.services.people import People
    from attendance.services.portrait import Portraits
    from attendance.services.reembedding import Renewal
    from attendance.services.reporting import Reports
    from attendance.services.sessions import SessionBook
    from attendance.services.upkeep import Upkeep
    from attendance.sources import Source
    from enroll.card import EncoderCard
    from enroll.face import Face
    from enroll.pipeline import Pipeline
    from enroll.roster import Entry
    from gallery import Database, Gallery
    from gallery.values import Means


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
        self._pipeline = pipeline
        self._loading: Future[Pipeline] | None = None
        self._noted: set[int] = set()
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
    ) -> Self:
        """Open the home, created on first use; ``pipeline`` replaces the shipped detector and encoder.

        ``flags`` overrule settings. With ``read_only`` nothing is ever written. With ``preload`` detector and
        encoder load beside the database, for those who will surely need them. ``actor`` is who acts wherever
        no other is named; without one, the account that this process runs under. Raises GalleryUnusable,
        SettingsError.
        """
        folder = home_folder(home)
        resolved = load(folder, flags=flags)
        clock = clock or SystemClock()
        loading = in_background(lambda: load_pipeline(resolved.values)) if preload and pipeline is None else None
        from gallery import Store

        store = Store.open(folder, create=create, read_only=read_only, at=clock.utc())
        opened = cls(store, resolved, clock, pipeline, actor)
        opened._loading = loading
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
        """The people and their templates."""
        from gallery import Gallery

        return Gallery(self.store, self.card.id)

    @cached_property
    def sessions(self) -> "Sessions":
        """The sessions, days in the site's zone."""
        from attendance.register.sessions import Sessions

        return Sessions(self.store, self.zone, self.actor.name)

    @cached_property
    def marks(self) -> "Marks":
        """The marks."""
        from attendance.register.marks import Marks

        return Marks(self.store, self.actor.name)

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

        return People(self.gallery, self.clock)

    @cached_property
    def leaving(self) -> "Leaving":
        """Who leaves, and who comes back."""
        from attendance.services.leaving import Leaving

        return Leaving(self.gallery, self.sessions, self.clock)

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

        return Enroller(self.gallery, self.judging, self.clock, self.settings, lambda: self.pipeline)

    @cached_property
    def renewal(self) -> "Renewal":
        """Templates of a new encoder, without new photos."""
        from attendance.services.reembedding import Renewal

        return Renewal(self.gallery, self.clock, lambda: self.pipeline)

    @cached_property
    def archives(self) -> "Archives":
        """People as a file."""
        from attendance.services.archives import Archives

        return Archives(self.gallery, self.clock)

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

        return Reports(self.gallery, self.sessions, self.marks, self.clock)

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

    def policy(self, group: str | None = None) -> Policy:
        """The numbers to judge by, for the people enrolled now (of one group)."""
        return self.judging.policy(group)

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
        """Judge all faces of one picture together, one decision a face, in order; marks nothing.

        With ``track`` each face stands for a track's joined looks, of which more is asked (`track_factor`).
        """
        now = at or self.clock.utc()
        return self.judging.judge(faces, source=source, frame=frame, at=now, group=group, track=track)

    def record(
        self, decision: Decision, session: str | None = None, *, how: "Means | None" = None, crop: Any = None
    ) -> Decision:
        """Store a decision as a sighting, and mark whom it finds ``present`` in the session (None: the day's own).

        Returns it with the sighting's number and the mark's id, as ``already`` when the person was marked before, as
        ``review`` when somebody has voided that mark, as ``unknown`` when the person was removed since. ``how`` is
        ``camera`` for a decision with a track, else ``file``, unless given. ``crop`` is the picture of the face,
        (H, W, 3) uint8 RGB: it is kept where somebody must look. In a session of a day gone by the mark is of the time
        that the file tells, if it tells one of that day. When this returns, what was written survives a kill.
        """
        from attendance.register.recording import record

        return record(self, [decision], session, how, note=False, crops=[crop])[0]

    def record_picture(
        self,
        decisions: Sequence[Decision],
        session: str | None = None,
        *,
        how: "Means | None" = None,
        crops: Sequence[Any] = (),
    ) -> list[Decision]:
        """As `record` for all decisions of one picture in one step, and as `note_check`.

        ``crops`` holds the picture of each face, in the order of the decisions.
        """
        from attendance.register.recording import record

        return record(self, decisions, session, how, note=True, crops=crops)

    def note_check(self, how: "Means", session: str | None = None) -> None:
        """Remember, once a run and session, that people were looked for: who is not marked now is absent.

        Where nobody can be recognised (no template of this encoder), nobody was looked for. Faces that have been kept
        long enough for somebody to look at go.
        """
        from attendance.services.reviewing import purge

        purge(self)
        with self.store.reading():
            self.note(self.sessions.for_marks(session, self.clock.utc()), how)

    def note(self, session: "SessionInfo", how: "Means") -> None:
        """As `note_check`, for a session that is open."""
        from attendance.register.recording import refuse_past

        at = self.clock.utc()
        refuse_past(session, at, how)
        if session.id not in self._noted and self.policy().gallery_size:
            self.sessions.note_check(session, at=at, details={"how": how})
            self._noted.add(session.id)

    def check(
        self,
        *sources: Path | str,
        session: str | None = None,
        group: str | None = None,
        dry_run: bool = False,
        on_problem: Callable[[Problem], None] | None = None,
        on_picture: "ShowPicture | None" = None,
        on_status: Callable[[str], None] | None = None,
        on_done: "Callable[[Source], None] | None" = None,
        annotated_video: "Callable[[Source], Path | None] | None" = None,
        workers: int | None = None,
    ) -> Iterator[Decision]:
        """Judge every face of pictures, folders and videos and mark who is present; one decision a face.

        A source that cannot be used goes to ``on_problem``; without one, the first such error is raised at
        the end, when all the others are done. ``on_picture`` sees every picture with its decisions, ``on_status``
        gets a video's progress, ``on_done`` each source that was looked at, ``annotated_video`` says where to write
        an annotated copy. Raises SessionUnknown, SessionClosed, GroupUnknown at once.
        """
        from attendance.parallel import worker_count
        from attendance.services.checking import Check

        group = self.searched_group(session, group)
        problems: list[Problem] = []
        run = Check(
            self,
            session=session,
            group=group,
            dry_run=dry_run,
            complain=on_problem or problems.append,
            show=on_picture,
            status=on_status or _silent,
            done=on_done or _silent,
            annotated=annotated_video or _silent,
            workers=worker_count(workers, self.settings.threads),
        )
        return _then_raise(run.run([Path(source) for source in sources]), problems)

    def watch(
        self,
        camera: "str | Address",
        *,
        session: str | None = None,
        group: str | None = None,
        dry_run: bool = False,
        on_status: Callable[[str], None] | None = None,
        device: "Camera | None" = None,
    ) -> Iterator[Decision]:
        """Watch a camera (device number, URL or video file) and mark who is present; one decision a track.

        Goes on until the camera ends or the iterator is left: with ``contextlib.closing`` it is left where the
        ``with`` ends. ``on_status`` hears how the camera does, ``device`` stands in for it. Raises CameraAddress,
        SessionUnknown, SessionClosed, GroupUnknown at once, and in the end what `run_camera` does.
        """
        from attendance.cameras import parse_address
        from attendance.parallel import as_iterator
        from attendance.services.watching import run_camera

        place = parse_address(camera) if isinstance(camera, str) else camera
        wanted = self.searched_group(session, group)

        def run(emit: Callable[[Decision], None], stop: Callable[[], bool]) -> None:
            run_camera(
                self,
                place,
                session=session,
                group=wanted,
                dry_run=dry_run,
                window=False,
                emit=emit,
                status=on_status or _silent,
                stop=stop,
                camera=device,
            )

        return as_iterator(run)

    def searched_group(self, session: str | None, group: str | None) -> str | None:
        """The group to search: the one asked for, else the session's; makes no session.

        Raises GroupUnknown, SessionUnknown, SessionClosed, SessionDay.
        """
        found = None if session is None else self._looked_for_in(session)
        wanted = group if group is not None or found is None else found.group
        self.policy(wanted)
        return wanted

    def _looked_for_in(self, session: str) -> "SessionInfo | None":
        from attendance.register.sessions import day_named

        at, day = self.clock.utc(), day_named(session)
        if day is not None and self.sessions.known(session) is None:
            self.sessions.begun(day, at)
            return None
        return self.sessions.for_marks(session, at)

    # By hand

    def mark(
        self, person: str, *, session: str | None = None, at: str | datetime | None = None, note: str = ""
    ) -> "MarkInfo":
        """As `enter`; returns the mark alone."""
        return self.enter(person, session=session, at=at, note=note).mark

    def enter(
        self, person: str, *, session: str | None = None, at: str | datetime | None = None, note: str = ""
    ) -> "ByHandMark":
        """Mark somebody present by hand, see `ByHand.enter`; returns the mark with whose it is, and whether it is new.

        ``at`` may be an instant.
        """
        text = at.isoformat() if isinstance(at, datetime) else at
        return self.by_hand.enter(self.actor, person, session=session, at=text, note=note)

    def void(self, person: str, *, reason: str, session: str | None = None) -> "MarkInfo":
        """Declare a mark wrong; cameras do not make it again. Raises MarkUnknown, MarkVoided."""
        return self.by_hand.void(self.actor, person, reason=reason, session=session).mark

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


def _then_raise(decisions: Iterator[Decision], problems: list[Problem]) -> Iterator[Decision]:
    yield from decisions
    for problem in problems:
        if problem.error is not None:
            raise problem.error


def _silent(_: object) -> None:
    return None
