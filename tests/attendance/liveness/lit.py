"""Drawn tracks before a screen that changes its colour, with a known answer. All of it is simulated.

Light adds up in linear numbers: a face gets the room's light, 1 in each colour, and the share `answer` of the screen's;
what is behind gets `behind` of that. A camera then turns its exposure and white balance after the whole picture, and
adds noise and JPEG.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from attendance.liveness import Moment, moment_of
from attendance.liveness.colours import COLOURS, STEP_S, Order
from enroll.face import Detection

SIZE: Final = (400, 300)
KINDS: Final = ("face", "cut-out", "print", "display", "injected", "replayed")
GLASS: Final = 0.02  # of the screen's light that a display gives back as a mirror or a haze, on its own light


@dataclass(frozen=True)
class Setting:
    """How a track is made; `rate` frames a second, `delay` in seconds, `noise` in grey levels."""

    answer: float = 0.1
    behind: float = 0.08
    rate: float = 8.0
    seconds: float = 5.0
    delay: float = 0.15
    noise: float = 2.0
    sway: float = 20.0  # pixels
    tint: float = 0.02  # how far the face's colour drifts as it turns in the room's light
    gain: float = 1.0  # of the exposure


@dataclass(frozen=True)
class Portrait:
    """A photo (h, w, 3) uint8, with the face's box and landmarks (5, 2) in its pixels."""

    photo: np.ndarray
    box: tuple[float, float, float, float]
    landmarks: np.ndarray


def linear(picture: np.ndarray) -> np.ndarray:
    return (((np.arange(256) / 255 + 0.055) / 1.055) ** 2.4).astype(np.float32)[picture]


def encoded(light: np.ndarray, curve: float) -> np.ndarray:
    """Grey levels, by the curve of sRGB to the power of another."""
    levels = np.clip(1.055 * np.linspace(0, 1, 4096) ** (1 / 2.4) - 0.055, 0, 1) ** curve
    return (255 * levels).astype(np.float32)[(np.clip(light, 0, 1) * 4095 + 0.5).astype(np.int32)]


class Screen:
    """What the screen shows, by an `Order` with the numbers of `rng`, from before the track on."""

    def __init__(self, rng: np.random.Generator, seconds: float) -> None:
        order = Order(lambda n: int(rng.integers(n)))
        self.ticks = np.arange(-2.0, seconds + 1, STEP_S + rng.uniform(0, 0.1))
        self.places = [order.due(float(2 * number)) for number in range(len(self.ticks))]

    def shown(self, time: float) -> int:
        return self.places[int(np.searchsorted(self.ticks, time, "right")) - 1]

    def light(self, time: float) -> np.ndarray:
        """Its colour as a camera integrates it over 60 ms."""
        return np.mean([COLOURS[self.shown(time - each)].light for each in (0.0, 0.02, 0.04, 0.06)], 0)


class Camera:
    """Exposure follows within a second, white balance within two, both half of the way."""

    def __init__(self, rng: np.random.Generator, setting: Setting) -> None:
        self.rng, self.setting = rng, setting
        self.first: np.ndarray | None = None
        self.exposure, self.balance = 1.0, np.ones(3)
        self.cross = (np.eye(3) * 0.9 + 0.1 / 3).astype(np.float32)  # colours that leak into each other
        self.curve = rng.uniform(0.92, 1.08)

    def take(self, light: np.ndarray, passed: float) -> np.ndarray:
        seen = light @ self.cross
        mean = seen.mean((0, 1))
        if self.first is None:
            self.first = mean
        wanted = self.first / mean
        self.exposure += min(1, passed / 1.0) * (wanted.mean() ** 0.5 - self.exposure)
        self.balance += min(1, passed / 2.0) * ((wanted / wanted.mean()) ** 0.5 - self.balance)
        level = encoded(seen * (self.exposure * self.balance * self.setting.gain).astype(np.float32), self.curve)
        noisy = level + self.setting.noise * self.rng.standard_normal(level.shape, np.float32)
        jpeg = cv2.imencode(".jpg", np.clip(noisy, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 88])[1]
        return cv2.imdecode(jpeg, cv2.IMREAD_COLOR)


def track(kind: str, portrait: Portrait, room: np.ndarray, setting: Setting, seed: int = 0) -> list[tuple[Moment, int]]:
    """Moments with the colour that the page showed for each."""
    rng = np.random.default_rng(seed)
    screen = Screen(rng, setting.seconds)
    lit_by = {"injected": None, "replayed": Screen(rng, setting.seconds)}.get(kind, screen)
    camera = Camera(rng, setting)
    back, front = linear(cv2.resize(room, SIZE)), linear(portrait.photo)
    masks = [_oval(portrait), np.ones(portrait.photo.shape[:2])]
    alpha = masks[kind in {"print", "display"}]
    shown, before = [], 0.0
    steps = np.cumsum(rng.uniform(0.8, 1.2, int(setting.seconds * setting.rate)) / setting.rate)
    way = rng.uniform(0.15, 0.5, 2), rng.uniform(0, 2 * np.pi, 4)
    for now in map(float, steps):
        waves = np.sin(2 * np.pi * np.tile(way[0], 2) * now + way[1])
        shift = setting.sway * waves[:2] + (np.array(SIZE) - portrait.photo.shape[1::-1]) / 2
        colour = np.zeros(3) if lit_by is None else lit_by.light(now - setting.delay) * setting.answer
        turned = (1 + 0.06 * waves[2]) * (1 + setting.tint * np.array([1, 0, -1]) * waves[3])
        near = 1 + GLASS * colour if kind == "display" else turned * (1 + colour)
        far = (1 + setting.behind * colour).astype(np.float32)
        scene = _placed(back * far, front * near.astype(np.float32), alpha, shift)
        frame = camera.take(scene, now - before)
        before = now
        landmarks = portrait.landmarks + shift + rng.normal(0, 0.7, (5, 2))
        x, y, width, height = portrait.box
        box = tuple(map(float, (x + shift[0], y + shift[1], width, height)))
        shown.append((moment_of(frame, Detection(box, landmarks.astype(np.float32), 0.9), now), screen.shown(now)))
    return shown


def _oval(portrait: Portrait) -> np.ndarray:
    """Head and shoulders: what is cut out."""
    x, y, width, height = portrait.box
    rows, columns = np.mgrid[: portrait.photo.shape[0], : portrait.photo.shape[1]]
    across, down = (columns - x - width / 2) / width, (rows - y - height / 2) / height
    head = (across / 0.62) ** 2 + (down / 0.8) ** 2 < 1
    body = (down > 0.7) & (np.abs(across) < 1.2)
    return cv2.GaussianBlur((head | body).astype(np.float32), (0, 0), 1.0)


def _placed(back: np.ndarray, near: np.ndarray, alpha: np.ndarray, shift: np.ndarray) -> np.ndarray:
    matrix = np.column_stack([np.eye(2), shift])
    over = cv2.warpAffine(alpha.astype(np.float32), matrix, SIZE)[..., None]
    return over * cv2.warpAffine(near, matrix, SIZE) + (1 - over) * back
