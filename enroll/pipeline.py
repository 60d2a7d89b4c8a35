"""The whole way from a picture to templates: detect, refine, align, screen, embed."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final, Literal

import numpy as np

from enroll.chips import BORDER, CROP_SIDE, cut
from enroll.detectors.finder import load_detector_card
from enroll.detectors.landmarks import LandmarkNet, load_landmark_card
from enroll.errors import NoFace, PhotoRefused, ScreenFailed, SeveralFaces
from enroll.face import Chip, Detection, Face, Photo, Pixels, Template
from enroll.geometry import align
from enroll.limits import CHECK_LIMITS, ENROLL_LIMITS, NO_LIMITS, CardLimits, QualityLimits, limits_of
from enroll.naming import finder_of, joined
from enroll.registry import DEFAULT, QUALITY, Options, encoder_card, open_detector, open_encoder, open_screen
from enroll.screens.quality import QualityScreen, is_finite, measure
from enroll.stages import Detector, Encoder, Refiner, Screen, Screened, Sight, Stage

Multi = Literal["portrait", "error", "largest"]

# A face dwarfs another from this ratio of their boxes' areas on. In 271 photos with several faces the largest one was
# the wrong one 7 times, by a ratio of at most 1.35 (benchmarks/portrait.py).
DWARFS: Final = 2.0
MIDDLE: Final = 1 / 6  # of the picture's width, to either side; of two people side by side nobody stands there

# A mean grey (0 to 255) below which a picture as a whole is black to the eye.
_BLACK: Final = 10


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The chain of stages, joined; `limits` of quality hold for checks, `enrol_limits` for photos that enrol.

    Faces are aligned by the landmarks that `refiner` gives them, without one by the detector's own. Quality is the
    first screen; `screens` are those that are asked after it, of faces that none before has refused.
    """

    detector: Detector
    encoder: Encoder
    limits: QualityLimits = CHECK_LIMITS
    enrol_limits: QualityLimits = ENROLL_LIMITS
    refiner: Refiner | None = None
    screens: tuple[Screen, ...] = ()

    @property
    def id(self) -> str:
        """What a template was made with, from picture to cohort: the parts' names, joined by `+`."""
        return joined(self.finder, self.encoder.id)

    @property
    def finder(self) -> str:
        """What finds and aligns faces: the detector's name and the landmark network's, joined by `+`."""
        return self.detector.id if self.refiner is None else joined(self.detector.id, self.refiner.id)

    def faces(self, pixels: Pixels, *, limits: QualityLimits | None = None) -> list[Face]:
        """Return every face of an RGB picture (H, W, 3) uint8, the detector's most confident first.

        A face that a screen refuses carries the reasons and no template; the others are embedded in one batch. Raises
        `DetectorFailed`, `EncoderFailed` or `ScreenFailed`.
        """
        return self.embed_detections(pixels, self.detector.detect(pixels), limits=limits)

    def embed_detections(
        self,
        pixels: Pixels,
        detections: Sequence[Detection],
        *,
        limits: QualityLimits | None = None,
        stage: Stage = "check",
    ) -> list[Face]:
        """Return the faces that `detections` of `pixels` stand for, in their order (see `faces`).

        With a screen that watches tracks, each has its chip.
        """
        if self.refiner is not None and detections:
            detections = self.refiner.refine(pixels, detections)
        quality = QualityScreen(limits or self.limits, limits or self.enrol_limits)
        asked = [screen for screen in (quality, *self.screens) if stage in screen.stages]
        side = self.encoder.crop_size
        faces = self._with_templates([_screened(pixels, each, side, asked, stage) for each in detections])
        tracks_are_watched = any("track" in screen.stages for screen in self.screens)
        return [_with_chip(pixels, face) for face in faces] if tracks_are_watched and stage == "check" else faces

    def track_doubts(self, looks: Sequence[Face]) -> tuple[str, ...]:
        """Return why a person must look before a track counts whose kept faces these are; raises `ScreenFailed`."""
        asked = [screen for screen in self.screens if "track" in screen.stages]
        found = [_answer(screen, partial(screen.watch, looks)) for screen in asked]
        return _each_once(code for each in found for code in (*each.refusals, *each.doubts))

    def enrol_face(self, photo: Photo, *, multi: Multi = "portrait") -> Face:
        """Return the one face of a photo that is to enrol a person, with its template and its chip.

        Of several faces "portrait" takes the largest where it is clearly the one meant: where it dwarfs each other
        face and lies in the middle of the photo, nearer than any; "largest" takes it anyway, "error" never. Raises
        `NoFace`, `SeveralFaces` where none is to be chosen, and `PhotoRefused` with the reasons, a screen's doubts
        among them: nobody looks at a photo again once it is enrolled. Faces too small for a check are
        bystanders and do not count, nor do doubtful detections.
        """
        found = self.detector.detect(photo.pixels)
        if not found:
            raise no_face(photo.source, photo.pixels)
        ranked = sorted(found, key=_area, reverse=True)
        others = [each for each in ranked[1:] if self._counts(each)]
        doubt = portrait_doubt(photo.pixels.shape, ranked[0], others) if multi == "portrait" else ""
        if others and (doubt or multi == "error"):
            raise SeveralFaces(photo.source, f"{len(others) + 1} faces were found{doubt}")
        (face,) = self.embed_detections(photo.pixels, ranked[:1], stage="enrol")
        if face.template is None or face.doubts:
            raise PhotoRefused(photo.source, (*face.quality.reasons, *face.doubts), face.quality)
        return _with_chip(photo.pixels, face)

    def realigned(self, chip: Chip, made_by: str) -> Chip:
        """Return a chip that was kept with the landmarks that this pipeline gives its face.

        `made_by` is the id of the pipeline that cut it. By the same detector and landmark network the landmarks stay.
        By others they are found again in the chip: on 398 development people that made up for 93 in 100 of what the
        templates had lost in score (0.013) against those from the photos; asked again, the same network only loses.
        """
        if self.refiner is None or finder_of(made_by) == self.finder:
            return chip
        frame = Detection((BORDER, BORDER, CROP_SIDE, CROP_SIDE), chip.landmarks, 1.0)
        (found,) = self.refiner.refine(chip.pixels, [frame])
        return Chip(chip.pixels, found.landmarks)

    def _counts(self, face: Detection) -> bool:
        large = max(face.box[2:]) >= self.limits.min_face_px
        return large and face.confidence >= self.enrol_limits.min_confidence

    def _with_templates(self, faces: list[Face]) -> list[Face]:
        usable = [face for face in faces if face.quality.usable]
        if not usable:
            return faces
        vectors = self.encoder.embed(np.stack([face.crop for face in usable]))
        means = self.encoder.cohort_means(vectors)
        name = self.id
        templates = iter(Template(name, vector, float(mean)) for vector, mean in zip(vectors, means, strict=True))
        return [replace(face, template=next(templates)) if face.quality.usable else face for face in faces]


def finder_id(detector: str = DEFAULT) -> str:
    """Return `Pipeline.finder` of this detector, from the cards alone if it ships.

    Raises a `DetectorError`, or `PartUnknown` for a detector that nobody has registered.
    """
    found = load_detector_card().id if detector == DEFAULT else open_detector(detector, Options(threads=1)).id
    return joined(found, load_landmark_card().id)


def pipeline_id(encoder: str | Path = DEFAULT, *, detector: str = DEFAULT) -> str:
    """Return the `id` of the pipeline that `open_pipeline` opens, from the cards alone.

    Only what is registered, not shipped, is loaded for it. Raises a `DetectorError` or an `EncoderError`.
    """
    return joined(finder_id(detector), encoder_card(encoder).id)


def open_pipeline(
    encoder: str | Path = DEFAULT,
    *,
    threads: int = 0,
    detector_min_score: float | None = None,
    detector: str = DEFAULT,
    screens: Sequence[str] = (),
) -> Pipeline:
    """Load the stages by name, the encoder by name or folder; raises DetectorError, EncoderError or PartUnknown.

    `detector_min_score` is the least confidence of a face, that of the detector's card if not given. `screens` are
    asked after quality, in this order. Limits of quality are those that the cards of detector and encoder name.
    """
    options = Options(threads, detector_min_score)
    further = tuple(open_screen(name, options) for name in screens if name != QUALITY)
    loaded = open_encoder(encoder, options)
    finder = open_detector(detector, options)
    limits = limits_of(_limits_on_card(finder), _limits_on_card(loaded))
    return Pipeline(finder, loaded, *limits, LandmarkNet(threads), further)


def _limits_on_card(part: object) -> CardLimits:
    """The limits that a part's card names; none for a part without a card, as others' detectors may be."""
    found = getattr(getattr(part, "card", None), "limits", None)
    return found if isinstance(found, CardLimits) else NO_LIMITS


def _screened(pixels: Pixels, detection: Detection, side: int, screens: Sequence[Screen], stage: Stage) -> Face:
    """The aligned face with what the screens say of it; what is refused already is not shown to the next."""
    crop = align(pixels, detection.landmarks, side) if is_finite(detection) else np.zeros((side, side, 3), np.uint8)
    quality, doubts = measure(detection, crop), list[str]()
    for screen in screens:
        answer = _answer(screen, partial(screen.look, Sight(pixels, detection, crop, quality), stage))
        doubts += answer.doubts
        if answer.refusals:
            quality = replace(quality, reasons=answer.refusals)
            break
    return Face(detection, quality, crop, None, _each_once(doubts))


def _with_chip(pixels: Pixels, face: Face) -> Face:
    return face if face.template is None else replace(face, chip=cut(pixels, face.detection.landmarks))


def _answer(screen: Screen, ask: Callable[[], Screened]) -> Screened:
    try:
        answer = ask()
    except Exception as problem:
        raise ScreenFailed(screen.id, f"{type(problem).__name__}: {problem}") from problem
    if not isinstance(answer, Screened):
        raise ScreenFailed(screen.id, f"expected what it refuses and doubts, got {answer!r}")
    return answer


def _each_once(codes: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(codes))


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
