"""Any folder per class, as a tree on disk or in a zip: found, decoded to one size, and what cannot be read listed."""

import io
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from rich.progress import track

from train.console import stderr
from train.data.filetree import FileTree
from train.data.layouts import Chosen, Size, by_folder, split_folder
from train.data.pictures import LeftOut
from train.errors import DataMissing, ManifestInvalid, RecipeInvalid

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".pgm", ".ppm", ".gif", ".tif", ".tiff"})


@dataclass(frozen=True)
class Shape:
    """What pictures become: `side` px square, grey or RGB; `crop` keeps the aspect and cuts, `stretch` does not."""

    side: int
    grey: bool = False
    resize: str = "crop"

    def __post_init__(self) -> None:
        if self.side < 1 or self.resize not in {"crop", "stretch"}:
            raise RecipeInvalid(
                "data", f"expected side >= 1 and resize crop or stretch, got {self.side}, {self.resize!r}"
            )


@dataclass(frozen=True)
class Decoded:
    """Pictures (n, side, side, C) with their path, class name and split folder (empty where there is none)."""

    pixels: np.ndarray
    names: np.ndarray
    people: np.ndarray
    folders: np.ndarray
    left_out: tuple[LeftOut, ...]


Layout = Callable[[Sequence[str], Size], Chosen]
"""From file names to who is on which picture."""


def decode_tree(source: Path, shape: Shape, layout: Layout = by_folder) -> Decoded:
    """Decode the pictures below a folder or inside a zip to which the layout gives a class: by default their folder's.

    A file that is empty, damaged or no picture is left out and listed. Raises DataMissing where there is no picture
    at all.
    """
    tree = FileTree(source)
    chosen = layout(tree.names(SUFFIXES), tree.size)
    pixels: dict[str, np.ndarray] = {}
    left_out = list(chosen.left_out)
    for name in track(list(chosen.people), f"reading {source.name}", console=stderr(), disable=_quiet()):
        try:
            pixels[name] = decode(tree.read(name), shape)
        except ManifestInvalid as error:
            left_out.append(LeftOut(name, error.detail))
    if not pixels:
        raise DataMissing(str(source), f"no readable picture in folders per class ({len(left_out)} left out)")
    return Decoded(
        pixels=np.stack(list(pixels.values())),
        names=np.array(list(pixels)),
        people=np.array([chosen.people[name] for name in pixels]),
        folders=np.array([split_folder(name) for name in pixels]),
        left_out=tuple(left_out),
    )


def decode(data: bytes, shape: Shape) -> np.ndarray:
    """Encoded bytes as (side, side, C) uint8; raises ManifestInvalid with the reason."""
    if not data:
        raise ManifestInvalid("picture", "empty file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data)) as picture:
                return fit_picture(picture, shape)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        reason = "not a picture" if isinstance(error, UnidentifiedImageError) else str(error)
        raise ManifestInvalid("picture", reason.splitlines()[0] if reason else type(error).__name__) from error


def fit_picture(picture: Image.Image, shape: Shape) -> np.ndarray:
    """A Pillow picture, turned as its EXIF says, as (side, side, C) uint8."""
    upright = ImageOps.exif_transpose(picture).convert("L" if shape.grey else "RGB")
    size = (shape.side, shape.side)
    if upright.size != size:
        how = Image.Resampling.LANCZOS
        upright = ImageOps.fit(upright, size, how) if shape.resize == "crop" else upright.resize(size, how)
    return np.asarray(upright, dtype=np.uint8).reshape(shape.side, shape.side, -1)


def _quiet() -> bool:
    return not stderr().is_terminal
