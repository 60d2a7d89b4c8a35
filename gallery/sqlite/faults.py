"""From what SQLite and SQLAlchemy raise to the gallery's own errors."""

import sqlite3
from contextlib import AbstractContextManager
from pathlib import Path

from gallery.errors import (
    Conflict,
    GalleryDamaged,
    GalleryError,
    GalleryFailed,
    GalleryFull,
    GalleryLocked,
    GalleryMissing,
    GalleryReadOnly,
    NotADatabase,
)
from gallery.faults import mapped_by
from gallery.files import may_write

_BY_CODE: dict[int, type[GalleryError]] = {
    sqlite3.SQLITE_PERM: GalleryReadOnly,
    sqlite3.SQLITE_BUSY: GalleryLocked,
    sqlite3.SQLITE_LOCKED: GalleryLocked,
    sqlite3.SQLITE_READONLY: GalleryReadOnly,
    sqlite3.SQLITE_CORRUPT: GalleryDamaged,
    sqlite3.SQLITE_FULL: GalleryFull,
    sqlite3.SQLITE_PROTOCOL: GalleryLocked,
    sqlite3.SQLITE_CONSTRAINT: Conflict,
    sqlite3.SQLITE_NOTADB: NotADatabase,
}
_PRIMARY = 0xFF  # SQLite keeps the primary code in the low byte of an extended one


def _cannot_open(path: Path) -> type[GalleryError]:
    if not path.exists():
        return GalleryMissing
    return GalleryFailed if may_write(path.parent) and may_write(path) else GalleryReadOnly


def translate(error: sqlite3.Error, path: Path) -> GalleryError:
    """The gallery's error for one of SQLite's, told apart by SQLite's own code and never by its wording."""
    code = getattr(error, "sqlite_errorcode", None)
    primary = None if code is None else code & _PRIMARY
    if primary == sqlite3.SQLITE_CANTOPEN:
        return _cannot_open(path)(str(path), str(error))
    if primary is None:
        return GalleryFailed(str(path), str(error))
    return _BY_CODE.get(primary, GalleryFailed)(str(path), str(error))


def mapped(path: Path) -> AbstractContextManager[None]:
    """As `mapped_by`, for the file at ``path``."""
    return mapped_by(sqlite3.Error, lambda error: translate(error, path), str(path))
