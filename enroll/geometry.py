"""Pure functions on points, boxes and pixels: alignment, head pose, overlap. No I/O, no classes, no state."""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float32] | NDArray[np.float64]

# Five-point template of ArcFace (Deng et al., CVPR 2019) for a 112x112 crop, in common use since SphereFace:
# left eye, right eye, nose tip, left and right mouth corner, as seen in the picture.
TEMPLATE_112: Final[NDArray[np.float64]] = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
)
TEMPLATE_112.setflags(write=False)
TEMPLATE_SIDE: Final = 112

# The five points on a mean face in 3-D: x to the picture's right, y down, z towards the camera, in template
# pixels. x and y: median of the detector's landmarks on 496 near-frontal development photos (LFW, CelebA,
# FairFace, All-Age-Faces), made symmetric. z: only the nose tip stands out, 30 mm where the pupils are 63 mm
# apart (rounded adult means after Farkas, "Anthropometry of the Head and Face", 1994: the tip lies 20 mm before
# the nose's base, pupils and mouth corners some 10 mm behind that).
MEAN_FACE_3D: Final[NDArray[np.float64]] = np.array(
    [[-18.9, 0.0, 0.0], [18.9, 0.0, 0.0], [0.0, 21.7, 18.0], [-15.6, 38.4, 0.0], [15.6, 38.4, 0.0]]
)
MEAN_FACE_3D.setflags(write=False)


def umeyama(src: Points, dst: Points) -> NDArray[np.float64]:
    """Return the similarity (2, 3) that maps `src` (n, 2) onto `dst` (n, 2) with least squared error.

    Closed form of Umeyama, "Least-squares estimation of transformation parameters between two point
    patterns", PAMI 1991, equations 40 to 43; never a reflection. Raises `ValueError` for points that are not
    finite, too few, or all in one place.
    """
    a, b = np.asarray(src, np.float64), np.asarray(dst, np.float64)
    if a.shape != b.shape or a.ndim != 2 or a.shape[1] != 2 or len(a) < 2:  # noqa: PLR2004 - planar points
        raise ValueError(f"points: expected two arrays (n >= 2, 2) of one shape, got {a.shape} and {b.shape}")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("points: expected finite coordinates")
    mean_a, mean_b = a.mean(0), b.mean(0)
    centred = a - mean_a
    spread = float((centred**2).sum() / len(a))
    if spread <= np.finfo(np.float64).tiny:
        raise ValueError("points: expected points in more than one place")
    u, s, vt = np.linalg.svd((b - mean_b).T @ centred / len(a))
    flip = np.array([1.0, -1.0 if np.linalg.det(u) * np.linalg.det(vt) < 0 else 1.0])
    linear = float(s @ flip) / spread * (u * flip) @ vt
    return np.column_stack([linear, mean_b - linear @ mean_a])


def apply(matrix: NDArray[np.float64], points: Points) -> NDArray[np.float64]:
    """Map `points` (n, 2) by the affine `matrix` (2, 3)."""
    return np.asarray(points, np.float64) @ matrix[:, :2].T + matrix[:, 2]


def invert(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the inverse (2, 3) of an affine `matrix` (2, 3)."""
    linear = np.linalg.inv(matrix[:, :2])
    return np.column_stack([linear, -linear @ matrix[:, 2]])


def crop_transform(landmarks: Points, size: int = TEMPLATE_SIDE, border: int = 0) -> NDArray[np.float64]:
    """Return the similarity (2, 3) from picture pixels to pixels of the aligned crop (see `align`)."""
    return umeyama(landmarks, TEMPLATE_112 * (size / TEMPLATE_SIDE) + border)


def align(
    pixels: NDArray[np.uint8], landmarks: Points, size: int = TEMPLATE_SIDE, border: int = 0
) -> NDArray[np.uint8]:
    """Cut the face out of `pixels` (H, W, 3) so that its landmarks (5, 2) lie on the template.

    The template fills `size` pixels, `border` more are kept on each side: the crop is (size + 2 border)
    squared. Bilinear; what lies outside the picture is black. Faces more than twice the crop's size are
    averaged down first, so that no pixel is skipped.
    """
    import cv2

    side = size + 2 * border
    matrix = crop_transform(landmarks, size, border)
    region, matrix = _reduced(pixels, matrix, side)
    crop = cv2.warpAffine(region, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return np.asarray(crop, np.uint8)


def _reduced(
    pixels: NDArray[np.uint8], matrix: NDArray[np.float64], side: int
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Average the needed part of `pixels` down by a whole factor while `matrix` shrinks by two or more."""
    import cv2

    factor = int(1 / max(math.hypot(*matrix[:, 0]), 1e-9))
    if factor < 2:  # noqa: PLR2004 - bilinear sampling skips no pixel
        return pixels, matrix
    corners = apply(invert(matrix), np.array([[0, 0], [side, 0], [0, side], [side, side]], np.float64))
    height, width = pixels.shape[:2]
    x0, y0 = (int(max(0, v // factor * factor)) for v in corners.min(0))
    x1, y1 = int(min(width, corners[:, 0].max() + 1)), int(min(height, corners[:, 1].max() + 1))
    w, h = (x1 - x0) // factor, (y1 - y0) // factor
    if w < 1 or h < 1:
        return pixels, matrix
    part = pixels[y0 : y0 + h * factor, x0 : x0 + w * factor]
    small = cv2.resize(part, (w, h), interpolation=cv2.INTER_AREA)
    # A small pixel's centre c stands for the point factor*c + (factor-1)/2 of the part.
    shift = np.array([x0, y0]) + (factor - 1) / 2
    moved = np.column_stack([matrix[:, :2] * factor, matrix[:, :2] @ shift + matrix[:, 2]])
    return np.asarray(small, np.uint8), moved


def outside_share(landmarks: Points, height: int, width: int, grid: int = 16) -> float:
    """Return which share (0 to 1) of the aligned crop would lie outside a picture of `height` x `width`."""
    step = (np.arange(grid) + 0.5) * TEMPLATE_SIDE / grid
    points = np.stack(np.meshgrid(step, step), -1).reshape(-1, 2)
    x, y = apply(invert(crop_transform(landmarks)), points).T
    inside = (np.abs(x - (width - 1) / 2) <= width / 2) & (np.abs(y - (height - 1) / 2) <= height / 2)
    return 1.0 - float(inside.mean())


def pose(landmarks: Points) -> tuple[float, float, float]:
    """Estimate yaw, pitch and roll in degrees from landmarks (5, 2); all zero for the mean face from the front.

    Weak perspective: the affine camera that maps `MEAN_FACE_3D` onto the landmarks with least squares, then the
    nearest pair of orthogonal axes. Yaw > 0: the nose points to the
    picture's right; pitch > 0: up; roll > 0: the head is turned clockwise in the picture. Good to about
    10 degrees within 45, and monotonic beyond: enough to refuse a photo, not to measure a gaze.
    """
    flat = np.asarray(landmarks, np.float64)
    camera = (flat - flat.mean(0)).T @ _FACE_INVERSE
    u, _, vt = np.linalg.svd(camera, full_matrices=False)
    right, down = u @ vt
    toward = np.cross(right, down)
    # The rotation's third column: where the face's own axis towards the camera points in the picture.
    nose = np.array([right[2], down[2], toward[2]])
    yaw = math.degrees(math.atan2(nose[0], nose[2]))
    pitch = math.degrees(math.atan2(-nose[1], math.hypot(nose[0], nose[2])))
    roll = math.degrees(math.atan2(down[0] - right[1], right[0] + down[1]))
    return yaw, pitch, roll


_FACE_INVERSE: Final = np.linalg.pinv((MEAN_FACE_3D - MEAN_FACE_3D.mean(0)).T)


def iou(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> float:
    """Return intersection over union (0 to 1) of two boxes x, y, width, height."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    common = width * height
    return common / (a[2] * a[3] + b[2] * b[3] - common)
