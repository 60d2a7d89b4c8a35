"""What does it cost that photos are decoded by a process of their own? A cold check, a folder, a kiosk's frame.

    python benchmarks/decoding.py [--beside FOLDER] [--repeat 7]

A kiosk's frame is decoded here and by the process in turns, with detection and embedding after either. `--beside`
names the root of another version's source: both versions' commands run in turns over the same photos. All compared
figures come from the same run, so the machine's speed cancels out in the ratios.
"""

import argparse
import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from cost import photos
from PIL import Image
from rich.console import Console
from rich.table import Table
from skimage import data

ROOT = Path(__file__).resolve().parents[1]
FRAMES = 150


def in_turns(first: Callable[[], object], second: Callable[[], object], repeat: int) -> tuple[list[float], list[float]]:
    """Seconds of each, one after the other so that both meet the same machine; sorted."""
    taken: tuple[list[float], list[float]] = ([], [])
    for number in range(2 * (repeat + 1)):
        begun = time.perf_counter()
        (first, second)[number % 2]()
        taken[number % 2].append(time.perf_counter() - begun)
    return sorted(taken[0][1:]), sorted(taken[1][1:])


def attendance(root: Path, home: Path, *words: object) -> Callable[[], object]:
    """A command of the version whose source lies in this folder."""
    line = [sys.executable, "-m", "attendance", *map(str, words), "--home", str(home)]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    return lambda: subprocess.run(line, check=True, capture_output=True, env=environment, cwd=home.parent)


def commands(table: Table, folder: Path, beside: Path, repeat: int) -> None:
    """Rows for whole commands of both versions."""
    paths = photos(folder / "photos")
    for root, home in ((ROOT, folder / "own"), (beside, folder / "other")):
        for number, name in enumerate(("First", "Second")):
            attendance(root, home, "enroll", paths[number], "--name", name)()
    one = Image.open(paths[2]).resize((3000, 3000))
    one.save(folder / "phone.jpg", quality=92)
    for what, source, times in (
        ("check one photo of 250x250, cold", paths[2], repeat),
        ("check one photo of 9 megapixels, cold", folder / "phone.jpg", repeat),
        ("check a folder of 100 photos", folder / "photos", max(3, repeat // 2)),
    ):
        words = ("check", source, "--dry-run")
        own, other = in_turns(
            attendance(ROOT, folder / "own", *words), attendance(beside, folder / "other", *words), times
        )
        row(table, what, statistics.median(own), statistics.median(other), "<= 1.10")
        row(table, "  the quickest", own[0], other[0], "")


def frames(table: Table) -> None:
    """Rows for a kiosk's frame, 640x480 as browsers send it."""
    from attendance.services.kioskwatch import frame_of
    from enroll.decoding import decode_here
    from enroll.photolimits import PhotoLimits
    from enroll.pipeline import open_pipeline

    picture = io.BytesIO()
    Image.fromarray(data.astronaut()).resize((640, 480)).save(picture, "JPEG", quality=85)
    jpeg, limits, pipeline = picture.getvalue(), PhotoLimits(reduce_to=1280), open_pipeline()
    own, other = in_turns(lambda: frame_of(jpeg), lambda: decode_here(jpeg, "x", limits), FRAMES)
    row(table, "decode a frame of 640x480, median", own[FRAMES // 2], other[FRAMES // 2], "")
    own, other = in_turns(
        lambda: pipeline.faces(frame_of(jpeg)), lambda: pipeline.faces(decode_here(jpeg, "x", limits)[0]), FRAMES
    )
    row(table, "a kiosk's frame with its face, p95", own[int(0.95 * FRAMES)], other[int(0.95 * FRAMES)], "<= 1.15")
    row(table, "  median", own[FRAMES // 2], other[FRAMES // 2], "")


def row(table: Table, what: str, own: float, other: float, goal: str) -> None:
    """One line: milliseconds with the process and without, and their ratio."""
    table.add_row(what, f"{own * 1000:.1f} ms", f"{other * 1000:.1f} ms", f"{own / other:.2f}", goal)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=7)
    parser.add_argument("--beside", type=Path, help="root of another version's source")
    options = parser.parse_args()
    table = Table("what", "with the process", "without / other version", "ratio", "goal")
    frames(table)
    if options.beside:
        with tempfile.TemporaryDirectory() as folder:
            commands(table, Path(folder), options.beside.resolve(), options.repeat)
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
