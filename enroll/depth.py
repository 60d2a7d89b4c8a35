"""Pictures of more than 8 bits: cameras put 10 or 12 bits into 16, and white must be white all the same."""

import sys
from typing import Any, Final

import numpy as np
from PIL import Image

from enroll.face import Pixels

# The depths that cameras have, and a picture may use.
DEPTHS: Final = (8, 10, 12, 14, 16)
# A picture whose upper bytes stay below this leaves two bits or more of 16 unused.
DARK: Final = 64
_BITS_PER_SAMPLE: Final = 258  # TIFF 6.0
_MOST_SAMPLE_VALUE: Final = 281
# A 16-bit colour is read as its upper byte; asked for in the other order, Pillow gives the lower one.
_OTHER_HALF: Final = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}


def depth_of(greatest: int) -> int:
    """Return the depth in bits that a picture with this greatest value has been made with."""
    return next((bits for bits in DEPTHS if greatest < 1 << bits), DEPTHS[-1])


def told_depth(image: Image.Image) -> int | None:
    """Return the depth that the file itself tells, before it is loaded; None when it tells no more than 16 bits.

    A PGM with a white of its own comes out of Pillow scaled to 16 bits.
    """
    if image.format == "PPM":
        return 16 if _decoder(image).startswith("ppm") else None
    tags: Any = getattr(image, "tag_v2", {})
    bits = tags.get(_BITS_PER_SAMPLE, (16,))[0]
    if bits in DEPTHS[1:-1]:
        return int(bits)
    most = tags.get(_MOST_SAMPLE_VALUE)
    most = max(most, default=0) if isinstance(most, tuple) else most
    return depth_of(int(most)) if isinstance(most, int) and most > 0 else None


def grey_to_eight_bits(image: Image.Image, told: int | None) -> Image.Image:
    """Scale a loaded grey picture of 16 bits to 8, by the depth told, else by its greatest value.

    Pillow alone would clip it; a value above the depth told counts as white.
    """
    values = np.asarray(image)
    if values.dtype.itemsize > 2:  # noqa: PLR2004 - mode I: 16 bits in 32
        values = np.clip(values, 0, 0xFFFF).astype(np.uint16)
    greatest = int(values.max(initial=0))
    bits = depth_of(greatest) if told is None else max(told, depth_of(greatest))
    return Image.fromarray((values >> (bits - 8)).astype(np.uint8))


def other_half(image: Image.Image) -> str | None:
    """Return Pillow's raw mode for the lower bytes of a picture of 16-bit colours, not loaded yet; else None."""
    raw = _raw_mode(image)
    if image.mode not in ("RGB", "RGBA") or raw[:-1] not in ("RGB;16", "RGBA;16", "RGBX;16"):
        return None
    other = raw[:-1] + _OTHER_HALF.get(raw[-1], "")
    return other if other != raw[:-1] else None


def read_other_half(image: Image.Image, raw: str) -> None:
    """Let a picture that is not loaded yet be loaded as its lower bytes."""
    tiles: Any = getattr(image, "tile", [])
    changed = [tile._replace(args=raw if isinstance(tile.args, str) else (raw, *tile.args[1:])) for tile in tiles]
    image.tile = changed  # type: ignore[attr-defined]


def joined(high: Pixels, low: Pixels) -> Pixels:
    """Scale 16-bit colours, given as upper and lower bytes (H, W, 3), to 8 bits by their greatest value."""
    bits = depth_of(int(high.max(initial=0)) << 8 | 0xFF)
    scaled = np.left_shift(high, 16 - bits)  # uint8: what is shifted out is not in use
    return np.bitwise_or(scaled, np.right_shift(low, bits - 8), out=scaled)


def _decoder(image: Image.Image) -> str:
    return str(image.tile[0][0]) if image.tile else ""  # type: ignore[attr-defined]


def _raw_mode(image: Image.Image) -> str:
    tiles: Any = getattr(image, "tile", None)
    args = tiles[0][3] if tiles else ""
    return args if isinstance(args, str) else str(args[0]) if args else ""
