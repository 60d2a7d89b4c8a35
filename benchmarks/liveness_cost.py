"""What does liveness cost a track, and how much later does it give a mark?

    PYTHONPATH=. python benchmarks/liveness_cost.py --data ../shared/data [--wait 1.5] [--wanted review]

Each genuine film of the data folder is watched twice by the whole product, without liveness and with it, in a home in
which the person of its largest face is enrolled from a frame of that very film (how well people are recognised is not
the question). Seconds of delay are the film's own. Processor time is that of this process with all its threads, the
decoding of films left out; that of liveness is taken around the calls of `Living`.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from rich.console import Console
from rich.table import Table

from attendance import Attendance
from attendance.cameras import Frame, VideoReader
from attendance.clock import SystemClock
from attendance.live import Decided, FileFeed, Place, Run
from attendance.live.living import Asking, Living
from attendance.records import Decision
from attendance.scope import Scope
from enroll.errors import PhotoError

TIMED = ("see", "waits", "settle", "ruling", "told")
SAMPLED = 5  # of the frames one in so many is searched for a face to enrol
FLAGS = {"multi": "largest", "enroll_min_face_px": 24, "enroll_min_quality": 0}


@dataclass(frozen=True)
class Watched:
    """One film watched: seconds of the processor, of them for liveness; when each track was decided on, and how."""

    seconds: float
    living: float
    decisions: dict[int | None, tuple[float, Decision]]


class Stopwatch:
    """Processor seconds within the methods of `Living`, calls within calls counted once."""

    def __init__(self) -> None:
        self.seconds, self._depth = 0.0, 0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Time what is done within."""
        begun, self._depth = time.process_time(), self._depth + 1
        try:
            yield
        finally:
            self._depth -= 1
            self.seconds += 0.0 if self._depth else time.process_time() - begun

    def wrap(self, name: str) -> None:
        """Have a method of `Living` timed from now on."""
        method = getattr(Living, name)

        def timed(*given: Any, **named: Any) -> Any:
            with self.running():
                return method(*given, **named)

        setattr(Living, name, timed)


class Timed(FileFeed):
    """A film that tells which second of it is being watched."""

    now = 0.0

    def __iter__(self) -> Iterator[Frame]:
        for frame in super().__iter__():
            self.now = frame.time
            yield frame


def enrol(app: Attendance, film: Path, folder: Path) -> bool:
    """Enrol the largest face of the film; whether there is one that may be."""
    best: tuple[float, Any] = (0.0, None)
    reader = VideoReader(film, SystemClock())
    for frame in reader:
        faces = [] if frame.number % SAMPLED else app.pipeline.faces(frame.pixels)
        largest = max((each.box[2] * each.box[3] for each in faces if not each.quality.reasons), default=0.0)
        if largest > best[0]:
            best = largest, frame.pixels
    reader.close()
    if best[1] is None:
        return False
    Image.fromarray(best[1]).save(folder / "face.png")
    try:
        app.enroll(folder / "face.png", name=film.stem, external_id="E-1")
    except PhotoError as error:
        print(f"{film.name}: {error}")
        return False
    return True


def watch(app: Attendance, film: Path, asking: Asking, stopwatch: Stopwatch) -> Watched:
    """Watch the film as a run does, marking nobody."""
    stopwatch.seconds, begun = 0.0, time.process_time()
    decisions: dict[int | None, tuple[float, Decision]] = {}
    feed = Timed(film, app.clock)
    run = Run(Place(film.name, "file"), Scope(dry_run=True), feed, app.desk, asking)

    def hear(event: Any) -> None:
        if isinstance(event, Decided):
            decisions.setdefault(event.decision.track, (feed.now, event.decision))

    run.subscribe(hear, vital=True)
    run.run()
    return Watched(time.process_time() - begun, stopwatch.seconds, decisions)


def main() -> None:
    """Print a line a film."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--wait", type=float, default=1.5)
    parser.add_argument("--wanted", default="review")
    options = parser.parse_args()
    stopwatch = Stopwatch()
    for name in TIMED:
        stopwatch.wrap(name)
    table = Table("film", "seconds", "liveness, s", "share of the rest", "marked at", "with liveness at", "ruling")
    total = living = 0.0
    for film in sorted((options.data / "videos").iterdir()):
        with tempfile.TemporaryDirectory() as folder, Attendance.open(Path(folder) / "home", flags=FLAGS) as app:
            if not enrol(app, film, Path(folder)):
                continue
            watch(app, film, Asking(), stopwatch)  # all is loaded, and warm
            plain = watch(app, film, Asking(), stopwatch)
            asked = watch(app, film, Asking(options.wanted, options.wait), stopwatch)
        total, living = total + asked.seconds, living + asked.living
        known = {track: at for track, (at, each) in plain.decisions.items() if each.decision == "present"}
        for track, at in known.items() or {None: 0.0}.items():
            later, told = asked.decisions.get(track, (0.0, None))
            ruled = "-" if told is None else f"{told.decision}, {told.liveness}"
            share = f"{asked.living / (asked.seconds - asked.living):.1%}"
            table.add_row(
                film.name, f"{asked.seconds:.2f}", f"{asked.living:.3f}", share, f"{at:.2f}", f"{later:.2f}", ruled
            )
    Console(width=120).print(table)
    print(f"all: {living:.2f} of {total:.2f} s, {living / (total - living):.1%} of the rest")


if __name__ == "__main__":
    main()
