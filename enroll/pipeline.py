"""The whole way from a picture to templates: detect, align, assess, embed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np

from enroll.detect import FaceDetector, FaceFinder, load_detector_card
from enroll.encoder import DEFAULT, Encoder, load_encoder
from enroll.errors import NoFace, PhotoRefused, SeveralFaces
from enroll.face import Detection, Face, Photo, Pixels, Template
from enroll.geometry import align
from enroll.landmarks import LandmarkNet, Refiner, load_landmark_card
from enroll.quality import CHECK_LIMITS, ENROLL_LIMITS, QualityLimits, assess, is_finite

Multi = Literal["portrait", "error", "largest"]

# A face dwarfs another from this ratio of their boxes' areas on. In 271 photos with several faces the largest one was
# the wrong one 7 times, by a ratio of at most 1.35 (benchmarks/portrait.py).
DWARFS: Final = 2.0
MIDDLE: Final = 1 / 6  # of the picture's width, to either side; of two people side by side nobody stands there

# A mean grey (0 to 255) below which a picture as a whole is black to the eye.
_BLACK: Final = 10


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A detector and an encoder joined; `limits` hold for checks, `enrol_limits` for photos that enrol.

    Faces are aligned by the landmarks that `refiner` gives them, without one by the detector's own.
    """

    detector: FaceDetector
    encoder: Encoder
    limits: QualityLimits = CHECK_LIMITS
    enrol_limits: QualityLimits = ENROLL_LIMITS
    refiner: Refiner | None = None

    @property
    def id(self) -> str:
        """What a template was made with, from picture to cohort: the parts' names, joined by `+`."""
        return f"{self.finder}+{self.encoder.id}"

    @property
    def finder(self) -> str:
        """What finds and aligns faces: the detector's name and the landmark network's, joined by `+`."""
        return self.detector.id if self.refiner is None else f"{self.detector.id}+{self.refiner.id}"

    def faces(self, pixels: Pixels, *, limits: QualityLimits | None = None) -> list[Face]:
        """Return every face of an RGB picture (H, W, 3) uint8, the detector's most confident first.

        A face whose quality has reasons carries no template; the others are embedded in one batch.
        """
        return self.embed_detections(pixels, self.detector.detect(pixels), limits=limits)

    def embed_detections(
        self, pixels: Pixels, detections: Sequence[Detection], *, limits: QualityLimits | None = None
    ) -> list[Face]:
        """Return the faces that `detections` of `pixels` stand for, in their order (see `faces`)."""
        limits = limits or self.limits
        if self.refiner is not None and detections:
            detections = self.refiner.refine(pixels, detections)
        judged = [_judge(pixels, detection, self.encoder.crop_size, limits) for detection in detections]
        return self._with_templates(judged)

    def enrol_face(self, photo: Photo, *, multi: Multi = "portrait") -> Face:
        """Return the one face of a photo that is to enrol a person, with its template.

        Of several faces "portrait" takes the largest where it is clearly the one meant: where it dwarfs each other
        face and lies in the middle of the photo, nearer than any; "largest" takes it anyway, "error" never. Raises
        `NoFace`, `SeveralFaces` where none is to be chosen, and `PhotoRefused` with the reasons. Faces smaller than
        a check could judge are bystanders and do not count, nor do doubtful detections.
        """
        found = self.detector.detect(photo.pixels)
        if not found:
            raise no_face(photo.source, photo.pixels)
        ranked = sorted(found, key=_area, reverse=True)
        others = [each for each in ranked[1:] if self._counts(each)]
        doubt = portrait_doubt(photo.pixels.shape, ranked[0], others) if multi == "portrait" else ""
        if others and (doubt or multi == "error"):
            raise SeveralFaces(photo.source, f"{len(others) + 1} faces were found{doubt}")
        (face,) = self.embed_detections(photo.pixels, ranked[:1], limits=self.enrol_limits)
        if face.template is None:
            raise PhotoRefused(photo.source, face.quality.reasons, face.quality)
        return face

    def _counts(self, face: Detection) -> bool:
        large = max(face.box[2:]) >= self.limits.min_face_px
        return large and face.confidence >= self.enrol_limits.min_confidence

    def _with_templates(self, faces: list[Face]) -> list[Face]:
        usable = [face for face in faces if face.quality.usable]
        if not usable:
            return faces
        vectors = self.encoder.embed(np.stack([face.crop for face in usable]))
        means = self.encoder.cohort_means(vectors)
        templates = iter(
            Template(self.encoder.id, vector, float(mean)) for vector, mean in zip(vectors, means, strict=True)
        )
        return [
            Face(face.detection, face.quality, face.crop, next(templates)) if face.quality.usable else face
            for face in faces
        ]


def shipped_finder() -> str:
    """Return `Pipeline.finder` of what ships, from the cards alone; raises a `DetectorError`."""
    return f"{load_detector_card().id}+{load_landmark_card().id}"


def open_pipeline(
    encoder: str | Path = DEFAULT,
    *,
    threads: int = 0,
    detector_min_score: float | None = None,
    limits: QualityLimits = CHECK_LIMITS,
    enrol_limits: QualityLimits = ENROLL_LIMITS,
) -> Pipeline:
    """Load the detector and an encoder by name or folder; raises a `DetectorError` or an `EncoderError`.

    `detector_min_score` is the least confidence of a face, that of the detector's card if not given.
    """
    loaded = load_encoder(encoder, threads)
    return Pipeline(FaceFinder(detector_min_score, threads), loaded, limits, enrol_limits, LandmarkNet(threads))


def _judge(pixels: Pixels, detection: Detection, side: int, limits: QualityLimits) -> Face:
    crop = align(pixels, detection.landmarks, side) if is_finite(detection) else np.zeros((side, side, 3), np.uint8)
    return Face(detection, assess(pixels, detection, crop, limits), crop, None)


def portrait_doubt(
    shape: tuple[int, ...],
    largest: Detection,
    others: Sequence[Detection],
    *,
    dwarfs: float = DWARFS,
    middle: float = MIDDLE,
) -> str:
    """Return why the largest face of a picture of `shape` (H, W, ...) may not be the one that is meant.

    As the end of a sentence; empty where it dwarfs the others and lies in the middle.
    """
    if any(_area(largest) < dwarfs * _area(other) for other in others):
        return ", and none is by far the largest"
    aside = _off_centre(shape, largest)
    nearer = all(math.hypot(*aside) < math.hypot(*_off_centre(shape, other)) for other in others)
    if not nearer or abs(aside[0]) > middle * shape[1]:
        return ", and the largest is not the one in the middle"
    return ""


def _off_centre(shape: tuple[int, ...], detection: Detection) -> tuple[float, float]:
    """Return how far (x, y) the middle of a face is from the middle of the picture, in pixels."""
    x, y, width, height = detection.box
    return x + width / 2 - shape[1] / 2, y + height / 2 - shape[0] / 2


def _area(detection: Detection) -> float:
    return detection.box[2] * detection.box[3]


def no_face(source: str, pixels: Pixels) -> NoFace:
    """Return the error for a picture (H, W, 3) in which no face was found, with the reason where it is plain."""
    black = float(pixels.mean()) < _BLACK
    return NoFace(source, "no face was found, the picture is almost black (too_dark)" if black else "no face was found")
