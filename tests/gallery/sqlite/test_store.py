"""The store: connections set up alike, writes all or nothing, and every fault with its own id."""
# ruff: noqa: PT012  what is refused is a step of several statements

import hashlib
import os
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import delete, select, text, update

from gallery import (
    Conflict,
    Gallery,
    GalleryDamaged,
    GalleryError,
    GalleryFailed,
    GalleryFull,
    GalleryLocked,
    GalleryMissing,
    GalleryNewer,
    GalleryReadOnly,
    NotADatabase,
    Store,
    history,
    record,
)
from gallery.schema import EventRow, Meta, Person
from gallery.sqlite.faults import mapped, translate
from gallery.sqlite.home import DATABASE

ROOT = Path(__file__).resolve().parents[3]
WANTED = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1, "busy_timeout": 5000}


def _digests(home: Path) -> dict[str, str]:
    """Every file of the home but SQLite's index of the log, by digest."""
    files = [path for path in sorted(home.iterdir()) if path.is_file() and not path.name.endswith("-shm")]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


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


# Log and generation


def test_events_cannot_be_changed(store, now):
    """The log takes new lines alone: changing or deleting one is refused, by row or by statement."""
    with store.atomic() as session:
        record(session, at=now, by="me", action="x", subject=1)
    statements = [update(EventRow).values(by="you"), delete(EventRow), delete(EventRow.__table__)]
    for statement in statements:
        with pytest.raises(RuntimeError, match="append-only"), store.atomic() as session:
            session.execute(statement)
    for change in (lambda _, row: setattr(row, "by", "you"), lambda s, row: s.delete(row)):
        with pytest.raises(RuntimeError, match="append-only"), store.atomic() as session:
            change(session, session.scalars(select(EventRow)).one())

    with store.reading() as session:
        assert [(event.by, event.action, event.subject) for event in history(session)] == [("me", "x", "1")]


def test_events_are_written_with_the_change(store, now):
    """A change that fails after its event was written leaves no event."""
    with pytest.raises(ZeroDivisionError), store.atomic() as session:
        record(session, at=now, by="me", action="x", subject=1)
        _ = 1 / 0

    with store.reading() as session:
        assert history(session) == []


def test_events_are_found_by_subject_and_action(store, now):
    """The log can be asked for one subject or one action, in order."""
    with store.atomic() as session:
        for action, subject in (("a", 1), ("b", 1), ("a", 2)):
            record(session, at=now, by="me", action=action, subject=subject, details={"n": subject})
    with store.reading() as session:
        found = (
            [event.action for event in history(session, subject=1)],
            [e.subject for e in history(session, action="a")],
        )

    assert (["a", "b"], ["1", "2"]) == found


def test_facts_about_the_home_are_kept(store):
    """A fact can be set, changed and forgotten."""
    seen = []
    for value in ("one", "two", None):
        store.set_meta("fact", value)
        seen.append(store.meta("fact"))

    assert ["one", "two", None] == seen


# A home that cannot be used


def _garbage(path: Path) -> None:
    path.write_bytes(bytes(range(256)) * 64)


def _cut(path: Path, share: float) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])


def _header_changed(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[3] ^= 1
    path.write_bytes(data)


def _foreign(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("CREATE TABLE other (x)")


def _of_revision(path: Path, revision: str | None) -> None:
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute("DELETE FROM alembic_version")
        if revision is not None:
            raw.execute("INSERT INTO alembic_version VALUES (?)", (revision,))


BROKEN = {
    "garbage": (_garbage, NotADatabase),
    "text": (lambda path: path.write_text("name,photo\n"), NotADatabase),
    "header changed": (_header_changed, NotADatabase),
    "empty": (lambda path: path.write_bytes(b""), GalleryDamaged),
    "cut to 1/16": (lambda path: _cut(path, 1 / 16), GalleryDamaged),
    "cut to half": (lambda path: _cut(path, 1 / 2), GalleryDamaged),
    "cut to 15/16": (lambda path: _cut(path, 15 / 16), GalleryDamaged),
    "another program's": (_foreign, NotADatabase),
    "newer": (lambda path: _of_revision(path, "9999"), GalleryNewer),
    "of no revision": (lambda path: _of_revision(path, None), GalleryNewer),
}


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize("defect", BROKEN)
def test_a_broken_database_is_refused_and_untouched(home, defect, read_only):
    """Garbage, cut, foreign, empty, newer: its own error, the file's bytes as before, no fresh database."""
    Store.open(home).close()
    breaks, expected = BROKEN[defect]
    breaks(home / DATABASE)
    before = _digests(home)

    with pytest.raises(expected) as caught:
        Store.open(home, read_only=read_only)

    assert before == _digests(home)
    assert (3, str(home / DATABASE)) == (caught.value.exit_code, caught.value.where)


def test_a_folder_in_the_databases_place_is_refused(home):
    """A folder called attendance.db is not a database."""
    (home / DATABASE).mkdir(parents=True)
    with pytest.raises(NotADatabase):
        Store.open(home)


def test_a_damaged_page_is_found_when_read(home, enrol):
    """A page of garbage inside the file ends in gallery.damaged when it is met, and the file is as before."""
    with Store.open(home) as store:
        for seed in range(60):
            enrol(Gallery(store, "e"), f"p{seed}", seed)
    path = home / DATABASE
    data = bytearray(path.read_bytes())
    for page in range(2, len(data) // 4096):
        data[page * 4096 : page * 4096 + 64] = b"\xee" * 64
    path.write_bytes(data)
    before = _digests(home)
    with pytest.raises(GalleryDamaged), Store.open(home) as store:
        Gallery(store, "e").people()

    assert before == _digests(home)


def test_a_home_under_a_file_is_refused(tmp_path):
    """A home below a regular file cannot exist: gallery.missing, and the file is as before."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(GalleryMissing) as caught:
        Store.open(tmp_path / "file" / "home")

    assert "file" in str(caught.value)
    assert (tmp_path / "file").read_text() == "x"


@pytest.mark.parametrize("options", [{"create": False}, {"read_only": True}])
def test_a_missing_home_stays_missing(home, options):
    """Without leave to create, nothing is created."""
    with pytest.raises(GalleryMissing):
        Store.open(home, **options)

    assert not home.exists()


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


AS_NOBODY = """
import os, sys
from pathlib import Path
from gallery import Gallery, GalleryError, GalleryIndex, Store
import gallery.gallery, gallery.sqlite.upgrade, sqlite3, faiss  # before the rights are gone
home, read_only = Path(sys.argv[1]), sys.argv[2] == "read"
os.setegid(65534); os.seteuid(65534)
try:
    with Store.open(home, read_only=read_only) as store:
        found = Gallery(store, "test-1")
        print([person.name for person in found.people()], found.stats().templates)
        store.set_meta("fact", "x")
except GalleryError as error:
    print(error.id, error.where)
"""


def _as_nobody(home: Path, how: str, *, folder: int, file: int) -> list[str]:
    """What an account without rights sees of a home with these modes."""
    if os.geteuid() != 0:
        pytest.skip("needs root to drop the rights of a child process")
    for parent in [home, *home.parents]:
        if parent.stat().st_mode & 0o005 != 0o005:
            parent.chmod(parent.stat().st_mode | 0o055)
    for path in home.iterdir():
        path.chmod(file)
    home.chmod(folder)
    result = _run(AS_NOBODY, str(home), how)
    assert result.stderr == ""
    return result.stdout.splitlines()


@pytest.fixture
def quiet_home(home, enrol) -> Path:
    """A home with one person, properly closed."""
    with Store.open(home) as store:
        enrol(Gallery(store, "test-1"), "Ada", 1)
    return home


def test_a_read_only_home_is_refused_for_writing(quiet_home):
    """A folder without the right to write: gallery.read_only at the start, and it names the folder."""
    seen = _as_nobody(quiet_home, "write", folder=0o555, file=0o666)

    assert [f"gallery.read_only {quiet_home}"] == seen


def test_a_read_only_file_is_refused_for_writing(quiet_home):
    """A database without the right to write: gallery.read_only at the start, and it names the file."""
    seen = _as_nobody(quiet_home, "write", folder=0o777, file=0o444)

    assert [f"gallery.read_only {quiet_home / DATABASE}"] == seen


def test_a_read_only_home_can_be_read(quiet_home):
    """Reports work on a home that may not be written to; writing there is refused, nothing changed."""
    before = _digests(quiet_home)
    seen = _as_nobody(quiet_home, "read", folder=0o555, file=0o444)

    assert ["['Ada'] 1", f"gallery.read_only {quiet_home / DATABASE}"] == seen
    assert before == _digests(quiet_home)


def test_a_read_only_home_with_an_open_log_can_be_read(quiet_home):
    """While its owner is writing, another account that may only read still sees what was committed."""
    with Store.open(quiet_home) as store:
        store.set_meta("fact", "in the log")
        seen = _as_nobody(quiet_home, "read", folder=0o555, file=0o444)
        quiet_home.chmod(0o700)

    assert ["['Ada'] 1", f"gallery.read_only {quiet_home / DATABASE}"] == seen


def test_a_read_only_home_that_was_not_closed_is_refused(quiet_home, tmp_path):
    """A log without its index cannot be read without writing: gallery.read_only, and the log is as before."""
    torn = tmp_path / "torn"
    torn.mkdir()
    with Store.open(quiet_home) as store:
        store.set_meta("fact", "in the log")
        for name in (DATABASE, f"{DATABASE}-wal"):
            (torn / name).write_bytes((quiet_home / name).read_bytes())
    before = _digests(torn)
    seen = _as_nobody(torn, "read", folder=0o555, file=0o444)

    assert [f"gallery.read_only {torn / DATABASE}"] == seen
    assert before == _digests(torn)


def test_a_home_that_cannot_be_made_is_told(tmp_path):
    """No right to create the home: gallery.read_only, which names it."""
    locked = tmp_path / "locked"
    locked.mkdir()
    seen = _as_nobody(locked, "write", folder=0o555, file=0o444)
    assert [f"gallery.read_only {locked}"] == seen

    result = _run(AS_NOBODY, str(locked / "home"), "write")
    assert [f"gallery.read_only {locked / 'home'}"] == result.stdout.splitlines()


# Every fault has an id

CODES = {
    name: value
    for name, value in vars(sqlite3).items()
    if name.startswith("SQLITE_") and isinstance(value, int) and name.removeprefix("SQLITE_") in {
        "ERROR", "INTERNAL", "PERM", "ABORT", "BUSY", "LOCKED", "NOMEM", "READONLY", "INTERRUPT", "IOERR", "CORRUPT",
        "NOTFOUND", "FULL", "CANTOPEN", "PROTOCOL", "EMPTY", "SCHEMA", "TOOBIG", "CONSTRAINT", "MISMATCH", "MISUSE",
        "NOLFS", "AUTH", "FORMAT", "RANGE", "NOTADB", "BUSY_SNAPSHOT", "BUSY_RECOVERY", "CORRUPT_VTAB",
        "READONLY_DBMOVED", "READONLY_DIRECTORY", "CONSTRAINT_UNIQUE", "CONSTRAINT_FOREIGNKEY", "IOERR_WRITE",
    }
}  # fmt: skip
EXPECTED = {
    sqlite3.SQLITE_PERM: GalleryReadOnly,
    sqlite3.SQLITE_BUSY: GalleryLocked,
    sqlite3.SQLITE_LOCKED: GalleryLocked,
    sqlite3.SQLITE_PROTOCOL: GalleryLocked,
    sqlite3.SQLITE_READONLY: GalleryReadOnly,
    sqlite3.SQLITE_CORRUPT: GalleryDamaged,
    sqlite3.SQLITE_FULL: GalleryFull,
    sqlite3.SQLITE_CANTOPEN: GalleryMissing,  # the path of the test does not exist
    sqlite3.SQLITE_CONSTRAINT: Conflict,
    sqlite3.SQLITE_NOTADB: NotADatabase,
}


@pytest.mark.parametrize("name", sorted(CODES))
def test_every_code_of_sqlite_has_an_error(tmp_path, name):
    """Each result code of SQLite, extended ones too, becomes the gallery's error for it."""
    fault = sqlite3.OperationalError("made up\nfor a test")
    fault.sqlite_errorcode = CODES[name]
    error = translate(fault, tmp_path / "none.db")

    assert EXPECTED.get(CODES[name] & 0xFF, GalleryFailed) is type(error)
    assert "\n" not in str(error)


def test_a_fault_without_a_code_is_mapped(tmp_path):
    """An error that Python's own module raises carries no code, and is still the gallery's."""
    with pytest.raises(GalleryFailed), mapped(tmp_path):
        raise sqlite3.ProgrammingError("Cannot operate on a closed database.")


@pytest.mark.parametrize(
    "statement",
    ["SELECT * FROM nowhere", "SELECT", "INSERT INTO meta VALUES ('home_id', 'x')", "INSERT INTO meta VALUES (1)"],
)
@pytest.mark.parametrize("door", ["atomic", "reading"])
def test_no_error_of_the_database_layer_gets_out(store, door, statement):
    """Whatever a statement does wrong, both doors raise the gallery's errors alone."""
    with pytest.raises(GalleryError), getattr(store, door)() as session:
        session.execute(text(statement))


def test_no_error_of_the_object_layer_gets_out(store):
    """Misuse of the object layer is mapped, too."""
    with pytest.raises(GalleryFailed), store.reading() as session:
        session.scalars(select(Meta)).one()


def test_a_closed_door_in_the_middle_is_mapped(home):
    """A database that vanishes under an open store ends in gallery.missing."""
    with Store.open(home) as store:
        store.close()
        for path in home.iterdir():
            path.unlink()
        with pytest.raises(GalleryMissing):
            store.generation()


# Cost


def test_opening_a_current_home_needs_no_alembic(home):
    """Alembic is loaded for an upgrade alone: neither a fresh nor a current home pays for it."""
    code = (
        "import sys; from pathlib import Path; from gallery import Store\n"
        "for _ in range(2): Store.open(Path(sys.argv[1])).close()\n"
        "print('alembic' in sys.modules)"
    )

    assert _run(code, str(home)).stdout == "False\n"


def test_no_name_in_an_unforeseen_database_error(home):
    """What a statement was given (names, notes) stays out of the message of an error that nobody foresaw."""
    with Store.open(home) as store, pytest.raises(GalleryFailed) as caught, store.atomic() as session:
        session.execute(text("SELECT :name FROM no_such_table"), {"name": "Ada Lovelace"})
    assert "no such table" in str(caught.value)
    assert "Ada" not in str(caught.value)
    assert "sqlalche.me" not in str(caught.value)
    assert "Ada" not in str(caught.value.__cause__)
