"""Every fault of SQLite and SQLAlchemy has an id of the gallery, and tells nobody's name."""

import sqlite3

import pytest
from sqlalchemy import select, text

from gallery import (
    Conflict,
    GalleryDamaged,
    GalleryError,
    GalleryFailed,
    GalleryFull,
    GalleryLocked,
    GalleryMissing,
    GalleryReadOnly,
    NotADatabase,
    Store,
)
from gallery.schema import Meta
from gallery.sqlite.faults import mapped, translate

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


def test_no_name_in_an_unforeseen_database_error(home):
    """What a statement was given (names, notes) stays out of the message of an error that nobody foresaw."""
    with Store.open(home) as store, pytest.raises(GalleryFailed) as caught, store.atomic() as session:
        session.execute(text("SELECT :name FROM no_such_table"), {"name": "Ada Lovelace"})
    assert "no such table" in str(caught.value)
    assert "Ada" not in str(caught.value)
    assert "sqlalche.me" not in str(caught.value)
    assert "Ada" not in str(caught.value.__cause__)
