"""Dies by SIGKILL at the n-th step of an erasure or a purge, for one n after the other until one gets through; no test.

Called as `privacy_child.py erase|purge FOLDER`. Each run is a forked child with a home of its own. The parent opens the
home afterwards, as the next start does, and prints one line of JSON: how it died and what is there.
"""
# ruff: noqa: T201  its output is its answer

import hashlib
import json
import os
import shutil
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from fake_pipeline import FakePipeline  # beside this file
from sqlalchemy import Engine, Pool, event, text

from attendance import Attendance
from attendance.services import receipts
from gallery import history
from gallery.repositories import purging, sightings
from gallery.values import Sighting

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
NAME, REF = "Zoë Unmistakable", "E-4711-unmistakable"
FLAGS = {
    "guard_people": 0,
    "keep_marks_days": 31,
    "keep_sightings_days": 31,
    "keep_audit_days": 365,
    "time_zone": "UTC",
}
LIMIT, EVERY = 600, 3
"""At how many statements at most, and at each of how many, a run is killed."""


class Clock:
    """Stands still."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def utc(self) -> datetime:
        return self.now

    def monotonic(self) -> float:
        return 0.0


class Countdown:
    """Kills this very process at the n-th step that may have changed something."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def __call__(self, *_: object) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def statement(self, _connection: object, _cursor: object, statement: str, *_: object) -> None:
        """A statement; one that only reads is as its forerunner."""
        if not statement.lstrip().upper().startswith(("SELECT", "BEGIN")):
            self()


def arm(steps: int) -> None:
    """Die before the n-th statement that writes, before or after a commit, or as a connection is given back."""
    countdown = Countdown(steps)
    event.listen(Engine, "before_cursor_execute", countdown.statement)
    event.listen(Engine, "commit", countdown)
    event.listen(Pool, "checkin", countdown)


def opened(home: Path, now: datetime) -> Attendance:
    return Attendance.open(home, clock=Clock(now), pipeline=FakePipeline(), flags=FLAGS)


def prepare(home: Path) -> None:
    """Two people with a face, a mark, an unknown sighting of each month."""
    with opened(home, AT) as app:
        for number, (name, ref) in enumerate(((NAME, REF), ("Bob", "B"))):
            values = np.random.default_rng(number).normal(size=64)
            app.gallery.enroll(
                name, (values / np.linalg.norm(values)).astype(np.float32), 0.2, quality={}, source="x",
                source_sha256=hashlib.sha256(ref.encode()).hexdigest(), crop=bytes(range(256)) * 8, external_id=ref,
                at=AT, by="t",
            )  # fmt: skip
        for days in (0, 35, 70):
            app.clock.now = AT + timedelta(days=days)
            app.mark(REF)
            app.mark("B")
            with app.store.atomic() as transaction:
                sightings.add(transaction, [Sighting(app.clock.now, "camera", "door", "unknown", "e")])


def run(what: str, home: Path, steps: int) -> None:
    if what == "erase":
        with opened(home, AT + timedelta(days=70)) as app:
            arm(steps)
            app.erasing.erase(app.actor, REF, home.with_suffix(".proof"))
    else:
        with opened(home, AT + timedelta(days=500)) as app:
            arm(steps)
            app.purging.run(app.actor, clock_is_right=True)


def child(what: str, home: Path, steps: int) -> bool:
    """Whether the run was killed."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            run(what, home, steps)
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(pid, 0)
    if not os.WIFSIGNALED(status) and os.WEXITSTATUS(status):
        raise SystemExit("the run failed by itself")
    return os.WIFSIGNALED(status)


def look(home: Path) -> dict[str, object]:
    """What is there after the next opening."""
    proof = home.with_suffix(".proof")
    with opened(home, AT + timedelta(days=500)) as app:
        with app.store.reading() as transaction:
            told = history(transaction)
            found = {
                "integrity": transaction.execute(text("PRAGMA integrity_check")).scalar_one(),
                "counts": purging.counts(transaction),
                "receipts": [dict(each.details) for each in told if each.action == "purge.run"],
                "removals": sum(each.action == "person.remove" for each in told),
                "proofs": sum(each.action == "erasure.proof" for each in told),
            }
        found["people"] = [each.name for each in app.people.all()]
        found["problems"] = [each.id for each in app.gallery.verify()]
        found["log"] = app.audit_chain.verify().sound
        found["proof"] = proof.exists() and proof.stat().st_size > 0
        if found["proof"]:
            receipts.refuse_altered("it", receipts.read(proof))
        found["again"] = dict(app.purging.run(app.actor, dry_run=True, clock_is_right=True).counts)
    files = [each for each in home.rglob("*") if each.is_file()]
    found["bytes"] = any(NAME.encode() in each.read_bytes() for each in files)
    return found


def main(what: str, folder: Path) -> None:
    ready = folder / "ready"
    prepare(ready)
    for steps in range(1, LIMIT, EVERY):
        home = folder / f"home-{steps}"
        shutil.copytree(ready, home)
        killed = child(what, home, steps)
        print(json.dumps({"steps": steps, "killed": killed, **look(home)}), flush=True)
        shutil.rmtree(home)
        if not killed:
            return
    raise SystemExit("no run got through")


main(sys.argv[1], Path(sys.argv[2]))
