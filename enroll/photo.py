"""The one door for bytes that claim to be a photo: limits first, then decoding, always to upright RGB."""

import hashlib
import io
import os
import stat
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image, UnidentifiedImageError

from enroll.errors import (
    PhotoDamaged,
    PhotoEmpty,
    PhotoError,
    PhotoIsDirectory,
    PhotoMissing,
    PhotoTooManyBytes,
    PhotoTooManyPixels,
    PhotoTooSmall,
    PhotoTruncated,
    PhotoUnknownFormat,
    PhotoUnreadable,
)
from enroll.face import Photo, Pixels

# Pillow's names of the formats that are read; PPM covers PGM, PBM and PNM. Nothing else is even tried.
FORMATS: Final = ("JPEG", "PNG", "WEBP", "BMP", "PPM", "GIF")
PHOTO_SUFFIXES: Final = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".pgm", ".ppm", ".pbm", ".pnm", ".gif"}
)

# Most bytes that decoding takes for a pixel, measured on pictures of 30 megapixels; JPEG is decoded reduced.
_BYTES_A_PIXEL: Final = {"JPEG": 4, "PNG": 10, "WEBP": 15, "BMP": 8, "PPM": 8, "GIF": 8}
_ORIENTATION_TAG: Final = 0x0112
# EXIF 2.32, tag Orientation: what turns the stored picture upright.
_UPRIGHT: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# First bytes of each format: a file that starts so but does not open is damaged, not of an unknown format.
_SIGNATURES: Final = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"RIFF")
# What people send instead, so that the message can name it: (place, bytes, name).
_NOT_READ: Final = (
    (4, b"ftyphei", "HEIC"),
    (4, b"ftypmif1", "HEIC"),
    (4, b"ftypavif", "AVIF"),
    (4, b"ftyp", "a video"),
    (0, b"\x1aE\xdf\xa3", "a video"),
    (8, b"AVI ", "a video"),
    (0, b"II*\0", "TIFF or a camera's raw format"),
    (0, b"MM\0*", "TIFF or a camera's raw format"),
    (0, b"%PDF", "PDF"),
    (0, b"PK\x03\x04", "a ZIP archive or office document"),
    (0, b"<", "a web page or SVG"),
)
# The warning filters belong to the whole process, so only one decoder at a time may silence them.
_DECODING: Final = threading.Lock()


@dataclass(frozen=True, slots=True)
class PhotoLimits:
    """What a photo may be; everything is checked against the header before a pixel is decoded.

    `max_decode_bytes` bounds the memory that decoding takes: 60 megapixels of JPEG (decoded at reduced size), 25
    of PNG, 16 of WebP. `min_side` is the shorter side, also after reduction to `reduce_to` on the longer.
    """

    max_bytes: int = 40_000_000
    max_pixels: int = 60_000_000
    max_decode_bytes: int = 250_000_000
    min_side: int = 32
    reduce_to: int = 2_000

    def __post_init__(self) -> None:
        if min(self.max_bytes, self.max_pixels, self.max_decode_bytes, self.min_side) < 1:
            raise ValueError("limits: expected positive numbers")
        if self.reduce_to < self.min_side:
            raise ValueError(f"reduce_to: expected at least min_side={self.min_side}, got {self.reduce_to}")


DEFAULT_LIMITS: Final = PhotoLimits()


def read_photo(path: str | os.PathLike[str], *, limits: PhotoLimits = DEFAULT_LIMITS) -> Photo:
    """Read and decode one file, whatever its name says it is; raises a `PhotoError`."""
    return decode_photo(_read_bytes(Path(path), limits), os.fspath(path), limits=limits)


def decode_photo(data: bytes, source: str, *, limits: PhotoLimits = DEFAULT_LIMITS) -> Photo:
    """Decode the bytes of a photo to upright RGB; `source` names them in errors. Raises a `PhotoError`.

    Animations give their first frame, transparency lies on white, 16 bits are scaled to 8, and pictures with
    a longer side above `limits.reduce_to` are reduced to it.
    """
    if not data:
        raise PhotoEmpty(source, "the file is empty")
    if len(data) > limits.max_bytes:
        raise PhotoTooManyBytes(source, f"more than {limits.max_bytes} bytes")
    with _errors_mapped(data, source), Image.open(io.BytesIO(data), formats=FORMATS) as image:
        _check_header(image, source, limits)
        pixels = _decode(image, limits)
        kind = _kind(image)
    return Photo(pixels, source, hashlib.sha256(data).hexdigest(), kind)


def is_photo_name(path: Path) -> bool:
    """Whether the file's name is that of a photo: a known suffix, not hidden."""
    return path.suffix.lower() in PHOTO_SUFFIXES and not path.name.startswith(".")


def find_photos(folder: str | os.PathLike[str]) -> list[Path]:
    """List the photos in `folder` and below, sorted by path; hidden files and folders are left out.

    Links to folders are not followed. Raises `PhotoMissing` or `PhotoUnreadable` for the folder itself.
    """
    found: list[Path] = []
    for base, folders, files in os.walk(_checked_folder(Path(folder))):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found += [path for name in files if is_photo_name(path := Path(base, name))]
    return sorted(found)


def _checked_folder(folder: Path) -> Path:
    try:
        os.scandir(folder).close()
    except (FileNotFoundError, NotADirectoryError, ValueError) as problem:
        raise PhotoMissing(str(folder), "there is no such folder") from problem
    except OSError as problem:
        raise PhotoUnreadable(str(folder), _reason(problem)) from problem
    return folder


def _read_bytes(path: Path, limits: PhotoLimits) -> bytes:
    where = str(path)
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise PhotoIsDirectory(where, "this is a folder")
        if not stat.S_ISREG(status.st_mode):  # reading a pipe or device may never return
            raise PhotoUnreadable(where, "this is no ordinary file")
        if status.st_size > limits.max_bytes:
            raise PhotoTooManyBytes(where, f"{status.st_size} bytes, at most {limits.max_bytes} are read")
        with path.open("rb") as file:
            return file.read(limits.max_bytes + 1)
    except (FileNotFoundError, NotADirectoryError, ValueError) as problem:  # ValueError: a zero byte
        raise PhotoMissing(where, "there is no such file") from problem
    except OSError as problem:
        raise PhotoUnreadable(where, _reason(problem)) from problem


def _reason(problem: OSError) -> str:
    return (problem.strerror or type(problem).__name__).lower()


@contextmanager
def _errors_mapped(data: bytes, source: str) -> Iterator[None]:
    """Turn whatever a decoder raises on hostile bytes into one of our errors; its warnings stay silent."""
    try:
        with _DECODING, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    except PhotoError:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as problem:
        raise PhotoTooManyPixels(source, "the header promises far too many pixels") from problem
    except UnidentifiedImageError as problem:
        raise _unopened(data, source) from problem
    except Exception as problem:
        if _ends_early(data, problem):
            raise PhotoTruncated(source, "the file ends before the picture does") from problem
        raise PhotoDamaged(source, f"the picture cannot be decoded ({problem})") from problem


def _unopened(data: bytes, source: str) -> PhotoError:
    if not data.startswith(_SIGNATURES) or (data.startswith(b"RIFF") and data[8:12] not in (b"", b"WEBP")):
        found = next((name for place, start, name in _NOT_READ if data[place:].startswith(start)), "unknown")
        return PhotoUnknownFormat(source, f"the content is {found}, not JPEG, PNG, WebP, BMP, PGM/PPM or GIF")
    if _end_is_missing(data):
        return PhotoTruncated(source, "the file ends inside its header")
    return PhotoDamaged(source, "the header makes no sense")


def _ends_early(data: bytes, problem: Exception) -> bool:
    told = isinstance(problem, EOFError) or "truncated" in str(problem).lower()
    return told or _end_is_missing(data)


def _end_is_missing(data: bytes) -> bool:
    """Whether the format's closing mark is absent (always False for formats without one)."""
    tail = data[-4096:]
    if data.startswith(b"\xff\xd8"):
        return b"\xff\xd9" not in tail
    if data.startswith(b"\x89PNG"):
        return b"IEND" not in tail
    if data.startswith(b"GIF8"):
        return b"\x3b" not in tail[-16:]
    if data.startswith(b"RIFF"):
        return int.from_bytes(data[4:8], "little") + 8 > len(data)
    return False


def _kind(image: Image.Image) -> str:
    """Return the format's name; a JPEG with further pictures behind it (MPO, from many phones) is a JPEG."""
    return "JPEG" if image.format in ("JPEG", "MPO") else str(image.format)


def _check_header(image: Image.Image, source: str, limits: PhotoLimits) -> None:
    width, height = image.size
    kind = _kind(image)
    allowed = min(limits.max_pixels, limits.max_decode_bytes // _BYTES_A_PIXEL[kind])
    if width * height > allowed:
        raise PhotoTooManyPixels(source, f"{width}x{height} pixels, at most {allowed} are decoded from {kind}")
    shrink = min(1.0, limits.reduce_to / max(width, height))
    if min(width, height) * shrink < limits.min_side:
        raise PhotoTooSmall(source, f"{width}x{height} pixels, the shorter side needs {limits.min_side}")
    if image.mode == "F":
        raise PhotoUnknownFormat(source, "a picture of floating-point numbers is not read")


def _decode(image: Image.Image, limits: PhotoLimits) -> Pixels:
    width, height = image.size
    shrink = min(1.0, limits.reduce_to / max(width, height))
    target = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    if shrink < 1.0:
        image.draft(None, (target[0] - 1, target[1] - 1))  # JPEG alone: decode at 1/2, 1/4 or 1/8
    image.load()
    turn = _UPRIGHT.get(_orientation(image))
    picture = _to_rgb(image, target)
    return np.asarray(picture if turn is None else picture.transpose(turn))


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation; 1 (upright) when there is none or it cannot be read."""
    try:
        value = image.getexif().get(_ORIENTATION_TAG, 1)
    except Exception:  # noqa: BLE001 - broken metadata raises anything, and does not spoil the picture
        return 1
    return value if isinstance(value, int) else 1


def _to_rgb(image: Image.Image, target: tuple[int, int]) -> Image.Image:
    """Reduce to `target` and convert to RGB; the order keeps memory low and never mixes palette numbers."""
    picture = image
    if picture.mode.startswith("I"):
        picture = _eight_bits(picture)
    if picture.mode in ("1", "P", "PA"):
        transparent = picture.mode == "PA" or "transparency" in picture.info
        picture = picture.convert("RGBA" if transparent else "RGB")
    elif picture.mode in ("RGB", "L") and "transparency" in picture.info:
        picture = picture.convert("RGBA")
    if picture.size != target:
        picture = picture.resize(target, Image.Resampling.BILINEAR, reducing_gap=2.0)
    return _on_white(picture)


def _eight_bits(image: Image.Image) -> Image.Image:
    """Scale a 16-bit grey picture to 8 bits; Pillow alone would clip it."""
    values = np.asarray(image)
    if values.dtype.itemsize > 2:  # noqa: PLR2004 - mode I: 16 bits in 32
        values = np.clip(values, 0, 0xFFFF).astype(np.uint16)
    return Image.fromarray((values >> 8).astype(np.uint8))


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode in ("RGBA", "LA", "La", "RGBa"):
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, rgba).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")
