"""Fixtures of the gallery's tests: a home, an open gallery, and made-up templates that need no encoder."""

import hashlib
import importlib.util
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from gallery import EnrolResult, Gallery, open_database
from gallery.ports import Database

settings.register_profile(
    "gallery", deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
settings.load_profile("gallery")

ENCODER = "test-1"
DIM = 32


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 3, 2, 7, 58, 11, 204_000, tzinfo=UTC)


@pytest.fixture
def store(home: Path) -> Iterator[Database]:
    with open_database(home) as opened:
        yield opened


@pytest.fixture
def gallery(store: Database) -> Gallery:
    return Gallery(store, ENCODER)


@pytest.fixture(scope="session")
def vector() -> Callable[..., np.ndarray]:
    """A unit vector (dim,) float32 that depends on the seed alone."""

    def make(seed: int, dim: int = DIM) -> np.ndarray:
        values = np.random.default_rng(seed).normal(size=dim)
        return (values / np.linalg.norm(values)).astype(np.float32)

    return make


@pytest.fixture
def enrol(vector, now) -> Callable[..., EnrolResult]:
    """Enrol somebody with the made-up template of a seed."""

    def put(gallery: Gallery, name: str, seed: int = 1, **more) -> EnrolResult:
        given = {
            "quality": {"score": 80},
            "source": f"{seed}.jpg",
            "source_sha256": hashlib.sha256(str(seed).encode()).hexdigest(),
            "at": now,
            "by": "tester",
        }
        return gallery.enroll(name, more.pop("vector", vector(seed)), more.pop("mean", 0.25), **(given | more))

    return put


@pytest.fixture(scope="session")
def decided():
    """The module that decides one of everything about somebody, see `decided.decide`."""
    return _module("decided")


@pytest.fixture(scope="session")
def served():
    """The module that makes one of everything that the service keeps, see `served.serve`."""
    return _module("served")


def _module(name: str):
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
