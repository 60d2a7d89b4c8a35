"""Decoding of photos, whatever the format: limits first, then decoding, always to upright RGB."""

import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from PIL import Image, UnidentifiedImageError
from PIL.JpegImagePlugin import JpegImageFile

from enroll.depth import DARK, grey_to_eight_bits, joined, other_half, read_other_half, told_depth
from enroll.errors import (
    PhotoDamaged,
    PhotoError,
    PhotoTooManyPixels,
    PhotoTooSmall,
    PhotoTruncated,
    PhotoUnknownFormat,
)
from enroll.face import Pixels
from enroll.heif import boxes, is_burst, open_heif
from enroll.jpeg import bytes_a_pixel
from enroll.kinds import FORMATS, brands, content_of
from enroll.photolimits import PhotoLimits
from enroll.tiff import RAW, is_raw, tile_pixels

# Pillow's names of the formats that are tried only where the first bytes tell of them.
_BY_FIRST_BYTES: Final = frozenset({"HEIF", "AVIF", "TIFF"})
# Most bytes that decoding takes for a pixel, measured on pictures of 30 megapixels; JPEG and HEIF have their own rules.
_BYTES_A_PIXEL: Final = {"PNG": 10, "WEBP": 15, "BMP": 8, "PPM": 8, "GIF": 8, "AVIF": 14, "TIFF": 10}
# Joining the two halves of 16-bit colours takes more.
_BYTES_A_DEEP_PIXEL: Final = 20
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
_READ: Final = "JPEG, PNG, WebP, HEIC, AVIF, TIFF, BMP, PGM/PPM or GIF"


def decode_here(data: bytes, source: str, limits: PhotoLimits) -> tuple[Pixels, str]:
    """Decode in this process, which is to be one for nothing else; gives pixels and format. Raises a `PhotoError`."""
    decode = _decode_heif if content_of(data).format == "HEIF" else _decode_other
    with _errors_mapped(data, source):
        return decode(data, source, limits)


@contextmanager
def _errors_mapped(data: bytes, source: str) -> Iterator[None]:
    """Turn whatever a decoder raises on hostile bytes into one of our errors."""
    try:
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
    content = content_of(data)
    if content.format is None:
        return PhotoUnknownFormat(source, f"the content is {content.name}, not {_READ}")
    if _end_is_missing(data):
        return PhotoTruncated(source, "the file ends inside its header")
    if content.format == "HEIF" and is_burst(data):
        return PhotoUnknownFormat(source, "the content is a burst of HEIC pictures without a still picture")
    return PhotoDamaged(source, f"the header of the {content.name} makes no sense")


def _ends_early(data: bytes, problem: Exception) -> bool:
    told = isinstance(problem, EOFError) or "truncated" in str(problem).lower()
    return _end_is_missing(data) or (told and not brands(data))  # an ISO media file is told by its boxes alone


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
    return data[4:8] == b"ftyp" and boxes(data)[1]


@dataclass(frozen=True, slots=True)
class _Header:
    """What a header says and decoding will take: `cost` bytes a pixel of the `pixels`, beside `held` for the file."""

    size: tuple[int, int]
    kind: str
    cost: float
    held: int
    pixels: int


def _decode_heif(data: bytes, source: str, limits: PhotoLimits) -> tuple[Pixels, str]:
    heif = open_heif(data)
    _check_header(_Header(heif.size, "HEIC", heif.cost, len(data), math.prod(heif.size)), source, limits)
    shrunk = heif.decode(max(1, max(heif.size) // limits.reduce_to))
    return np.asarray(_to_rgb(shrunk, _target(heif.size, limits))), "HEIF"


def _decode_other(data: bytes, source: str, limits: PhotoLimits) -> tuple[Pixels, str]:
    with _opened(data) as image:
        if is_raw(image, source):
            raise PhotoUnknownFormat(source, f"the content is {RAW}, not {_READ}")
        _check_header(_header(image, data, limits), source, limits)
        if image.mode in ("F", "LAB"):
            what = "a picture of floating-point numbers" if image.mode == "F" else "a picture in Lab colours"
            raise PhotoUnknownFormat(source, f"{what} is not read")
        return _decode(image, data, limits), str(image.format)


def _opened(data: bytes) -> Image.Image:
    """Open with Pillow; JPEG by its own class, as Pillow's general limit lies below what phones write."""
    if not data.startswith(b"\xff\xd8\xff"):
        kind = content_of(data).format
        formats = (kind,) if kind in _BY_FIRST_BYTES else [name for name in FORMATS if name not in _BY_FIRST_BYTES]
        return Image.open(io.BytesIO(data), formats=formats)
    try:
        return JpegImageFile(io.BytesIO(data))
    except (SyntaxError, OSError) as problem:
        raise UnidentifiedImageError(str(problem)) from problem


def _header(image: Image.Image, data: bytes, limits: PhotoLimits) -> _Header:
    kind = str(image.format)
    if isinstance(image, JpegImageFile):
        cost = bytes_a_pixel(data, image, limits.reduce_to / max(image.size))
    else:
        cost = _BYTES_A_PIXEL[kind] if other_half(image) is None else _BYTES_A_DEEP_PIXEL
    return _Header(image.size, kind, cost, len(data), max(math.prod(image.size), tile_pixels(image)))


def _check_header(header: _Header, source: str, limits: PhotoLimits) -> None:
    width, height = header.size
    allowed = min(limits.max_pixels, int(max(0, limits.max_decode_bytes - header.held) / header.cost))
    if header.pixels > allowed:
        found = f"{width}x{height} pixels, at most {allowed} are decoded from this {header.kind}"
        raise PhotoTooManyPixels(source, found)
    shrink = min(1.0, limits.reduce_to / max(width, height))
    if min(width, height) * shrink < limits.min_side:
        raise PhotoTooSmall(source, f"{width}x{height} pixels, the shorter side needs {limits.min_side}")


def _target(size: tuple[int, int], limits: PhotoLimits) -> tuple[int, int]:
    shrink = min(1.0, limits.reduce_to / max(size))
    return max(1, round(size[0] * shrink)), max(1, round(size[1] * shrink))


def _decode(image: Image.Image, data: bytes, limits: PhotoLimits) -> Pixels:
    target = _target(image.size, limits)
    if target != image.size:
        image.draft(None, (target[0] - 1, target[1] - 1))  # JPEG alone: decode at 1/2, 1/4 or 1/8
    told, half, stored = told_depth(image), other_half(image), image.size
    image.load()
    if image.size != stored:  # Pillow turns a TIFF upright while it loads
        target = target[::-1]
    turn = _UPRIGHT.get(_orientation(image))
    picture: Image.Image = image
    if image.mode.startswith("I"):
        picture = grey_to_eight_bits(image, told)
    elif half is not None and _is_dark(image):
        picture = _deepened(image, data, half)
    picture = _to_rgb(picture, target)
    return np.asarray(picture if turn is None else picture.transpose(turn))


def _is_dark(image: Image.Image) -> bool:
    """Whether the upper bytes of 16-bit colours leave two bits or more unused."""
    bands: Any = image.getextrema()
    return all(most < DARK for _, most in bands[:3])


def _deepened(image: Image.Image, data: bytes, half: str) -> Image.Image:
    """Scale 16-bit colours, of which `image` holds the upper bytes, by their greatest value."""
    with _opened(data) as again:
        read_other_half(again, half)
        low = np.asarray(again)[..., :3]
    deep = Image.fromarray(joined(np.asarray(image)[..., :3], low))
    if image.mode == "RGBA" and np.asarray(image.getchannel("A")).max(initial=0) >= DARK:
        deep.putalpha(image.getchannel("A"))
    return deep


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
    if picture.mode in ("1", "P", "PA"):
        transparent = picture.mode == "PA" or "transparency" in picture.info
        picture = picture.convert("RGBA" if transparent else "RGB")
    elif picture.mode in ("RGB", "L") and "transparency" in picture.info:
        picture = picture.convert("RGBA")
    if picture.size != target:
        picture = picture.resize(target, Image.Resampling.BILINEAR, reducing_gap=2.0)
    return _on_white(picture)


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode in ("RGBA", "LA", "La", "RGBa"):
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, rgba).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")
