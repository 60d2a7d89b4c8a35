"""Where faces are judged and recorded for one who acts: what checks and runs ask for, whichever door they came by."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from attendance.access import needs
from attendance.scope import ANYWHERE, Scope
from attendance.services.tally import Tally

if TYPE_CHECKING:
    from attendance.access import Actor
    from attendance.clock import Clock
    from attendance.judge.decision import Policy
    from attendance.judge.judging import Judge
    from attendance.records import Decision
    from attendance.register.coverage import Stretch
    from attendance.register.recording import Recorder
    from attendance.settings import Settings
    from enroll.face import Face
    from enroll.pipeline import Pipeline
    from gallery.ports import Database
    from gallery.values import Means


class Desk:
    """Judges faces and records what comes of it; may be shared by threads. It keeps the word of `live.ports.Desk`."""

    def __init__(
        self,
        store: "Database",
        judge: "Judge",
        recorder: "Recorder",
        load: "Callable[[], Pipeline]",
        *,
        settings: "Settings",
        clock: "Clock",
        tally: Tally | None = None,
    ) -> None:
        self._store, self._judge, self._recorder, self._load = store, judge, recorder, load
        self.settings = settings
        self.clock = clock
        self._tally = tally or Tally(clock)

    @needs("faces.judge")
    def by(self, actor: "Actor") -> Self:
        """The same desk, with somebody else who acts."""
        parts = (self._store, self._judge, self._recorder.by(actor), self._load)
        return type(self)(*parts, settings=self.settings, clock=self.clock, tally=self._tally)

    @property
    def pipeline(self) -> "Pipeline":
        """Detector and encoder, loaded at first use; raises EncoderError, DetectorError, StageError."""
        return self._load()

    def policy(self, scope: Scope = ANYWHERE, *, track: bool = False) -> "Policy":
        """The numbers to judge by, photos or tracks, for the people enrolled now. Raises GroupUnknown."""
        return self._judge.policy(scope, track=track)

    def judge(
        self,
        faces: "Sequence[Face]",
        scope: Scope = ANYWHERE,
        *,
        source: str,
        frame: int | None = None,
        track: bool = False,
    ) -> "list[Decision]":
        """Judge all faces of one picture together, one decision a face, in order; marks nothing.

        With ``track`` each face stands for a track's joined looks, of which more is asked (`track_factor`).
        """
        self._tally.judged(len(faces))
        return self._judge.judge(faces, source=source, frame=frame, at=self._at(scope), scope=scope, track=track)

    def record(
        self, decision: "Decision", scope: Scope = ANYWHERE, *, means: "Means | None" = None, crop: Any = None
    ) -> "Decision":
        """Store a decision as a sighting, and mark whom it finds ``present`` in the scope's session.

        Returns it with the sighting's number and the mark's id, as ``already`` when the person was marked before, as
        ``review`` when somebody has voided that mark, as ``unknown`` when the person was removed since. ``means`` is
        ``camera`` for a decision with a track, else ``file``, unless given. ``crop`` is the picture of the face,
        (H, W, 3) uint8 RGB: it is kept where somebody must look. In a session of a day gone by the mark is of the time
        that the file tells, if it tells one of that day. When this returns, what was written survives a kill.
        """
        with self._tally.writing() as told:
            told.extend(self._recorder.record([decision], scope, means, at=self.clock.utc(), note=False, crops=[crop]))
        return told[0]

    def record_picture(
        self,
        decisions: "Sequence[Decision]",
        scope: Scope = ANYWHERE,
        *,
        means: "Means | None" = None,
        crops: Sequence[Any] = (),
    ) -> "list[Decision]":
        """As `record` for all decisions of one picture in one step, and as `note_check`.

        ``crops`` holds the picture of each face, in the order of the decisions.
        """
        with self._tally.writing() as told:
            told.extend(self._recorder.record(decisions, scope, means, at=self.clock.utc(), note=True, crops=crops))
        return told

    def settle(self, faces: "Sequence[Face]", scope: Scope, *, source: str) -> "list[Decision]":
        """Judge the faces of one picture file and record the decisions, all in one step.

        Nobody is enrolled, marked or removed between the look at the gallery and the marks.
        """
        if not faces:
            now = self.clock.utc()
            return self._recorder.record([], scope, "file", at=now, note=True, source=source)
        with self._tally.writing() as told, self._store.atomic() as transaction:
            decisions, crops = self.judge(faces, scope, source=source), [face.crop for face in faces]
            now = self.clock.utc()
            made = self._recorder.record_in(transaction, decisions, scope, "file", at=now, note=True, crops=crops)
            told.extend(made)
        return told

    def note_check(self, means: "Means", scope: Scope = ANYWHERE) -> None:
        """Remember, once a run and session, that people were looked for: who is not marked now is absent."""
        self._recorder.note_check(means, scope, self.clock.utc())

    def cover(
        self,
        means: "Means",
        scope: Scope,
        source: str,
        *,
        begins: datetime,
        ends: datetime,
        before: "Stretch | None",
    ) -> "Stretch | None":
        """Remember that a source has looked from an instant to another; hand in what comes back ``before`` it goes on.

        None where nobody could be recognised, or where it shows a day gone by.
        """
        return self._recorder.cover(means, scope, source, begins, ends, before)

    def cover_shown(self, scope: Scope, begins: datetime, ends: datetime) -> bool:
        """Remember which time of a day gone by recordings have shown; false where nobody could be recognised."""
        return self._recorder.cover_shown(scope, begins, ends, self.clock.utc())

    def purge(self) -> int:
        """Let faces of sightings go that have been kept long enough; how many went."""
        return self._recorder.purge()

    def _at(self, scope: Scope) -> datetime:
        return scope.at or self.clock.utc()
