"""Any folder per class, as a tree on disk or in a zip: found, decoded to one size, and what cannot be read listed."""

import io
import warnings
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from rich.progress import track

from train.console import stderr
from train.data.pictures import LeftOut
from train.errors import DataMissing, ManifestInvalid, RecipeInvalid

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".pgm", ".ppm", ".gif", ".tif", ".tiff"})
SPLIT_FOLDERS = {"train": "train", "training": "train", "val": "dev", "valid": "dev", "dev": "dev", "test": "test"}


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


def decode_tree(source: Path, shape: Shape) -> Decoded:
    """Decode every picture below a folder or inside a zip; the folder that holds a picture is its class.

    A file that is empty, damaged or no picture is left out and listed. Raises DataMissing where there is no picture
    at all.
    """
    pixels, names, left_out = [], [], []
    for name, data in track(list(_files(source)), f"reading {source.name}", console=stderr(), disable=_quiet()):
        try:
            pixels.append(decode(data() if callable(data) else data, shape))
            names.append(name)
        except ManifestInvalid as error:
            left_out.append(LeftOut(name, error.detail))
    if not pixels:
        raise DataMissing(str(source), f"no readable picture in folders per class ({len(left_out)} unreadable)")
    paths = [PurePosixPath(name) for name in names]
    return Decoded(
        pixels=np.stack(pixels),
        names=np.array(names),
        people=np.array([path.parent.name for path in paths]),
        folders=np.array([_split_folder(path) for path in paths]),
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


@dataclass(frozen=True)
class _Later:
    path: Path

    def __call__(self) -> bytes:
        return self.path.read_bytes()


def _files(source: Path) -> Iterator[tuple[str, bytes | _Later]]:
    """Names, relative and with slashes, in a stable order, and their bytes, on demand for files on disk."""
    if source.is_dir():
        for path in sorted(source.rglob("*")):
            if path.suffix.lower() in SUFFIXES and path.is_file():
                yield path.relative_to(source).as_posix(), _Later(path)
    elif zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as archive:
            for member in sorted(archive.namelist()):
                if PurePosixPath(member).suffix.lower() in SUFFIXES and "__MACOSX" not in member:
                    yield member, _member(archive, member)
    else:
        raise DataMissing(str(source), "neither a folder nor a zip archive")


def _member(archive: zipfile.ZipFile, member: str) -> bytes:
    """A damaged member counts as an empty file: the rest of the archive may be sound."""
    try:
        return archive.read(member)
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError):
        return b""


def _split_folder(path: PurePosixPath) -> str:
    return next((SPLIT_FOLDERS[part.lower()] for part in path.parts[:-2] if part.lower() in SPLIT_FOLDERS), "")


def _quiet() -> bool:
    return not stderr().is_terminal
