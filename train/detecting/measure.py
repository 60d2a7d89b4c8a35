"""How well a detector finds faces that are known: by size, spoilt, turned, masked; and where it sees one that is not.

Nothing here knows which detector it is; what it finds is kept with its confidence, so that any limit can be read off.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from enroll.geometry import iou
from train.data import augment
from train.detecting.compose import masked, moved
from train.detecting.labels import Labels
from train.detecting.photos import Photos

if TYPE_CHECKING:
    from enroll.stages import Detector

FOUND = 0.3  # overlap from which a face counts as found; conventions of boxes differ
SIZES = (14, 20, 30, 60, 150, 400)
SPOILT_PX, TURNED_PX, MASKED_PX = 40, 60, 60
TURNS = (30, 60, 90)
SEED = 5

Known = tuple[np.ndarray, Labels]
Change = Callable[[np.ndarray, Labels, np.random.Generator], Known]


@dataclass(frozen=True)
class Finds:
    """Of each known face: the confidence (n,) of what was found there, 0 for nothing, and how far off it was.

    `points` (n,) is the mean error of the landmarks as a part of the distance between the eyes, `sides` (n, 2) how much
    wider and higher the box is, `shift` (n, 2) how far its middle is off in sides; all NaN where nothing was found.
    """

    confidence: np.ndarray
    points: np.ndarray
    sides: np.ndarray
    shift: np.ndarray

    def share(self, least: float) -> float:
        """Which share of the faces is found with at least this confidence."""
        return float((self.confidence >= least).mean())


def finds(detector: "Detector", known: Iterable[Known]) -> Finds:
    """What a detector makes of pictures whose one known face stands first among their labels."""
    rows = [_find(detector, pixels, labels) for pixels, labels in known]
    table = np.array(rows, np.float64).reshape(-1, 6)
    return Finds(table[:, 0], table[:, 1], table[:, 2:4], table[:, 4:6])


def _find(detector: "Detector", pixels: np.ndarray, labels: Labels) -> tuple[float, ...]:
    x, y, w, h = (float(value) for value in labels.boxes[0])
    face = max(detector.detect(pixels), key=lambda each: iou(each.box, (x, y, w, h)), default=None)
    if face is None or iou(face.box, (x, y, w, h)) < FOUND:
        return (0.0, *[np.nan] * 5)
    eyes = float(np.hypot(*(labels.landmarks[0, 1] - labels.landmarks[0, 0])))
    off = float(np.linalg.norm(face.landmarks - labels.landmarks[0], axis=1).mean()) / max(eyes, 1e-6)
    fx, fy, fw, fh = face.box
    shift = ((fx + fw / 2 - x - w / 2) / w, (fy + fh / 2 - y - h / 2) / h)
    return (face.confidence, off, fw / w, fh / h, *shift)


def first_faces(photos: Photos, most: int = 0) -> Iterator[Known]:
    """Each photo with its largest sure face, at most so many photos, spread over all (0: every one)."""
    step = max(1, len(photos.names) // most) if most else 1
    for name in photos.names[::step]:
        labels = photos.labels[name]
        sure = np.flatnonzero(labels.sure)
        best = sure[labels.boxes[sure, 2:].max(1).argmax()]
        yield photos.pixels(name), Labels(labels.boxes[[best]], labels.landmarks[[best]], labels.sure[[best]])


def resized(pixels: np.ndarray, labels: Labels, size: float) -> Known:
    """The picture at the scale at which the longer side of its first box is `size` px."""
    scale = size / float(labels.boxes[0, 2:].max())
    kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    out = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=kind)
    return np.asarray(out, np.uint8), moved(labels, np.array([[scale, 0, 0], [0, scale, 0]]))


def turned(pixels: np.ndarray, labels: Labels, degrees: float) -> Known:
    """The picture turned about the middle of its first face, on a canvas that holds all of it."""
    height, width = pixels.shape[:2]
    side = int(np.ceil(np.hypot(height, width)))
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    matrix[:, 2] += (side - width) / 2, (side - height) / 2
    out = cv2.warpAffine(pixels, matrix, (side, side), flags=cv2.INTER_LINEAR)
    return np.asarray(out, np.uint8), moved(labels, np.asarray(matrix))


SPOILING: Mapping[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "blur": augment.smear,
    "noise": augment.add_noise,
    "jpeg": augment.compress,
    "light": augment.relight,
    "grey": augment.to_grey,
}


def conditions() -> Mapping[str, Change]:
    """All ways in which known faces are shown, by name."""
    ways: dict[str, Change] = {f"{size} px": _at(size) for size in SIZES}
    ways |= {f"{name}, {SPOILT_PX} px": _spoilt(step) for name, step in SPOILING.items()}
    ways |= {f"turned {turn}, {TURNED_PX} px": _turned(turn) for turn in TURNS}
    ways[f"mask, {MASKED_PX} px"] = _masked
    return ways


def _at(size: int) -> Change:
    return lambda pixels, labels, _: resized(pixels, labels, size)


def _spoilt(step: Callable[[np.ndarray, np.random.Generator], np.ndarray]) -> Change:
    def change(pixels: np.ndarray, labels: Labels, random: np.random.Generator) -> Known:
        small, there = resized(pixels, labels, SPOILT_PX)
        return step(small, random), there

    return change


def _turned(degrees: int) -> Change:
    return lambda pixels, labels, random: turned(
        *resized(pixels, labels, TURNED_PX), degrees * float(random.choice([-1, 1]))
    )


def _masked(pixels: np.ndarray, labels: Labels, random: np.random.Generator) -> Known:
    return resized(masked(pixels, labels, random), labels, MASKED_PX)


def shown(known: Iterable[Known], change: Change) -> Iterator[Known]:
    """Known faces as a condition shows them; the same for every detector."""
    for number, (pixels, labels) in enumerate(known):
        yield change(pixels, labels, np.random.default_rng([SEED, number]))


def false_faces(detector: "Detector", pictures: Iterable[np.ndarray]) -> tuple[int, np.ndarray]:
    """How many pictures without a face there were, and the confidences of the faces that were found in them."""
    count, found = 0, []
    for picture in pictures:
        count += 1
        found += [face.confidence for face in detector.detect(picture)]
    return count, np.array(sorted(found, reverse=True))


def enlarged(photos: Photos, factor: float) -> Iterator[np.ndarray]:
    """Pictures at another size."""
    for name in photos.names:
        out = cv2.resize(photos.pixels(name), None, fx=factor, fy=factor, interpolation=cv2.INTER_LINEAR)
        yield np.asarray(out, np.uint8)
