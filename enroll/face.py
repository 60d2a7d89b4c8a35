"""The values that travel from a photo to a template; all frozen, checked when made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

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
    """How good a face is; every scale says more is better, `reasons` (the screens' refusals) is empty when usable.

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
        """Whether nothing forbids making a template of this face."""
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
    """What is stored of a face: `vector` (d,) float32 of unit length and its `cohort_mean`.

    `pipeline_id` names all that it was made with, as `Pipeline.id` does; templates of two pipelines are never compared.
    """

    pipeline_id: str
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

    def score(self, other: "Template") -> float:
        """Return how alike two faces are (see `normalised`); raises `ValueError` for a template of another pipeline."""
        if other.pipeline_id != self.pipeline_id:
            raise ValueError(f"template: expected one of {self.pipeline_id}, got one of {other.pipeline_id}")
        return float(normalised(self.vector @ other.vector, self.cohort_mean, other.cohort_mean))


def normalised(cosines: ArrayLike, means: ArrayLike, other_means: ArrayLike) -> NDArray[np.floating[Any]]:
    """Return cohort-normalised scores: each cosine less the mean of both templates' cohort means.

    People who lie closer to everybody, as children do, need to be more alike than others to be taken for one person.
    Higher is more alike.
    """
    return np.asarray(np.asarray(cosines) - (np.asarray(means) + np.asarray(other_means)) / 2)


def scores(vectors: Vector, means: ArrayLike, others: Vector, other_means: ArrayLike) -> NDArray[np.floating[Any]]:
    """Return the `normalised` scores (n, m) of templates (n, d) with others (m, d), given each one's cohort mean."""
    return normalised(vectors @ others.T, np.reshape(means, (-1, 1)), np.reshape(other_means, (1, -1)))


class Chip(NamedTuple):
    """What is kept of a face: `pixels` (168, 168, 3) uint8 RGB, its crop in the middle, and its landmarks (5, 2) there.

    See `enroll.chips`.
    """

    pixels: Pixels
    landmarks: Vector


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A face of a picture: where, how good, its aligned `crop` (S, S, 3) uint8, and its template if usable.

    `doubts` are the codes for which a person must look before it counts. `chip` is made of a face that is to be kept.
    """

    detection: Detection
    quality: Quality
    crop: Pixels = field(repr=False)
    template: Template | None
    doubts: tuple[str, ...] = ()
    chip: Chip | None = field(default=None, repr=False)

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Where the face is: x, y, width, height in pixels of the picture."""
        return self.detection.box
