"""One presentation: a face, or a picture of one, brought before a camera on purpose, and what each setting makes of it.

A watcher for each setting of liveness sees the same frames as a run would; detector and encoder work once for all.
Nothing is recorded and no picture is kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NoReturn

from attendance.live.living import LIVENESS, Asking, Living
from attendance.live.models import ModelFailed
from attendance.live.watcher import SHOWN_S, Watcher
from attendance.liveness.measuring import SETTINGS, Setting
from attendance.liveness.saying import Ruling
from attendance.records import Decision, PersonRef

if TYPE_CHECKING:
    from attendance.cameras.frame import Frame, Pixels
    from attendance.clock import Clock
    from attendance.judge.decision import Policy
    from attendance.live.events import SeenFace
    from attendance.live.ports import Desk, LiveSettings, Means
    from attendance.scope import Scope
    from enroll.face import Detection, Face
    from enroll.stages import Encoder

PATIENCE: Final = 10  # frames in a row on which the models may fail
APART_S: Final = 2 * SHOWN_S  # tracks in view together for longer are not one face that was lost and found again
USUAL: Final = 0.8  # of the frames have so many faces or fewer
NOBODY: Final = "nobody"


@dataclass(frozen=True, slots=True)
class Presented:
    """What became of one presentation.

    `ruling` is what was told of its track in the end, None where no face could be judged; `marked` the settings under
    which somebody would have been, `person` whom the desk would have marked without liveness. `decision` and `reasons`
    are those without liveness, "nobody" where no face was found. `cues` tell the score, quality and reason of each, and
    no picture. `faces` are those in view at once, most of the time.
    """

    ruling: Ruling | None
    marked: frozenset[Setting] = frozenset()
    person: PersonRef | None = None
    decision: str = NOBODY
    reasons: tuple[str, ...] = ()
    cues: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    frames: int = 0
    faces: int = 0


class Presenting:
    """Watches one presentation for `desk`, asking for liveness as `asking` does, but under each setting.

    Nobody is asked to do anything, no screen changes its colour, and nothing is held against the source itself.
    """

    def __init__(self, desk: "Desk", scope: "Scope", asking: Asking, source: str = "measure") -> None:
        self._once = _Once(desk)
        plain = replace(asking, wanted="require", turns="never", light=False, distrust=(), challenge=None)
        self._asking = plain
        self._eyes: dict[Setting, _Eye] = {
            each: _Eye(self._once, scope, replace(plain, wanted=each), source) for each in SETTINGS
        }
        self._living: dict[int, Living] = {}
        self._time = 0.0
        self._frames = 0

    def see(self, frame: "Frame") -> None:
        """Take in one frame. Raises what the models do where they fail on ten in a row, and what judging does."""
        self._once.begin()
        self._time = frame.time
        try:
            for each in self._eyes.values():
                each.see(frame)
        except ModelFailed as failed:
            if failed.times >= PATIENCE:
                raise failed.error from None
            return
        self._frames += 1
        for face in self._eyes["off"].faces:
            self._keep(frame, face)

    def finish(self) -> Presented:
        """What became of it."""
        for each in self._eyes.values():
            each.watcher.finish()
        off, asked = self._eyes["off"], self._eyes["require"]
        told = off.last
        if told is None:
            return Presented(None, frames=self._frames, faces=off.usual)
        ruled = self._ruled(told, asked)
        marked = frozenset(name for name, each in self._eyes.items() if each.marks) if ruled.liveness else frozenset()
        return Presented(
            ruling=ruled.liveness,
            marked=marked,
            person=off.marks[0].person if off.marks else None,
            decision=told.decision,
            reasons=told.reasons,
            cues=ruled.judged.get(LIVENESS, {}).get("cues", {}),
            frames=self._frames,
            faces=off.usual,
        )

    def _keep(self, frame: "Frame", face: "SeenFace") -> None:
        """Keep the moment of a face, of which strangers' tracks are not asked by a run."""
        found = self._once.found_at(face.box)
        if found is not None:
            self._living.setdefault(face.track, Living(self._asking)).see(frame.pixels, found, frame.time)

    def _ruled(self, told: Decision, asked: "_Eye") -> Decision:
        """The decision with the ruling: that of the run which was to require it, else of all that was kept."""
        last = asked.last
        if last is not None and last.liveness is not None:
            return last
        living = self._living.get(self._eyes["off"].main or 0)
        if living is None or told.decision == "refused":
            return replace(told, liveness=None)
        return living.settle(replace(told, decision="review"), self._time, last=True)


@dataclass(slots=True)
class _Span:
    """From when to when a track was in view, and how large it was, summed over frames."""

    begin: float
    end: float
    area: float = 0.0


class _Eye:
    """One watcher, with all that it reports."""

    def __init__(self, once: "_Once", scope: "Scope", asking: Asking, source: str) -> None:
        self.watcher = Watcher(
            once, source=source, scope=scope, report=self._report, tell=lambda _: None, asking=asking
        )
        self.faces: tuple[SeenFace, ...] = ()
        self._once = once
        self._decisions: list[Decision] = []
        self._spans: dict[int, _Span] = {}
        self._counts: list[int] = []

    def see(self, frame: "Frame") -> None:
        self.watcher.see(frame)
        self.faces = tuple(each for each in self.watcher.faces(frame.time) if self._once.found_at(each.box) is not None)
        self._counts.append(len(self.faces))
        for face in self.faces:
            span = self._spans.setdefault(face.track, _Span(frame.time, frame.time))
            span.end, span.area = frame.time, span.area + face.box[2] * face.box[3]

    @property
    def main(self) -> int | None:
        """The track that was seen longest and largest."""
        return max(self._spans, key=lambda each: self._spans[each].area, default=None)

    @property
    def usual(self) -> int:
        """How many faces were in view at once, most of the time."""
        return sorted(self._counts)[min(len(self._counts) - 1, int(USUAL * len(self._counts)))] if self._counts else 0

    @property
    def last(self) -> Decision | None:
        """What was said last of the main track, None for nothing."""
        return next((each for each in reversed(self._decisions) if each.track == self.main), None)

    @property
    def marks(self) -> list[Decision]:
        """The marks of the main track, and of tracks that the same face may have had before or after it."""
        if self.main is None:
            return []
        whole = self._spans[self.main]
        own = {
            track
            for track, span in self._spans.items()
            if track == self.main or min(span.end, whole.end) - max(span.begin, whole.begin) <= APART_S
        }
        return [each for each in self._decisions if each.track in own and each.decision == "present"]

    def _report(self, decision: Decision, _: "Pixels") -> Decision:
        self._decisions.append(decision)
        return decision


class _Once:
    """A desk whose detector and encoder work once a frame, however many watchers ask; it records nothing."""

    def __init__(self, desk: "Desk") -> None:
        self._desk = desk
        self._small: tuple[int, list[Detection]] | None = None
        self._faces: dict[tuple[float, ...], Face] = {}

    def begin(self) -> None:
        """The next frame."""
        self._small = None
        self._faces.clear()

    def found_at(self, box: "tuple[float, float, float, float]") -> "Detection | None":
        """The face that was detected in this frame at this place of it, with its landmarks there."""
        for each in self._small[1] if self._small else ():
            scale = box[2] / each.box[2] if each.box[2] else 1.0
            if max(abs(there - scale * here) for there, here in zip(box, each.box, strict=True)) <= 1.0:
                return replace(each, box=box, landmarks=each.landmarks * scale)
        return None

    # what watchers ask of a desk

    @property
    def settings(self) -> "LiveSettings":
        """As the desk's."""
        return self._desk.settings

    @property
    def clock(self) -> "Clock":
        """As the desk's."""
        return self._desk.clock

    @property
    def pipeline(self) -> "_Once":
        """This."""
        return self

    def policy(self, scope: "Scope", /) -> "Policy":
        """As the desk's."""
        return self._desk.policy(scope)

    def judge(
        self, faces: "Sequence[Face]", scope: "Scope", /, *, source: str, frame: int | None = None, track: bool = False
    ) -> list[Decision]:
        """As the desk's."""
        return self._desk.judge(faces, scope, source=source, frame=frame, track=track)

    def record(
        self, decision: Decision, scope: "Scope", /, *, means: "Means | None" = None, crop: "Pixels | None" = None
    ) -> NoReturn:
        """Never."""
        raise NotImplementedError("a presentation records nothing")

    def note_check(self, means: "Means", scope: "Scope", /) -> NoReturn:
        """Never."""
        raise NotImplementedError("a presentation records nothing")

    def cover(
        self, means: "Means", scope: "Scope", source: str, /, *, begins: datetime, ends: datetime, before: Any
    ) -> NoReturn:
        """Never."""
        raise NotImplementedError("a presentation records nothing")

    # and of a pipeline

    @property
    def detector(self) -> "_Once":
        """This."""
        return self

    @property
    def encoder(self) -> "Encoder":
        """As the desk's."""
        return self._desk.pipeline.encoder

    def detect(self, pixels: "Pixels", /) -> "list[Detection]":
        """Every face, looked for once a frame and size."""
        if self._small is None or self._small[0] != pixels.shape[1]:
            self._small = pixels.shape[1], self._desk.pipeline.detector.detect(pixels)
        return list(self._small[1])

    def embed_detections(self, pixels: "Pixels", detections: "Sequence[Detection]", /) -> "list[Face]":
        """Their faces, each embedded once a frame."""
        new = [each for each in detections if each.box not in self._faces]
        made = self._desk.pipeline.embed_detections(pixels, new) if new else []
        self._faces |= {each.box: face for each, face in zip(new, made, strict=True)}
        return [self._faces[each.box] for each in detections]

    def track_doubts(self, looks: "Sequence[Face]", /) -> tuple[str, ...]:
        """As the desk's."""
        return self._desk.pipeline.track_doubts(looks)
