"""How good a face is: measurements on 0-100 scales, and the reasons for which it is refused."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from enroll.face import Detection, Face, Pixels, Quality
from enroll.geometry import outside_share, pose
from enroll.limits import CHECK_LIMITS, ENROLL_LIMITS, QualityLimits
from enroll.registry import QUALITY
from enroll.stages import Screened, Sight, Stage

NOT_FINITE: Final = "not_finite"

# Sharpness is the share of edges that a further blur would take away, linear between these two ends. On 240
# development photos half were above 0.41 and 99 in 100 above 0.27; where blur had cost the embedding more than
# half of its cosine to the sharp photo, half were below 0.14.
EDGES_LOST_NONE: Final = 0.05
EDGES_LOST_FULL: Final = 0.50
NOISE_SIGMA: Final = 1.0  # pixels of the crop, smoothed away first so that grain does not count as detail
BLUR_WINDOW: Final = 9  # pixels of the crop
FLAT: Final = 0.05  # mean grey step of a crop that shows nothing

# Overall score: a measurement counts fully from these values on.
GOOD_FACE_PX: Final = 112
GOOD_SHARPNESS: Final = 50
GOOD_BRIGHTNESS: Final = (25, 75)
GOOD_CONFIDENCE: Final = 0.9

# Rows and columns of the aligned crop (as shares of its side) that hold features, not hair or background.
_INNER: Final = (slice(0.30, 0.90), slice(0.22, 0.78))

_WINDOWS: Final = ((1, BLUR_WINDOW), (BLUR_WINDOW, 1))  # width and height, to blur along y and along x
_LUMA: Final = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601


class QualityScreen:
    """The first screen: refuses what is not good enough, by the limits of checks and of photos that enrol.

    It has nothing to say of a track: each of its looks was looked at.
    """

    id: Final = QUALITY
    stages: Final[frozenset[Stage]] = frozenset({"enrol", "check"})

    def __init__(self, check: QualityLimits = CHECK_LIMITS, enrol: QualityLimits = ENROLL_LIMITS) -> None:
        self.check, self.enrol = check, enrol

    def look(self, sight: Sight, stage: Stage) -> Screened:
        """Refuse a face for what its measurements and its place in the picture fall short of."""
        limits = self.enrol if stage == "enrol" else self.check
        return Screened(shortcomings(sight.pixels, sight.detection, sight.quality, limits))

    def watch(self, looks: Sequence[Face]) -> Screened:  # noqa: ARG002 - the seam's signature
        """Say nothing."""
        return Screened()


def assess(pixels: Pixels, detection: Detection, crop: Pixels, limits: QualityLimits) -> Quality:
    """Measure one face of `pixels` (H, W, 3) by its detection and aligned `crop` (S, S, 3), with its shortcomings.

    A detection whose numbers are not finite, or no face at all, gets zeros and the single reason `not_finite`.
    """
    measured = measure(detection, crop)
    return replace(measured, reasons=shortcomings(pixels, detection, measured, limits))


def measure(detection: Detection, crop: Pixels) -> Quality:
    """Return the measurements of one face, without reasons; zeros where the detection is not finite."""
    if not is_finite(detection):
        return Quality(0, 0, 0, 0, 0.0, 0.0, 0.0, 0.0)
    grey = luma(crop)
    face_px = round(max(detection.box[2:]))
    sharp, light = sharpness(grey), brightness(grey)
    yaw, pitch, roll = pose(detection.landmarks)
    score = _score(face_px, sharp, light, (yaw, pitch), detection.confidence)
    return Quality(score, face_px, sharp, light, yaw, pitch, roll, detection.confidence)


def shortcomings(pixels: Pixels, detection: Detection, measured: Quality, limits: QualityLimits) -> tuple[str, ...]:
    """Return the reasons why a face of `pixels` (H, W, 3) is not good enough; none for one that is."""
    if not is_finite(detection):
        return (NOT_FINITE,)
    found = {
        "face_too_small": measured.face_px < limits.min_face_px,
        "blurred": measured.sharpness < limits.min_sharpness,
        "too_dark": measured.brightness < limits.min_brightness,
        "too_bright": measured.brightness > limits.max_brightness,
        "pose": abs(measured.yaw) > limits.max_yaw or abs(measured.pitch) > limits.max_pitch,
        "detector_unsure": measured.detector < limits.min_confidence,
        "edge": outside_share(detection.landmarks, *pixels.shape[:2]) > limits.max_outside,
    }
    reasons = tuple(name for name, holds in found.items() if holds)
    return reasons or (("low_quality",) if measured.score < limits.min_score else ())


def luma(crop: Pixels) -> np.ndarray:
    """Return the grey values (S, S) float32 of an RGB crop, without BLAS, whose threads only wait for each other."""
    red, green, blue = (crop[..., channel].astype(np.float32) for channel in range(3))
    return np.asarray(_LUMA[0] * red + _LUMA[1] * green + _LUMA[2] * blue)


def sharpness(grey: np.ndarray) -> int:
    """Return 0 (no detail left) to 100 for an aligned grey crop (S, S) float32, whatever its contrast.

    Crete et al., "The blur effect: perception and estimation with a new no-reference perceptual blur metric",
    SPIE 2007: a picture that is blurred already loses little of its edges when it is blurred again. The weaker
    direction counts, so that motion blur shows. On the aligned crop, so that the size of the photo does not
    matter; a face that had to be enlarged is soft, and says so.
    """
    import cv2

    calm = cv2.GaussianBlur(grey, (0, 0), NOISE_SIGMA)
    lost = min(_edges_lost(calm, cv2.blur(calm, window), axis) for axis, window in enumerate(_WINDOWS))
    return _percent((lost - EDGES_LOST_NONE) / (EDGES_LOST_FULL - EDGES_LOST_NONE))


def _edges_lost(grey: np.ndarray, blurred: np.ndarray, axis: int) -> float:
    """Return which share (0 to 1) of the grey steps along `axis` the blur took away."""
    before, after = (_inner(np.abs(np.diff(values, axis=axis))) for values in (grey, blurred))
    total = float(before.sum())
    return float(np.maximum(before - after, 0).sum()) / total if total > before.size * FLAT else 0.0


def brightness(grey: np.ndarray) -> int:
    """Return the mean grey, 0 (black) to 100 (white), of the inner part of an aligned grey crop (S, S)."""
    return _percent(float(_inner(grey).mean()) / 255)


def _inner(grey: np.ndarray) -> np.ndarray:
    rows, columns = (
        slice(round(part.start * side), round(part.stop * side)) for part, side in zip(_INNER, grey.shape, strict=True)
    )
    return np.ascontiguousarray(grey[rows, columns])


def _score(face_px: int, sharp: int, light: int, turn: tuple[float, float], confidence: float) -> int:
    """Return the overall quality, 0 to 100: the product of what each measurement leaves of it."""
    low, high = GOOD_BRIGHTNESS
    size = min(1.0, face_px / GOOD_FACE_PX)
    detail = min(1.0, (sharp + 10) / (GOOD_SHARPNESS + 10))
    lit = min(1.0, light / low, (100 - light) / (100 - high))
    frontal = math.prod(max(0.0, math.cos(math.radians(angle))) for angle in turn)
    sure = min(1.0, confidence / GOOD_CONFIDENCE)
    return _percent(math.sqrt(size) * detail * lit * frontal * sure)


def _percent(share: float) -> int:
    return round(100 * min(1.0, max(0.0, share)))


def is_finite(detection: Detection) -> bool:
    """Whether all numbers are finite and the landmarks lie apart, so that a face can be cut out at all."""
    numbers = (*detection.box, detection.confidence, *detection.landmarks.ravel().tolist())
    return all(map(math.isfinite, numbers)) and float(np.ptp(detection.landmarks, axis=0).min()) > 0.0
