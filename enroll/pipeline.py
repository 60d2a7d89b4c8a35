"""The whole way from a picture to templates: detect, align, assess, embed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from enroll.detect import CenterFace, FaceDetector
from enroll.encoder import DEFAULT, Encoder, load_encoder
from enroll.errors import NoFace, PhotoRefused, SeveralFaces
from enroll.face import Detection, Face, Photo, Pixels, Template
from enroll.geometry import align
from enroll.quality import CHECK_LIMITS, ENROLL_LIMITS, QualityLimits, assess, is_finite

Multi = Literal["error", "largest"]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A detector and an encoder joined; `limits` hold for checks, `enrol_limits` for photos that enrol."""

    detector: FaceDetector
    encoder: Encoder
    limits: QualityLimits = CHECK_LIMITS
    enrol_limits: QualityLimits = ENROLL_LIMITS

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
        judged = [_judge(pixels, detection, self.encoder.crop_size, limits) for detection in detections]
        return self._with_templates(judged)

    def enrol_face(self, photo: Photo, *, multi: Multi = "error") -> Face:
        """Return the one face of a photo that is to enrol a person, with its template.

        Raises `NoFace`, `SeveralFaces` (unless `multi` is "largest") and `PhotoRefused` with the reasons.
        Faces smaller than a check could judge are bystanders and do not count, nor do doubtful detections.
        """
        found = self.detector.detect(photo.pixels)
        if not found:
            raise NoFace(photo.source, "no face was found")
        ranked = sorted(found, key=_area, reverse=True)
        others = [each for each in ranked[1:] if self._counts(each)]
        if others and multi == "error":
            raise SeveralFaces(photo.source, f"{len(others) + 1} faces were found")
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


def open_pipeline(
    encoder: str | Path = DEFAULT,
    *,
    threads: int = 0,
    detector_min_score: float = 0.5,
    limits: QualityLimits = CHECK_LIMITS,
    enrol_limits: QualityLimits = ENROLL_LIMITS,
) -> Pipeline:
    """Load the detector and an encoder by name or folder; raises a `DetectorError` or an `EncoderError`."""
    loaded = load_encoder(encoder, threads)
    return Pipeline(CenterFace(detector_min_score, threads), loaded, limits, enrol_limits)


def _judge(pixels: Pixels, detection: Detection, side: int, limits: QualityLimits) -> Face:
    crop = align(pixels, detection.landmarks, side) if is_finite(detection) else np.zeros((side, side, 3), np.uint8)
    return Face(detection, assess(pixels, detection, crop, limits), crop, None)


def _area(detection: Detection) -> float:
    return detection.box[2] * detection.box[3]
