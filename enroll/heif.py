"""HEIC and HEIF, the pictures of phones: opened and decoded by libheif, which turns them upright itself."""

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from PIL import Image, UnidentifiedImageError

from enroll.face import Pixels

# Most bytes that decoding takes for a pixel, the planes and RGB side by side, measured on pictures of 30 megapixels:
# for 8 bits and for more, with colours at half the resolution (what phones write) and for all else.
_COSTS: Final = {(True, True): 5, (True, False): 10, (False, True): 9, (False, False): 16}
_BOX_HEAD: Final = 8  # size and kind
_HALF: Final = 420  # the sampling 4:2:0
_BAND: Final = 64  # rows of the reduced picture that are made at a time


@dataclass(frozen=True, slots=True)
class Heif:
    """The header of a HEIF file: size in pixels as shown, upright; `cost` is the bytes a pixel takes to decode."""

    size: tuple[int, int]
    cost: int
    _image: Any = field(repr=False)

    def decode(self, shrink: int) -> Image.Image:
        """Decode the picture, each side divided by the whole number `shrink`."""
        rows = np.frombuffer(self._image.data, np.uint8)
        (width, height), stride = self._image.size, self._image.stride
        if (width, height) != self.size:
            raise ValueError("the picture has another size than its header says")
        mode = "L" if self._image.mode == "I;16" else self._image.mode
        out = Image.new(mode, (-(-width // shrink), -(-height // shrink)))
        # In bands, so that the whole picture never lies in memory twice.
        for top in range(0, height, _BAND * shrink):
            band = rows[top * stride : min(top + _BAND * shrink, height) * stride].reshape(-1, stride)
            out.paste(_picture(band, self._image.mode, width).reduce(shrink), (0, top // shrink))
        return out


def open_heif(data: bytes) -> Heif:
    """Read the header of a HEIF file; nothing is decoded. Raises UnidentifiedImageError."""
    import pi_heif

    try:
        file = pi_heif.open_heif(data)
        image = file[file.primary_index]
    except (OSError, ValueError, SyntaxError, RuntimeError, EOFError, IndexError) as problem:
        raise UnidentifiedImageError(str(problem)) from problem
    return Heif((image.size[0], image.size[1]), _cost(image), image)


def _cost(image: Any) -> int:
    eight = image.info.get("bit_depth") == 8  # noqa: PLR2004
    return _COSTS[eight, image.mode == "RGB" and image.info.get("chroma") == _HALF]


def _picture(band: Pixels, mode: str, width: int) -> Image.Image:
    """Return rows of the decoded picture, (rows, bytes a row) uint8, as a picture; 16 bits of grey become 8."""
    if mode == "I;16":
        return Image.fromarray((band.view("<u2")[:, :width] >> 8).astype(np.uint8))
    return Image.frombuffer(mode, (width, len(band)), band, "raw", mode, band.shape[1], 1)


def boxes(data: bytes) -> tuple[list[bytes], bool]:
    """List the outer boxes of an ISO media file (ISO 14496-12), and whether the last goes on behind its last byte."""
    kinds: list[bytes] = []
    at = 0
    while at + _BOX_HEAD <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        kinds.append(data[at + 4 : at + _BOX_HEAD])
        if size == 1:
            size = int.from_bytes(data[at + _BOX_HEAD : at + 2 * _BOX_HEAD], "big")
        if size < _BOX_HEAD:  # 0: up to the end of the file; all else is nonsense
            return kinds, False
        at += size
    return kinds, at != len(data)


def is_burst(data: bytes) -> bool:
    """Whether a HEIF file holds a sequence of pictures, as bursts do, and no picture by itself."""
    kinds, _ = boxes(data)
    return b"moov" in kinds and b"meta" not in kinds
