"""Pictures of a set through an encoder, batch by batch, and what was embedded before kept on disk.

The one loop that evaluation, cohorts and calibration share.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from rich.progress import track

from train.console import stderr
from train.data.augment import centre_crop
from train.data.pictures import Pictures

SIDE = 112
BATCH = 64
KNOWN = 0.5  # vectors have about length 1; a row that is not yet computed is zero

Change = Callable[[np.ndarray, int], np.ndarray]
"""A picture (H, W, 3) uint8 and its row number to a crop (112, 112, 3)."""


@dataclass(frozen=True)
class View:
    """How a picture becomes a crop. `name` tells the change and whatever decides it: one name, the same crops."""

    name: str = ""
    change: Change | None = None

    def mirrored(self) -> "View":
        """The same crops, left and right exchanged."""
        change = self.change or (lambda pixels, _: centre_crop(pixels, SIDE))
        return View(f"{self.name} mirrored", lambda pixels, row: change(pixels, row)[:, ::-1])


AS_THEY_ARE = View()


class Digested(Protocol):
    """An encoder with a name for what it computes: the same digest, the same vectors."""

    @property
    def digest(self) -> str: ...

    def embed(self, crops: np.ndarray) -> np.ndarray: ...


def crops_of(pixels: np.ndarray, rows: np.ndarray, view: View = AS_THEY_ARE) -> np.ndarray:
    """Crops (n, 112, 112, 3) uint8 of `rows`."""
    if view.change is None:
        return np.ascontiguousarray(centre_crop(np.asarray(pixels[rows]), SIDE))
    return np.stack([view.change(np.asarray(pixels[row]), int(row)) for row in rows])


def kept_vectors(
    encoder: Digested, pictures: Pictures, rows: np.ndarray, folder: Path, view: View = AS_THEY_ARE
) -> np.ndarray:
    """Vectors (n, d) of what `view` makes of `rows`; those computed before are read from `folder`, new ones kept there.

    They are written as they come: a run that was stopped goes on where it stood.
    """
    digest = _set_digest(pictures) + (f"-{_hex(view.name.encode())}" if view.name else "")
    path = folder / f"vectors-{encoder.digest}-{digest}.npy"
    return _kept(encoder, path, len(pictures), rows, lambda part: crops_of(pictures.pixels, part, view))


def kept_crops(encoder: Digested, crops: np.ndarray, folder: Path) -> np.ndarray:
    """Vectors (n, d) of crops (n, 112, 112, 3) uint8, kept likewise by the crops' content."""
    path = folder / f"vectors-{encoder.digest}-{_hex(np.ascontiguousarray(crops).data)}.npy"
    return _kept(encoder, path, len(crops), np.arange(len(crops)), lambda part: crops[part])


def _kept(
    encoder: Digested, path: Path, length: int, rows: np.ndarray, crops: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    table = _opened(path, length)
    missing = np.unique(rows if table is None else rows[np.linalg.norm(table[rows], axis=1) < KNOWN])
    starts = range(0, len(missing), BATCH)
    for start in track(starts, "embedding", console=stderr(), disable=not stderr().is_terminal):
        part = missing[start : start + BATCH]
        vectors = encoder.embed(crops(part))
        if table is None:
            path.parent.mkdir(parents=True, exist_ok=True)
            shape = (length, vectors.shape[1])
            table = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape)
        table[part] = vectors
    return np.zeros((0, 0), np.float32) if table is None else np.array(table[rows])


def _set_digest(pictures: Pictures) -> str:
    names = "\n".join([str(pictures.pixels.shape), *pictures.names.tolist()])
    return pictures.digest or _hex(names.encode())


def _hex(data: bytes | memoryview) -> str:
    return hashlib.sha256(data).hexdigest()[:12]


def _opened(path: Path, length: int) -> np.ndarray | None:
    """The vectors (n, d) that an earlier run left behind, zero where not yet computed; None where there are none."""
    try:
        table = np.lib.format.open_memmap(path, mode="r+")
    except (FileNotFoundError, ValueError, EOFError):  # none, or stopped while it was made
        return None
    return table if len(table) == length else None
