"""Stored crops as the product would cut them: aligned anew by its landmark network, kept by the network's digest.

Stored crops were cut by CenterFace's points. A cohort, a score model or a bad camera made of them tells how faces look
that CenterFace aligned; where the product aligns by its own network they are to be made of its crops.
"""

from dataclasses import replace
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from rich.progress import track

from enroll.detectors.landmarks import LandmarkNet
from enroll.face import Detection, Pixels
from enroll.geometry import crop_transform
from enroll.stages import Refiner
from train.console import stderr
from train.data.faces import CROP_SIDE, cache_folder, load_faces
from train.data.landmarks import BORDER, TEMPLATE
from train.data.pictures import Pictures
from train.errors import RecipeInvalid
from train.files import whole

STORED: Final = "stored"
LANDMARKS: Final = "landmarks"
ALIGNED: Final = LANDMARKS
"""How crops are aligned for whatever ships with an encoder, unless it is said otherwise."""
DIGITS = 8  # of the network's sha256 in the digest


def load_pictures(source: Path, *, drop_heldout: bool = False, aligned: str = ALIGNED) -> Pictures:
    """The crops of a manifest as `load_faces` gives them (`stored`), or as the product would cut them (`landmarks`).

    Raises RecipeInvalid for another word, a `DetectorError` where the network cannot be used, and what `load_faces`
    raises.
    """
    if aligned not in {STORED, LANDMARKS}:
        raise RecipeInvalid("aligned", f"expected {STORED} or {LANDMARKS}, got {aligned!r}")
    pictures = load_faces(source, drop_heldout=drop_heldout)
    return realigned(pictures) if aligned == LANDMARKS else pictures


def realigned(pictures: Pictures, folder: Path | None = None) -> Pictures:
    """The same pictures (n, 128, 128, 3), each aligned anew by the landmark network that ships, or that of `folder`.

    One network and one set of pictures give one file in the cache; a file half made has another name.
    """
    network = LandmarkNet(threads=1, folder=folder) if folder else LandmarkNet(threads=1)
    digest = f"{pictures.digest}-{network.card.sha256[:DIGITS]}"
    ready = cache_folder() / f"faces-{digest}.npy"
    if not ready.is_file():
        _fill(ready, pictures, network)
    return replace(pictures, pixels=np.load(ready, mmap_mode="r"), digest=digest)


def realigned_crop(crop: Pixels, network: Refiner) -> Pixels:
    """One stored crop (128, 128, 3) aligned anew: the 112 template with 8 px around it, edges repeated."""
    start = Detection((0.0, 0.0, float(CROP_SIDE), float(CROP_SIDE)), TEMPLATE.astype(np.float32), 1.0)
    (face,) = network.refine(crop, [start])
    if face is start:
        return crop
    matrix = crop_transform(face.landmarks, border=BORDER)
    side = (CROP_SIDE, CROP_SIDE)
    # A crop is sampled for the second time here: a cubic keeps it as sharp as the product's, sampled once.
    return np.asarray(
        cv2.warpAffine(crop, matrix, side, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def _fill(ready: Path, pictures: Pictures, network: Refiner) -> None:
    ready.parent.mkdir(parents=True, exist_ok=True)
    with whole(ready) as unfinished:
        shape = pictures.pixels.shape
        target = np.lib.format.open_memmap(unfinished, mode="w+", dtype=np.uint8, shape=shape)
        rows = range(len(pictures))
        for row in track(rows, "aligning crops anew", console=stderr(), disable=not stderr().is_terminal):
            target[row] = realigned_crop(np.array(pictures.pixels[row]), network)
        target.flush()
