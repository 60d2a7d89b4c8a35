"""One photo to one aligned crop, and batches of photos for worker processes."""

import hashlib
import io
import os
import signal
import threading
from dataclasses import dataclass
from functools import cache, lru_cache
from multiprocessing import parent_process
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from enroll import geometry, photo
from enroll.detectors import finder, landmarks
from enroll.errors import DetectorError, EnrollError, NoFace
from enroll.stages import Detector, Refiner
from train.data.filetree import FileTree
from train.errors import ManifestInvalid
from train.files import whole

if TYPE_CHECKING:
    from enroll.face import Detection, Pixels

SIDE = 112
WEBP_QUALITY = 90
FORMATS = {".webp": {"format": "WEBP", "quality": WEBP_QUALITY}, ".png": {"format": "PNG"}}


@dataclass(frozen=True)
class Cutter:
    """Finds the largest face of a picture and aligns it, as the product does."""

    detector: Detector
    refiner: Refiner | None = None

    def cut(self, pixels: "Pixels", source: str, *, border: int = 0) -> "Pixels":
        """That face of a picture (H, W, 3): (112 + 2 border, ..., 3). Raises NoFace, DetectorFailed."""
        largest = _largest(self.detector, pixels, source)
        if self.refiner is not None:
            (largest,) = self.refiner.refine(pixels, [largest])
        try:
            return geometry.align(pixels, largest.landmarks, SIDE, border)
        except ValueError as error:  # landmarks all in one place
            raise NoFace(source, "a face without usable landmarks") from error


def open_cutter(threads: int = 0) -> Cutter:
    """The shipped detector and landmark network; raises a `DetectorError`."""
    return Cutter(finder.FaceFinder(threads=threads), landmarks.LandmarkNet(threads))


def _largest(detector: Detector, pixels: "Pixels", source: str) -> "Detection":
    faces = detector.detect(pixels)
    if not faces:
        raise NoFace(source, "no face was found")
    return max(faces, key=lambda face: face.box[2] * face.box[3])


@cache
def way() -> str:
    """Eight hex digits of how faces are found and aligned: crops of another detector or aligner are other crops."""
    cards = finder.load_detector_card().sha256, landmarks.load_landmark_card().sha256
    sha = hashlib.sha256("".join(cards).encode())
    for module in (finder, landmarks, geometry, photo):
        sha.update(Path(str(module.__file__)).read_bytes())
    return sha.hexdigest()[:8]


@dataclass(frozen=True)
class Task:
    """A photo of a folder or zip, and the file that its crop becomes."""

    photo: str
    crop: str


@dataclass(frozen=True)
class Batch:
    """Photos of one source; crops are written below `folder`."""

    source: Path
    folder: Path
    border: int
    tasks: tuple[Task, ...]


@dataclass(frozen=True)
class Outcome:
    """What became of a photo: `crop` is its file, or empty with a `reason`.

    `final` is false where another run may well end otherwise (the file could not be read, the detector failed).
    """

    photo: str
    stamp: str
    crop: str
    reason: str = ""
    final: bool = True


def crop_batch(batch: Batch) -> list[Outcome]:
    """Crop every photo of a batch; a photo that cannot be used costs an outcome with a reason, never the batch."""
    tree = _tree(batch.source, batch.source.stat().st_mtime_ns)
    return [_cropped(tree, task, batch) for task in batch.tasks]


def _cropped(tree: FileTree, task: Task, batch: Batch) -> Outcome:
    stamp = stamp_of(tree, task)
    try:
        pixels = photo.decode_photo(tree.read(task.photo), task.photo).pixels
        crop = _cutter().cut(pixels, task.photo, border=batch.border)
    except ManifestInvalid as error:
        return Outcome(task.photo, stamp, "", f"{error.id}: {error.detail}", final=False)
    except EnrollError as error:
        return Outcome(task.photo, stamp, "", f"{error.id}: {error.detail}", final=not isinstance(error, DetectorError))
    _write(batch.folder / task.crop, crop)
    return Outcome(task.photo, stamp, task.crop)


def stamp_of(tree: FileTree, task: Task) -> str:
    """What must be unchanged for a crop to stand: the photo, and the way to its crop."""
    return f"{tree.stamp(task.photo)}-{way()}"


def _write(path: Path, crop: np.ndarray) -> None:
    encoded = io.BytesIO()
    Image.fromarray(crop).save(encoded, **FORMATS[path.suffix])  # type: ignore[arg-type] # options of one format
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path, sync=False) as unfinished:  # one of thousands; what is lost is cut again
        unfinished.write_bytes(encoded.getvalue())


@cache
def _cutter() -> Cutter:
    return open_cutter(threads=1)


@lru_cache(maxsize=1)
def _tree(path: Path, changed: int) -> FileTree:  # noqa: ARG001 - an archive that was replaced is opened anew
    return FileTree(path)


def prepare_worker() -> None:
    """Make a worker process quiet and short-lived: one thread, Ctrl-C left to the parent, no life after it."""
    import cv2

    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow_parent, daemon=True).start()


def _follow_parent() -> None:
    """A parent that is killed takes nobody along by itself: its workers would wait for work for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
