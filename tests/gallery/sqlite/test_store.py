"""The store: connections set up alike, writes all or nothing, waits that end."""
# ruff: noqa: PT012  what is refused is a step of several statements

import os
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import select, text

from gallery import (
    Gallery,
    GalleryError,
    GalleryFull,
    GalleryLocked,
    Store,
)
from gallery.locations import DATABASE
from gallery.schema import Person

ROOT = Path(__file__).resolve().parents[3]

WANTED = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1, "busy_timeout": 15000}


def _pragmas(session) -> dict[str, object]:
    return {name: session.execute(text(f"PRAGMA {name}")).scalar_one() for name in WANTED}


def _person(name: str, now) -> Person:
    return Person(external_id=name, name=name, created=now)


def _names(store: Store) -> list[str]:
    with store.reading() as session:
        return list(session.scalars(select(Person.name).order_by(Person.id)))


def _run(code: str, *arguments: str, **options) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, **options)


# Connections


def test_every_connection_is_set_up_alike(store):
    """Journal, synchronisation, foreign keys, erasure and wait are the same on each thread's connection."""
    gate, seen = threading.Barrier(6), []

    def look() -> None:
        with store.reading() as session:
            gate.wait(timeout=10)  # six connections at once, more than the pool keeps
            seen.append(_pragmas(session))

    threads = [threading.Thread(target=look) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [WANTED] * 6 == seen


def test_a_new_connection_is_set_up_as_the_first(store):
    """After every connection was dropped, the next ones are set up the same way, for reading and writing."""
    store.close()
    with store.reading() as session:
        reading = _pragmas(session)
    store.close()
    with store.atomic() as session:
        writing = _pragmas(session)

    assert (WANTED, WANTED) == (reading, writing)


def test_the_files_are_private(home, store):
    """Home 0700, database and log 0600."""
    with store.atomic():
        modes = {path.name: path.stat().st_mode & 0o777 for path in home.iterdir()}

    assert 0o700 == home.stat().st_mode & 0o777
    assert {0o600} == set(modes.values())
    assert DATABASE in modes


# Transactions


def test_a_failed_step_leaves_nothing(store, now):
    """An exception inside atomic() takes back everything done in it."""
    with pytest.raises(ZeroDivisionError), store.atomic() as session:
        session.add(_person("a", now))
        session.flush()
        _ = 1 / 0

    assert _names(store) == []


def test_an_inner_step_fails_alone(store, now):
    """An exception inside a nested atomic() takes back the inner part; the outer part is kept."""
    with store.atomic() as session:
        session.add(_person("outer", now))
        with pytest.raises(ZeroDivisionError), store.atomic() as inner:
            inner.add(_person("inner", now))
            inner.flush()
            _ = 1 / 0
        with store.atomic() as inner:
            inner.add(_person("second", now))

    assert _names(store) == ["outer", "second"]


def test_an_outer_failure_takes_the_inner_step_back(store, now):
    """What a nested atomic() finished is gone when the outer one fails."""
    with pytest.raises(ZeroDivisionError), store.atomic():
        with store.atomic() as inner:
            inner.add(_person("inner", now))
        _ = 1 / 0

    assert _names(store) == []


def test_writing_locks_from_the_start(store):
    """atomic() holds the write lock before its first statement, so nobody writes in between."""
    with (
        closing(sqlite3.connect(store.path, timeout=0, isolation_level=None)) as other,
        store.atomic(),
        pytest.raises(sqlite3.OperationalError, match="locked"),
    ):
        other.execute("BEGIN IMMEDIATE")


def test_a_reader_keeps_its_view(store, now):
    """reading() shows one state however much others write meanwhile, and atomic() sees its own writes."""
    with store.reading() as view:
        before = view.scalars(select(Person.name)).all()
        with store.atomic() as session:
            session.add(_person("a", now))
            with store.reading() as own:
                inside = own.scalars(select(Person.name)).all()
        after = view.scalars(select(Person.name)).all()

    assert ([], ["a"], []) == (before, inside, after)
    assert _names(store) == ["a"]


def test_nothing_is_written_after_sqlite_gave_up(store, now):
    """When SQLite itself rolls a transaction back, later statements of the step are refused, not run alone."""
    with pytest.raises(GalleryError), store.atomic() as session:
        session.add(_person("before", now))
        session.flush()
        with pytest.raises(Exception, match="UNIQUE"):
            session.execute(text("INSERT OR ROLLBACK INTO meta VALUES ('home_id', 'x')"))
        session.add(_person("after", now))
        session.flush()

    assert _names(store) == []
    with store.atomic() as session:
        session.add(_person("later", now))
    assert _names(store) == ["later"]


def test_threads_do_not_share_a_step(store, now):
    """Two threads writing through one store wait for each other; both are kept."""

    def write(name: str) -> None:
        with store.atomic() as session:
            session.add(_person(name, now))
            session.flush()
            time.sleep(0.02)

    threads = [threading.Thread(target=write, args=(f"p{number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(_names(store)) == [f"p{number}" for number in range(6)]


def test_facts_about_the_home_are_kept(store):
    """A fact can be set, changed and forgotten."""
    seen = []
    for value in ("one", "two", None):
        store.set_meta("fact", value)
        seen.append(store.meta("fact"))

    assert ["one", "two", None] == seen


def test_a_locked_database_is_waited_for_and_refused(home):
    """With another writer at work the wait is bounded; then gallery.locked, and afterwards all is well."""
    with (
        Store.open(home, busy_timeout_s=0.3) as store,
        closing(sqlite3.connect(store.path, isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        start = time.monotonic()
        with pytest.raises(GalleryLocked), store.atomic():
            pass
        waited = time.monotonic() - start
        other.execute("ROLLBACK")
        store.set_meta("fact", "written")

        assert 0.25 <= waited < 3
        assert store.meta("fact") == "written"


def test_a_locked_database_can_be_opened_and_read(home):
    """A writer elsewhere stops neither opening nor reading."""
    with (
        Store.open(home, busy_timeout_s=0.1) as store,
        closing(sqlite3.connect(store.path, isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        with Store.open(home, busy_timeout_s=0.1) as second:
            assert second.generation() == 0


def test_a_short_lock_is_waited_out(store):
    """A writer that finishes within the wait is no error."""
    other = sqlite3.connect(store.path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.2, other.execute, ["COMMIT"])
    timer.start()
    store.set_meta("fact", "x")
    timer.join()
    other.close()

    assert store.meta("fact") == "x"


def test_a_full_disk_is_told_and_leaves_nothing_half(store, enrol):
    """Out of space in the middle of an enrolment: gallery.full, as before; with space again it works."""
    gallery = Gallery(store, "e")
    enrol(gallery, "first", 1)
    generation = store.generation()
    with store.reading() as session:  # the pool hands this connection out again
        pages = session.execute(text("PRAGMA page_count")).scalar_one()
        session.execute(text(f"PRAGMA max_page_count={pages + 1}"))
    with pytest.raises(GalleryFull):
        enrol(gallery, "second", 2, crop=bytes(100_000))
    after = [person.name for person in gallery.people()], store.generation(), gallery.verify()
    with store.reading() as session:
        session.execute(text("PRAGMA max_page_count=100000"))
    enrol(gallery, "second", 2, crop=bytes(100_000))

    assert (["first"], generation, []) == after
    assert [person.name for person in gallery.people()] == ["first", "second"]


# Cost


def test_opening_a_current_home_needs_no_alembic(home):
    """Alembic is loaded for an upgrade alone: neither a fresh nor a current home pays for it."""
    code = (
        "import sys; from pathlib import Path; from gallery import Store\n"
        "for _ in range(2): Store.open(Path(sys.argv[1])).close()\n"
        "print('alembic' in sys.modules)"
    )

    assert _run(code, str(home)).stdout == "False\n"
