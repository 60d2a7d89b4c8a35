"""Drawn scenes with a known answer: a textured surface (plane, bent sheet, head) moved before a camera.

All of it is simulated. The surface is a height over the texture's plane; each pixel of the camera looks along its ray
for the point of the texture that it sees, so that perspective is true.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

FOCAL = 600.0  # pixels: 56 degrees across 640


@dataclass(frozen=True)
class Surface:
    """`texture` (h, w, 3) uint8, `alpha` (h, w) 0 to 1, `height` (h, w) over the plane, in texture pixels."""

    texture: np.ndarray
    alpha: np.ndarray
    height: np.ndarray


@dataclass(frozen=True)
class Pose:
    """Where a surface is: turns in degrees, its centre (x, y) in the frame, frame pixels by texture pixel, distance.

    `distance` is in texture pixels; it tells how strong perspective is.
    """

    yaw: float
    pitch: float
    roll: float
    centre: tuple[float, float]
    scale: float
    distance: float


def rotation(pose: Pose) -> np.ndarray:
    yaw, pitch, roll = np.radians([pose.yaw, pose.pitch, pose.roll])
    about = [(0, yaw, 0), (pitch, 0, 0), (0, 0, roll)]
    turns = [cv2.Rodrigues(np.array(each, np.float64))[0] for each in about]
    return turns[2] @ turns[1] @ turns[0]


Shine = Callable[[np.ndarray, np.ndarray], np.ndarray]


def place(frame: np.ndarray, surface: Surface, pose: Pose, shine: Shine | None = None) -> np.ndarray:
    """The frame with the surface before it. Camera: x right, y down, z forward; heights rise towards it.

    `shine` gives the light (H, W) that each point (u, v) of the texture adds by factor, as a screen's pixels do.
    """
    tall, wide = surface.texture.shape[:2]
    reach = int(0.75 * pose.scale * max(tall, wide)) + 8
    x0, y0 = max(0, int(pose.centre[0]) - reach), max(0, int(pose.centre[1]) - reach)
    x1, y1 = min(frame.shape[1], x0 + 2 * reach), min(frame.shape[0], y0 + 2 * reach)
    columns, rows = np.meshgrid(np.arange(x0, x1), np.arange(y0, y1))
    focal = pose.scale * pose.distance
    turn = rotation(pose)
    ahead = np.stack([(columns - pose.centre[0]) / focal, (rows - pose.centre[1]) / focal, np.ones(rows.shape)])
    rays = np.einsum("ij,ihw->jhw", turn, ahead).astype(np.float32)  # by the transposed rotation
    towards = turn.T @ np.array([0, 0, pose.distance])
    height, relief, curved = np.zeros(rows.shape, np.float32), surface.height.astype(np.float32), surface.height.any()
    for _ in range(8):
        along = (np.float32(towards[2]) - height) / rays[2]
        u = along * rays[0] - np.float32(towards[0] - (wide - 1) / 2)
        v = along * rays[1] - np.float32(towards[1] - (tall - 1) / 2)
        if not curved:
            break
        height = cv2.remap(relief, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    seen = cv2.remap(surface.texture, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    if shine is not None:
        seen *= shine(u, v)[..., None]
    alpha = cv2.remap(surface.alpha.astype(np.float32), u, v, cv2.INTER_LINEAR, borderValue=0)[..., None]
    out = frame.copy()
    part = out[y0:y1, x0:x1]
    out[y0:y1, x0:x1] = np.clip(alpha * seen + (1 - alpha) * part, 0, 255).astype(np.uint8)
    return out


def project(surface: Surface, pose: Pose, points: np.ndarray) -> np.ndarray:
    """Where points (n, 2) of the texture are in the frame."""
    tall, wide = surface.texture.shape[:2]
    at = points.round().astype(int)
    heights = surface.height[at[:, 1].clip(0, tall - 1), at[:, 0].clip(0, wide - 1)]
    body = np.column_stack([points - [(wide - 1) / 2, (tall - 1) / 2], -heights])
    x, y, z = (body @ rotation(pose).T + [0, 0, pose.distance]).T
    return np.column_stack([x / z, y / z]) * pose.scale * pose.distance + pose.centre


def flat(texture: np.ndarray, alpha: np.ndarray | None = None) -> Surface:
    shape = texture.shape[:2]
    return Surface(texture, np.ones(shape) if alpha is None else alpha, np.zeros(shape))


def bent(surface: Surface, radius: float) -> Surface:
    """The same sheet on a standing cylinder of this radius, in texture pixels."""
    tall, wide = surface.texture.shape[:2]
    across = np.minimum(np.abs(np.arange(wide) - wide / 2), 0.9 * radius)
    fall = radius - np.sqrt(radius**2 - across**2)
    return Surface(surface.texture, surface.alpha, -np.tile(fall, (tall, 1)))


def head(texture: np.ndarray, eyes: np.ndarray, mouth: np.ndarray, tip: float = 0.47, depth: float = 1.3) -> Surface:
    """A head with the face's texture: an ellipsoid with a nose; `eyes` and `mouth` (2, 2) in texture pixels.

    By the eyes' distance e: half axes 1.3 e across, 1.75 e up, `depth` e to the camera; the nose `tip` e before it.
    """
    left, down = eyes.mean(0), mouth.mean(0)
    e = float(np.linalg.norm(eyes[1] - eyes[0]))
    axis = (down - left) / np.linalg.norm(down - left)
    side = np.array([axis[1], -axis[0]])
    rows, columns = np.mgrid[: texture.shape[0], : texture.shape[1]]
    offset = np.stack([columns - left[0], rows - left[1]], -1)
    y, x = offset @ axis / e, offset @ side / e
    inside = 1 - (x / 1.3) ** 2 - ((y - 0.25) / 1.75) ** 2
    skull = depth * np.sqrt(np.clip(inside, 0, None))
    along = np.interp(y, [-0.2, 0.1, 0.6, 0.78], [0, 0.35, 1, 0])
    nose = tip * along * np.exp(-((x / 0.17) ** 2) / 2)
    alpha = cv2.GaussianBlur((inside > 0.12).astype(np.float32), (0, 0), 0.04 * e)
    return Surface(texture, alpha, e * (skull + nose - depth))


def blinking(photo: np.ndarray, landmarks: np.ndarray, shut: float) -> np.ndarray:
    """The photo with its eyes shut by a share: the lid above is drawn down over them."""
    if shut <= 0:
        return photo
    e = float(np.linalg.norm(landmarks[1] - landmarks[0]))
    rows, columns = np.mgrid[: photo.shape[0], : photo.shape[1]].astype(np.float32)
    lift = np.zeros(rows.shape)
    for x, y in landmarks[:2]:
        lift += 0.2 * shut * e * np.exp(-(((columns - x) / (0.25 * e)) ** 2 + ((rows - y) / (0.13 * e)) ** 2))
    return cv2.remap(
        photo, columns, (rows - lift).astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )


def camera(frame: np.ndarray, rng: np.random.Generator, noise: float = 2.0, quality: int = 90) -> np.ndarray:
    """The frame as a camera gives it: a little soft, noisy, compressed."""
    soft = cv2.GaussianBlur(frame, (0, 0), 0.6).astype(np.float32)
    grainy = np.clip(soft + noise * rng.standard_normal(frame.shape, np.float32), 0, 255).astype(np.uint8)
    return cv2.imdecode(cv2.imencode(".jpg", grainy, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)


def sway(rng: np.random.Generator, seconds: float) -> Callable[[float], np.ndarray]:
    """A hand-like motion of one number: slow sines, from -1 to 1, that covers its whole range within `seconds`."""
    times = np.linspace(0, seconds, 200)
    rates, phases = rng.uniform(0.25, 0.6, 2), rng.uniform(0, 2 * np.pi, 2)
    parts = np.array([1.0, 0.3])[:, None] * np.sin(2 * np.pi * rates[:, None] * times * [[1], [2.3]] + phases[:, None])
    values = parts.sum(0)
    values = 2 * (values - values.min()) / (values.max() - values.min()) - 1
    return lambda time: np.interp(time, times, values)


def surface_of(
    photo: np.ndarray, box: tuple, landmarks: np.ndarray, kind: str, rng: np.random.Generator
) -> tuple[Surface, np.ndarray, float]:
    """What is held before a camera: a print, a screen, one that fills the view, a cut-out, a bent one, or a head.

    Returns the surface, the face's centre in its texture, and the face's width.
    """
    x, y, width, height = box
    centre = np.array([x + width / 2, y + height / 2])
    if kind == "head":
        marks = landmarks.astype(np.float64)
        return head(photo, marks[:2], marks[3:]), centre, width
    if kind in {"print", "screen", "filling"}:
        edge, grey = int(0.06 * max(photo.shape[:2])), 20 if kind == "screen" else 240
        framed = cv2.copyMakeBorder(photo, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=(grey, grey, grey))
        if kind == "filling":
            framed = cv2.copyMakeBorder(photo, 200, 200, 200, 200, cv2.BORDER_REFLECT)
            edge = 200
        return flat(framed), centre + edge, width
    rows, columns = np.mgrid[: photo.shape[0], : photo.shape[1]]
    oval = ((columns - centre[0]) / (0.62 * width)) ** 2 + ((rows - centre[1]) / (0.7 * height)) ** 2 < 1
    cut = flat(photo, cv2.GaussianBlur(oval.astype(np.float32), (0, 0), 0.8))
    return (bent(cut, rng.uniform(1.2, 3.0) * width) if kind == "bent" else cut), centre, width


def shrunk(surface: Surface, factor: float) -> Surface:
    """The surface with its texture averaged down, so that no pixel of it is skipped."""
    size = tuple(max(8, round(each * factor)) for each in surface.texture.shape[1::-1])
    picture, alpha, height = (
        cv2.resize(np.asarray(each, np.float32), size, interpolation=cv2.INTER_AREA)
        for each in (surface.texture, surface.alpha, surface.height)
    )
    return Surface(picture.astype(np.uint8), alpha, height * factor)


class Light:
    """What a screen adds: gamma's contrast, the grid of its pixels, by sampling turned into moire, refresh bands."""

    def __init__(self, rng: np.random.Generator, scale: float) -> None:
        self.cycles = rng.uniform(0.6, 1.4, 2) * scale  # of the grid, by pixel of the texture
        self.depth, self.bands = rng.uniform(0.02, 0.08), rng.uniform(0.02, 0.06)
        self.rows, self.rate = rng.uniform(60, 200), rng.uniform(0.2, 3.0)

    def shine(self, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        """The grid."""
        lines = np.cos(2 * np.pi * u * self.cycles[0]) + np.cos(2 * np.pi * v * self.cycles[1])
        return (1 + self.depth * lines).astype(np.float32)

    def banded(self, frame: np.ndarray, now: float) -> np.ndarray:
        """The bands, over the frame's middle."""
        rows = np.arange(len(frame))[:, None, None]
        factor = 1 + self.bands * np.sin(2 * np.pi * (rows / self.rows + self.rate * now))
        out = frame.copy()
        out[:, 60:260] = np.clip(255 * (frame[:, 60:260] / 255.0) ** 1.1 * factor, 0, 255).astype(np.uint8)
        return out
