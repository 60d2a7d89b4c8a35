"""Does a face answer to the light of the kiosk's screen, and what else does, by the brightness of the room?

    PYTHONPATH=. python benchmarks/lighting.py --data ../shared/data [--each 20] [--jobs 2]

ALL of it is SIMULATED (tests/attendance/liveness/lit.py): photos of LFW's test people as flat patches before a photo,
lit in linear numbers by a room and by a screen, seen by a camera that turns its exposure and white balance, with 5 to
10 frames a second. No real screen, camera or face has been before this cue. A room of so many lux stands for the share
of the screen's light in it: `SCREEN` lux at the face, which is a tablet of ten inches and 400 cd/m2, half of it lit, at
45 cm. What a face should answer is learned from other simulated faces in the same room, as at a kiosk.
"""

import argparse
import importlib.util
import sys
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import Pool
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table
from scipy.stats import beta
from skimage import data as pictures

from attendance.liveness.lighting import Answers, Lighting
from attendance.liveness.saying import Said

SCREEN = 30.0  # lux
ROOMS = (50, 100, 300, 1000, 3000)
SECONDS = (3.0, 5.0)
TEACHERS = 8
FACE_PX = 80.0


def load(path: Path) -> ModuleType:
    """A module by its file."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


ROOT = Path(__file__).resolve().parents[1]
lit = load(ROOT / "tests" / "attendance" / "liveness" / "lit.py")
liveness = load(ROOT / "benchmarks" / "liveness.py")


@dataclass(frozen=True)
class Job:
    """One track to make and to judge; `expected` as at its kiosk."""

    kind: str
    lux: int
    seconds: float
    seed: int
    expected: float | None = None
    data: str = ""


@lru_cache(maxsize=1)
def world(data: str) -> object:
    """The photos."""
    return liveness.World(Path(data), "report")


@lru_cache(maxsize=32)
def portrait(data: str, seed: int) -> "lit.Portrait":
    """A photo, its face 80 pixels wide, cut to a bust."""
    _, photo, face = world(data).photo(seed)
    x, y, width, height = face.box
    left, top = max(0, int(x - width)), max(0, int(y - 0.7 * height))
    part = photo[top : int(y + 1.9 * height), left : int(x + 2 * width)]
    scale = FACE_PX / width
    small = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    box = ((x - left) * scale, (y - top) * scale, width * scale, height * scale)
    return lit.Portrait(small, box, (np.array(face.landmarks, np.float64) - (left, top)) * scale)


def said_of(job: Job) -> tuple[Job, Said]:
    """What the cue says of the track."""
    cv2.setNumThreads(1)
    rng = np.random.default_rng([job.seed, job.lux])
    room = getattr(pictures, ("coffee", "astronaut", "chelsea", "rocket")[job.seed % 4])()
    setting = lit.Setting(
        answer=SCREEN / job.lux,
        behind=float(rng.uniform(0.03, 0.15)),
        rate=float(rng.uniform(5, 10)),
        seconds=job.seconds,
        delay=float(rng.uniform(0.05, 0.25)),
        noise=float(rng.uniform(1, 3)),
        sway=float(rng.uniform(3, 25)),
        tint=float(rng.uniform(0.005, 0.03)),
    )
    found = Lighting(job.expected)
    for moment, shown in lit.track(job.kind, portrait(job.data, job.seed % 24), room, setting, job.seed):
        found.see(moment, shown)
    return job, found.said(job.seconds)


def expected(pool: "Pool", options: argparse.Namespace, lux: int, seconds: float) -> float | None:
    """What a kiosk in this room has learned."""
    answers = Answers()
    jobs = [Job("face", lux, seconds, 900 + seed, data=str(options.data)) for seed in range(TEACHERS)]
    for number, (_, said) in enumerate(pool.imap(said_of, jobs)):
        answers.add(float(number), said)
    return answers.expected(float(TEACHERS))


def share(count: int, of: int) -> str:
    """A count, and the exact 95 % interval of its share (Clopper and Pearson)."""
    low = beta.ppf(0.025, count, of - count + 1) if count else 0.0
    high = beta.ppf(0.975, count + 1, of - count) if count < of else 1.0
    return f"{count}/{of} ({100 * low:.0f}-{100 * high:.0f} %)"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--each", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seconds", type=float, nargs="+", default=SECONDS)
    options = parser.parse_args()
    table = Table("seconds", "room lux", "due", "kind", "answers", "against", "why")
    with Pool(options.jobs) as pool:
        for seconds in options.seconds:
            learned = {lux: expected(pool, options, lux, seconds) for lux in ROOMS}
            rows = [(kind, lux, learned[lux]) for lux in ROOMS for kind in lit.KINDS]
            rows += [("face", lux, learned[100]) for lux in (300, 1000, 3000)]  # as if lamps were lit a moment ago
            for kind, lux, due in rows:
                jobs = [Job(kind, lux, seconds, seed, due, str(options.data)) for seed in range(options.each)]
                said = [each for _, each in pool.imap(said_of, jobs)]
                why = Counter(each.why for each in said)
                late = " (was 100)" if kind == "face" and due == learned[100] and lux != 100 else ""
                table.add_row(
                    f"{seconds:.0f}", f"{lux}{late}", "-" if due is None else f"{due:.3f}", kind,
                    share(why["answers"], len(said)), share(sum(each.weight < 0 for each in said), len(said)),
                    ", ".join(f"{name} {count}" for name, count in why.most_common()),
                )  # fmt: skip
                print(seconds, kind, lux, due, dict(why), flush=True)
    Console(width=180).print(table)


if __name__ == "__main__":
    main()
