"""The values that travel from a photo to a template; all frozen, checked when made."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Vector = NDArray[np.float32]

LANDMARKS = 5


def check_pixels(pixels: object, what: str = "pixels") -> None:
    """Raise `ValueError` unless `pixels` is a non-empty RGB picture, (H, W, 3) uint8."""
    shape = getattr(pixels, "shape", None)
    dtype = getattr(pixels, "dtype", None)
    if dtype != np.uint8 or shape is None or len(shape) != 3 or shape[2] != 3 or 0 in shape:  # noqa: PLR2004
        raise ValueError(f"{what}: expected (H, W, 3) uint8, got {shape} {dtype}")


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """A decoded, upright photo: `pixels` (H, W, 3) uint8 RGB; `sha256` of the file's bytes, not of the pixels."""

    pixels: Pixels
    source: str
    sha256: str
    format: str

    def __post_init__(self) -> None:
        check_pixels(self.pixels)


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """One face found: `box` x, y, width, height and `landmarks` (5, 2) x, y, all in pixels of the picture.

    Landmarks as seen in the picture: left eye, right eye, nose tip, left and right mouth corner.
    `confidence` is the detector's, 0 to 1; it says nothing about who it is.
    """

    box: tuple[float, float, float, float]
    landmarks: Vector
    confidence: float

    def __post_init__(self) -> None:
        if self.landmarks.shape != (LANDMARKS, 2):
            raise ValueError(f"landmarks: expected ({LANDMARKS}, 2), got {self.landmarks.shape}")


@dataclass(frozen=True, slots=True)
class Quality:
    """How well a face can be judged; every scale says more is better, `reasons` is empty when usable.

    `score`, `sharpness`, `brightness` run 0 to 100, `face_px` is the longer side of the box, angles are degrees.
    """

    score: int
    face_px: int
    sharpness: int
    brightness: int
    yaw: float
    pitch: float
    roll: float
    detector: float
    reasons: tuple[str, ...] = ()

    @property
    def usable(self) -> bool:
        """Whether nothing forbids judging this face."""
        return not self.reasons

    def to_dict(self) -> dict[str, int | float]:
        """Return the measurements as plain numbers, the reasons left out (a decision carries its own)."""
        return {
            "score": self.score,
            "face_px": self.face_px,
            "sharpness": self.sharpness,
            "brightness": self.brightness,
            "yaw": round(self.yaw, 1),
            "pitch": round(self.pitch, 1),
            "roll": round(self.roll, 1),
            "detector": round(self.detector, 3),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, int | float]) -> "Quality":
        """Rebuild what `to_dict` gave; the reasons are empty."""
        return cls(
            score=int(values["score"]),
            face_px=int(values["face_px"]),
            sharpness=int(values["sharpness"]),
            brightness=int(values["brightness"]),
            yaw=float(values["yaw"]),
            pitch=float(values["pitch"]),
            roll=float(values["roll"]),
            detector=float(values["detector"]),
        )


UNIT_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """What is stored of a face: `vector` (d,) float32 of unit length and its `cohort_mean`, for one encoder."""

    encoder_id: str
    vector: Vector
    cohort_mean: float

    def __post_init__(self) -> None:
        if self.vector.ndim != 1 or self.vector.dtype != np.float32:
            raise ValueError(f"vector: expected (d,) float32, got {self.vector.shape} {self.vector.dtype}")
        length = float(np.linalg.norm(self.vector))
        if not abs(length - 1.0) <= UNIT_TOLERANCE:  # a NaN length fails here, too
            raise ValueError(f"vector: expected length 1, got {length}")
        if not -1.0 - UNIT_TOLERANCE <= self.cohort_mean <= 1.0 + UNIT_TOLERANCE:
            raise ValueError(f"cohort_mean: expected -1 to 1, got {self.cohort_mean}")


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A face of a picture: where, how good, its aligned `crop` (S, S, 3) uint8, and its template if usable."""

    detection: Detection
    quality: Quality
    crop: Pixels = field(repr=False)
    template: Template | None

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Where the face is: x, y, width, height in pixels of the picture."""
        return self.detection.box
