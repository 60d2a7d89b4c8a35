"""A site's computer as a process of its own, which does what it is told a line at a time; no test.

Called as `site_child.py FOLDER SITE`: the folder names the server and holds the key. Each line of JSON that it is given
is a step with its instant; each is answered by one line.
"""
# ruff: noqa: T201  its output is its answer

import json
import sys
from datetime import datetime
from pathlib import Path

from fake_pipeline import FakePipeline, picture  # beside this file

from attendance import Attendance
from gallery.errors import GalleryUnreachable
from gallery.slices.slice import Slice

FLAGS = {"guard_people": 0, "time_zone": "UTC"}


class Clock:
    """Shows what it is told."""

    now = datetime.min

    def utc(self) -> datetime:
        return self.now

    def monotonic(self) -> float:
        return 0.0


class Computer:
    """The steps of a site's computer."""

    def __init__(self, folder: Path, site: str) -> None:
        self.folder, self.site, self.clock = folder, site, Clock()
        self.slice = Slice.begin(folder)
        self.offline = Attendance.cut_off(self.slice, clock=self.clock, pipeline=FakePipeline(), flags=FLAGS)
        self.central: Attendance | None = None

    def reached(self) -> Attendance:
        if self.central is None:
            self.central = Attendance.open(
                self.folder, clock=self.clock, pipeline=FakePipeline(), flags=FLAGS, create=False
            )
        return self.central

    def check(self, *faces: int) -> list[str]:
        """People pass the door."""
        shown = picture(self.folder / f"{self.clock.now:%H%M%S}.png", *((face,) for face in faces))
        return [each.decision for each in self.offline.check(shown)]

    def settle(self) -> dict[str, int]:
        """The link is tried, and used."""
        delivered, filled = self.reached().arrivals.settle(self.slice, self.site)
        return {"kept": delivered.kept, "refused": delivered.refused, "people": filled.people}

    def waiting(self) -> int:
        return self.slice.waiting()


def main() -> None:
    computer = Computer(Path(sys.argv[1]), sys.argv[2])
    for text in sys.stdin:
        step = json.loads(text)
        computer.clock.now = datetime.fromisoformat(step["at"])
        try:
            answer = getattr(computer, step["do"])(*step.get("with", ()))
        except GalleryUnreachable:
            answer = "unreachable"
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
