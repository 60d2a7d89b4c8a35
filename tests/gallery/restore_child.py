"""Dies by SIGKILL at the n-th step of a restoration, for some n, and then lets one get through; not a test itself.

Called as `restore_child.py BACKUP KEY FOLDER EACH TRIES DRAWN [PRIVATE]`; with the file of a private recovery key it
is opened by that. A step is a change of the file system, a commit, or every EACH-th statement; while what was erased is
erased again, every statement.
They are counted once; tried are the first, the last, those around the change of place by which the home is there, and
others as `kill_points.spread` takes TRIES of them from DRAWN. Each run is a forked child with a folder of its own; the
parent then looks, tries again, and prints one line of JSON.
"""
# ruff: noqa: T201  its output is its answer

import json
import os
import shutil
import signal
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from sqlalchemy import Engine, event

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from compiled_once import compiled_once
from kill_points import spread

from gallery import GalleryMissing, NotEmpty, Store, open_database
from gallery.backup import restore, restoring
from gallery.backup.content import Tally, written

ALONG = ("config.toml",)
CHANGES = frozenset({"os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir"})
PLACED = frozenset({"os.link", "os.rename"})
MOMENT = datetime(2026, 4, 1, tzinfo=UTC)


class Countdown:
    """Kills this very process when it has been called `steps` times; never, for 0, and counts."""

    def __init__(self, steps: int, each: int) -> None:
        self.steps, self.each = steps, each
        self.count = self.statements = 0
        self.placed: list[int] = []

    def __call__(self, *_: object) -> None:
        self.count += 1
        if self.count == self.steps:
            os.kill(os.getpid(), signal.SIGKILL)

    def statement(self, *_: object) -> None:
        self.statements += 1
        if self.statements % self.each == 0:
            self()

    def after(self, change) -> object:
        """Count every statement of what is done to the rows of a backup."""

        def counted(*given: object) -> object:
            before, self.each = self.each, 1
            try:
                return change(*given)
            finally:
                self.each = before

        return counted

    def audit(self, name: str, given: tuple) -> None:
        """Before the change of a file, and before one is opened to be written."""
        if name in CHANGES or (name == "open" and isinstance(given[2], int) and given[2] & (os.O_WRONLY | os.O_RDWR)):
            if name in PLACED:
                self.placed.append(self.count + 1)
            self()


def child(make: partial, home: Path, steps: int, each: int, counted: Path | None = None) -> bool:
    """Whether the run was killed; how many steps it took, and which are changes of place, is written there."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            countdown = Countdown(steps, each)
            event.listen(Engine, "before_cursor_execute", countdown.statement)
            event.listen(Engine, "commit", countdown)
            sys.addaudithook(countdown.audit)
            restoring._After.__call__ = countdown.after(restoring._After.__call__)
            make(home)
            if counted is not None:
                counted.write_text(json.dumps([countdown.count, countdown.placed]))
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(pid, 0)
    if not os.WIFSIGNALED(status) and os.WEXITSTATUS(status):
        raise SystemExit("the run failed by itself")
    return os.WIFSIGNALED(status)


def told(home: Path, *, sealed: bool) -> str:
    """The digest of what is there; without what differs by the new key, where the first was lost."""
    with open_database(home, create=False) as store, store.reading() as session:
        tally = Tally()
        files = {name: (home / name).read_bytes() for name in ALONG}
        lines = written(store, session, files)
        for _ in tally.over(lines if sealed else alike(lines)):
            pass
        return tally.digest


def alike(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Of tables that hold what a new key made only how many rows, of the log the actions."""
    head: dict = {}
    for line in lines:
        value = json.loads(line)
        head = value if isinstance(value, dict) else head
        table = head.get("table")
        if head is not value and table in ("meta", "secret", "event"):
            yield json.dumps([value[head["columns"].index("action")]] if table == "event" else []).encode() + b"\n"
        else:
            yield line


def look(home: Path, digest: str, *, sealed: bool) -> str:
    """What is there: `none`, `whole`, or what it should never be."""
    try:
        return "whole" if told(home, sealed=sealed) == digest else "another"
    except GalleryMissing:
        return "none"


def again(make: partial, home: Path) -> None:
    try:
        make(home)
    except NotEmpty:
        for left in home.glob(".*"):  # as `gallery verify --repair` does
            left.unlink()


def main(source: Path, key: Path, folder: Path, numbers: list[str], private: Path | None = None) -> None:
    each, tries, drawn = map(int, numbers)
    opened = {"key": key} if private is None else {"recovery": private}
    make = partial(restore, Store, source, along=ALONG, at=MOMENT, **opened)
    make(folder / "first")
    digest = told(folder / "first", sealed=private is None)
    child(make, folder / "counted", 0, each, folder / "steps")
    count, placed = json.loads((folder / "steps").read_text())
    around = [*placed, *(place + 1 for place in placed)]
    for steps in [*spread(count, tries, drawn, around), 0]:
        home = folder / f"home-{steps}"
        killed = child(make, home, steps, each)
        found = look(home, digest, sealed=private is None)
        again(make, home)
        names = " ".join(sorted(path.name for path in home.iterdir()))
        after = look(home, digest, sealed=private is None)
        print(json.dumps({"step": steps, "killed": killed, "found": found, "again": after, "names": names}))
        shutil.rmtree(home)


with compiled_once():  # and so for all that is forked
    main(*map(Path, sys.argv[1:4]), sys.argv[4:7], *map(Path, sys.argv[7:]))
