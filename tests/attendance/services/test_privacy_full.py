"""An erasure or a purge on a full disk: nothing of it is done, or all of it, and what is said is so."""

import hashlib
from contextlib import contextmanager
from datetime import UTC, datetime

import numpy as np
import pytest

from attendance import Attendance
from gallery import GalleryUnusable, history
from gallery.repositories import purging

resource = pytest.importorskip("resource")
SHARED = 33_000
"""SQLite's index of its log is this large; what is written to the log itself has no room."""


@contextmanager
def full_disk(most: int):
    """No file may grow beyond so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def app(home, clock, pipeline):
    """A home with 40 people and their marks, of which those of March are to go."""
    flags = {"guard_people": 0, "keep_marks_days": 31, "time_zone": "UTC"}
    with Attendance.open(home, clock=clock, pipeline=pipeline, flags=flags) as opened:
        with opened.store.atomic():
            for number in range(40):
                values = np.random.default_rng(number).normal(size=512).astype(np.float32)
                opened.gallery.enroll(
                    f"Person {number}", values / np.linalg.norm(values), 0.2, quality={}, source="x", by="t",
                    at=clock.now, crop=np.random.default_rng(number).bytes(4000), external_id=f"E-{number:03}",
                    source_sha256=hashlib.sha256(bytes([number])).hexdigest(),
                )  # fmt: skip
                opened.mark(f"E-{number:03}")
        opened.receipts.prepare()
        clock.now = datetime(2026, 6, 10, tzinfo=UTC)
        yield opened


def test_a_purge_on_a_full_disk_takes_nothing(app):
    """It fails as a full disk does; all records are there, no receipt tells of them, and later it is done."""
    with app.store.reading() as transaction:
        before = purging.counts(transaction)
    with full_disk(SHARED), pytest.raises(GalleryUnusable):
        app.purging.run(app.actor, clock_is_right=True)
    with app.store.reading() as transaction:
        after, told = purging.counts(transaction), history(transaction, action="purge.run")

    assert (before, []) == (after, told)
    assert 40 == app.purging.run(app.actor, clock_is_right=True).counts["marks"]
    assert [] == app.gallery.verify()


def test_an_erasure_on_a_full_disk_removes_nobody(app, tmp_path):
    """It fails as a full disk does; the person is there, and no receipt."""
    with full_disk(SHARED), pytest.raises(GalleryUnusable):
        app.erasing.erase(app.actor, "E-007", tmp_path / "proof")

    assert (40, []) == (len(app.people.all()), list(tmp_path.glob("*proof*")))
    assert app.erasing.erase(app.actor, "E-007", tmp_path / "proof").clean
    assert [] == app.gallery.verify()


def test_without_room_for_a_copy_it_is_said(app, tmp_path, monkeypatch):
    """Where the database cannot be written anew, it was overwritten all the same: nothing is found, and it is said."""
    compact = app.store.compact

    def compact_on_a_full_disk() -> bool:
        with full_disk(app.store.size() // 2):
            return compact()

    monkeypatch.setattr(app.store, "compact", compact_on_a_full_disk)
    done = app.erasing.erase(app.actor, "E-007", tmp_path / "proof")

    assert (True, False, []) == (done.receipt["erased"], done.receipt["compacted"], done.receipt["hits"])
    assert any("was not written anew" in each for each in done.lines())
    assert [] == app.gallery.verify()


@pytest.mark.sqlite_only("where a file reaches its end is told to SQLite here")
def test_without_room_to_overwrite_it_is_said(app, tmp_path, monkeypatch):
    """Where the log cannot be emptied, the person is gone, and the receipt says that something is left."""
    empty = app.store.erase_log

    def empty_on_a_full_disk() -> bool:
        with full_disk(SHARED):
            return empty()

    monkeypatch.setattr(app.store, "erase_log", empty_on_a_full_disk)
    done = app.erasing.erase(app.actor, "E-007", tmp_path / "proof")

    assert (39, False, False) == (len(app.people.all()), done.clean, done.receipt["erased"])
    assert {"attendance.db-wal"} <= {each["path"] for each in done.receipt["hits"]}
    monkeypatch.undo()
    app.store.finish_erasure()
    assert app.erasing.typed(None, "E-007").clean
