"""What does a check cost? Start-up, one photo, many photos, and memory, each beside a floor measured in the same run.

    python benchmarks/cost.py [--repeat 5] [--people lfw_test.zip]

Photos are drawn from two public-domain portraits at 250x250 pixels: enrolled as a hundred names, each of them is a
look-alike of half of those before, which costs time that real people do not. `--people` takes a hundred people's first
photos from a zip of folders instead. Times are medians in seconds; the machine's speed cancels out in the ratio to
the floor, so compare ratios between machines, not seconds.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import matplotlib as mpl
import psutil
from PIL import Image, ImageOps
from rich.console import Console
from rich.table import Table
from skimage import data

PHOTOS = 100
NETWORKS = "detection and embedding alone"
PYTHON = sys.executable


@dataclass(frozen=True)
class Row:
    """One measured question and its floor; seconds."""

    what: str
    seconds: float
    floor: str
    floor_seconds: float
    goal: str


def median_seconds(action: Callable[[], object], repeat: int) -> float:
    """Median wall-clock seconds of an action, after one warm-up."""
    action()
    taken = []
    for _ in range(repeat):
        begun = time.perf_counter()
        action()
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


def command(*words: object) -> Callable[[], object]:
    """An action that runs a command quietly and insists on success."""
    line = [str(word) for word in words]
    return lambda: subprocess.run(line, check=True, capture_output=True)


def peak_memory(words: Sequence[object]) -> float:
    """Largest resident size of a process while it runs, in MB (sampled every 5 ms)."""
    process = psutil.Popen([str(word) for word in words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        try:
            peak = max(peak, process.memory_info().rss)
        except psutil.NoSuchProcess:
            break
        time.sleep(0.005)
    return peak / 1e6


def photos(folder: Path) -> list[Path]:
    """A hundred 250x250 photos of two people, each a little different (turn and crop)."""
    hopper = Image.open(Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg").convert("RGB")
    faces = (Image.fromarray(data.astronaut()).crop((100, 0, 380, 280)), hopper.crop((90, 30, 450, 390)))
    folder.mkdir()
    paths = []
    for number in range(PHOTOS):
        picture = faces[number % 2].rotate((number % 21) - 10, Image.Resampling.BICUBIC)
        paths.append(folder / f"photo-{number:03}.jpg")
        ImageOps.fit(picture, (250, 250)).save(paths[-1], quality=92)
    return paths


def photos_of_people(archive: Path, folder: Path) -> list[Path]:
    """The first photo of each of the first hundred people of a zip with one folder a person."""
    folder.mkdir()
    with zipfile.ZipFile(archive) as opened:
        first: dict[PurePosixPath, str] = {}
        for name in sorted(name for name in opened.namelist() if name.endswith(".jpg")):
            first.setdefault(PurePosixPath(name).parent, name)
        if len(first) < PHOTOS:
            raise SystemExit(f"{archive}: {len(first)} people with a photo; {PHOTOS} are needed")
        for number, name in enumerate(list(first.values())[:PHOTOS]):
            (folder / f"photo-{number:03}.jpg").write_bytes(opened.read(name))
    return sorted(folder.iterdir())


def bulk_folder(paths: Sequence[Path], target: Path) -> Path:
    """A folder of one photo a person: as many names as photos."""
    target.mkdir()
    for number, path in enumerate(paths):
        (target / f"Person {number:03}{path.suffix}").write_bytes(path.read_bytes())
    return target


def measure(repeat: int, folder: Path, people: Path | None = None) -> tuple[list[Row], float]:
    """All rows, and the peak memory of a check in MB."""
    product = (PYTHON, "-m", "attendance")
    home = ("--home", folder / "home")
    paths = photos_of_people(people, folder / "photos") if people else photos(folder / "photos")
    for number, name in enumerate(("First", "Second")):
        command(*product, "enroll", paths[number], "--name", name, *home)()
    bare = median_seconds(command(PYTHON, "-c", "pass"), repeat)
    imports = median_seconds(command(PYTHON, "-c", "import cv2, faiss, onnxruntime, sqlalchemy"), repeat)
    rows = [
        Row(
            "attendance --help",
            median_seconds(command(*product, "--help"), repeat),
            "python -c pass",
            bare,
            "< 0.3 s",
        ),
        Row(
            "check one photo, whole process",
            median_seconds(command(*product, "check", paths[2], "--dry-run", *home), repeat),
            "import of its four libraries",
            imports,
            "<= 0.7 s",
        ),
    ]
    networks = networks_only(paths, repeat)
    check = median_seconds(command(*product, "check", folder / "photos", "--dry-run", *home), repeat)
    rows.append(Row(f"check {PHOTOS} photos of 250x250", check, NETWORKS, networks, "<= 1.8 x"))
    bulk = bulk_folder(paths, folder / "bulk")
    counter = iter(range(1000))

    def enrol() -> None:
        words = (
            *product,
            "enroll",
            bulk,
            "--allow-duplicate",
            "--home",
            folder / f"bulk-home-{next(counter)}",
        )
        subprocess.run([str(word) for word in words], capture_output=True, check=False)

    rows.append(
        Row(
            f"enrol {PHOTOS} photos of 250x250",
            median_seconds(enrol, repeat),
            NETWORKS,
            networks,
            "<= 2.2 x",
        )
    )
    return rows, peak_memory((*product, "check", paths[2], "--dry-run", *home))


def networks_only(paths: Sequence[Path], repeat: int) -> float:
    """Seconds to decode the photos, find, align and embed their faces: nothing judged or stored."""
    from enroll.photo import read_photo
    from enroll.pipeline import open_pipeline

    pipeline = open_pipeline()
    return median_seconds(lambda: [pipeline.faces(read_photo(path).pixels) for path in paths], repeat)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--people", type=Path, help="zip with one folder a person (250x250 photos)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows, memory = measure(options.repeat, Path(folder), options.people)
    table = Table("what", "median", "floor", "median", "ratio", "goal", title=f"cost, median of {options.repeat}")
    for row in rows:
        ratio = row.seconds / row.floor_seconds
        table.add_row(
            row.what,
            f"{row.seconds:.2f} s",
            row.floor,
            f"{row.floor_seconds:.2f} s",
            f"{ratio:.1f}",
            row.goal,
        )
    table.add_row("peak memory of a check", f"{memory:.0f} MB", "", "", "", "<= 300 MB")
    Console(width=150).print(table)


if __name__ == "__main__":
    main()
