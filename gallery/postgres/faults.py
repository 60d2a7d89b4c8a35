"""From what psycopg and SQLAlchemy raise to the gallery's own errors."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from gallery.errors import (
    Conflict,
    GalleryDamaged,
    GalleryError,
    GalleryFailed,
    GalleryFull,
    GalleryLocked,
    GalleryReadOnly,
    GalleryUnreachable,
    TextInvalid,
)
from gallery.faults import mapped_by

_BY_STATE: dict[str, type[GalleryError]] = {
    "22001": TextInvalid,  # longer than the column
    "22021": TextInvalid,  # bytes that are no text
    "22P05": TextInvalid,
    "25P03": GalleryUnreachable,  # silent for too long within a step
    "25006": GalleryReadOnly,  # a standby, or a transaction that may not write
    "42501": GalleryReadOnly,  # no right to
    "42P01": GalleryDamaged,  # a table or a column is gone
    "42703": GalleryDamaged,
    "53100": GalleryFull,
    "53200": GalleryFailed,  # out of memory, which is not for want of room
    "53300": GalleryUnreachable,  # too many connections
    "55P03": GalleryLocked,
    "57014": GalleryLocked,  # longer than a statement may take
    "40001": GalleryLocked,
    "40P01": GalleryLocked,
    "XX001": GalleryDamaged,
    "XX002": GalleryDamaged,
}
_BY_CLASS: dict[str, type[GalleryError]] = {
    "08": GalleryUnreachable,
    "23": Conflict,
    "28": GalleryUnreachable,
    "53": GalleryFull,
    "57": GalleryUnreachable,
    "3D": GalleryUnreachable,
    "58": GalleryFailed,
}


_AGAIN: frozenset[str] = frozenset({"40001", "40P01"})


def translate(error: psycopg.Error, where: str) -> GalleryError:
    """The gallery's error for one of the server's, told apart by its SQLSTATE and never by its wording."""
    state = error.sqlstate
    detail = _detail(error)
    if state is None:
        lost = isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
        return (GalleryUnreachable if lost else GalleryFailed)(where, detail)
    return (_BY_STATE.get(state) or _BY_CLASS.get(state[:2]) or GalleryFailed)(where, detail)


def begins_anew(error: DBAPIError) -> bool:
    """Whether a step of which nothing has been done yet may be begun once more, on another connection."""
    state = getattr(error.orig, "sqlstate", None)
    return error.connection_invalidated or state in _AGAIN


def _detail(error: psycopg.Error) -> str:
    """The server's first line, which holds no value of a row; those are in its further ones."""
    told = error.diag.message_primary or str(error)
    return told.strip().partition("\n")[0] or type(error).__name__


@contextmanager
def mapped(where: str) -> Iterator[None]:
    """As `mapped_by`, for the server at ``where``; raises GalleryLocked where this program uses all connections."""
    with mapped_by(psycopg.Error, lambda error: translate(error, where), where):
        try:
            yield
        except PoolTimeout as error:
            raise GalleryLocked(where, "all connections of this program are in use") from error
