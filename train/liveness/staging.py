"""Views of faces and of pictures of faces: a room, what is held up in it, a camera, and the window that is cut out.

Both sides are made by the same steps with the same random choices but for the surface that carries the picture: one
resampling of the photo, one camera, one window, and the same posters, hands and edges of the frame around.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.random import Generator

from train.liveness.camera import Camera, Light, compressed
from train.liveness.media import SEEN, Limits, Print, Screen, glare

VIEW_SIDE = 192
AROUND = 3.0  # a view's side by the longer side of the face's box; both as the product's moments have them
LIVE = "live"
PRINTS = ("office print", "photo print", "cut-out", "bent print")
SCREENS = ("telephone", "monitor")
KINDS = (*PRINTS, *SCREENS)
NOTHING_FILLING, NOTHING_HELD = "nothing, fills the view", "nothing, held"
CONTROLS = (NOTHING_FILLING, NOTHING_HELD)
"""Surfaces that leave a picture as it is: what is said of them tells what the network goes by beside the medium."""

Rect = tuple[float, float, float, float]


@dataclass(frozen=True)
class Shot:
    """A photo (H, W, 3) uint8 and the box x, y, width, height of its face; of a room without one a box to go by."""

    pixels: np.ndarray
    box: tuple[float, float, float, float]

    @property
    def length(self) -> float:
        """The longer side of the box: what lengths on surfaces are counted in."""
        return max(self.box[2:])

    @property
    def extent(self) -> Rect:
        """Left, top, right, bottom of the photo in lengths from the middle of the face."""
        middle = np.array([self.box[0] + self.box[2] / 2, self.box[1] + self.box[3] / 2])
        size = np.array(self.pixels.shape[1::-1])
        return tuple(float(value) for value in np.concatenate([-middle, size - middle]) / self.length)  # type: ignore[return-value]


@dataclass(frozen=True)
class Scene:
    """What a view is made from: a `face`, a `room` that attacks are shown in, a `poster` without a face.

    `frame`, one drawn from the same photos whatever the view is of, tells where the camera's frame ends.
    """

    face: Shot
    room: Shot
    poster: np.ndarray
    frame: Rect


@dataclass(frozen=True)
class Plane:
    """Where the pixels of a patch look: `x`, `y` (H, W) on a surface, in lengths; a length is about `face_px` long.

    `shade` (H, W, 1) is the light that reaches the surface there.
    """

    x: np.ndarray
    y: np.ndarray
    face_px: float
    shade: np.ndarray


@dataclass(frozen=True)
class Layer:
    """Something before the room: its `light` (H, W, 3), how much of it covers (H, W, 1), the factor of its pattern."""

    light: Light
    alpha: np.ndarray
    factor: Light = field(default_factory=lambda: np.ones(1, np.float32))


def view_of(frame: np.ndarray, box: Sequence[float], side: int = VIEW_SIDE) -> np.ndarray:
    """The square window (side, side, 3) around a face, as the product's moments cut it; beyond the frame its edge."""
    height, width = frame.shape[:2]
    extent = max(8, round(AROUND * max(box[2:])))
    x0, y0 = (round(start + length / 2 - extent / 2) for start, length in ((box[0], box[2]), (box[1], box[3])))
    left, top, right, bottom = max(0, x0), max(0, y0), min(width, x0 + extent), min(height, y0 + extent)
    margins = (top - y0, y0 + extent - bottom, left - x0, x0 + extent - right)
    window = cv2.copyMakeBorder(frame[top:bottom, left:right], *margins, cv2.BORDER_REPLICATE)
    flags = cv2.INTER_AREA if side < extent else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(window, (side, side), interpolation=flags), np.uint8)


def staged(kind: str, scene: Scene, random: Generator, *, limits: Limits = SEEN, worse: bool = False) -> np.ndarray:
    """One view (192, 192, 3): the scene's face live, or as a picture of this kind before its room."""
    camera, face_px = Camera.draw(random, worse=worse), float(np.exp(random.uniform(*np.log([40, 120]))))
    side = int(3.4 * face_px)
    shot, room = (
        Shot(compressed(each.pixels, int(random.integers(50, 96))), each.box) for each in (scene.face, scene.room)
    )
    behind, smaller = (shot, 1.0) if kind == LIVE else (room, float(random.uniform(0.75, 1.1)))
    plane = plane_at(side, face_px * smaller, random.uniform(-8, 8, 3).tolist(), 6.0, (0, 0))
    layers = [Layer(looked_up(behind, plane), np.ones((side, side, 1), np.float32))]
    if random.random() < 0.35:  # noqa: PLR2004 - a picture hangs or stands in every third room
        layers.append(_poster(scene.poster, side, face_px, camera, limits, random))
    off = (0.0, 0.0)
    if kind != LIVE:
        off = tuple(random.uniform(-0.08, 0.08, 2))
        layers += _surface(kind, shot, _held(kind, side, face_px, off, random), camera, limits, random)
    if random.random() < 0.15:  # noqa: PLR2004 - a hand is somewhere near, whatever the view is of
        layers.append(_hand(side, face_px, random, beside=True))
    picture = camera.developed(_seen(layers, camera), random)
    ends = scene.frame if random.random() < 0.4 else None  # noqa: PLR2004 - the others are far from the frame's edge
    frame, start = framed(picture, ends, face_px * camera.shrink)
    middle = np.array(picture.shape[1::-1]) / 2 + np.array(off) * face_px * camera.shrink - start
    size = np.array(shot.box[2:]) / shot.length * face_px * camera.shrink * np.exp(random.normal(0, 0.05, 2))
    corner = middle - size / 2 + random.normal(0, 0.03, 2) * face_px * camera.shrink
    return view_of(frame, (*corner, *size))


def plane_at(
    side: int, face_px: float, turns: Sequence[float], distance: float, off: Sequence[float], bend: float = 0.0
) -> Plane:
    """A surface turned by yaw, pitch and roll (degrees), `off` the middle of a patch by so many lengths.

    `distance` in lengths tells how strong perspective is. With `bend` (1 / lengths) it is on a standing cylinder.
    """
    about = ((0, turns[0], 0), (turns[1], 0, 0), (0, 0, turns[2]))
    yaw, pitch, roll = (cv2.Rodrigues(np.radians(np.array(each, np.float64)))[0] for each in about)
    turn = roll @ pitch @ yaw
    ticks = (np.arange(side, dtype=np.float64) - (side - 1) / 2) / face_px
    columns, rows = ((np.meshgrid(ticks, ticks)[axis] - off[axis]) / distance for axis in (0, 1))
    along = distance * turn[2, 2] / (columns * turn[0, 2] + rows * turn[1, 2] + turn[2, 2])
    point = np.stack([columns * along, rows * along, along - distance])
    x, y = (np.tensordot(turn[:, axis], point, 1).astype(np.float32) for axis in (0, 1))
    shade = np.ones((side, side, 1), np.float32)
    if bend:
        angle = np.arcsin(np.clip(x * bend, -0.98, 0.98))
        shade = (0.6 + 0.4 * np.cos(angle - 0.5))[..., None].astype(np.float32)
        x = (angle / bend).astype(np.float32)
    return Plane(x, y, face_px, shade)


def looked_up(shot: Shot, plane: Plane) -> Light:
    """The photo's light (H, W, 3) where a patch looks at it; beyond its edge its mirror image."""
    scale = min(1.0, 1.1 * plane.face_px / shot.length)
    pixels = shot.pixels
    if scale < 0.95:  # noqa: PLR2004 - else nothing is skipped
        pixels = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    left, top, right, bottom = shot.extent
    u = (plane.x - left) * (pixels.shape[1] / (right - left)) - 0.5
    v = (plane.y - top) * (pixels.shape[0] / (bottom - top)) - 0.5
    return cv2.remap(pixels, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101).astype(np.float32)


def within(plane: Plane, rect: Rect, rounded: float = 0.0) -> np.ndarray:
    """How much of each pixel (H, W, 1) looks into a rectangle of the surface, with rounded corners or none."""
    middle, half = (np.array([rect[2] + sign * rect[0], rect[3] + sign * rect[1]]) / 2 for sign in (1, -1))
    beyond = [np.abs(v - middle[axis]) - half[axis] + rounded for axis, v in enumerate((plane.x, plane.y))]
    outer = np.hypot(*(np.maximum(each, 0) for each in beyond)) + np.minimum(np.maximum(*beyond), 0)
    return _covered(rounded - outer, plane.face_px)


def _covered(depth: np.ndarray, face_px: float) -> np.ndarray:
    """How much of each pixel (H, W, 1) is covered, by how deep (H, W) its middle lies inside, in lengths."""
    return np.clip(depth * face_px + 0.5, 0, 1)[..., None].astype(np.float32)


def _held(kind: str, side: int, face_px: float, off: Sequence[float], random: Generator) -> Plane:
    """The plane of a surface that somebody holds."""
    steep = 20.0 if kind != NOTHING_FILLING else 8.0
    turns = (*random.uniform(-steep, steep, 2), random.uniform(-8, 8))
    bend = float(random.uniform(0.25, 0.9)) if kind == "bent print" else 0.0
    return plane_at(side, face_px, turns, float(random.uniform(2.5, 8)), off, bend)


def _surface(kind: str, shot: Shot, plane: Plane, camera: Camera, limits: Limits, random: Generator) -> list[Layer]:
    """A picture of this kind, and the hand that holds it or none."""
    fills = kind == NOTHING_FILLING or (kind not in {"cut-out", NOTHING_HELD} and random.random() < 0.3)  # noqa: PLR2004
    colours = looked_up(shot, plane)
    rect = _cropped(kind, shot.extent, random)
    whole, picture = _outline(kind, plane, rect, random)
    if fills:
        whole = picture = np.ones_like(whole)
    if kind in CONTROLS:
        return [Layer(colours, picture)]
    light, factor = _medium(kind, colours, plane, picture, camera, limits, random)
    layers = [Layer(light, whole, factor)]
    if not fills and random.random() < 0.5:  # noqa: PLR2004 - every other hand is seen
        layers.append(_hand(len(light), plane.face_px, random, beside=False))
    return layers


def _medium(
    kind: str, colours: Light, plane: Plane, picture: np.ndarray, camera: Camera, limits: Limits, random: Generator
) -> tuple[Light, Light]:
    """The light of the surface with its border, and the factor of its pattern."""
    shining = random.uniform(*limits.glare) * (random.random() < 0.5)  # noqa: PLR2004 - every other one shines
    if kind in SCREENS:
        screen = Screen.draw(random, limits)
        rim = np.float32(random.choice([8, 20, 60, 190], p=[0.4, 0.3, 0.15, 0.15]))
        light = screen.shown(colours) * picture + rim * (1 - picture)
        factor = screen.pattern(plane.x, plane.y, plane.face_px, camera) * screen.banded(len(light))
        return light + glare(light.shape[:2], 0.7 * shining, random), 1 + picture * (factor - 1)
    dotted = kind == "office print" or (kind != "photo print" and random.random() < 0.5)  # noqa: PLR2004
    ink = Print.draw(random, limits, dotted=dotted)
    inked = ink.inked(colours * picture + 255 * (1 - picture))
    factor = ink.pattern(inked, plane.x, plane.y, plane.face_px, camera)
    lamp = 1 + random.uniform(-0.2, 0.2) * plane.x + random.uniform(-0.2, 0.2) * plane.y
    light = inked * plane.shade * (np.clip(lamp, 0.5, 1.5)[..., None] * np.float32(random.uniform(0.65, 1.1)))
    return light + (0 if dotted else 1) * glare(light.shape[:2], shining, random), factor


def _cropped(kind: str, extent: Rect, random: Generator) -> Rect:
    """The part of the photo that is printed or shown, in lengths around the face."""
    if kind == "telephone":
        half = random.uniform(0.5, 0.85)
        up = half * random.uniform(1.2, 2.1)
        return (-half, -up, half, up)
    least = np.array([-0.55, -0.7, 0.55, 0.65])
    return tuple(float(value) for value in least + random.uniform(0, 1, 4) * (np.array(extent) - least))  # type: ignore[return-value]


def _outline(kind: str, plane: Plane, rect: Rect, random: Generator) -> tuple[np.ndarray, np.ndarray]:
    """Which pixels (H, W, 1) the surface covers, and which of them its picture."""
    if kind == "cut-out" or (kind == "bent print" and random.random() < 0.4):  # noqa: PLR2004
        wide, tall = random.uniform(0.42, 0.6), random.uniform(0.55, 0.8)
        away = np.hypot(plane.x / wide, (plane.y + 0.05) / tall)
        oval = _covered((1 - away) * min(wide, tall), plane.face_px)
        return oval, oval
    round_off = float(random.uniform(0, 0.12)) if kind in SCREENS else 0.0
    rims = random.uniform(0.02, 0.15, 4) if kind in SCREENS else random.uniform(0, 0.12) * np.ones(4)
    if kind == NOTHING_HELD:
        rims = np.zeros(4)
    outer = (rect[0] - rims[0], rect[1] - rims[1], rect[2] + rims[2], rect[3] + rims[3])
    return within(plane, outer, round_off), within(plane, rect)


def _poster(picture: np.ndarray, side: int, face_px: float, camera: Camera, limits: Limits, random: Generator) -> Layer:
    """A print or a screen without a face beside the middle of a patch."""
    wide, tall = random.uniform(0.25, 0.6, 2)
    off = (random.choice([-1, 1]) * (0.62 + wide + random.uniform(0, 0.5)), random.uniform(-1.0, 0.6))
    plane = plane_at(side, face_px, (*random.uniform(-20, 20, 2), random.uniform(-8, 8)), 4.0, off)
    height, width = picture.shape[:2]
    shot = Shot(picture, (width / 2 - 0.25 * width, height / 2 - 0.25 * height, 0.5 * width, 0.5 * height))
    kind = str(random.choice(["office print", "photo print", "monitor"]))
    whole, shown = _outline(kind, plane, (-wide, -tall, wide, tall), random)
    light, factor = _medium(kind, looked_up(shot, plane), plane, shown, camera, limits, random)
    return Layer(light, whole, factor)


def _hand(side: int, face_px: float, random: Generator, *, beside: bool) -> Layer:
    """Two to four fingers of one skin, come in from the edge of a patch; `beside` the face where nothing is held."""
    alpha, middle = np.zeros((side, side), np.float32), side / 2
    angle = (
        random.uniform(0.1 * np.pi, 0.9 * np.pi) if not beside else random.choice([0, np.pi]) + random.uniform(0, 0.9)
    )
    out = np.array([np.cos(angle), np.sin(angle)])
    tip = middle + out * face_px * random.uniform(0.75, 1.2)
    for finger in range(int(random.integers(2, 5))):
        start = tip + np.array([-out[1], out[0]]) * face_px * 0.16 * finger + random.normal(0, 0.03, 2) * face_px
        ends = [tuple(int(8 * value) for value in point) for point in (start, start + out * side)]
        cv2.line(alpha, ends[0], ends[1], (1.0,), max(2, int(0.15 * face_px)), cv2.LINE_8, 3)
    skin = random.uniform(0.25, 1.0) * random.uniform(0.9, 1.1, 3) * (225, 175, 150)
    shade = cv2.GaussianBlur(alpha, (0, 0), 0.06 * face_px)[..., None]
    return Layer((skin * (0.55 + 0.45 * shade)).astype(np.float32), alpha[..., None])


def _seen(layers: Sequence[Layer], camera: Camera) -> Light:
    """What reaches the sensor: all layers before one another, behind the optics, times their sampled patterns."""
    light, factor = layers[0].light, layers[0].factor
    for layer in layers[1:]:
        alpha = cv2.GaussianBlur(layer.alpha, (0, 0), 0.5)[..., None]  # no edge is sharper than a pixel
        light = light + alpha * (layer.light - light)
        factor = factor + alpha * (layer.factor - factor)
    return np.asarray(camera.softened(light) * factor, np.float32)


def framed(picture: np.ndarray, ends: Rect | None, face_px: float) -> tuple[np.ndarray, np.ndarray]:
    """The part (h, w, 3) of a patch's picture that is within a frame, and the place (x, y) of its first pixel.

    `ends` are the frame's left, top, right, bottom from the patch's middle, in lengths of a face; None: it is all.
    """
    size = np.array(picture.shape[1::-1])
    if ends is None:
        return picture, np.zeros(2)
    start = np.clip(np.round(size / 2 + np.array(ends[:2]) * face_px), 0, size - 8).astype(int)
    end = np.clip(np.round(size / 2 + np.array(ends[2:]) * face_px), start + 8, size).astype(int)
    return picture[start[1] : end[1], start[0] : end[0]], start.astype(float)
