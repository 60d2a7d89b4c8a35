"""Photos to simulate from without any data: one public-domain portrait, and noise for rooms."""

from dataclasses import dataclass

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("tensorboard")
pytest.importorskip("pytorch_metric_learning")

from train.liveness.specimens import Simulation
from train.liveness.staging import Shot


@dataclass
class Fixed:
    """Shots that are always the same."""

    shots: list[Shot]

    def __len__(self) -> int:
        return len(self.shots)

    def shot(self, number: int) -> Shot:
        """By number."""
        return self.shots[number % len(self.shots)]


@pytest.fixture(scope="session")
def portrait(astronaut) -> Shot:
    """The detector's box in scikit-image's `astronaut` (Eileen Collins; NASA, public domain)."""
    return Shot(np.ascontiguousarray(astronaut[:400]), (177.0, 60.0, 89.0, 117.0))


@pytest.fixture(scope="session")
def room() -> Shot:
    """Smoothed noise without a face."""
    noise = np.random.default_rng(5).integers(40, 220, (12, 16, 3)).astype(np.uint8)
    return Shot(np.kron(noise, np.ones((20, 20, 1), np.uint8)), (120.0, 80.0, 80.0, 80.0))


@pytest.fixture
def simulation(portrait, room) -> Simulation:
    """The portrait before the room, or the other way about."""
    return Simulation(Fixed([portrait]), Fixed([room]), 3)
