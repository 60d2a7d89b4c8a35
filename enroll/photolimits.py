"""`PhotoLimits`: what a photo may be, and what decoding it may take."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class PhotoLimits:
    """What a photo may be; everything is checked against the header before a pixel is decoded.

    `max_decode_bytes` bounds the memory that a photo takes, its file included: 200 megapixels of JPEG as cameras
    write it (decoded at reduced size), about 80 of progressive JPEG, 50 of HEIC as phones write it, 25 of PNG, 16
    of WebP. `min_side` is the shorter side, also after reduction to `reduce_to` on the longer. After `max_seconds`
    its decoder is stopped.
    """

    max_bytes: int = 64_000_000
    max_pixels: int = 210_000_000
    max_decode_bytes: int = 290_000_000
    min_side: int = 32
    reduce_to: int = 2_000
    max_seconds: float = 60.0

    def __post_init__(self) -> None:
        if min(self.max_bytes, self.max_pixels, self.max_decode_bytes, self.min_side, self.max_seconds) <= 0:
            raise ValueError("limits: expected positive numbers")
        if self.reduce_to < self.min_side:
            raise ValueError(f"reduce_to: expected at least min_side={self.min_side}, got {self.reduce_to}")


DEFAULT_LIMITS: Final = PhotoLimits()
