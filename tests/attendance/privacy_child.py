"""Dies by SIGKILL at some steps of an erasure or a purge, after one has got through; no test.

Called as `privacy_child.py erase|purge FOLDER TRIES DRAWN`. Each run that dies is a forked child with a home of its
own. The parent opens the home afterwards, as the next start does, and prints one line of JSON: how it died and what is
there; the last line is of the run that got through. How many steps are tried, and where they begin, is as
`kill_points.spread` takes it.
"""
# ruff: noqa: T201  its output is its answer

import hashlib
import json
import os
import shutil
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from fake_pipeline import FakePipeline  # beside this file
from sqlalchemy import text

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from compiled_once import compiled_once
from kill_points import counted, spread

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


class Clock:
    """Stands still."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def utc(self) -> datetime:
        return self.now

    def monotonic(self) -> float:
        return 0.0


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


def run(what: str, home: Path, fatal: int = 0) -> int:
    """How many steps that may have changed something it took, which dies at the fatal one."""
    days = 70 if what == "erase" else 500
    with counted(reads=False) as steps, opened(home, AT + timedelta(days=days)) as app:
        steps.begin(fatal)
        if what == "erase":
            app.erasing.erase(app.actor, REF, home.with_suffix(".proof"))
        else:
            app.purging.run(app.actor, clock_is_right=True)
    return steps.count


def child(what: str, home: Path, fatal: int) -> bool:
    """Whether the run was killed."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            run(what, home, fatal)
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


def main(what: str, folder: Path, tries: int, drawn: int) -> None:
    ready, through = folder / "ready", folder / "through"
    prepare(ready)
    shutil.copytree(ready, through)
    steps = run(what, through)
    for fatal in spread(steps, tries, drawn):
        home = folder / f"home-{fatal}"
        shutil.copytree(ready, home)
        print(json.dumps({"step": fatal, "killed": child(what, home, fatal), **look(home)}), flush=True)
        shutil.rmtree(home)
    print(json.dumps({"step": steps + 1, "killed": False, **look(through)}), flush=True)


with compiled_once():
    main(sys.argv[1], Path(sys.argv[2]), *map(int, sys.argv[3:]))
