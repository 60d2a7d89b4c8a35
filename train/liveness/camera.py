"""A camera as a few numbers: what it lets through of a pattern, and what it makes of the light that reaches it.

Every view of the simulation, of a face or of a picture of one, passes through exactly one camera of one distribution,
so that neither blur nor noise nor how often something was compressed tells the one from the other.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator

Light = np.ndarray  # (H, W, 3) float32, 0 to 255 as displays encode it
LUMA = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True)
class Camera:
    """`blur`: standard deviation of the optics, in pixels; `fill`: the part of a pixel's pitch that gathers light.

    `gains`: of the three colours, exposure and white balance in one; `contrast`: exponent of its tone curve; `noise`:
    standard deviation at mid-grey; `sharpen`: how much of what a blur of 1 px takes away is added again; `shrink`:
    pixels given out by pixel of the sensor; `quality` of its JPEG, and of the stream's `again` (0: none).
    """

    blur: float = 0.5
    fill: float = 0.8
    gains: tuple[float, float, float] = (1.0, 1.0, 1.0)
    contrast: float = 1.0
    saturation: float = 1.0
    noise: float = 2.0
    sharpen: float = 0.0
    shrink: float = 1.0
    quality: int = 85
    again: int = 0

    @classmethod
    def draw(cls, random: Generator, *, worse: bool = False) -> "Camera":
        """One of a wide choice; `worse` ones are softer, noisier and more compressed than any of the others."""
        exposure, warm, green = random.uniform(0.75, 1.3), random.uniform(-0.18, 0.18), random.uniform(-0.06, 0.06)
        again = random.random() < 0.3  # noqa: PLR2004 - of the streams are compressed anew
        return cls(
            blur=float(random.uniform(1.1, 1.6) if worse else random.uniform(0.25, 1.1)),
            fill=float(random.uniform(0.3, 1.0)),
            gains=tuple(float(exposure * gain) for gain in (1 + warm, 1 + green, 1 - warm)),  # type: ignore[arg-type]
            contrast=float(np.exp(random.uniform(-0.3, 0.3))),
            saturation=float(random.uniform(0.6, 1.25)),
            noise=float(random.uniform(6, 10) if worse else random.uniform(0.3, 6)),
            sharpen=float(max(0.0, random.uniform(-0.5, 1.0))),
            shrink=float(random.uniform(0.7, 1.0)),
            quality=int(random.integers(30, 55) if worse else random.integers(55, 96)),
            again=int(random.integers(60, 90)) if again else 0,
        )

    def passes(self, cycles: float) -> float:
        """What is left of the amplitude of a pattern of so many cycles a pixel, before it is sampled."""
        gathered = np.sinc(self.fill * cycles)
        return float(abs(gathered) * np.exp(-2 * (np.pi * self.blur * cycles) ** 2))

    def softened(self, light: Light) -> Light:
        """The light behind the optics."""
        return cv2.GaussianBlur(light, (0, 0), self.blur)

    def developed(self, light: Light, random: Generator) -> np.ndarray:
        """The picture (h, w, 3) uint8 that it gives out of softened light."""
        curve = 255 * cv2.pow(np.clip(light * (np.array(self.gains, np.float32) / 255), 0, 1.2), self.contrast)
        grey = (curve @ LUMA)[..., None]
        colours = grey + self.saturation * (curve - grey)
        shot = np.sqrt(np.clip(grey, 8, 255) / 128) * self.noise
        seen = colours + shot * random.standard_normal(light.shape, np.float32)
        if self.sharpen:
            seen = seen + self.sharpen * (seen - cv2.GaussianBlur(seen, (0, 0), 1.0))
        picture = np.clip(seen, 0, 255).astype(np.uint8)
        if self.shrink < 1:
            picture = np.asarray(
                cv2.resize(picture, None, fx=self.shrink, fy=self.shrink, interpolation=cv2.INTER_AREA), np.uint8
            )
        for quality in (self.quality, self.again):
            if quality:
                picture = compressed(picture, quality)
        return np.asarray(picture, np.uint8)


def compressed(picture: np.ndarray, quality: int) -> np.ndarray:
    """The picture (h, w, 3) after one JPEG."""
    encoded = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.ascontiguousarray(np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR))[..., ::-1])
