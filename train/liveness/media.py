"""What a picture of a face is made of: inks on paper, or the pixels of a screen.

Lengths are by that of the face (the longer side of its box), so that `dots` and `cells` count along a face. Patterns
are cosines, whose amplitude after lens and pixel is known in closed form: what is too fine for the camera vanishes, and
what lies beyond half a cycle a pixel comes back as moire of the right depth, without drawing a single dot.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator

from train.liveness.camera import LUMA, Camera, Light

ANGLES = np.radians([15.0, 75.0, 0.0])
"""At which cyan, magenta and yellow are screened, those of offset presses; black (45) is left to them."""


@dataclass(frozen=True)
class Limits:
    """Between which values media are drawn; `SEEN` for training, `UNSEEN` beyond them, to measure on."""

    dots: tuple[float, float]
    cells: tuple[float, float]
    gamut: tuple[float, float]
    tint: tuple[float, float]
    glare: tuple[float, float]
    depth: tuple[float, float]
    bands: tuple[float, float]


SEEN = Limits((30, 90), (60, 200), (0.65, 1.0), (0.0, 0.08), (0.1, 0.5), (0.2, 0.6), (0.0, 0.05))
UNSEEN = Limits((90, 160), (200, 400), (0.5, 0.65), (0.08, 0.14), (0.5, 0.8), (0.6, 0.8), (0.05, 0.09))


@dataclass(frozen=True)
class Print:
    """Ink on paper: its colour (3,), what it keeps of colours, its blackest, dots along a face (0: none)."""

    paper: tuple[float, float, float]
    gamut: float
    black: float
    dots: float
    phase: tuple[float, float]

    @classmethod
    def draw(cls, random: Generator, limits: Limits, *, dotted: bool) -> "Print":
        """Office paper, dotted; or photo paper without dots, blacker."""
        white, tint = random.uniform(0.82, 1.0), random.uniform(*limits.tint) * random.choice([-1, 1])
        return cls(
            paper=(float(white * (1 + tint / 2)), float(white), float(white * (1 - tint))),
            gamut=float(random.uniform(*limits.gamut)),
            black=float(random.uniform(0.06, 0.18) if dotted else random.uniform(0.01, 0.06)),
            dots=float(np.exp(random.uniform(*np.log(limits.dots)))) if dotted else 0.0,
            phase=(float(random.uniform(0, 1)), float(random.uniform(0, 1))),
        )

    def inked(self, colours: Light) -> Light:
        """The light that the sheet throws back for colours (..., 3), without its dots."""
        grey = (colours @ LUMA)[..., None]
        inside = grey + self.gamut * (colours - grey)
        return np.asarray((255 * self.black + (1 - self.black) * inside) * np.array(self.paper, np.float32), np.float32)

    def pattern(self, inked: Light, x: np.ndarray, y: np.ndarray, face_px: float, camera: Camera) -> Light:
        """The factor (H, W, 3) of the dots, at the sheet's places x, y (H, W), as the camera samples them.

        A dot that covers a part a of its cell has, along each axis, a first harmonic of 2 sin(pi a) / pi.
        """
        left = camera.passes(self.dots / face_px) if self.dots else 0.0
        if left < 1e-3:  # noqa: PLR2004 - below a quarter of a grey level
            return np.ones(1, np.float32)
        covered = 1 - np.clip(inked / 255, 0, 1)
        depth = (2 / np.pi * left) * np.sin(np.pi * covered) * (1 - self.black)
        factor = np.empty_like(inked)
        for channel, angle in enumerate(ANGLES):
            along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
            waves = wave(along, self.dots, self.phase[0]) + wave(across, self.dots, self.phase[1])
            factor[..., channel] = 1 - 0.5 * depth[..., channel] * waves
        return factor


@dataclass(frozen=True)
class Screen:
    """Pixels that shine: `cells` along a face, how dark it is between them, colours beside each other or not.

    `white` (3,) is its brightness by colour, `lift` what a dark pixel still shines, `gamma` its contrast; `bands` and
    `rows`: how deep and how far apart the bands of its refresh are, in the share of light and in pixels.
    """

    cells: float
    depth: float
    stripes: bool
    white: tuple[float, float, float]
    lift: float
    gamma: float
    bands: float
    rows: float
    phase: tuple[float, float, float]

    @classmethod
    def draw(cls, random: Generator, limits: Limits) -> "Screen":
        """One of telephones and monitors."""
        bright, blue = random.uniform(0.8, 1.5), random.uniform(-0.05, 0.2)
        return cls(
            cells=float(np.exp(random.uniform(*np.log(limits.cells)))),
            depth=float(random.uniform(*limits.depth)),
            stripes=bool(random.random() < 0.7),  # noqa: PLR2004 - most have stripes
            white=(float(bright * (1 - blue / 2)), float(bright), float(bright * (1 + blue))),
            lift=float(random.uniform(0.01, 0.08)),
            gamma=float(random.uniform(0.85, 1.35)),
            bands=float(random.uniform(*limits.bands)),
            rows=float(random.uniform(25, 200)),
            phase=tuple(float(value) for value in random.uniform(0, 1, 3)),  # type: ignore[arg-type]
        )

    def shown(self, colours: Light) -> Light:
        """The light of colours (..., 3), without the pixels."""
        encoded = self.lift + (1 - self.lift) * np.clip(colours / 255, 0, 1) ** self.gamma
        return np.asarray(255 * encoded * np.array(self.white, np.float32), np.float32)

    def pattern(self, x: np.ndarray, y: np.ndarray, face_px: float, camera: Camera) -> Light:
        """The factor (H, W, 3) of the pixels at the screen's places x, y (H, W), as the camera samples them."""
        depth = self.depth * camera.passes(self.cells / face_px)
        if depth < 1e-3:  # noqa: PLR2004 - below a quarter of a grey level
            return np.ones(1, np.float32)
        down = wave(y, self.cells, self.phase[1])
        apart = 1 / 3 if self.stripes else 0.0
        across = [wave(x, self.cells, self.phase[0] + apart * channel) for channel in range(3)]
        return np.stack([1 + depth * (each + 0.5 * down) for each in across], -1)

    def banded(self, height: int) -> Light:
        """The factor (H, 1, 1) of the refresh from row to row."""
        rows = np.arange(height, dtype=np.float32)[:, None, None]
        return np.asarray(1 + self.bands * np.sin(2 * np.pi * (rows / self.rows + self.phase[2])), np.float32)


def wave(along: np.ndarray, cycles: float, phase: float) -> np.ndarray:
    """Cos of so many cycles a face."""
    return np.cos((2 * np.pi * cycles) * along + np.float32(2 * np.pi * phase))


def glare(shape: tuple[int, int], strength: float, random: Generator) -> Light:
    """Light (H, W, 1) that a smooth surface throws back: one blurred patch, 0 to 255 times `strength`."""
    height, width = shape
    small = np.zeros((24, 24), np.float32)
    place = tuple(int(value) for value in random.integers(3, 21, 2))
    axes = (int(random.integers(1, 9)), int(random.integers(1, 4)))
    cv2.ellipse(small, place, axes, float(random.uniform(0, 180)), 0, 360, (1.0,), -1)
    soft = cv2.GaussianBlur(small, (0, 0), float(random.uniform(0.6, 3)))
    even = np.asarray(soft / max(float(soft.max()), 1e-6), np.float32)
    spread = cv2.resize(even, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(255 * strength * np.clip(spread, 0, 1)[..., None], np.float32)
