"""Pictures as bad cameras see them: small turns and shifts, blur, low resolution, JPEG, noise, light, occlusion, masks.

Each function takes and returns uint8 (H, W, C) and draws only from the generator it is given, so a seed repeats a run.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import cv2
import numpy as np
from numpy.random import Generator

if TYPE_CHECKING:
    from collections.abc import Callable

Steps: TypeAlias = "tuple[tuple[float, Callable[[np.ndarray, Generator], np.ndarray]], ...]"

GREY = 128
MASK_TOP = 0.62  # part of the crop's height where a face mask begins: the nose tip of the alignment template


@dataclass(frozen=True)
class Augmentation:
    """How often (probability) and how strongly each defect is drawn; `side` is the crop that comes out, in px."""

    side: int = 112
    mirror: float = 0.5
    turn_degrees: float = 6.0
    scale: float = 0.04
    shift_px: float = 3.0
    light: float = 0.5
    grey: float = 0.1
    low_resolution: float = 0.2
    blur: float = 0.15
    noise: float = 0.15
    jpeg: float = 0.25
    occlusion: float = 0.1
    mask: float = 0.05

    def __call__(self, pixels: np.ndarray, random: Generator) -> np.ndarray:
        """One randomly degraded crop (side, side, C) of a picture at least as large."""
        return self._spoilt(_similarity(pixels, self, random), random, self._covers() + self._defects())

    def spoil(self, pixels: np.ndarray, random: Generator) -> np.ndarray:
        """The same picture (H, W, C) with light, blur, resolution, noise and JPEG drawn; nothing moved or covered."""
        return self._spoilt(pixels, random, self._defects())

    def _covers(self) -> Steps:
        return ((self.mask, cover_with_mask), (self.occlusion, occlude))

    def _defects(self) -> Steps:
        return (
            (self.light, relight),
            (self.grey, to_grey),
            (self.low_resolution, shrink_and_enlarge),
            (self.blur, smear),
            (self.noise, add_noise),
            (self.jpeg, compress),
        )

    def _spoilt(self, out: np.ndarray, random: Generator, steps: Steps) -> np.ndarray:
        for probability, step in steps:
            if random.random() < probability:
                out = step(out, random)
        return out


def centre_crop(pixels: np.ndarray, side: int) -> np.ndarray:
    """The middle `side` px of pictures (..., H, W, C), nothing changed."""
    top, left = (pixels.shape[-3] - side) // 2, (pixels.shape[-2] - side) // 2
    return pixels[..., top : top + side, left : left + side, :]


def _similarity(pixels: np.ndarray, how: Augmentation, random: Generator) -> np.ndarray:
    height, width = pixels.shape[:2]
    turn = random.uniform(-how.turn_degrees, how.turn_degrees)
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), turn, 1 + random.uniform(-how.scale, how.scale))
    matrix[:, 2] += random.uniform(-how.shift_px, how.shift_px, 2) - ((width - how.side) / 2, (height - how.side) / 2)
    out = cv2.warpAffine(pixels, matrix, (how.side, how.side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    out = out.reshape(how.side, how.side, -1)
    return np.ascontiguousarray(out[:, ::-1]) if random.random() < how.mirror else out


def relight(pixels: np.ndarray, random: Generator) -> np.ndarray:
    """Gamma, contrast, a colour cast, and light that falls off to one side."""
    ramp = np.linspace(-1, 1, pixels.shape[1]) * random.uniform(-0.25, 0.25)
    ramp = ramp[None, :] + np.linspace(-1, 1, pixels.shape[0])[:, None] * random.uniform(-0.25, 0.25)
    table = np.linspace(0, 1, 256) ** np.exp(random.uniform(-0.6, 0.6))
    out = (table[pixels] - 0.5) * random.uniform(0.7, 1.3) + 0.5 + random.uniform(-0.12, 0.12)
    out = out * random.uniform(0.92, 1.08, pixels.shape[-1]) * (1 + ramp[..., None])
    return _pixels(out * 255)


def to_grey(pixels: np.ndarray, random: Generator) -> np.ndarray:  # noqa: ARG001 - one signature for all steps
    """Mean of the channels in each of them: an infrared or monochrome camera."""
    return np.repeat(pixels.mean(-1, keepdims=True), pixels.shape[-1], -1).astype(np.uint8)


def shrink_and_enlarge(pixels: np.ndarray, random: Generator) -> np.ndarray:
    """The resolution of a face further away, 20 to 70 % of the crop."""
    side = pixels.shape[0]
    small = max(8, int(side * random.uniform(0.2, 0.7)))
    shrunk = cv2.resize(pixels, (small, small), interpolation=cv2.INTER_AREA)
    return cv2.resize(shrunk, (side, side), interpolation=cv2.INTER_LINEAR).reshape(pixels.shape)


def smear(pixels: np.ndarray, random: Generator) -> np.ndarray:
    """Out of focus, or moved while the shutter was open."""
    if random.random() < 0.5:  # noqa: PLR2004 - either of two
        return cv2.GaussianBlur(pixels, (0, 0), random.uniform(0.6, 2.2)).reshape(pixels.shape)
    length = int(random.integers(3, 10))
    kernel = np.zeros((length, length), np.float32)
    kernel[length // 2] = 1 / length
    turn = cv2.getRotationMatrix2D((length / 2 - 0.5, length / 2 - 0.5), random.uniform(0, 180), 1)
    turned = np.asarray(cv2.warpAffine(kernel, turn, (length, length)), dtype=np.float32)
    return cv2.filter2D(pixels, -1, np.asarray(turned / max(float(turned.sum()), 1e-6), dtype=np.float32)).reshape(
        pixels.shape
    )


def add_noise(pixels: np.ndarray, random: Generator) -> np.ndarray:
    """Sensor noise of a dark room."""
    return _pixels(pixels + random.normal(0, random.uniform(3, 16), pixels.shape))


def compress(pixels: np.ndarray, random: Generator) -> np.ndarray:
    """JPEG of quality 15 to 70, as streams have it."""
    encoded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(15, 70))])[1]
    flag = cv2.IMREAD_COLOR if pixels.shape[-1] == 3 else cv2.IMREAD_GRAYSCALE  # noqa: PLR2004 - channels
    return np.asarray(cv2.imdecode(encoded, flag)).reshape(pixels.shape)


def occlude(pixels: np.ndarray, random: Generator) -> np.ndarray:
    """One plain rectangle: a hand, hair, a door frame."""
    side = pixels.shape[0]
    height, width = (int(side * random.uniform(0.1, 0.4)) for _ in range(2))
    top, left = (int(random.integers(0, side - extent)) for extent in (height, width))
    out = pixels.copy()
    out[top : top + height, left : left + width] = random.integers(0, 256, pixels.shape[-1])
    return out


def cover_with_mask(pixels: np.ndarray, random: Generator) -> np.ndarray:
    """A face mask over mouth and nose, drawn as a plain polygon on the alignment template."""
    side = pixels.shape[0]
    top = side * (MASK_TOP + random.uniform(-0.05, 0.05))
    outline = np.array([(0.12, 0.0), (0.5, -0.08), (0.88, 0.0), (0.80, 0.30), (0.5, 0.42), (0.20, 0.30)]) * side
    outline[:, 1] += top
    outline += random.uniform(-2, 2, outline.shape)
    colour = random.integers(30, 256, pixels.shape[-1]).tolist()
    return cv2.fillPoly(np.ascontiguousarray(pixels), [outline.round().astype(np.int32)], colour).reshape(pixels.shape)


def _pixels(values: np.ndarray) -> np.ndarray:
    return np.clip(np.round(values), 0, 255).astype(np.uint8)
