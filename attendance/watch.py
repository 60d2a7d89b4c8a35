"""One source watched: frames in, at most one decision a track out.

Every frame moves the tracks by optical flow; a few times a second the detector looks at a smaller copy, the
faces worth it are embedded, and all tracks in view are judged together.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from attendance.cameras.frame import Frame, Pixels
from attendance.flow import Grey, follow
from attendance.records import Decision
from attendance.track import Box, Track, Tracker
from attendance.vote import Evidence, Sighting

if TYPE_CHECKING:
    from attendance.app import Attendance
    from attendance.label import Label
    from enroll.face import Detection, Face

DETECT_S: Final = 1 / 6  # from one detection to the next
EAGER_LOOKS: Final = 8  # a track's first looks; each detection is one
CALM_LOOK_S: Final = 0.5  # from then on, while it is undecided
MARKED_LOOK_S: Final = 1.0  # and after its mark, to see whether it is still the same person
SHOWN_S: Final = 0.4  # a box is drawn this long after its last detection

Report = Callable[[Decision], Decision | None]


@dataclass(slots=True, eq=False)
class Watched:
    """A track and what is known of it. `reported` is its decision once it has been given out."""

    track: Track
    evidence: Evidence
    verdict: Decision | None = None
    reported: Decision | None = None
    looked: float = float("-inf")


class Watcher:
    """Watches one source for `app`. `report` is given each settled decision once and returns it as recorded."""

    def __init__(self, app: "Attendance", *, source: str, group: str | None, report: Report) -> None:
        self._app, self._source, self._group, self._report = app, source, group, report
        self._tracker = Tracker()
        self._watched: dict[int, Watched] = {}
        self._before: Grey | None = None
        self._next_detection = float("-inf")
        self.judged = 0

    def see(self, frame: Frame) -> None:
        """Take in one frame; decisions that this settles are reported before it returns."""
        due = frame.time >= self._next_detection - 1e-6
        if not due and not self._watched:
            self._before = None
            return
        small, scale = self._shrink(frame.pixels)
        self._move(small, scale)
        if due:
            self._next_detection = frame.time + DETECT_S
            self._look(frame, small, scale)

    def finish(self) -> None:
        """End all tracks and report what is left to report."""
        for track in self._tracker.drain():
            self._end(self._watched.pop(track.id))

    def labels(self, time: float) -> "list[Label]":
        """What to draw now: every track in view, with its decision or how far it is."""
        seen = [each for each in self._watched.values() if time - each.track.last_seen <= SHOWN_S]
        return [self._label(each) for each in seen]

    def _label(self, each: Watched) -> "Label":
        from attendance.label import Label, in_words, label_of

        box, evidence, needed = each.track.box, each.evidence, self._app.settings.vote_frames
        if each.reported is not None:
            return label_of(each.reported, box)
        if evidence.looks >= EAGER_LOOKS and each.verdict is not None:
            return label_of(evidence.settle(each.verdict), box)
        if evidence.looks >= EAGER_LOOKS and evidence.best is not None:
            return Label(box, "refused", "cannot judge", in_words(evidence.best.face.quality.reasons))
        return Label(box, "watching", "looking", f"{min(evidence.votes(), needed)} of {needed} frames")

    def _shrink(self, pixels: Pixels) -> tuple[Pixels, float]:
        """The copy that is searched, and its scale (small = scale * full)."""
        scale = self._app.settings.detect_side / max(pixels.shape[:2])
        if scale >= 1.0:
            return pixels, 1.0
        import cv2

        size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
        return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8), scale

    def _move(self, small: Pixels, scale: float) -> None:
        import cv2

        grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)
        before, self._before = self._before, grey
        if before is None or before.shape != grey.shape:
            self._tracker.move(dict.fromkeys(self._watched))
            return
        tracks = [each.track for each in self._watched.values() if each.track.steady]
        boxes = follow(before, grey, [_scaled(track.box, scale) for track in tracks])
        self._tracker.move(
            {
                track.id: None if box is None else _scaled(box, 1 / scale)
                for track, box in zip(tracks, boxes, strict=True)
            }
        )

    def _look(self, frame: Frame, small: Pixels, scale: float) -> None:
        found = [_enlarged(each, scale) for each in self._app.pipeline.detector.detect(small)]
        faces: dict[int, Face] = {}
        update = self._tracker.update(found, frame.time, self._compare(frame, faces))
        for track in update.seen:
            if track.id not in self._watched:
                self._watched[track.id] = Watched(track, Evidence(self._app.settings.vote_frames))
        if news := self._embed(frame, update.seen, faces):
            self._take_in(frame, news)
            self._judge(frame, [self._watched[track.id] for track in update.seen], dict(news))
        for track in update.lost:
            self._end(self._watched.pop(track.id))

    def _compare(self, frame: Frame, faces: "dict[int, Face]") -> "Callable[[Track, Detection], bool]":
        """How a face that flow lost is known again: by its template. Faces embedded for it land in `faces`."""

        def same_face(track: Track, detection: "Detection") -> bool:
            known = self._watched[track.id].evidence.fused(self._app.pipeline.encoder)
            (face,) = self._app.pipeline.embed_detections(frame.pixels, [detection])
            faces[id(detection)] = face
            if known is None or face.template is None:
                return False
            middle = (known.cohort_mean + face.template.cohort_mean) / 2
            score = float(known.vector @ face.template.vector) - middle
            return score >= self._app.policy(self._group).review_threshold

        return same_face

    def _embed(self, frame: Frame, seen: Sequence[Track], ready: "dict[int, Face]") -> "list[tuple[Watched, Face]]":
        """The faces worth a look in this frame, those embedded already included."""
        due = [self._watched[track.id] for track in seen]
        due = [each for each in due if id(each.track.detection) in ready or self._is_due(each, frame.time)]
        fresh = [each.track.detection for each in due if id(each.track.detection) not in ready]
        embedded = self._app.pipeline.embed_detections(frame.pixels, fresh) if fresh else []
        ready |= {id(detection): face for detection, face in zip(fresh, embedded, strict=True)}
        return [(each, ready[id(each.track.detection)]) for each in due]

    def _is_due(self, each: Watched, time: float) -> bool:
        if each.evidence.looks < EAGER_LOOKS and each.reported is None:
            return True
        pause = CALM_LOOK_S if each.reported is None else MARKED_LOOK_S
        return time - each.looked >= pause - 1e-6

    def _take_in(self, frame: Frame, news: "Sequence[tuple[Watched, Face]]") -> None:
        """Add each face, judged by itself within this frame, to its track's evidence."""
        usable = [face for _, face in news if face.template is not None]
        alone = iter(self._ask(frame, usable))
        for each, face in news:
            judged = next(alone) if face.template is not None else None
            each.evidence.add(Sighting(frame.number, frame.at, face, judged))
            each.looked = frame.time
            self.judged += judged is not None

    def _judge(self, frame: Frame, seen: Sequence[Watched], news: "dict[Watched, Face]") -> None:
        """Judge all tracks in view together, each on its joint template."""
        encoder = self._app.pipeline.encoder
        fused = [(each, each.evidence.fused(encoder)) for each in seen]
        pairs = [
            (each, replace(each.evidence.best.face, template=template))
            for each, template in fused
            if template is not None and each.evidence.best is not None
        ]
        for (each, _), verdict in zip(pairs, self._ask(frame, [face for _, face in pairs]), strict=True):
            each.verdict = verdict
            if each in news and each.reported is None:
                self._settle(frame, each, verdict, news[each])

    def _settle(self, frame: Frame, each: Watched, verdict: Decision, face: "Face") -> None:
        """Report a track that has become sure of its person."""
        settled = each.evidence.settle(verdict)
        if settled.decision == "present":
            quality = face.quality.to_dict()
            self._give(each, replace(settled, box=face.box, quality=quality, frame=frame.number, at=frame.at))

    def _end(self, each: Watched) -> None:
        """Report a track that left undecided, or that changed its person after its mark."""
        best = each.evidence.best
        if best is None or (each.reported is not None and not each.evidence.switched):
            return
        verdict = each.verdict
        if best.face.template is None or verdict is None:
            (verdict,) = self._app.judge([best.face], source=self._source, at=best.at, group=self._group)
        settled = each.evidence.settle(verdict)
        quality = best.face.quality.to_dict()
        self._give(each, replace(settled, box=best.face.box, quality=quality, frame=best.frame, at=best.at))

    def _give(self, each: Watched, decision: Decision) -> None:
        decision = replace(decision, track=each.track.id)
        each.reported = self._report(decision) or decision

    def _ask(self, frame: Frame, faces: "Sequence[Face]") -> list[Decision]:
        if not faces:
            return []
        return self._app.judge(faces, source=self._source, frame=frame.number, at=frame.at, group=self._group)


def _scaled(box: Box, scale: float) -> Box:
    return box[0] * scale, box[1] * scale, box[2] * scale, box[3] * scale


def _enlarged(detection: "Detection", scale: float) -> "Detection":
    """A detection of the small copy in pixels of the full picture."""
    if scale == 1.0:
        return detection
    landmarks = (detection.landmarks / scale).astype(np.float32)
    return replace(detection, box=_scaled(detection.box, 1 / scale), landmarks=landmarks)
