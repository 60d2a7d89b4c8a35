"""How many frames a second does a video check take, beside decoding and detecting on every frame in the same run?

    PYTHONPATH=. python benchmarks/video.py [--repeat 5] [--seconds 10]

The films are made of two public-domain portraits that move and grow in noise, one of them enrolled in a throw-away
home. The whole product works on them: decoding, detection, tracking, embedding, search, vote, and the mark. The
machine's speed cancels out in the ratio; processor time a frame does not depend on what else the machine does.
"""

import argparse
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2
import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console
from rich.table import Table
from skimage import data

from attendance import Attendance
from attendance.cameras import VideoReader
from attendance.clock import SystemClock
from attendance.scope import Scope
from attendance.services.watching import check_video

FPS = 25
FLOOR_FRAMES = 25
FACES = {"astronaut": (223, 115), "hopper": (265, 180)}  # where the face is in the portrait, pixels
GOALS = {(640, 360): 25, (1280, 720): 12}


@dataclass(frozen=True)
class Film:
    """One film to be measured."""

    width: int
    height: int
    faces: int

    @property
    def name(self) -> str:
        """As the table shows it."""
        return f"{self.width}x{self.height}, {self.faces} face{'s' if self.faces > 1 else ''}"


@dataclass(frozen=True)
class Measured:
    """Frames a second, and milliseconds of processor time a frame, of product and floor."""

    film: Film
    fps: float
    cpu_ms: float
    floor_fps: float
    found: str


def portraits() -> list[NDArray[np.uint8]]:
    """The astronaut, who gets enrolled, and the admiral, who does not."""
    with Image.open(Path(mpl.get_data_path(), "sample_data", "grace_hopper.jpg")) as picture:
        return [data.astronaut(), np.asarray(picture.convert("RGB"))]


def frame(film: Film, number: int) -> NDArray[np.uint8]:
    """Frame `number`: each portrait in its own strip, swaying and growing, in noise."""
    strip = film.width // film.faces
    out = np.full((film.height, film.width, 3), 100, np.uint8)
    for place, (portrait, (x, y)) in enumerate(zip(portraits()[: film.faces], FACES.values(), strict=False)):
        scale = film.height / 512 * (0.9 + 0.15 * np.sin(number / 25))
        shift = (
            strip / 2 - x * scale + 0.1 * strip * np.sin(number / 20),
            film.height * (0.4 + 0.03 * np.sin(number)) - y * scale,
        )
        matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
        out[:, place * strip : (place + 1) * strip] = cv2.warpAffine(portrait, matrix, (strip, film.height))
    noise = np.random.default_rng(number).normal(0, 4, out.shape)
    return np.clip(out + noise, 0, 255).astype(np.uint8)


def write(film: Film, seconds: float, folder: Path) -> Path:
    """The film as a file."""
    path = folder / f"{film.width}x{film.height}-{film.faces}.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), FPS, (film.width, film.height))
    for number in range(round(seconds * FPS)):
        writer.write(np.ascontiguousarray(frame(film, number)[..., ::-1]))
    writer.release()
    return path


def cpu_seconds() -> float:
    """Processor time of this process and of the decoding processes that have ended."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def median_rate(action: Callable[[], float], repeat: int) -> tuple[float, float]:
    """Medians of the frames a second that `action` returns and of the processor seconds it took."""
    rates, costs = [], []
    for _ in range(repeat):
        spent = cpu_seconds()
        rates.append(action())
        costs.append(cpu_seconds() - spent)
    return statistics.median(rates), statistics.median(costs)


def measure(app: Attendance, film: Film, path: Path, repeat: int) -> Measured:
    """The product and its floor, on one film."""
    found: list[str] = []
    frames = 0

    def product() -> float:
        nonlocal frames
        found.clear()
        run = check_video(
            app.desk,
            path,
            Scope(dry_run=True),
            emit=lambda d: found.append(d.decision),
            status=lambda _: None,
            stop=lambda: False,
        )
        frames = run.frames
        return run.fps

    def floor() -> float:
        with VideoReader(path, SystemClock()) as reader:
            pictures = iter(reader)
            next(pictures)  # the decoder's start is no part of the floor
            begun = time.perf_counter()
            for each in islice(pictures, FLOOR_FRAMES):
                app.pipeline.detector.detect(each.pixels)
            return FLOOR_FRAMES / (time.perf_counter() - begun)

    floor()  # loads what is loaded once
    fps, seconds = median_rate(product, repeat)
    return Measured(film, fps, 1000 * seconds / frames, median_rate(floor, repeat)[0], ", ".join(sorted(found)))


def main() -> None:
    """Measure all films and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args()
    table = Table(
        "film", "frames/s", "goal", "CPU ms/frame", "every frame: frames/s", "ratio", "decisions", title="Video check"
    )
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        Image.fromarray(portraits()[0]).save(folder / "astronaut.png")
        with Attendance.open(folder / "home") as app:
            app.enroll(folder / "astronaut.png", name="Eileen Collins")
            for film in (Film(640, 360, 1), Film(640, 360, 2), Film(1280, 720, 1), Film(1280, 720, 2)):
                row = measure(app, film, write(film, options.seconds, folder), options.repeat)
                goal = GOALS[film.width, film.height]
                table.add_row(
                    film.name, f"{row.fps:.1f}", f">= {goal}", f"{row.cpu_ms:.0f}", f"{row.floor_fps:.1f}",
                    f"{row.fps / row.floor_fps:.1f}", row.found,
                )  # fmt: skip
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
