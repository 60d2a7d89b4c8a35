"""Dies by SIGKILL at the n-th step of a restoration, for n = 1, 2, ... until one gets through; not a test itself.

Called as `restore_child.py BACKUP KEY FOLDER`. A step is a change of the file system, a commit, or every seventh
statement. Each run is a forked child with a folder of its own; the parent then looks, tries again, and prints one line
of JSON.
"""
# ruff: noqa: T201  its output is its answer

import json
import os
import shutil
import signal
import sys
from pathlib import Path

from sqlalchemy import Engine, event

from gallery import GalleryMissing, NotEmpty, Store
from gallery.backup import restore
from gallery.backup.content import Tally, written

ALONG = ("config.toml",)
CHANGES = frozenset({"os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir"})
LIMIT = 400


class Countdown:
    """Kills this very process when it has been called `steps` times."""

    def __init__(self, steps: int) -> None:
        self.left, self.statements = steps, 0

    def __call__(self, *_: object) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def statement(self, *_: object) -> None:
        self.statements += 1
        if self.statements % 7 == 0:
            self()

    def audit(self, name: str, given: tuple) -> None:
        """Before the change of a file, and before one is opened to be written."""
        if name in CHANGES or (name == "open" and isinstance(given[2], int) and given[2] & (os.O_WRONLY | os.O_RDWR)):
            self()


def child(source: Path, key: Path, home: Path, steps: int) -> bool:
    """Whether the run was killed."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            countdown = Countdown(steps)
            event.listen(Engine, "before_cursor_execute", countdown.statement)
            event.listen(Engine, "commit", countdown)
            sys.addaudithook(countdown.audit)
            restore(Store, source, home, key=key, along=ALONG)
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(pid, 0)
    if not os.WIFSIGNALED(status) and os.WEXITSTATUS(status):
        raise SystemExit("the run failed by itself")
    return os.WIFSIGNALED(status)


def look(home: Path, digest: str) -> str:
    """What is there: `none`, `whole`, or what it should never be."""
    try:
        with Store.open(home, create=False) as store, store.reading() as session:
            tally = Tally()
            files = {name: (home / name).read_bytes() for name in ALONG}
            for _ in tally.over(written(store, session, files)):
                pass
            return "whole" if tally.digest == digest else "another"
    except GalleryMissing:
        return "none"


def again(source: Path, key: Path, home: Path) -> None:
    try:
        restore(Store, source, home, key=key, along=ALONG)
    except NotEmpty:
        for left in home.glob(".*"):  # as `gallery verify --repair` does
            left.unlink()


def main(source: Path, key: Path, folder: Path) -> None:
    digest = restore(Store, source, folder / "first", key=key, along=ALONG).digest
    for steps in range(1, LIMIT):
        home = folder / f"home-{steps}"
        killed = child(source, key, home, steps)
        found = look(home, digest)
        again(source, key, home)
        names = " ".join(sorted(path.name for path in home.iterdir()))
        print(json.dumps({"killed": killed, "found": found, "again": look(home, digest), "names": names}))
        shutil.rmtree(home)
        if not killed:
            return
    raise SystemExit("no run got through")


main(*map(Path, sys.argv[1:]))
