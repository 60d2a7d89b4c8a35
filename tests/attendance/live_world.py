"""A made-up world for tests of runs: pictures whose faces are known, files and cameras that play them."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import cv2
import numpy as np

from attendance.cameras import Address, CameraState, Frame, Kind
from attendance.judge.decision import Candidate, Compared, Policy, decide
from attendance.records import Decision, PersonRef, ScoredPerson
from attendance.scope import ANYWHERE
from attendance.settings import Settings
from enroll.errors import EncoderFailed
from enroll.face import Detection, Face, Quality, Template
from enroll.geometry import TEMPLATE_112

FPS = 30
DIM = 8
STREAM = Address(Kind.STREAM, "rtsp://door:s3cret@cam/live", "rtsp://***@cam/live")
POLICY = Policy(threshold=0.5, review_threshold=0.4, margin=0.05, target_fpir=0.003, gallery_size=2)
PEOPLE = {1: PersonRef("P-1", "Ada", 1), 2: PersonRef("P-2", "Bob", 2)}


@dataclass(frozen=True)
class Sight:
    """A face in one frame of the made-up world: whose, where, how good, and how alike to itself at enrolment."""

    who: int
    x: float = 100.0
    score: int = 60
    reasons: tuple[str, ...] = ()
    cosine: float = 0.9
    side: float = 60.0
    y: float = 80.0


def vector(who, cosine=1.0):
    """A unit vector at `cosine` to person number `who`, and at none to anybody else."""
    out = np.zeros(DIM, np.float32)
    out[who], out[DIM - 1] = cosine, np.sqrt(1 - cosine**2)
    return out


class World:
    """Pictures whose faces are known; stands in for detector, encoder, gallery and database, and counts calls."""

    def __init__(self, frames, **settings):
        self.frames, self.now = frames, 0
        self.settings = Settings(**{"vote_frames": 3, "liveness": "off", **settings})  # its pictures stand still
        self.pipeline = SimpleNamespace(
            detector=self, encoder=self, embed_detections=self.embed_detections, track_doubts=lambda _: ()
        )
        self.clock = self
        self.seconds = 1000.0
        self.id = "test"
        self.marks: list[str] = []
        self.notes: list[tuple] = []
        self.covered: list[tuple] = []
        self.crops: list[tuple] = []
        self.calls = {"detect": 0, "embed": 0, "record": 0}
        self.fail = None
        self.background = cv2.GaussianBlur(
            np.random.default_rng(0).integers(0, 255, (240, 320, 3), np.uint8), (9, 9), 0
        )

    # the clock

    def monotonic(self):
        return self.seconds

    def utc(self):
        return datetime(2026, 3, 2, 8, tzinfo=UTC) + timedelta(seconds=self.seconds)

    # the pictures

    def picture(self, number):
        out = self.background.copy()
        for sight in self.frames[number]:
            rng = np.random.default_rng(sight.who if sight.who < 90 else number)
            patch = cv2.GaussianBlur(rng.integers(0, 255, (60, 60, 3), np.uint8), (7, 7), 0)
            side, x, y = int(sight.side), int(sight.x), int(sight.y)
            out[y : y + side, x : x + side] = cv2.resize(patch, (side, side))
        return out

    def frame(self, number, time):
        self.now = number
        return Frame(self.picture(number), number, time, self.utc())

    # detector and encoder

    def detect(self, pixels):
        self.calls["detect"] += 1
        scale = pixels.shape[1] / 320
        return [
            Detection(
                (s.x * scale, s.y * scale, s.side * scale, s.side * scale),
                ((TEMPLATE_112 / 112 * s.side + [s.x, s.y]) * scale).astype(np.float32),
                0.9,
            )
            for s in self.frames[self.now]
        ]

    def embed_detections(self, pixels, detections):
        assert (240, 320, 3) == pixels.shape
        self.calls["embed"] += len(detections)
        if self.fail == "embed":
            raise EncoderFailed("encoder.onnx", "an embedding is not finite")
        return [self._face(each) for each in detections]

    def _face(self, detection):
        sight = min(self.frames[self.now], key=lambda s: abs(s.x - detection.box[0]) + abs(s.y - detection.box[1]))
        quality = Quality(sight.score, int(sight.side), 60, 60, 0.0, 0.0, 0.0, 0.9, sight.reasons)
        template = None if sight.reasons else Template("test", vector(sight.who % 90, sight.cosine), 0.0)
        return Face(detection, quality, np.zeros((112, 112, 3), np.uint8), template)

    def cohort_means(self, vectors):
        return np.zeros(len(vectors), np.float32)

    # gallery and marks

    def policy(self, scope=ANYWHERE, *, track=False):  # noqa: ARG002 - the seam's signature
        assert scope.group in (None, "class")
        return POLICY

    def judge(self, faces, scope=ANYWHERE, *, source, frame=None, track=False):  # noqa: ARG002 - the seam's signature
        assert scope.group in (None, "class")
        if self.fail == "judge":
            raise RuntimeError("the gallery broke")
        evidence = []
        for face in faces:
            if face.template is None:
                evidence.append(Compared(refusals=face.quality.reasons))
            else:
                scores = {who: float(face.template.vector[who]) for who in PEOPLE}
                evidence.append(Compared(tuple(Candidate(who, s, s) for who, s in scores.items()), doubts=face.doubts))
        return [
            self._decision(face, seen, verdict, source, frame, scope.at)
            for face, seen, verdict in zip(faces, evidence, decide(evidence, POLICY), strict=True)
        ]

    def _decision(self, face, seen, verdict, source, frame, at):
        ranked = sorted(seen.candidates, key=lambda c: -c.score)
        return Decision(
            source, at or self.utc(), face.box, verdict.ruling, POLICY.threshold, POLICY.target_fpir, 2, "test",
            person=PEOPLE[verdict.best.person] if verdict.ruling in {"present", "review"} else None,
            score=None if verdict.best is None else verdict.best.score,
            candidates=tuple(ScoredPerson(PEOPLE[c.person], c.score, c.cosine) for c in ranked),
            quality=face.quality.to_dict(), reasons=verdict.reasons, frame=frame,
        )  # fmt: skip

    def note_check(self, means, scope=ANYWHERE):
        self.notes.append((self.now, means, scope.session))

    def cover(self, means, scope, source, *, begins, ends, before):  # noqa: ARG002 - the seam's signature
        self.covered.append((means, source, begins, ends, before))
        return len(self.covered) if before is None else before

    def record(self, decision, scope=ANYWHERE, *, means=None, crop=None):
        self.crops.append((decision.decision, crop))
        if decision.decision != "present":
            return decision
        self.calls["record"] += 1
        if self.fail == "record":
            raise OSError("disk full")
        new = decision.person.id not in self.marks
        if new:
            self.marks.append(decision.person.id)
        return replace(
            decision, decision="present" if new else "already", mark=f"{scope.session}/{means}/{decision.person.id}"
        )


class Reader:
    """Stands in for VideoReader: the world's frames in order."""

    fps = float(FPS)

    def __init__(self, world):
        self.world, self.declared, self.closed = world, len(world.frames), False

    def close(self):
        self.closed = True

    def __iter__(self):
        for number in range(len(self.world.frames)):
            self.world.seconds += 1 / FPS
            yield self.world.frame(number, number / FPS)


class ScriptedCamera:
    """Plays the world's frames as a camera; entries of `script` by frame number interrupt it."""

    def __init__(self, world, script=None, fps=FPS):
        self.world, self.script, self.fps = world, script or {}, fps
        self.state, self.detail, self.number, self.closed = CameraState.CLOSED, "", 0, False

    def open(self):
        self.state = CameraState.ONLINE

    def newest(self, _timeout_s):
        self.world.seconds += 1 / self.fps
        event = self.script.pop(self.number, None)
        if isinstance(event, BaseException):
            raise event
        if event is not None:
            self.state, self.detail, pause = event
            self.world.seconds += pause
            return None
        if self.number >= len(self.world.frames):
            self.state, self.detail = CameraState.ENDED, ""
            return None
        self.state, self.detail = CameraState.ONLINE, ""
        self.number += 1
        return self.world.frame(self.number - 1, self.world.seconds)

    def close(self):
        self.closed = True


class Told(list):
    """Collects what is emitted, with the frame at which it was."""

    def __init__(self, world):
        super().__init__()
        self.world, self.when, self.said = world, [], []

    def __call__(self, decision):
        self.when.append(self.world.now)
        self.append(decision)

    @property
    def kinds(self):
        return [each.decision for each in self]


def standing(*sights, seconds=3.0):
    return [list(sights)] * round(seconds * FPS)
