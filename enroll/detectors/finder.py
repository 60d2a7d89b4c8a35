"""The shipped detector on ONNX Runtime."""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from enroll._sealed import DETECTOR, read_bytes, sealed_session
from enroll.errors import DetectorAltered, DetectorFailed
from enroll.face import Detection, Pixels, check_pixels
from enroll.geometry import iou
from enroll.limits import NO_LIMITS, CardLimits, parse_limits

# YuNet's layout (Wu, Peng, Yu, "YuNet: A Tiny Millisecond-level Face Detector", 2023): on maps of three strides each
# cell says how sure it is of a face, and where its box and landmarks lie, in strides from the cell's top left corner.
FOLDER: Final = Path(__file__).parents[1] / "models" / "detector"
CARD_FILE: Final = "card.json"
MODEL_FILE: Final = "detector.onnx"
STRIDES: Final = (8, 16, 32)
MULTIPLE: Final = 32  # sides the network can take
MAX_OVERLAP: Final = 0.3  # of two boxes that are still two faces (the authors' value)
MAX_CANDIDATES: Final = 4000  # cells looked at, the most confident first
LARGEST_EXPONENT: Final = 12.0  # of a side in strides; above lies no picture

# Larger faces the network misses or breaks into several. So pictures that may hold such faces are searched on a small
# copy as well, in which the same face is small enough.
LARGE_FACE: Final = 300
NEAR_SIDE: Final = 320  # longer side of the small copy
NEAR_FROM: Final = 640  # longer side from which on it is always searched, else only for no or large faces
NEAR: Final = {"large": LARGE_FACE, "near_side": NEAR_SIDE, "near_from": NEAR_FROM}
SAME_FACE: Final = 0.4  # overlap of two boxes that are one face
LEAST_PIECE: Final = 0.25  # of a large face's side; what is smaller inside it is a face of its own
CUT_MARGIN: Final = 0.5  # of the box, on each side of a large face that is looked at alone

# What is not plainly a face is cut out and looked at again at two sizes (px of the box's longer side), once mirrored.
# A face is one at two looks of the four at least, a pattern seldom: its confidence becomes the second highest.
SURE: Final = 0.9  # confidence from which one look is enough
NO_LOOK_ALONE: Final = 2.0  # more than any confidence
SUSPECTED: Final = 0.05  # confidence of a first look from which another one is worth it
LOOKS: Final = ((32, False), (64, True), (64, False))
LOOK_WIDTH: Final = 3  # sides of the box that a look shows
MOST_LOOKS: Final = 32  # doubtful faces of one picture, the most confident first
LOOKS_AT_ONCE: Final = 16
LEAST_SEEN: Final = 0.01  # confidence worth reading off at another look
NEVER: Final = 1e-9

_INPUT: Final = "pictures"
_OUTPUTS: Final = [f"{kind}_{stride}" for stride in STRIDES for kind in ("sure", "place")]


@dataclass(frozen=True, slots=True)
class DetectorCard:
    """What is known of the detector beside its file: the id, the file's sha256, and the least confidence of a face.

    `box` is what a box becomes so that its sides mean what they meant before: shifts of its middle and factors of its
    sides (x, y, width, height; the shifts in sides). `limits` are those that the card names.
    """

    id: str
    sha256: str
    min_score: float
    box: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)
    limits: CardLimits = NO_LIMITS

    def __post_init__(self) -> None:
        if not 0.0 < self.min_score < 1.0:
            raise ValueError(f"min_score: expected above 0 and below 1, got {self.min_score}")
        if len(self.box) != 4 or not all(map(math.isfinite, self.box)) or min(self.box[2:]) <= 0.0:  # noqa: PLR2004
            raise ValueError(f"box: expected four finite numbers, the last two above 0, got {self.box}")


class FaceFinder:
    """The shipped detector, for pictures of any size.

    `min_score` is the least confidence (0 to 1) of a face, the card's if not given. Pictures whose longer side exceeds
    `max_side` are searched on smaller copies; coordinates are always those of the picture given. `threads=0` takes the
    cores at hand. May be shared by threads. `folder` holds another detector. Raises a `DetectorError`.
    """

    def __init__(
        self,
        min_score: float | None = None,
        threads: int = 0,
        max_side: int = 1280,
        *,
        folder: Path = FOLDER,
    ) -> None:
        if min_score is not None and not 0.0 < min_score < 1.0:
            raise ValueError(f"min_score: expected above 0 and below 1, got {min_score}")
        if max_side < MULTIPLE:
            raise ValueError(f"max_side: expected at least {MULTIPLE}, got {max_side}")
        self.card = load_detector_card(folder)
        self.min_score = self.card.min_score if min_score is None else min_score
        self.max_side = max_side
        self._box = np.array(self.card.box, np.float32)
        self.file = folder / MODEL_FILE
        self._session = sealed_session(self.file, self.card.sha256, threads, DETECTOR)

    @property
    def id(self) -> str:
        """The detector's name, such as `yunet-2026.1`."""
        return self.card.id

    def detect(self, pixels: Pixels) -> list[Detection]:
        """Return the faces of an RGB picture (H, W, 3) uint8, the most confident first."""
        check_pixels(pixels)
        found = far_and_near(pixels, self.max_side, self._faces, self._looked_at_alone, **NEAR)
        if not found and max(pixels.shape[:2]) <= NEAR_SIDE:
            found = self._enlarged(pixels) or self._framed(pixels)
        return found

    def _enlarged(self, pixels: Pixels) -> list[Detection]:
        """Return the faces of a small picture at twice its size."""
        import cv2

        larger = cv2.resize(pixels, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR)
        # What was not seen at first no single look may tell: soft pictures of animals are sure at one size.
        found = self._faces(np.asarray(larger, np.uint8), self.max_side, plain_from=NO_LOOK_ALONE)
        return [_moved(face, 0.5, (0, 0), pixels) for face in found]

    def _framed(self, pixels: Pixels) -> list[Detection]:
        """Return the faces of a picture that a head may fill to its edges, with black around it."""
        height, width = pixels.shape[:2]
        frame = np.zeros((2 * height, 2 * width, 3), np.uint8)
        y, x = height // 2, width // 2
        frame[y : y + height, x : x + width] = pixels
        return [_moved(face, 1.0, (x, y), pixels) for face in self._faces(frame, self.max_side)]

    def _faces(self, pixels: Pixels, max_side: int, plain_from: float = SURE) -> list[Detection]:
        """Return what is a face on a copy of at most `max_side` pixels, looked at again where that is not plain."""
        found = self._search(pixels, max_side, SUSPECTED)
        plain = [face for face in found if face.confidence >= plain_from]
        doubtful = found[len(plain) :][:MOST_LOOKS]
        sure = [face for face in self._looked_again(pixels, doubtful) if face.confidence >= self.min_score]
        return sorted(plain + sure, key=lambda face: -face.confidence)

    def _looked_again(self, pixels: Pixels, faces: list[Detection]) -> list[Detection]:
        """Return the faces with the second highest of the confidences of all looks."""
        looks = [np.array([face.confidence for face in faces])]
        for side, mirrored in LOOKS if faces else ():
            seen = [self._look(pixels, part, side, mirrored=mirrored) for part in _parts(faces, LOOKS_AT_ONCE)]
            looks.append(np.concatenate(seen))
        seconds = np.sort(looks, 0)[-2] if faces else []
        return [Detection(face.box, face.landmarks, float(each)) for face, each in zip(faces, seconds, strict=True)]

    def _look(self, pixels: Pixels, faces: Sequence[Detection], side: int, *, mirrored: bool) -> NDArray[np.float64]:
        """Return how sure (n,) the network is of each face when it is cut out at `side` px."""
        views = [_cut(pixels, face.box, side) for face in faces]
        blob = np.stack([view[:, ::-1] if mirrored else view for view in views]).transpose(0, 3, 1, 2)
        maps = self._run(blob.astype(np.float32))
        return np.array([self._best([level[[i]] for level in maps], face, side) for i, face in enumerate(faces)])

    def _best(self, maps: list[NDArray[np.float32]], face: Detection, side: int) -> float:
        """Return the confidence of what lies in a cut (see `_cut`) where its face should be; `NEVER` for nothing."""
        boxes, _, scores = decode(maps[::2], maps[1::2], min_score=LEAST_SEEN)
        w, h = (extent * side / max(face.box[2:]) for extent in face.box[2:])
        middle = LOOK_WIDTH * side / 2
        aim = (middle - w / 2, middle - h / 2, w, h)
        corners = _in_convention(boxes, self._box)
        same = [iou((*low, *(high - low)), aim) > SAME_FACE for low, high in corners]
        return max((float(score) for score, fits in zip(scores, same, strict=True) if fits), default=NEVER)

    def _looked_at_alone(self, pixels: Pixels, face: Detection) -> Detection:
        """Return `face` with the finer landmarks that it gets when it fills the network's input."""
        x, y, w, h = face.box
        x0, y0 = (max(0, int(low - CUT_MARGIN * side)) for low, side in ((x, w), (y, h)))
        x1, y1 = (int(low + (1 + CUT_MARGIN) * side) for low, side in ((x, w), (y, h)))
        for again in self._search(pixels[y0:y1, x0:x1], NEAR_SIDE, self.min_score):
            box = (again.box[0] + x0, again.box[1] + y0, *again.box[2:])
            if iou(box, face.box) > SAME_FACE:
                return Detection(box, again.landmarks + np.array([x0, y0], np.float32), face.confidence)
        return face

    def _run(self, blob: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Return the network's maps of pictures (n, 3, h, w)."""
        try:
            maps: list[NDArray[np.float32]] = self._session.run(_OUTPUTS, {_INPUT: blob})
        except Exception as problem:
            raise DetectorFailed(str(self.file), str(problem)) from problem
        if not all(np.isfinite(values).all() for values in maps[::2]):
            raise DetectorFailed(str(self.file), "the network's output is not finite")
        return maps

    def _search(self, pixels: Pixels, max_side: int, least: float) -> list[Detection]:
        """Return what one run of the network finds on a copy of at most `max_side` pixels, the most confident first."""
        blob, scale = prepare(pixels, max_side)
        maps = self._run(blob)
        boxes, landmarks, scores = decode(maps[::2], maps[1::2], min_score=least)
        if not (np.isfinite(boxes).all() and np.isfinite(landmarks).all()):
            raise DetectorFailed(str(self.file), "the network's output is not finite")
        keep = suppress(boxes, scores, MAX_OVERLAP)
        boxes = _in_convention(boxes[keep], self._box) / scale
        landmarks = landmarks[keep] / scale
        height, width = pixels.shape[:2]
        found = [
            Detection(clipped(box, width, height), points, float(score))
            for box, points, score in zip(boxes, landmarks, scores[keep], strict=True)
        ]
        return [face for face in found if min(face.box[2:]) > 0]  # none of it lies in the black that was added


def far_and_near(
    pixels: Pixels,
    side: int,
    search: Callable[[Pixels, int], list[Detection]],
    alone: Callable[[Pixels, Detection], Detection],
    *,
    large: int,
    near_side: int,
    near_from: int,
) -> list[Detection]:
    """Return the faces that `search` finds at `side`, and the large ones of a smaller copy, each looked at `alone`.

    Lengths in pixels: faces above `large` are searched in the copy of `near_side`, always from `near_from` on, else
    only where such faces or none were found.
    """
    found = search(pixels, side)
    longest = max(pixels.shape[:2])
    searched = min(longest, side)
    least = large * longest / searched
    suspect = not found or any(max(face.box[2:]) > least for face in found)
    if searched > near_from or (suspect and searched > near_side):
        near = [face for face in search(pixels, near_side) if not found or max(face.box[2:]) > least]
        found = merge([alone(pixels, face) for face in near], found)
    return found


def merge(near: list[Detection], found: list[Detection]) -> list[Detection]:
    """Join large faces with the other ones, without the pieces of a large face, the most confident first."""
    whole = [face for face in found if not any(_is_piece(face, large) for large in near)]
    return sorted(near + whole, key=lambda face: -face.confidence)


def _is_piece(face: Detection, large: Detection) -> bool:
    x, y, w, h = large.box
    middle_x, middle_y = face.box[0] + face.box[2] / 2, face.box[1] + face.box[3] / 2
    inside = x < middle_x < x + w and y < middle_y < y + h
    return inside and max(face.box[2:]) > LEAST_PIECE * max(w, h)


def load_detector_card(folder: Path = FOLDER) -> DetectorCard:
    """Read the card of the detector in `folder`; raises `DetectorMissing`, or `DetectorAltered` for nonsense."""
    path = folder / CARD_FILE
    try:
        facts = json.loads(read_bytes(path, DETECTOR))
        right, down, wider, higher = map(float, facts["box"])
        box = (right, down, wider, higher)
        limits = parse_limits(facts.get("limits"))
        return DetectorCard(str(facts["id"]), str(facts["sha256"]), float(facts["min_score"]), box, limits)
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise DetectorAltered(str(path), f"the card cannot be understood: {problem!r}") from problem


def prepare(pixels: Pixels, max_side: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the network's input (1, 3, h, w) and the scale (x, y) from picture to input.

    Black is added at the right and the bottom; stretching instead misplaces the landmarks of small pictures.
    """
    import cv2

    height, width = pixels.shape[:2]
    shrink = min(1.0, max_side / max(height, width))
    h, w = (max(1, round(side * shrink)) for side in (height, width))
    if shrink < 1.0:
        pixels = np.asarray(cv2.resize(pixels, (w, h), interpolation=cv2.INTER_AREA), np.uint8)
    blob = np.zeros((1, 3, -(-h // MULTIPLE) * MULTIPLE, -(-w // MULTIPLE) * MULTIPLE), np.float32)
    blob[0, :, :h, :w] = pixels.transpose(2, 0, 1)
    return blob, np.array([w / width, h / height], np.float32)


def _moved(face: Detection, scale: float, corner: tuple[int, int], pixels: Pixels) -> Detection:
    """Return a face of another copy, whose pixel `corner` is the picture's first, in pixels of the picture."""
    x, y, w, h = face.box
    low = np.array([x, y], np.float32) - corner
    box = np.stack([low, low + np.array([w, h], np.float32)]) * np.float32(scale)
    landmarks = (face.landmarks - np.array(corner, np.float32)) * np.float32(scale)
    height, width = pixels.shape[:2]
    return Detection(clipped(box, width, height), landmarks, face.confidence)


def _parts(faces: Sequence[Detection], size: int) -> list[Sequence[Detection]]:
    return [faces[start : start + size] for start in range(0, len(faces), size)]


def _cut(pixels: Pixels, box: tuple[float, float, float, float], side: int) -> Pixels:
    """Return a square around the middle of a box at the scale at which its longer side is `side` px.

    It is `LOOK_WIDTH` such sides wide and high; what lies outside the picture is black.
    """
    import cv2

    x, y, w, h = box
    scale = side / max(w, h, 1.0)
    width = LOOK_WIDTH * side
    left, top = (low + extent / 2 - width / scale / 2 for low, extent in ((x, w), (y, h)))
    x0, y0 = max(0, math.floor(left)), max(0, math.floor(top))
    part = pixels[y0 : math.ceil(top + width / scale), x0 : math.ceil(left + width / scale)]
    if scale < 1:  # averaged down first, so that no pixel is skipped
        size = (max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale)))
        part = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.uint8)
    zoom = max(scale, 1.0)
    matrix = np.array([[zoom, 0.0, scale * (x0 - left)], [0.0, zoom, scale * (y0 - top)]])
    return np.asarray(cv2.warpAffine(part, matrix, (width, width), flags=cv2.INTER_LINEAR), np.uint8)


def decode(
    sure: Sequence[NDArray[np.float32]], places: Sequence[NDArray[np.float32]], *, min_score: float
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Turn the maps of each stride into boxes (n, 2, 2), landmarks (n, 5, 2), scores (n,), best first.

    `sure` (1, 1, h, w) is the squared confidence; `places` (1, 14, h, w) the middle of the box from the cell's top left
    corner and the logarithms of its sides, then the landmarks from that corner, all in strides. A box is its top left
    and bottom right corner. Pixels are those of the network's input.
    """
    parts = [_cells(*level, min_score**2) for level in zip(sure, places, STRIDES, strict=True)]
    cells, place, scores, strides = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    order = np.argsort(-scores, kind="stable")[:MAX_CANDIDATES]
    place, strides = place[order], strides[order, None, None]
    points = (place.reshape(-1, 7, 2) + cells[order, None]) * strides
    half = np.exp(np.minimum(place[:, None, 2:4], LARGEST_EXPONENT)) * strides / 2
    middle = points[:, :1]
    confidences = np.clip(np.sqrt(scores[order]), 0.0, 1.0)
    return np.concatenate([middle - half, middle + half], 1), points[:, 2:], confidences


def _cells(
    sure: NDArray[np.float32], places: NDArray[np.float32], stride: int, least: float
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Return column and row (n, 2), places (n, 14), squared confidences (n,) and stride (n,) of the sure cells."""
    rows, columns = np.nonzero(sure[0, 0] > least)
    cells = np.stack([columns, rows], 1).astype(np.float32)
    return cells, places[0][:, rows, columns].T, sure[0, 0, rows, columns], np.full(len(rows), stride, np.float32)


def suppress(boxes: NDArray[np.float32], scores: NDArray[np.float32], max_overlap: float) -> list[int]:
    """Return which boxes (n, 2, 2) stay when each face keeps its most confident one, best first."""
    areas = np.prod(boxes[:, 1] - boxes[:, 0], axis=1)
    left = np.argsort(-scores, kind="stable")
    keep: list[int] = []
    while len(left):
        best, left = left[0], left[1:]
        keep.append(int(best))
        low = np.maximum(boxes[best, 0], boxes[left, 0])
        high = np.minimum(boxes[best, 1], boxes[left, 1])
        common = np.prod(np.maximum(high - low, 0), axis=1)
        left = left[common < max_overlap * (areas[best] + areas[left] - common)]
    return keep


def _in_convention(boxes: NDArray[np.float32], change: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return boxes (n, 2, 2) whose middles are shifted and sides stretched as the card says."""
    sides = boxes[:, 1] - boxes[:, 0]
    middles = boxes.mean(1) + change[:2] * sides
    half = sides * change[2:] / 2
    return np.stack([middles - half, middles + half], 1)


def clipped(box: NDArray[np.float32], width: int, height: int) -> tuple[float, float, float, float]:
    """Return the box as x, y, width, height inside the picture."""
    (x0, y0), (x1, y1) = np.clip(box, 0, [width, height])
    return float(x0), float(y0), float(x1 - x0), float(y1 - y0)
