"""QR codes before the camera of a kiosk: each that can be printed is read, as people hold them and beside others."""

import base64
import hashlib

import cv2
import numpy as np
import pytest
from kiosk_world import before

from attendance.services.credentials import QR_PREFIX, qr_picture
from attendance.services.kioskwatch import codes_in


def drawn(number: int) -> str:
    """What the code with this number says, of the form that the product's own have."""
    made = hashlib.sha256(str(number).encode()).digest()
    handle, signature = (base64.b32encode(each).decode().rstrip("=") for each in (made[:10], made[16:]))
    return f"{QR_PREFIX}.{handle}.{signature}"


def held_up(pixels: np.ndarray, number: int, blur: float) -> np.ndarray:
    """The frame as a hand holds the code before a poor camera: turned, tilted, dim, blurred, noisy and a JPEG."""
    rng = np.random.default_rng(number)
    height, width = pixels.shape[:2]
    d = 40 * rng.uniform(0.3, 1.5)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    tilted = np.array([[d, 0.6 * d], [width - 0.3 * d, 0], [width, height], [0.2 * d, height - d]], np.float32)
    turned = np.vstack([cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(-25, 25), 1), [0, 0, 1]])
    made = cv2.warpPerspective(
        pixels, turned @ cv2.getPerspectiveTransform(corners, tilted), (width, height), borderValue=(90, 90, 90)
    )
    made = cv2.GaussianBlur(made, (0, 0), blur) * rng.uniform(0.4, 0.9) + rng.normal(0, 6, made.shape)
    _, jpeg = cv2.imencode(".jpg", np.clip(made, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 70])
    return cv2.imdecode(jpeg, cv2.IMREAD_COLOR)


@pytest.mark.parametrize("scale", [3, 4, 5, 6, 7])
def test_each_code_is_read_at_each_size(scale):
    """One that is not read at any size, by chance of what it says, would shut its owner out for good."""
    texts = [drawn(each) for each in range(120)]
    assert [[each] for each in texts] == [codes_in(before(qr_picture(each, "png", scale=scale)[0])) for each in texts]


@pytest.mark.parametrize(("scale", "blur"), [(3, 0.6), (4, 1.2), (5, 1.8)])
def test_a_code_is_read_as_it_is_held(scale, blur):
    """Tilted, dim and out of focus: each of sixty."""
    texts = [drawn(1000 + each) for each in range(60)]
    shown = [before(qr_picture(each, "png", scale=scale)[0], top=140, left=200) for each in texts]
    assert [[each] for each in texts] == [codes_in(held_up(pixels, i, blur)) for i, pixels in enumerate(shown)]


def test_where_there_is_no_code_none_is_read(astronaut):
    """Neither in noise nor in a face, nor in part of a code."""
    noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
    half = before(qr_picture(drawn(0), "png", scale=5)[0])[:160]
    assert [] == [each for pixels in (noise, astronaut, half) for each in codes_in(pixels)]
