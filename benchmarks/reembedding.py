"""How many kept crops a second does `attendance encoder prepare` embed, one a step and some a step?

    python benchmarks/reembedding.py [--crops 256] [--repeat 3] [--batch 16] [--threads 1]

Crops are cut from two public-domain portraits, turned and scaled at random, and kept as enrolment keeps them; a home of
them is copied for each run and goes over from the encoder `fast` to `default`. The two ways take turns in one run.
Beside the seconds that passed those of the processor are told, which hold where other work shares the computer, as long
as it is one thread: their ratio counts. What a million would take is projected from them, not measured. With both ways
the templates are the same to within the figure that is printed.
"""

import argparse
import hashlib
import shutil
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table
from skimage import data

from attendance import Attendance
from attendance.services import reembedding
from enroll.chips import BORDER, CROP_SIDE, encoded
from enroll.geometry import TEMPLATE_112

NOW, NEW = "fast", "default"
MILLION = 1_000_000
SEED = 7
LANDMARKS = (TEMPLATE_112 + BORDER).astype(np.float32)


@dataclass(frozen=True)
class Run:
    """Seconds that passed, seconds of the processor, and the templates that were made, in the order of their photos."""

    seconds: float
    processor: float
    vectors: np.ndarray


def chips(count: int) -> list[bytes]:
    """Pictures as enrolment keeps them, each another view of one of the portraits."""
    chance = np.random.default_rng(SEED)
    hopper = Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    faces = [Image.fromarray(data.astronaut()).crop((124, 10, 324, 210)), Image.open(hopper).convert("RGB")]
    faces[1] = faces[1].crop((160, 60, 400, 300))
    side, made = CROP_SIDE + 2 * BORDER, []
    for number in range(count):
        turned = faces[number % 2].rotate(float(chance.uniform(-8, 8)), Image.Resampling.BILINEAR)
        edge = int(chance.integers(0, 20))
        cut = turned.crop((edge, edge, turned.width - edge, turned.height - edge))
        made.append(encoded(np.asarray(cut.resize((side, side), Image.Resampling.BILINEAR))))
    return made


def begin(home: Path, kept: list[bytes], threads: int) -> None:
    """A home with a person for each picture, enrolled with the encoder of before; the vectors do not matter."""
    with Attendance.open(home, flags={"encoder": NOW, "threads": threads, "guard_people": 0}) as app:
        dim = app.card.raw["encoder"]["embedding"]
        vector = np.eye(1, dim, dtype=np.float32)[0]
        for number, picture in enumerate(kept):
            app.gallery.enroll(
                f"Person {number}", vector, 0.0, quality={}, source=f"{number}.jpg",
                source_sha256=hashlib.sha256(str(number).encode()).hexdigest(),
                crop=picture, landmarks=LANDMARKS, at=app.clock.utc(), by="benchmark",
            )  # fmt: skip


def prepared(home: Path, threads: int, batch: int) -> Run:
    """Make all templates of the new encoder in a home, so many crops a step; the models are loaded before."""
    with Attendance.open(home, flags={"encoder": NOW, "threads": threads, "guard_people": 0}) as app:
        side = app.encoders.side(NEW)
        encoder = side.load().encoder
        encoder.embed(np.zeros((1, encoder.crop_size, encoder.crop_size, 3), np.uint8) + np.uint8(90))
        reembedding.BATCH = batch
        begun, worked = time.perf_counter(), time.process_time()
        run = app.encoders.prepare(app.actor, NEW)
        for _ in run:
            pass
        taken, work = time.perf_counter() - begun, time.process_time() - worked
        assert run.made == run.total, "a crop could not be used"
        found = side.gallery.load()
        return Run(taken, work, found.vectors[np.argsort(found.people)])


def main() -> None:
    """Let both ways take turns, and print what they have taken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crops", type=int, default=256)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--batch", type=int, default=reembedding.BATCH)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    ways, runs = (1, given.batch), dict[int, list[Run]]()
    with tempfile.TemporaryDirectory() as folder:
        begin(Path(folder) / "home", chips(given.crops), given.threads)
        for turn in range(given.repeat):
            for batch in ways:
                home = Path(shutil.copytree(Path(folder) / "home", Path(folder) / f"{turn} {batch}"))
                runs.setdefault(batch, []).append(prepared(home, given.threads, batch))
    show(given.crops, runs)


def show(crops: int, runs: dict[int, list[Run]]) -> None:
    """The table: medians of the runs, the ratio of the processor's seconds in each turn, and the projection."""
    one, *_ = runs
    heads = ("crops a step", "passed (ms a crop)", "processor (ms a crop)", "ratio (least, median, most)")
    table = Table(*heads, "a million on one core, projected (hours)")
    for batch, found in runs.items():
        passed, worked = (statistics.median(getattr(each, name) for each in found) for name in ("seconds", "processor"))
        ratios = sorted(each.processor / before.processor for before, each in zip(runs[one], found, strict=True))
        told = f"{ratios[0]:.2f}, {statistics.median(ratios):.2f}, {ratios[-1]:.2f}"
        each_ms = [f"{1000 * taken / crops:.1f}" for taken in (passed, worked)]
        table.add_row(str(batch), *each_ms, told, f"{MILLION * worked / crops / 3600:.1f}")
    farthest = max(float(np.abs(found[0].vectors - runs[one][0].vectors).max()) for found in runs.values())
    console = Console()
    console.print(table)
    console.print(f"the templates differ by {farthest:.1e} at most")


if __name__ == "__main__":
    main()
