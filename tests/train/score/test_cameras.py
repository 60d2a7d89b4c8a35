"""The cohort learns what bad cameras do to a face."""

import cv2
import numpy as np
import pytest

from enroll.encoder import OnnxEncoder
from enroll.registry import load_encoder
from train.data.pictures import Pictures

pytest.importorskip("torch")

from train.score.encoders import Plain
from train.score.openset import cohort_means


@pytest.fixture
def encoder() -> OnnxEncoder:
    return load_encoder("fast")


@pytest.fixture
def pictures(astronaut: np.ndarray, hopper: np.ndarray) -> Pictures:
    """Variants of two portraits as training photos, and as two sets of development people."""
    crops = [cv2.resize(astronaut[50:230, 130:310], (128, 128)), cv2.resize(hopper[60:330, 120:390], (128, 128))]
    random = np.random.default_rng(2)
    photos = np.stack([np.roll(crops[n % 2], random.integers(-6, 7, 2), (0, 1)) for n in range(96)])
    splits = np.repeat(["train", "dev"], 48)
    labels = np.concatenate([np.full(48, -1), np.arange(48) // 2])
    sets = np.array(["lfw", "celeba"])[(np.arange(96) // 24) % 2]
    return Pictures(photos, labels, splits, np.arange(96).astype(str), tuple(map(str, range(24))), {"set": sets})


def test_two_strangers_before_one_bad_camera_come_apart(encoder, pictures):
    """With the camera centroids two degraded strangers score lower than before; that is what they are for."""
    from train.score.cameras import degraded, with_cameras

    clean = encoder.embed(pictures.pixels[:8, 8:120, 8:120])
    joined, cameras = with_cameras(Plain("small", encoder.folder / "encoder.onnx"), pictures, clean)
    assert np.array_equal(clean, joined[: len(clean)])
    assert len(joined) == len(clean) + cameras
    seen = np.stack([degraded(pictures.pixels[n], np.random.default_rng(5)) for n in (0, 1)])
    vectors = encoder.embed(seen)
    without, with_them = (cohort_means(vectors, cohort, 4).mean() for cohort in (clean, joined))
    assert with_them > without
