"""Specimens by number: which photo, which kind, and the view that is made of them; kept once they were made.

Each specimen is drawn from its own random numbers, so that any part of them can be made at any time, by any process.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from train.data.faces import cache_folder
from train.data.sampling import seeded
from train.files import whole
from train.liveness.media import SEEN, Limits
from train.liveness.photos import Shots
from train.liveness.staging import KINDS, LIVE, Scene, staged

VERSION = 2
"""Changes with whatever changes a view, so that no run reads what an older simulation made."""
CHUNK = 500


@dataclass(frozen=True)
class Simulation:
    """Photos of `faces`, before or beside `things`; one view in two is live, the others of each kind by turns."""

    faces: Shots
    things: Shots
    seed: int

    def kind(self, number: int) -> str:
        """What a specimen is of."""
        return KINDS[number // 2 % len(KINDS)] if number % 2 else LIVE

    def view(self, number: int, kind: str = "", limits: Limits = SEEN, *, worse: bool = False) -> np.ndarray:
        """A specimen's view (192, 192, 3), of its own kind or of another."""
        random = seeded(self.seed, number)
        face, other, edge = (self.faces.shot(int(each)) for each in random.integers(0, len(self.faces), 3))
        thing, poster = (self.things.shot(int(each)) for each in random.integers(0, len(self.things), 2))
        room = thing if random.random() < 0.25 else other  # noqa: PLR2004 - one attack in four has nobody behind it
        scene = Scene(face, room, poster.pixels, edge.extent)
        return staged(kind or self.kind(number), scene, random, limits=limits, worse=worse)


def made(simulation: Simulation, start: int, stop: int) -> np.ndarray:
    """Views (n, 192, 192, 3) of the specimens from `start` to before `stop`."""
    return np.stack([simulation.view(number) for number in range(start, stop)])


def kept(simulation: Simulation, count: int) -> list[np.ndarray]:
    """All specimens in memory maps of `CHUNK` each; those that were not made before are made now."""
    folder = cache_folder() / f"liveness-{VERSION}-{simulation.seed}"
    folder.mkdir(parents=True, exist_ok=True)
    return [_chunk(simulation, folder, start) for start in range(0, count, CHUNK)]


def _chunk(simulation: Simulation, folder: Path, start: int) -> np.ndarray:
    path = folder / f"{start:06d}.npy"
    if not path.is_file():
        with whole(path) as unfinished, unfinished.open("wb") as file:
            np.save(file, made(simulation, start, start + CHUNK))
    chunk: np.ndarray = np.load(path, mmap_mode="r")
    return chunk
