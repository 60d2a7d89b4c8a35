"""Faces of whole photos as CenterFace finds them: what several views agree on is a face, the rest is ignored.

One view is the photo, one its mirror image, one an enlarged copy. A face that two of them find is labelled with the
mean of its boxes and landmarks; what one alone finds, or finds without much confidence, is neither face nor background.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.progress import track

from enroll.geometry import iou
from enroll.photo import decode_photo
from train.console import stderr
from train.data.faces import cache_folder
from train.data.filetree import FileTree
from train.files import save_json

if TYPE_CHECKING:
    from enroll.face import Detection, Pixels
    from enroll.stages import Detector

PICTURES = (".jpg", ".jpeg", ".png", ".webp")
FORMAT = 1
LEAST = 0.2  # confidence of what is worth ignoring
SURE = 0.5  # mean confidence of a face
SAME = 0.4  # overlap of two views' boxes that are one face
ENLARGED = 400  # longer side of the enlarged view, at least this or half as large again
MIRRORED = [1, 0, 2, 4, 3]
"""Which landmark of the mirror image is which of the photo."""


@dataclass(frozen=True)
class Labels:
    """What a picture shows: `boxes` (n, 4) x, y, width, height, `landmarks` (n, 5, 2), `sure` (n,), in its pixels.

    What is not `sure` is to be ignored: it may be a face.
    """

    boxes: np.ndarray
    landmarks: np.ndarray
    sure: np.ndarray

    def __len__(self) -> int:
        return len(self.boxes)


def labels_of(archive: Path, keep: Callable[[str], bool] = lambda _: True) -> dict[str, Labels]:
    """Labels of the pictures of an archive whose names are kept, by name; made once, then read from the cache."""
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()[:16]
    cached = cache_folder() / f"labels-{archive.stem}-{digest}-{FORMAT}.json"
    if not cached.is_file():
        cached.parent.mkdir(parents=True, exist_ok=True)
        save_json(cached, _label_all(archive, keep))
    return {name: _read(facts) for name, facts in json.loads(cached.read_text(encoding="utf-8")).items()}


def _label_all(archive: Path, keep: Callable[[str], bool]) -> dict[str, Any]:
    from train.data.centerface import CenterFace

    detector, tree = CenterFace(LEAST, threads=1), FileTree(archive)
    names = [name for name in tree.names(PICTURES) if keep(name)]
    steps = track(names, f"labels of {archive.name}", console=stderr(), disable=not stderr().is_terminal)
    return {name: _facts(label(detector, decode_photo(tree.read(name), name).pixels)) for name in steps}


def label(detector: "Detector", pixels: "Pixels") -> Labels:
    """Faces of an RGB picture (H, W, 3) uint8 on which the detector's views agree, and what may be one."""
    groups: list[list[Detection]] = []
    for view in _views(detector, pixels):
        for face in view:
            near = max(groups, key=lambda group: iou(group[0].box, face.box), default=None)
            if near is not None and iou(near[0].box, face.box) > SAME:
                near.append(face)
            else:
                groups.append([face])
    boxes = np.array([np.mean([face.box for face in group], 0) for group in groups], np.float32)
    points = np.array([np.mean([face.landmarks for face in group], 0) for group in groups], np.float32)
    return Labels(boxes.reshape(-1, 4), points.reshape(-1, 5, 2), np.array([_agreed(group) for group in groups], bool))


def _agreed(group: "Sequence[Detection]") -> bool:
    return len(group) > 1 and float(np.mean([face.confidence for face in group])) >= SURE


def _views(detector: "Detector", pixels: "Pixels") -> "list[list[Detection]]":
    """Detections of the photo, of its mirror image and of an enlarged copy, all in the photo's pixels."""
    import cv2

    height, width = pixels.shape[:2]
    factor = max(1.5, ENLARGED / max(height, width))
    larger = np.asarray(cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC), np.uint8)
    flipped = detector.detect(np.ascontiguousarray(pixels[:, ::-1]))
    mirrored = [_mirrored(face, width) for face in flipped]
    return [detector.detect(pixels), mirrored, [_shrunk(face, factor) for face in detector.detect(larger)]]


def _mirrored(face: "Detection", width: int) -> "Detection":
    from enroll.face import Detection

    x, y, w, h = face.box
    points = face.landmarks[MIRRORED].copy()
    points[:, 0] = width - 1 - points[:, 0]
    return Detection((width - x - w, y, w, h), points, face.confidence)


def _shrunk(face: "Detection", factor: float) -> "Detection":
    from enroll.face import Detection

    x, y, w, h = (value / factor for value in face.box)
    return Detection((x, y, w, h), face.landmarks / factor, face.confidence)


def _facts(labels: Labels) -> dict[str, Any]:
    return {
        "boxes": labels.boxes.round(2).tolist(),
        "landmarks": labels.landmarks.round(2).tolist(),
        "sure": labels.sure.tolist(),
    }


def _read(facts: dict[str, Any]) -> Labels:
    return Labels(
        np.array(facts["boxes"], np.float32).reshape(-1, 4),
        np.array(facts["landmarks"], np.float32).reshape(-1, 5, 2),
        np.array(facts["sure"], bool),
    )
