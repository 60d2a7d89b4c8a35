"""One source watched: frames in, at most one decision a track out.

The detector sees every frame, so that boxes follow their faces. A look, which embeds the faces worth it and judges all
tracks in view together, is taken a few times a second: frames side by side err alike, and would not be as many
witnesses.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from attendance.cameras.frame import Frame, Pixels
from attendance.live.events import SeenFace, Voted
from attendance.live.flow import Grey, continues, follow
from attendance.live.living import Asking, Living
from attendance.live.models import Models
from attendance.live.track import Box, Track, Tracker
from attendance.live.vote import Look, Looks
from attendance.records import Decision
from attendance.scope import Scope

if TYPE_CHECKING:
    from attendance.live.ports import Desk
    from enroll.face import Detection, Face, Template

LOOK_S: Final = 1 / 6  # from one look to the next
EAGER_LOOKS: Final = 8  # a track's first looks; each time there is one
CALM_LOOK_S: Final = 0.5  # from then on, while it is undecided
MARKED_LOOK_S: Final = 1.0  # and after its mark, to see whether it is still the same person
SHOWN_S: Final = 0.4  # a box is drawn this long after its last detection
PROMPT_S: Final = 0.2  # between two frames; after longer pauses a face at the same place may be another one

OFF: Final = Asking()

Report = Callable[[Decision, Pixels], Decision]


@dataclass(slots=True, eq=False)
class Watched:
    """A track and what is known of it. `reported` is its decision once it has been given out.

    `held` is the last look at one who would be marked, were it not for what is asked of a living face. `fused` is what
    the looks before the newest ones have shown together.
    """

    track: Track
    looks: Looks
    living: Living
    joint: Decision | None = None
    reported: Decision | None = None
    looked: float = float("-inf")
    held: Look | None = None
    fused: "Template | None" = None


@dataclass(frozen=True, slots=True, eq=False)
class Before:
    """The frame before, small and grey, and its time."""

    grey: Grey
    time: float


class Watcher:
    """Watches one source for `desk`, and asks of each track whether it is a living face as `asking` says.

    `report` is given each settled decision once, with the crop of the face it was taken from, and returns it as
    recorded.
    """

    def __init__(
        self,
        desk: "Desk",
        *,
        source: str,
        scope: Scope,
        report: Report,
        tell: Callable[[Voted], object],
        asking: Asking = OFF,
    ) -> None:
        self._desk, self._source, self._scope, self._asking = desk, source, scope, asking
        self._report, self._tell = report, tell
        self._models = Models(desk)
        self._tracker = Tracker()
        self._watched: dict[int, Watched] = {}
        self._before: Before | None = None
        self._next_look = float("-inf")
        self.judged = 0

    def see(self, frame: Frame) -> None:
        """Take in one frame; decisions that this settles are reported before it returns.

        Where it raises `ModelFailed`, the frame has no say in any decision, and the next one may be tried.
        """
        small, scale = self._shrink(frame.pixels)
        found = self._models.detect(small)
        self._follow(small, scale, found, frame.time)
        faces: dict[int, Face] = {}
        found = [_enlarged(each, scale) for each in found]
        update = self._tracker.update(found, frame.time, self._compare(frame, faces))
        for track in update.seen:
            if track.id not in self._watched:
                looks = Looks(self._desk.settings.vote_frames, self._models.track_doubts)
                self._watched[track.id] = Watched(track, looks, Living(self._asking))
            self._watched[track.id].living.see(frame.pixels, track.detection, frame.time)
        for track in update.lost:
            self._end(self._watched.pop(track.id))
        if frame.time >= self._next_look - 1e-6:
            self._look(frame, update.seen, faces)
        self._let_go([self._watched[track.id] for track in update.seen], frame.time)

    def finish(self) -> None:
        """End all tracks and report what is left to report, those first that are undecided: who stops may not wait."""
        ended = [self._watched.pop(track.id) for track in self._tracker.drain()]
        for each in sorted(ended, key=lambda each: each.reported is not None):
            self._end(each)

    def faces(self, time: float) -> tuple[SeenFace, ...]:
        """Every track in view, with its decision or how far it is."""
        return tuple(
            self._seen(each, time) for each in self._watched.values() if time - each.track.last_seen <= SHOWN_S
        )

    def _seen(self, each: Watched, time: float) -> SeenFace:
        looks, needed = each.looks, self._desk.settings.vote_frames
        decision, reasons = each.reported, tuple[str, ...]()
        if decision is None and looks.count >= EAGER_LOOKS and each.joint is not None:
            decision = each.living.told(looks.settle(each.joint))
        elif decision is None and looks.count >= EAGER_LOOKS and looks.best is not None:
            reasons = looks.best.face.quality.reasons or ("not_judged",)
        prompt = "" if each.reported is not None else each.living.prompt(time)
        return SeenFace(each.track.id, each.track.box, decision, reasons, min(looks.votes(), needed), needed, prompt)

    def _shrink(self, pixels: Pixels) -> tuple[Pixels, float]:
        """The copy that is searched, and its scale (small = scale * full)."""
        scale = self._desk.settings.detect_side / max(pixels.shape[:2])
        if scale >= 1.0:
            return pixels, 1.0
        import cv2

        size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
        return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8), scale

    def _follow(self, small: Pixels, scale: float, found: "Sequence[Detection]", time: float) -> None:
        """Put each track where its face went since the frame before; `found` is in pixels of the small copy."""
        import cv2

        before, self._before = self._before, None
        if not found and not self._watched:
            return
        grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)
        self._before = Before(grey, time)
        if before is None or before.grey.shape != grey.shape:
            self._tracker.move(dict.fromkeys(self._watched))
            return
        boxes = [each.box for each in found] if time - before.time <= PROMPT_S else []
        steady = [
            (each.track.id, _scaled(each.track.box, scale)) for each in self._watched.values() if each.track.steady
        ]
        doubtful = [each for each in steady if not continues(before.grey, grey, each[1], boxes)]
        moved = follow(before.grey, grey, [box for _, box in doubtful])
        self._tracker.move(
            {
                track: None if box is None else _scaled(box, 1 / scale)
                for (track, _), box in zip(doubtful, moved, strict=True)
            }
        )

    def _look(self, frame: Frame, seen: "Sequence[Track]", ready: "dict[int, Face]") -> None:
        """Embed the faces that are due and judge all tracks in view; those that have become sure are reported."""
        news = self._embed(frame, seen, ready)
        self._next_look = frame.time + LOOK_S
        if news:
            looks = self._take_in(frame, news)
            self._judge(frame, [self._watched[track.id] for track in seen], looks)

    def _compare(self, frame: Frame, faces: "dict[int, Face]") -> "Callable[[Track, Detection], bool]":
        """How a face that could not be followed is known again: by its template, which lands in `faces`."""

        def same_face(track: Track, detection: "Detection") -> bool:
            known = self._watched[track.id].looks.fused(self._models.encoder)
            if known is None:
                return False
            (face,) = self._models.embed(frame.pixels, [detection])
            faces[id(detection)] = face
            return self._is_same(known, face)

        return same_face

    def _is_same(self, known: "Template", face: "Face") -> bool:
        if face.template is None or face.template.pipeline_id != known.pipeline_id:
            return False
        return known.score(face.template) >= self._desk.policy(self._scope).review_threshold

    def _embed(self, frame: Frame, seen: Sequence[Track], ready: "dict[int, Face]") -> "list[tuple[Watched, Face]]":
        """The faces worth a look in this frame; those embedded already are `ready`."""
        due = [each for each in (self._watched[track.id] for track in seen) if self._is_due(each, frame.time)]
        fresh = [each.track.detection for each in due if id(each.track.detection) not in ready]
        embedded = self._models.embed(frame.pixels, fresh)
        ready |= {id(detection): face for detection, face in zip(fresh, embedded, strict=True)}
        return [(each, ready[id(each.track.detection)]) for each in due]

    def _is_due(self, each: Watched, time: float) -> bool:
        if each.looks.count < EAGER_LOOKS and each.reported is None:
            return True
        pause = CALM_LOOK_S if each.reported is None else MARKED_LOOK_S
        return time - each.looked >= pause - 1e-6

    def _take_in(self, frame: Frame, news: "Sequence[tuple[Watched, Face]]") -> dict[Watched, Look]:
        """Add each face, judged by itself within this frame, to its track's looks; returns these."""
        usable = [face for _, face in news if face.template is not None]
        alone, taken = iter(self._ask(frame, usable)), dict[Watched, Look]()
        for each, face in news:
            judged = next(alone) if face.template is not None else None
            taken[each] = look = Look(frame.number, frame.at, face, judged)
            if each.reported is None:
                other = each.fused is not None and face.template is not None and not self._is_same(each.fused, face)
                each.living.look(frame.time, votes=look.voted is not None, other=other)
            each.looks.add(look)
            each.looked = frame.time
            self.judged += judged is not None
            self._tell(Voted(each.track.id, frame.number, judged, each.looks.votes(), self._desk.settings.vote_frames))
        return taken

    def _judge(self, frame: Frame, seen: Sequence[Watched], news: dict[Watched, Look]) -> None:
        """Judge all tracks in view together, each on its joint template."""
        encoder = self._models.encoder
        fused = [(each, each.looks.fused(encoder)) for each in seen]
        for each, template in fused:
            each.fused = template
        pairs = [
            (each, replace(each.looks.best.face, template=template))
            for each, template in fused
            if template is not None and each.looks.best is not None
        ]
        for (each, _), joint in zip(pairs, self._ask(frame, [face for _, face in pairs], track=True), strict=True):
            each.joint = joint
            if each in news and each.reported is None:
                self._settle(each, joint, news[each], frame.time)

    def _settle(self, each: Watched, joint: Decision, look: Look, time: float) -> None:
        """Report a track that has become sure of its person, unless its mark is held or kept back."""
        settled = each.looks.settle(joint)
        each.held = look if settled.decision == "present" else None
        if each.held is None or each.living.waits(settled, time):
            return
        told = each.living.settle(settled, time)
        if told.decision == "present":
            self._give(each, look, told)

    def _let_go(self, seen: Sequence[Watched], time: float) -> None:
        """Report those in view whose marks were held, and are not to be any more; no look is needed for that."""
        for each in seen:
            if each.held is not None and each.joint is not None and each.reported is None and each.looked < time:
                self._settle(each, each.joint, each.held, time)

    def _end(self, each: Watched) -> None:
        """Report a track that left undecided, changed its person after its mark, or was no living face after all."""
        best = each.looks.best
        if best is None:
            return
        time = each.track.last_seen
        if each.reported is not None and not each.looks.switched:
            told = _after_all(each.reported, each.living, time)
            if told is not None:
                self._give(each, best, told)
            return
        joint = each.joint
        if best.face.template is None or joint is None:
            (joint,) = self._desk.judge([best.face], self._scope.of(best.at), source=self._source, track=True)
        self._give(each, best, each.living.settle(each.looks.settle(joint), time, last=True))

    def _give(self, each: Watched, look: Look, decision: Decision) -> None:
        """Report a decision as one of this look's frame."""
        face, track = look.face, each.track.id
        told = replace(
            decision, box=face.box, quality=face.quality.to_dict(), frame=look.frame, at=look.at, track=track
        )
        each.reported = self._report(told, face.crop)

    def _ask(self, frame: Frame, faces: "Sequence[Face]", *, track: bool = False) -> list[Decision]:
        if not faces:
            return []
        scope = self._scope.of(frame.at)
        return self._desk.judge(faces, scope, source=self._source, frame=frame.number, track=track)


def _after_all(given: Decision, living: Living, time: float) -> Decision | None:
    """The review of a mark whose track, at its end, is ruled an attack; None where nothing was found."""
    if given.decision not in {"present", "already"} or living.ruling(time) != "attack":
        return None
    return living.settle(replace(given, decision="present", mark=None, sighting=None), time)


def _scaled(box: Box, scale: float) -> Box:
    return box[0] * scale, box[1] * scale, box[2] * scale, box[3] * scale


def _enlarged(detection: "Detection", scale: float) -> "Detection":
    """A detection of the small copy in pixels of the full picture."""
    if scale == 1.0:
        return detection
    landmarks = (detection.landmarks / scale).astype(np.float32)
    return replace(detection, box=_scaled(detection.box, 1 / scale), landmarks=landmarks)
