"""Finer landmarks for faces that were found: a small network looks at each face again, upright and at one size.

A detector places landmarks at whatever size and turn a face has in the picture; how the face is aligned, and so how
well it is recognised, hangs on them. Here the face is cut by the points that there are, the network tells how far each
point lies from the template in that cut, and the cut is made anew by the better points.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from enroll._sealed import DETECTOR, read_bytes, sealed_session
from enroll.errors import DetectorAltered, DetectorFailed
from enroll.face import LANDMARKS, Detection, Pixels, Vector, check_pixels
from enroll.geometry import TEMPLATE_112, align, apply, crop_transform, invert, umeyama

FOLDER: Final = Path(__file__).parents[1] / "models" / "landmarks"
FILE_NAME: Final = "landmarks.onnx"
CARD_FILE: Final = "card.json"

# What the network looks at: the aligned crop with a seventh of its size as a margin, at half the size.
FRAME_SIZE: Final = 56
FRAME_BORDER: Final = 4
FRAME_SIDE: Final = FRAME_SIZE + 2 * FRAME_BORDER
TEMPLATE_FRAME: Final[NDArray[np.float64]] = TEMPLATE_112 * (FRAME_SIZE / 112) + FRAME_BORDER
TEMPLATE_FRAME.setflags(write=False)
PASSES: Final = 2  # the second look is from where the first one says that the face lies
BATCH: Final = 16
MEAN: Final = 127.5
STD: Final = 128.0

# Where a box alone must do: the template's points as shares of the box of a face seen from the front (median of
# YuNet's boxes and CenterFace's points on photos of training people).
TEMPLATE_IN_BOX: Final[NDArray[np.float64]] = np.array(
    [[0.283, 0.374], [0.717, 0.374], [0.500, 0.561], [0.321, 0.754], [0.679, 0.754]]
)
TEMPLATE_IN_BOX.setflags(write=False)

# Answers that are none; both in pixels of the 112 template, root mean square over the points.
FARTHEST: Final = 28.0  # a correction larger than a quarter of the crop
MISSHAPEN: Final = 16.0  # what the best similarity leaves between the points and the template


@dataclass(frozen=True, slots=True)
class LandmarkCard:
    """What is known of the network: its id, and the sha256 that its file must have."""

    id: str
    sha256: str
    raw: dict[str, Any]


class LandmarkNet:
    """The landmark network on ONNX Runtime; files are only ever read.

    Raises `DetectorMissing`, `DetectorAltered` for a file whose sha256 is not the card's or a card that cannot be
    understood, and `DetectorFailed`. `threads=0` takes the cores at hand. May be shared by threads.
    """

    def __init__(self, threads: int = 0, *, folder: str | Path = FOLDER) -> None:
        self.folder = Path(folder)
        self.card = load_landmark_card(self.folder)
        self.file = path = self.folder / FILE_NAME
        self._session = sealed_session(path, self.card.sha256, threads, DETECTOR)
        try:
            (self._input,) = (value.name for value in self._session.get_inputs())
        except Exception as problem:
            raise DetectorFailed(str(path), str(problem)) from problem

    @property
    def id(self) -> str:
        """The network's name."""
        return self.card.id

    def refine(self, pixels: Pixels, detections: Sequence[Detection]) -> list[Detection]:
        """Return the `detections` of an RGB picture (H, W, 3) uint8 with better landmarks, in their order.

        Boxes and confidences stay. A face keeps the landmarks it has where the network's are no answer: not finite,
        too far away, or in no order that a face could have.
        """
        check_pixels(pixels)
        start = [_starting_points(detection) for detection in detections]
        known = [i for i, points in enumerate(start) if points is not None]
        points = np.array([start[i] for i in known]).reshape(-1, LANDMARKS, 2)
        for _ in range(PASSES):
            points = self._look(pixels, points)
        found = dict(zip(known, points, strict=True))
        return [_with_points(detection, start[i], found.get(i)) for i, detection in enumerate(detections)]

    def offsets(self, frames: Pixels) -> Vector:
        """Return how far (n, 5, 2) the landmarks of RGB frames (n, 64, 64, 3) uint8 lie from the template's points.

        In pixels of the 112 template. A frame is `align(pixels, landmarks, FRAME_SIZE, FRAME_BORDER)`.
        """
        side = FRAME_SIDE
        if frames.ndim != 4 or frames.shape[1:] != (side, side, 3) or frames.dtype != np.uint8:  # noqa: PLR2004
            raise ValueError(f"frames: expected (n, {side}, {side}, 3) uint8, got {frames.shape} {frames.dtype}")
        parts = [self._run(frames[i : i + BATCH]) for i in range(0, len(frames), BATCH)]
        return np.concatenate(parts) if parts else np.empty((0, LANDMARKS, 2), np.float32)

    def _look(self, pixels: Pixels, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return better points (n, 5, 2) of a picture; where there is no sense in them they stay what they are."""
        sane = [i for i, each in enumerate(points) if _are_apart(each)]
        if not sane:
            return points
        frames = np.stack([align(pixels, points[i], FRAME_SIZE, FRAME_BORDER) for i in sane])
        better = points.copy()
        for i, offsets in zip(sane, self.offsets(frames), strict=True):
            back = invert(crop_transform(points[i], FRAME_SIZE, FRAME_BORDER))
            finite = np.isfinite(offsets).all()
            better[i] = apply(back, TEMPLATE_FRAME + offsets * (FRAME_SIZE / 112)) if finite else np.nan
        return better

    def _run(self, frames: Pixels) -> Vector:
        blob = ((frames.astype(np.float32) - MEAN) / STD).transpose(0, 3, 1, 2)
        try:
            (values,) = self._session.run(None, {self._input: np.ascontiguousarray(blob)})
        except Exception as problem:
            raise DetectorFailed(str(self.folder / FILE_NAME), str(problem)) from problem
        if values.shape != (len(frames), LANDMARKS, 2):
            raise DetectorFailed(str(self.folder / FILE_NAME), f"expected (n, 5, 2), got {values.shape}")
        return np.asarray(values, np.float32)


def load_landmark_card(folder: str | Path = FOLDER) -> LandmarkCard:
    """Read `card.json` beside the network; raises `DetectorMissing`, or `DetectorAltered` where it makes no sense."""
    path = Path(folder, CARD_FILE)
    try:
        raw = json.loads(read_bytes(path, DETECTOR))
        return LandmarkCard(str(raw["id"]), str(raw["landmarks"]["sha256"]), raw)
    except (ValueError, KeyError, TypeError, RecursionError) as problem:
        raise DetectorAltered(str(path), "the card cannot be understood") from problem


def _starting_points(detection: Detection) -> NDArray[np.float64] | None:
    """Return where to look first: the detector's points, or where they are no face, those of a face in its box."""
    points = np.asarray(detection.landmarks, np.float64)
    if _can_be_cut(points):
        return points
    box = np.array(detection.box, np.float64)
    if not np.isfinite(box).all() or min(box[2:]) <= 0:
        return None
    return np.asarray(box[:2] + TEMPLATE_IN_BOX * box[2:])


def _can_be_cut(points: NDArray[np.float64]) -> bool:
    """Whether points (5, 2) span a face: finite, apart, and not so wild that a crop would show anything else."""
    if not _are_apart(points):
        return False
    matrix = umeyama(points, TEMPLATE_112)
    scale = math.hypot(*matrix[:, 0])
    return scale > 0.0 and _distance(apply(matrix, points), TEMPLATE_112) <= 2 * MISSHAPEN


def _are_apart(points: NDArray[np.float64]) -> bool:
    return bool(np.isfinite(points).all()) and float(np.ptp(points, axis=0).min()) > 0.0


def _with_points(
    detection: Detection, start: NDArray[np.float64] | None, points: NDArray[np.float64] | None
) -> Detection:
    """Return `detection` with `points`, or as it is where they are no answer."""
    if start is None or points is None or not _is_answer(start, points):
        return detection
    return Detection(detection.box, points.astype(np.float32), detection.confidence)


def _is_answer(start: NDArray[np.float64], points: NDArray[np.float64]) -> bool:
    if not _are_apart(points):
        return False
    upright = crop_transform(start)
    moved = apply(upright, points), apply(upright, start)
    shape = apply(crop_transform(points), points)
    return _distance(*moved) <= FARTHEST and _distance(shape, TEMPLATE_112) <= MISSHAPEN


def _distance(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    return float(np.sqrt(((a - b) ** 2).sum(1).mean()))
