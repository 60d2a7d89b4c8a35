"""Pictures to train on, put together: photos moved, turned and resized, heads pasted, and what bad cameras make of it.

Everything that is drawn comes from the generator that is given, so a seed repeats a picture.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator

from enroll.geometry import TEMPLATE_112, apply, invert, umeyama
from train.data import augment
from train.detecting.labels import MIRRORED, Labels
from train.detecting.photos import Crops, Photos

MASK_OUTLINE = np.array([(0.16, 0.62), (0.5, 0.55), (0.84, 0.62), (0.78, 0.90), (0.5, 1.02), (0.22, 0.90)]) * 112
"""A face mask on the alignment template, in its pixels."""
ROOM = 0.1  # of a face that may be covered by what is pasted beside it
HEAD, HEAD_OF_CROP = 110.0, 180.0  # px: the largest face that is pasted, of a photo and of a crop
SOFT = (0.02, 0.1)  # of the face's size: how gradually what is pasted goes over into the background
UNREADABLE = 9.0  # px: what is left of a smaller face's longer side nobody should be asked to find


@dataclass(frozen=True)
class Scenery:
    """How a training picture is drawn; probabilities, and sizes of faces (longer side of the box) in px."""

    side: int = 320
    smallest: float = 11.0
    largest: float = 300.0
    empty: float = 0.25
    black: float = 0.08
    mosaic: float = 0.4
    photo: float = 0.5
    most_heads: int = 6
    crops: float = 0.5
    turn_degrees: float = 15.0
    turned_far: float = 0.2
    mirror: float = 0.5
    mask: float = 0.15
    light: float = 0.5
    grey: float = 0.12
    low_resolution: float = 0.2
    blur: float = 0.2
    noise: float = 0.2
    jpeg: float = 0.35


@dataclass(frozen=True)
class Sources:
    """Photos with faces, pictures without, and crops of faces that no photo shows."""

    scenes: Photos
    backgrounds: Photos
    small: Photos
    crops: Crops | None = None


def compose(sources: Sources, how: Scenery, row: int, random: Generator) -> tuple[np.ndarray, Labels]:
    """A picture (side, side, 3) uint8 and what it shows; `row` is the photo that it begins with."""
    canvas, labels = _background(sources, how, random), nothing()
    if random.random() >= how.empty:
        if random.random() < how.photo:
            size = _log_uniform(random, 20.0, how.largest)
            canvas, labels = _paste(canvas, labels, sources.scenes, row, size, how, random, whole=True)
            heads = int(random.integers(0, 3))
        else:
            heads = int(random.integers(1, how.most_heads + 1))
        for _ in range(heads):
            canvas, labels = _head(canvas, labels, sources, how, random)
    return _degraded(canvas, labels, how, random)


def _head(
    canvas: np.ndarray, labels: Labels, sources: Sources, how: Scenery, random: Generator
) -> tuple[np.ndarray, Labels]:
    """Paste the head of a photo, or a crop, which may be larger."""
    pool: Photos | Crops = sources.scenes
    most = HEAD
    if sources.crops is not None and random.random() < how.crops:
        pool, most = sources.crops, HEAD_OF_CROP
    other = int(random.integers(len(pool.names)))
    size = _log_uniform(random, how.smallest, most)
    return _paste(canvas, labels, pool, other, size, how, random, whole=False)


def nothing() -> Labels:
    """No face."""
    return Labels(np.zeros((0, 4), np.float32), np.zeros((0, 5, 2), np.float32), np.zeros(0, bool))


def moved(labels: Labels, matrix: np.ndarray) -> Labels:
    """Labels after a similarity (2, 3): a box is turned as the ellipse inside it and gets that ellipse's extents."""
    if not len(labels):
        return labels
    scale = float(np.hypot(*matrix[:, 0]))
    cosine, sine = np.abs(matrix[:, 0]) / scale
    middles = apply(matrix, labels.boxes[:, :2] + labels.boxes[:, 2:] / 2)
    w, h = labels.boxes[:, 2], labels.boxes[:, 3]
    sides = scale * np.stack([np.hypot(w * cosine, h * sine), np.hypot(w * sine, h * cosine)], 1)
    points = apply(matrix, labels.landmarks.reshape(-1, 2)).reshape(-1, 5, 2)
    return Labels(
        np.concatenate([middles - sides / 2, sides], 1).astype(np.float32), points.astype(np.float32), labels.sure
    )


def mirrored(pixels: np.ndarray, labels: Labels) -> tuple[np.ndarray, Labels]:
    """The mirror image with its labels."""
    width = pixels.shape[1]
    boxes, points = labels.boxes.copy(), labels.landmarks[:, MIRRORED].copy()
    boxes[:, 0] = width - boxes[:, 0] - boxes[:, 2]
    points[:, :, 0] = width - 1 - points[:, :, 0]
    return np.ascontiguousarray(pixels[:, ::-1]), Labels(boxes, points, labels.sure)


def masked(pixels: np.ndarray, labels: Labels, random: Generator) -> np.ndarray:
    """A face mask drawn over the mouths and noses of all faces."""
    out = pixels.copy()
    for points in labels.landmarks:
        outline = MASK_OUTLINE + random.uniform(-3, 3, MASK_OUTLINE.shape)
        place = apply(invert(umeyama(points, TEMPLATE_112)), outline)
        cv2.fillPoly(out, [place.round().astype(np.int32)], random.integers(20, 256, 3).tolist())
    return out


def _background(sources: Sources, how: Scenery, random: Generator) -> np.ndarray:
    """A canvas without a face: black, a mosaic of pictures, or one of them."""
    kind = random.random()
    if kind < how.black:
        return np.zeros((how.side, how.side, 3), np.uint8)
    if kind < how.black + how.mosaic:
        return _mosaic(sources, how, random)
    return _resized(_cut(sources.backgrounds, how, random), how.side)


def _mosaic(sources: Sources, how: Scenery, random: Generator) -> np.ndarray:
    """Many small pictures side by side: animals and things at sizes at which faces are sought."""
    count = int(random.integers(2, 6))
    side = -(-how.side // count)
    pool = sources.small if random.random() < 0.6 else sources.backgrounds  # noqa: PLR2004 - both often
    rows = [np.hstack([_resized(_cut(pool, how, random), side) for _ in range(count)]) for _ in range(count)]
    return np.ascontiguousarray(np.vstack(rows)[: how.side, : how.side])


def _cut(pool: Photos, how: Scenery, random: Generator) -> np.ndarray:
    """A part of a picture, mirrored or not."""
    picture = pool.pixels(pool.names[int(random.integers(len(pool.names)))])
    height, width = picture.shape[:2]
    part = random.uniform(0.4, 1.0) if random.random() < 0.6 else 1.0  # noqa: PLR2004 - the whole of it often
    h, w = max(8, int(height * part)), max(8, int(width * part))
    top, left = int(random.integers(height - h + 1)), int(random.integers(width - w + 1))
    cut = picture[top : top + h, left : left + w]
    return np.ascontiguousarray(cut[:, ::-1]) if random.random() < how.mirror else cut


def _resized(picture: np.ndarray, side: int) -> np.ndarray:
    kind = cv2.INTER_AREA if side < min(picture.shape[:2]) else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, (side, side), interpolation=kind), np.uint8)


def _paste(
    canvas: np.ndarray,
    labels: Labels,
    scenes: Photos | Crops,
    row: int,
    size: float,
    how: Scenery,
    random: Generator,
    *,
    whole: bool,
) -> tuple[np.ndarray, Labels]:
    """Put a photo, or one head of it with its surroundings, on the canvas: its face `size` px, turned, feathered."""
    name = scenes.names[row % len(scenes.names)]
    pixels, own = scenes.pixels(name), scenes.labels[name]
    if random.random() < how.mirror:
        pixels, own = mirrored(pixels, own)
    if random.random() < how.mask:
        pixels = masked(pixels, own, random)
    chosen = int(random.choice(np.flatnonzero(own.sure)))
    box = own.boxes[chosen]
    scale = size / float(box[2:].max())
    if scale < 0.8:  # noqa: PLR2004 - averaged down first, so that no pixel is skipped
        pixels = np.asarray(cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
        own = moved(own, np.array([[scale, 0, 0], [0, scale, 0]]))
        box, scale = own.boxes[chosen], 1.0
    target = _place(size, how, random, near_middle=whole)
    matrix = _turn(box[:2] + box[2:] / 2, target, scale, _angle(how, random))
    area = _area(pixels.shape, box, random, whole=whole)
    placed = moved(own, matrix)
    if not whole and _crowded(area, matrix, labels):
        return canvas, labels
    canvas = _blended(canvas, pixels, matrix, area, soft=max(1.0, random.uniform(*SOFT) * size))
    return canvas, _joined(labels, own, placed, area, chosen, how.side)


def _place(size: float, how: Scenery, random: Generator, *, near_middle: bool) -> np.ndarray:
    """Where the middle of a face comes to lie; mostly inside the picture."""
    edge = min(size * 0.5, how.side * (0.45 if near_middle else 0.3))
    return random.uniform(edge, how.side - edge, 2)


def _angle(how: Scenery, random: Generator) -> float:
    if random.random() < how.turned_far:
        return float(random.uniform(-90, 90))
    return float(random.uniform(-how.turn_degrees, how.turn_degrees))


def _turn(middle: np.ndarray, target: np.ndarray, scale: float, degrees: float) -> np.ndarray:
    """The similarity (2, 3) that turns and scales about `middle` and brings it to `target`."""
    angle = np.deg2rad(degrees)
    linear = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.column_stack([linear, target - linear @ middle])


def _area(shape: tuple[int, ...], box: np.ndarray, random: Generator, *, whole: bool) -> np.ndarray:
    """The part (x0, y0, x1, y1) of a photo that is pasted: all of it, or a head with what is around it."""
    height, width = shape[:2]
    if whole:
        return np.array([0, 0, width, height], np.float64)
    x, y, w, h = box
    left, top, right, bottom = random.uniform(0.35, 1.2, 4) * np.array([w, h, w, h])
    return np.array([max(0, x - left), max(0, y - top), min(width, x + w + right), min(height, y + h + bottom)])


def _crowded(area: np.ndarray, matrix: np.ndarray, labels: Labels) -> bool:
    """Whether the part of a photo that is to be pasted would cover a face that is there."""
    outline = _outline(area, matrix)
    low = np.maximum(labels.boxes[:, :2], outline.min(0))
    high = np.minimum(labels.boxes[:, :2] + labels.boxes[:, 2:], outline.max(0))
    common = np.prod(np.maximum(high - low, 0), 1)
    return bool((common > ROOM * np.prod(labels.boxes[:, 2:], 1)).any())


def _outline(area: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Corners (4, 2) of a part of a photo where they come to lie."""
    return apply(matrix, area[[0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 2))


def _blended(canvas: np.ndarray, pixels: np.ndarray, matrix: np.ndarray, area: np.ndarray, soft: float) -> np.ndarray:
    side = canvas.shape[0]
    outline = _outline(area, matrix)
    low = np.clip(np.floor(outline.min(0)), 0, side).astype(int)
    high = np.clip(np.ceil(outline.max(0)) + 1, 0, side).astype(int)
    if (high <= low).any():
        return canvas
    shifted = matrix.copy()
    shifted[:, 2] -= low
    size = (int(high[0] - low[0]), int(high[1] - low[1]))
    photo = cv2.warpAffine(pixels, shifted, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    cover = np.zeros((size[1], size[0]), np.float32)
    inset = apply(_about(outline.mean(0), 1 - min(0.2, 2 * soft / max(size))), outline) - low
    cv2.fillConvexPoly(cover, inset.round().astype(np.int32), 1.0)
    cover = np.asarray(cv2.GaussianBlur(cover, (0, 0), soft), np.float32)[..., None]
    out = canvas.copy()
    part = out[low[1] : high[1], low[0] : high[0]]
    part[:] = (photo * cover + part * (1 - cover) + 0.5).astype(np.uint8)
    return out


def _about(middle: np.ndarray, scale: float) -> np.ndarray:
    return np.column_stack([np.eye(2) * scale, middle * (1 - scale)])


def _joined(labels: Labels, own: Labels, placed: Labels, area: np.ndarray, chosen: int, side: int) -> Labels:
    """Faces before and after a paste: those that came whole are faces, those in pieces or at the edge are ignored."""
    middles = own.boxes[:, :2] + own.boxes[:, 2:] / 2
    came = ((middles > area[:2]) & (middles < area[2:])).all(1)
    whole = ((own.boxes[:, :2] >= area[:2] - 2) & (own.boxes[:, :2] + own.boxes[:, 2:] <= area[2:] + 2)).all(1)
    whole[chosen] = True
    seen = _seen(placed.boxes, side)
    keep = came & (seen > 0.1)  # noqa: PLR2004 - hardly a corner
    sure = placed.sure & whole & (seen > 0.6)  # noqa: PLR2004 - less is no face to be asked for
    return Labels(
        np.concatenate([labels.boxes, placed.boxes[keep]]),
        np.concatenate([labels.landmarks, placed.landmarks[keep]]),
        np.concatenate([labels.sure, sure[keep]]),
    )


def _seen(boxes: np.ndarray, side: int) -> np.ndarray:
    """Which share of each box lies inside the picture."""
    high = np.minimum(boxes[:, :2] + boxes[:, 2:], side)
    inside = np.prod(np.maximum(high - np.maximum(boxes[:, :2], 0), 0), 1)
    return np.asarray(inside / np.maximum(np.prod(boxes[:, 2:], 1), 1e-6))


def _degraded(pixels: np.ndarray, labels: Labels, how: Scenery, random: Generator) -> tuple[np.ndarray, Labels]:
    """What a bad camera makes of the whole picture; faces that it leaves too few pixels are ignored."""
    lost = 1.0
    if random.random() < how.light:
        pixels = augment.relight(pixels, random)
    if random.random() < how.grey:
        pixels = augment.to_grey(pixels, random)
    if random.random() < how.low_resolution:
        lost = float(random.uniform(0.25, 0.8))
        pixels = _lower(pixels, lost)
    if random.random() < how.blur:
        pixels = augment.smear(pixels, random)
        lost = min(lost, 0.5)
    if random.random() < how.noise:
        pixels = augment.add_noise(pixels, random)
    if random.random() < how.jpeg:
        pixels = augment.compress(pixels, random)
    readable = labels.boxes[:, 2:].max(1, initial=0) * lost >= UNREADABLE
    return pixels, Labels(labels.boxes, labels.landmarks, labels.sure & readable)


def _lower(pixels: np.ndarray, part: float) -> np.ndarray:
    small = cv2.resize(pixels, None, fx=part, fy=part, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, pixels.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.uint8)


def _log_uniform(random: Generator, low: float, high: float) -> float:
    return float(np.exp(random.uniform(np.log(low), np.log(high))))
