"""Fixtures for the tests of `enroll`: encoded pictures, fakes behind the seams, the shipped encoder."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from enroll.detectors.finder import FaceFinder
from enroll.encoder import OnnxEncoder
from enroll.face import Detection
from enroll.geometry import TEMPLATE_112
from enroll.registry import MODELS, load_encoder
from enroll.stages import Detector


@pytest.fixture(scope="session")
def encoded() -> Callable[..., bytes]:
    """Encode pixels (or a Pillow image) as the bytes of a file, HEIC included."""
    import pillow_heif

    pillow_heif.register_heif_opener()

    def encode(picture, kind="PNG", **options) -> bytes:
        image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
        buffer = io.BytesIO()
        image.save(buffer, kind, **options)
        return buffer.getvalue()

    return encode


@pytest.fixture(scope="session")
def ramp() -> np.ndarray:
    """A colourful picture without any symmetry, RGB uint8 (60, 90, 3)."""
    y, x = np.mgrid[0:60, 0:90]
    return np.stack([x * 2, y * 4, (x + y) % 256], -1).astype(np.uint8)


@pytest.fixture(scope="session")
def detector() -> FaceFinder:
    """The shipped detector on one thread."""
    return FaceFinder(threads=1)


@pytest.fixture(scope="session")
def centerface() -> Detector:
    """A detector of somebody else, whose landmarks ours are held against."""
    from train.data.centerface import CenterFace

    return CenterFace(threads=1)


@pytest.fixture(scope="session")
def default_folder() -> Path:
    """The folder of the encoder that ships with the package."""
    return MODELS / "default"


@pytest.fixture(scope="session")
def default_encoder() -> OnnxEncoder:
    """The encoder that ships with the package, on one thread."""
    return load_encoder(threads=1)


@pytest.fixture
def detection_at() -> Callable[..., Detection]:
    """Make a detection whose landmarks are the template, moved and scaled."""

    def make(x=0.0, y=0.0, scale=1.0, confidence=0.9) -> Detection:
        landmarks = (TEMPLATE_112 * scale + [x, y]).astype(np.float32)
        return Detection((x + 10 * scale, y, 90 * scale, 112 * scale), landmarks, confidence)

    return make


class FakeDetector:
    """Finds what it was told to find."""

    id = "found-1"

    def __init__(self, found: Sequence[Detection]) -> None:
        self.found = list(found)

    def detect(self, pixels: np.ndarray) -> list[Detection]:  # noqa: ARG002 - the seam's signature
        return list(self.found)


class FakeEncoder:
    """Embeds a crop as the mean colours of its four quarters, and counts its batches."""

    id = "fake-1"
    dim = 12
    crop_size = 112
    card = None

    def __init__(self) -> None:
        self.batches: list[int] = []

    def embed(self, crops: np.ndarray) -> np.ndarray:
        self.batches.append(len(crops))
        quarters = crops.reshape(len(crops), 2, 56, 2, 56, 3).mean((2, 4)).reshape(len(crops), -1) + 1
        return (quarters / np.linalg.norm(quarters, axis=1, keepdims=True)).astype(np.float32)

    def cohort_means(self, vectors: np.ndarray) -> np.ndarray:
        return vectors.max(1)


@pytest.fixture
def fake_encoder() -> FakeEncoder:
    return FakeEncoder()


@pytest.fixture
def fake_detector() -> type[FakeDetector]:
    return FakeDetector
