"""Fixtures for the training tests: generated identities and a tiny network."""

from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or fills the user's cache."""
    monkeypatch.setenv("ATTENDANCE_TRAIN_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="session")
def identities() -> tuple[np.ndarray, np.ndarray]:
    """Twelve generated people with six photos each: (72, 16, 16, 3) uint8 and labels (72,)."""
    random = np.random.default_rng(7)
    faces = random.integers(0, 256, (12, 1, 16, 16, 3))
    photos = faces + random.normal(0, 25, (12, 6, 16, 16, 3))
    return np.clip(photos, 0, 255).astype(np.uint8).reshape(-1, 16, 16, 3), np.repeat(np.arange(12), 6)


@pytest.fixture
def tiny_recipe(tmp_path: Path) -> Path:
    """A recipe of one short triplet stage."""
    path = tmp_path / "tiny.toml"
    path.write_text(
        """
name = "tiny"
seed = 3
device = "cpu"
checkpoint_minutes = 1000.0
[data]
kind = "made"
path = ""
[model]
kind = "tiny"
[[stage]]
name = "triplet"
steps = 12
lr = 0.01
ema = 0.9
average = 0.8
warmup = 2
[[stage.samples]]
kind = "people"
people = 4
photos = 3
[[stage.losses]]
kind = "triplet"
margin = 0.3
mining = "batch-hard"
[[stage]]
name = "again"
steps = 6
lr = 0.001
[[stage.samples]]
kind = "people"
people = 4
photos = 3
[[stage.losses]]
kind = "supcon"
temperature = 0.2
""",
        encoding="utf-8",
    )
    return path
