"""What stands before a kiosk, for benchmarks/liveness.py: calm heads, prints in a hand, sheets waved in moving light.

All of it is SIMULATED: a photo's face on a drawn head or sheet before a drawn room, 800 x 600 pixels, faces 150 to 300
wide. Heads differ in depth and nose, blink as people do, and sway by a given angle; none speaks. Sheets bend to other
cylinders and waves while they move, a light runs over them, and a hand passes before some.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import cv2
import numpy as np

from attendance.liveness import Moment, Track, moment_of
from enroll.face import Detection, Pixels
from enroll.geometry import iou

SIZE = (800, 600)
SECONDS, FPS = 3.2, 30.0
FACES = (150.0, 300.0)  # pixels of the face's width
BLINKS = 0.3  # a second
BLINK_S = 0.3
NOSES, SKULLS = (0.35, 0.55), (1.1, 1.5)  # by the distance of the eyes
Find = Callable[[Pixels], list[Detection]]


@dataclass(frozen=True)
class Sitter:
    """A photo, where its face is, and what it is made into: `calm`, `stiff`, `print`, `cutout`, `bent`, `waved`."""

    photo: Pixels
    face: Detection
    kind: str
    turn: float
    seed: int


def sitting(scenes: ModuleType, sitter: Sitter, find: Find, fps: float = FPS, seconds: float = SECONDS) -> list[Moment]:
    """The moments of one track."""
    rng = np.random.default_rng([sitter.seed, round(10 * sitter.turn), sum(map(ord, sitter.kind))])
    room = cv2.resize(rng.integers(60, 200, (9, 12, 3), dtype=np.uint8), SIZE, interpolation=cv2.INTER_CUBIC)
    noise, quality = rng.uniform(1, 4), int(rng.uniform(70, 92))
    held = Held(scenes, sitter, rng)
    waved = Waved(scenes, sitter, rng) if sitter.kind == "waved" else None
    track = Track()
    for now in np.arange(int(seconds * fps)) / fps:
        if not track.wants(now):
            continue
        surface = held.surface(now)
        pose = held.pose(surface, now)
        if waved is not None:
            surface = waved.bent(surface, now)
        drawn = scenes.place(room, surface, pose, waved and waved.shine(now))
        seen = scenes.camera(waved.hand(drawn, now) if waved else drawn, rng, noise, quality)
        marks = scenes.project(surface, pose, held.marks + held.edge(surface))
        middle, half = marks.mean(0), 1.4 * np.linalg.norm(marks[1] - marks[0])
        wanted = (*(middle - half), 2 * half, 2 * half)
        near = [each for each in find(seen) if iou(each.box, wanted) > 0.2]
        if near:
            track.add(moment_of(seen, max(near, key=lambda each: iou(each.box, wanted)), float(now)))
    return list(track)


class Held:
    """What is before the kiosk, and how it moves."""

    def __init__(self, scenes: ModuleType, sitter: Sitter, rng: np.random.Generator) -> None:
        self.scenes, self.sitter = scenes, sitter
        self.marks = sitter.face.landmarks.astype(np.float64)
        self.living = sitter.kind in {"calm", "stiff"}
        self.width = sitter.face.box[2]
        self.scale = rng.uniform(*FACES) / self.width
        self.yaw, self.pitch = rng.uniform(-8, 8, 2)
        self.angle = rng.uniform(0, 2 * np.pi)
        self.sway = [scenes.sway(rng, SECONDS) for _ in range(6)]
        self.blinks = np.flatnonzero(rng.uniform(size=int(SECONDS * FPS)) < BLINKS / FPS) / FPS
        self.heights = rng.uniform(*NOSES), rng.uniform(*SKULLS)
        self.sheet = None
        if not self.living:
            kind = "print" if sitter.kind == "waved" else sitter.kind
            self.sheet = scenes.surface_of(sitter.photo, sitter.face.box, sitter.face.landmarks, kind, rng)[0]

    def surface(self, now: float) -> Any:
        """The sheet, or the head with its eyes as they are now."""
        if self.sheet is not None:
            return self.sheet
        shut = max(
            [1 - abs(2 * (now - at) / BLINK_S - 1) for at in self.blinks if at <= now <= at + BLINK_S], default=0
        )
        photo = self.scenes.blinking(self.sitter.photo, self.marks, shut if self.sitter.kind == "calm" else 0)
        return self.scenes.head(photo, self.marks[:2], self.marks[3:], *self.heights)

    def edge(self, surface: Any) -> np.ndarray:
        """By how much a print's border shifts its photo."""
        return (np.array(surface.texture.shape[1::-1]) - self.sitter.photo.shape[1::-1]) / 2

    def pose(self, surface: Any, now: float) -> Any:
        """Where it is now."""
        sway, turn, living = [float(each(now)) for each in self.sway], self.sitter.turn, self.living
        x, y, width, height = self.sitter.face.box
        off = (
            np.array([x + width / 2, y + height / 2])
            + self.edge(surface)
            - (np.array(surface.texture.shape[1::-1]) - 1) / 2
        )
        little = (0.04 if living else 0.08) * width * self.scale
        at = np.array(SIZE) / 2 + little * np.array([sway[5], 0.6 * sway[2]]) - off * self.scale
        return self.scenes.Pose(
            self.yaw + turn * (np.cos(self.angle) * sway[0] / 2 + 0.2 * sway[1]),
            self.pitch + turn * (np.sin(self.angle) * sway[0] / 2 + 0.2 * sway[3]),
            (1.0 if living else 4.0) * sway[4], (float(at[0]), float(at[1])),
            self.scale * (1 + (0.015 if living else 0.05) * sway[3]), 1.6 * self.scenes.FOCAL / self.scale,
        )  # fmt: skip


class Waved:
    """A sheet that is bent anew all the time, in a light that moves, behind a hand that may pass."""

    def __init__(self, scenes: ModuleType, sitter: Sitter, rng: np.random.Generator) -> None:
        self.width = sitter.face.box[2]
        self.curve, self.wave, self.run, self.band = (scenes.sway(rng, SECONDS) for _ in range(4))
        self.axis, self.depth = rng.uniform(-0.5, 0.5), rng.uniform(0.02, 0.06) * self.width
        self.tightest = rng.uniform(1.0, 2.0) * self.width
        self.length, self.phase = rng.uniform(1.0, 2.5) * self.width, rng.uniform(0, 2 * np.pi)
        self.glare, self.tilt = rng.uniform(0.15, 0.8), rng.uniform(0, 2 * np.pi)
        self.broad = rng.uniform(0.1, 0.6) * self.width
        self.passes, self.when = rng.uniform() < 0.4, rng.uniform(0.3, 2.5)
        self.colour = np.array([rng.uniform(120, 220), rng.uniform(90, 170), rng.uniform(70, 150)])

    def bent(self, surface: Any, now: float) -> Any:
        """The sheet at this time: a cylinder of either sign, and a wave that runs through it."""
        tall, wide = surface.texture.shape[:2]
        rows, columns = np.mgrid[:tall, :wide].astype(np.float64) - np.array([tall / 2, wide / 2])[:, None, None]
        across = np.cos(self.axis) * columns + np.sin(self.axis) * rows
        curve = 0.5 * self.curve(now) / self.tightest * across**2
        wave = self.depth * self.wave(now) * np.sin(2 * np.pi * across / self.length + self.phase + 2 * self.run(now))
        height = np.clip(curve, -0.6 * self.width, 0.6 * self.width) + wave
        return type(surface)(surface.texture, surface.alpha, height - height[tall // 2, wide // 2])

    def shine(self, now: float) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
        """A bright band that runs over the sheet, and a light that changes."""
        place = 1.2 * self.width * self.band(now)

        def light(u: np.ndarray, v: np.ndarray) -> np.ndarray:
            u, v = u - u.mean(), v - v.mean()
            along = np.cos(self.tilt) * u + np.sin(self.tilt) * v - place
            return (0.9 + 0.1 * self.run(now) + self.glare * np.exp(-((along / self.broad) ** 2))).astype(np.float32)

        return light

    def hand(self, frame: Pixels, now: float) -> Pixels:
        """The frame with the fingers that pass, if they do."""
        gone = (now - self.when) / 0.8
        if not (self.passes and 0 <= gone <= 1):
            return frame
        mask = np.zeros(frame.shape[:2], np.float32)
        x, y = int(SIZE[0] * (0.15 + 0.7 * gone)), int(SIZE[1] * 0.62)
        for finger in range(4):
            cv2.ellipse(mask, (x + 28 * finger, y + 60), (12, 110), 8.0, 0, 360, 1.0, -1)
        mask = cv2.GaussianBlur(mask, (0, 0), 3)[..., None]
        return np.asarray(frame * (1 - mask) + self.colour * mask, np.uint8)
