"""How well a face can be judged: measurements on 0-100 scales, and the reasons that forbid judging it."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from enroll.face import Detection, Pixels, Quality
from enroll.geometry import outside_share, pose

# Sharpness is linear in the logarithm of the ratio `_detail` between these two ends.
BLUR_ZERO: Final = 0.002
BLUR_FULL: Final = 0.5

# Overall score: a measurement counts fully from these values on.
GOOD_FACE_PX: Final = 112
GOOD_SHARPNESS: Final = 50
GOOD_BRIGHTNESS: Final = (25, 75)
GOOD_CONFIDENCE: Final = 0.8
STEEPEST_ANGLE: Final = 90.0

# Rows and columns of the aligned crop (as shares of its side) that hold skin and features, not hair or background.
_INNER: Final = (slice(0.30, 0.90), slice(0.22, 0.78))

_LUMA: Final = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601


@dataclass(frozen=True, slots=True)
class QualityLimits:
    """What a face must have to be judged; sizes in pixels, scales 0 to 100, angles in degrees, shares 0 to 1."""

    min_face_px: int
    min_sharpness: int
    min_brightness: int
    max_brightness: int
    max_yaw: float
    max_pitch: float
    min_confidence: float
    max_outside: float
    min_score: int = 0

    def __post_init__(self) -> None:
        if self.min_face_px < 1:
            raise ValueError(f"min_face_px: expected at least 1, got {self.min_face_px}")
        if not 0 <= self.min_brightness < self.max_brightness <= 100:  # noqa: PLR2004 - the scale's end
            raise ValueError(
                f"brightness: expected 0 to 100, got {self.min_brightness} to {self.max_brightness}"
            )


# A probe that is refused cannot be recognised, so a check refuses only what no encoder can read.
CHECK_LIMITS: Final = QualityLimits(
    min_face_px=24,
    min_sharpness=5,
    min_brightness=5,
    max_brightness=97,
    max_yaw=75.0,
    max_pitch=60.0,
    min_confidence=0.5,
    max_outside=0.4,
)
# An enrolled photo is compared with everybody for years, and its person stands by to be photographed again.
ENROLL_LIMITS: Final = QualityLimits(
    min_face_px=48,
    min_sharpness=15,
    min_brightness=10,
    max_brightness=93,
    max_yaw=50.0,
    max_pitch=45.0,
    min_confidence=0.55,
    max_outside=0.25,
    min_score=30,
)


def assess(pixels: Pixels, detection: Detection, crop: Pixels, limits: QualityLimits) -> Quality:
    """Measure one face of `pixels` (H, W, 3) by its detection and aligned `crop` (S, S, 3), and judge it.

    A detection with any number that is not finite gets zeros and the single reason `not_finite`.
    """
    if not _is_finite(detection):
        return Quality(0, 0, 0, 0, 0.0, 0.0, 0.0, 0.0, ("not_finite",))
    grey = crop.astype(np.float32) @ _LUMA
    face_px = round(max(detection.box[2:]))
    sharp, light = sharpness(grey), brightness(grey)
    yaw, pitch, roll = pose(detection.landmarks)
    outside = outside_share(detection.landmarks, *pixels.shape[:2])
    confidence = detection.confidence
    score = _score(face_px, sharp, light, (yaw, pitch), confidence)
    found = {
        "face_too_small": face_px < limits.min_face_px,
        "blurred": sharp < limits.min_sharpness,
        "too_dark": light < limits.min_brightness,
        "too_bright": light > limits.max_brightness,
        "pose": abs(yaw) > limits.max_yaw or abs(pitch) > limits.max_pitch,
        "detector_unsure": confidence < limits.min_confidence,
        "edge": outside > limits.max_outside,
    }
    reasons = tuple(name for name, holds in found.items() if holds)
    if not reasons and score < limits.min_score:
        reasons = ("low_quality",)
    return Quality(score, face_px, sharp, light, yaw, pitch, roll, confidence, reasons)


def sharpness(grey: np.ndarray) -> int:
    """Return 0 (no detail left) to 100 for an aligned grey crop (S, S), whatever its contrast.

    The variance of the Laplacian (Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", ICPR 2000)
    over that of the grey values themselves, on a logarithmic scale. On the aligned crop, so that the size of
    the photo does not matter; a face that had to be enlarged is soft, and says so.
    """
    import cv2

    inner = _inner(grey)
    contrast = float(inner.var())
    if contrast < 1.0:  # flatter than one grey level: nothing to see
        return 0
    detail = float(cv2.Laplacian(inner, cv2.CV_32F).var()) / contrast
    return _percent((math.log(max(detail, 1e-9)) - math.log(BLUR_ZERO)) / math.log(BLUR_FULL / BLUR_ZERO))


def brightness(grey: np.ndarray) -> int:
    """Return the mean grey of the face's inner part, 0 (black) to 100 (white), for an aligned grey crop (S, S)."""
    return _percent(float(_inner(grey).mean()) / 255)


def _inner(grey: np.ndarray) -> np.ndarray:
    rows, columns = (
        slice(round(part.start * side), round(part.stop * side))
        for part, side in zip(_INNER, grey.shape, strict=True)
    )
    return np.ascontiguousarray(grey[rows, columns])


def _score(face_px: int, sharp: int, light: int, turn: tuple[float, float], confidence: float) -> int:
    """Return the overall quality, 0 to 100: the product of what each measurement leaves of it."""
    low, high = GOOD_BRIGHTNESS
    size = min(1.0, face_px / GOOD_FACE_PX)
    detail = min(1.0, (sharp + 10) / (GOOD_SHARPNESS + 10))
    lit = min(1.0, light / low, (100 - light) / (100 - high))
    frontal = math.prod(max(0.0, math.cos(math.radians(min(abs(a), STEEPEST_ANGLE)))) for a in turn)
    sure = min(1.0, confidence / GOOD_CONFIDENCE)
    return _percent(math.sqrt(size) * detail * lit * frontal * sure)


def _percent(share: float) -> int:
    return round(100 * min(1.0, max(0.0, share)))


def _is_finite(detection: Detection) -> bool:
    numbers = (*detection.box, detection.confidence)
    return all(map(math.isfinite, numbers)) and bool(np.isfinite(detection.landmarks).all())
