"""`Attendance`: the whole product in one object; the command line only parses, calls it and prints."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from attendance.access import Actor
from attendance.clock import Clock, SystemClock
from attendance.faults import Problem
from attendance.home import home_folder, in_background, in_force, keep_zone, load_ahead
from attendance.judge.decision import Policy
from attendance.privacy_composition import PrivacyComposition
from attendance.records import Decision
from attendance.scope import Scope
from attendance.settings import Value, check, load

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from attendance.cameras import Address, Camera
    from attendance.register.marks import MarkInfo
    from attendance.register.report import Row
    from attendance.services.byhand import ByHandMark
    from attendance.services.checking import ShowPicture
    from attendance.services.consents import Agreed
    from attendance.services.enrolment import Enrolled, NotEnrolled
    from attendance.services.watching import CameraDesk
    from attendance.sources import Source
    from enroll.face import Face
    from enroll.pipeline import Pipeline
    from enroll.roster import Entry
    from gallery.slices.slice import Slice
    from gallery.values import Direction, Means, Place


class Attendance(PrivacyComposition):
    """A home (gallery, sessions, marks, settings) opened for work; use it as a context manager.

    Methods raise the errors of `attendance.errors`, `enroll.errors` and `gallery.errors`, nothing else on purpose.
    """

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
        loading = in_background(lambda: load_ahead(resolved.values)) if preload and pipeline is None else None
        from gallery.opening import is_there, open_database

        begins = create and not read_only and not is_there(folder)
        store = open_database(folder, create=create, read_only=read_only, at=clock.utc())
        taken = keep_zone(folder, zone or resolved.values.time_zone, clock.utc()) if begins else None
        found = load(folder, flags=flags) if taken else resolved
        found = in_force(found, store) if pipeline is None else found
        opened = cls(store, found, clock, pipeline, actor)
        if found.values.encoder != resolved.values.encoder:
            loading = None  # that of another encoder than the one in force
        opened._loading, opened.begun, opened.zone_taken = loading, begins, taken
        return opened

    def on_slice(self, offline: "Slice") -> Self:
        """The same for as long as the database is out of reach: the slice of the site, with these settings and clock.

        Detector and encoder are shared where they are loaded. Whoever opened the slice closes it.
        """
        return type(self)(offline.database, self.resolved, self.clock, self._pipeline, self.actor, offline=offline)

    @classmethod
    def cut_off(
        cls,
        offline: "Slice",
        *,
        clock: Clock | None = None,
        pipeline: "Pipeline | None" = None,
        flags: Mapping[str, Value] | None = None,
        actor: Actor | None = None,
    ) -> Self:
        """The slice of a site, opened for work where the database is out of reach from the start."""
        resolved = load(offline.home, flags=flags)
        return cls(offline.database, resolved, clock or SystemClock(), pipeline, actor, offline=offline)

    def close(self) -> None:
        """Let go of what this process does alone, and close the database."""
        if "leases" in self.__dict__:
            self.leases.close()
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

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
        agreed: "Agreed | None" = None,
    ) -> "Enrolled":
        """Enrol one photo of one person: a file, or its bytes, which ``source`` names.

        A face unlike the earlier photos of the person of this name is refused (PersonUnlike), unless an id says who
        it is, or ``same_person``. ``agreed`` is what they have agreed to, noted in the same step. Raises ConsentMissing
        where a template may not be made of them, PhotoError, FaceError (PhotoRefused with its reasons),
        PersonDuplicate, PersonUnlike, GalleryError.
        """
        from attendance.services.enrolment import Rules

        rules = Rules(replace, allow_duplicate, same_person, agreed=agreed)
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
        agreed: "Agreed | None" = None,
    ) -> "Iterator[Enrolled | NotEnrolled]":
        """Enrol photos one by one, in order; an outcome that came out is on the disk.

        A photo whose face is unlike the person's others is refused also where an id is given, as it may lie in the
        wrong folder or row; ``same_person`` files it.

        A run may be repeated: what is there already comes out as ``unchanged``, without a look at the photo.
        """
        from attendance.services.enrolment import Rules

        return self.enrolment.many(
            self.actor, entries, Rules(replace, allow_duplicate, same_person, agreed=agreed), workers
        )

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
        self.consents.lapse()
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
        and in the end what `run_camera` does, and LeaseLost where another process watches the camera of this place.
        """
        from attendance.services.watching import decisions_of

        self.consents.lapse()
        address, scope = self.scopes.before(camera, session, group, direction=direction, dry_run=dry_run)
        alone = partial(self.alone_before, scope, on_status or (lambda _: None))
        return decisions_of(alone, address, scope, status=on_status, device=device)

    def alone_before(self, scope: Scope, say: Callable[[str], object]) -> "AbstractContextManager[CameraDesk]":
        """The desk for a run before the camera of this scope, which no other process watches during the block."""
        from attendance.services.leases import alone_before

        return alone_before(self.desk, self.store, self.leases, scope, say)

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
    from gallery.opening import is_there

    folder = home_folder(home)
    return not is_there(folder) and load(folder, flags=flags).values.time_zone is None
