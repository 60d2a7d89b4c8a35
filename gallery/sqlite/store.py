"""The one door to the database: every connection set up alike, every write inside `atomic()`.

    with Store.open(home) as store, store.atomic() as session:
        session.add(...)

A store may be used by several threads at once, each has its own connection; it must not be carried over a
fork.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from sqlalchemy import (
    Connection,
    Delete,
    Engine,
    ExceptionContext,
    QueuePool,
    Update,
    create_engine,
    event,
    select,
    update,
)
from sqlalchemy.orm import Session

from gallery.errors import GalleryFailed, GalleryLocked, GalleryMissing, GalleryReadOnly
from gallery.schema import REVISIONS, EventRow, Meta
from gallery.sqlite.backup import copy_database
from gallery.sqlite.faults import mapped
from gallery.sqlite.home import DATABASE, create_database, look, make_home, refuse_unwritable
from gallery.sqlite.upgrade import upgrade

_BEGIN = "begin_with"
_UNBOUNDED = -1


def _pragmas(busy_timeout_s: float, *, read_only: bool) -> tuple[str, ...]:
    """What every connection is told, in this order; the first must answer `wal`."""
    common = (
        f"PRAGMA busy_timeout={round(busy_timeout_s * 1000)}",
        "PRAGMA foreign_keys=ON",
        "PRAGMA secure_delete=ON",
        "PRAGMA synchronous=FULL",
    )
    return common if read_only else (*common, "PRAGMA journal_mode=WAL")


class _Connector:
    """Opens SQLite connections that leave transactions to SQLAlchemy."""

    def __init__(self, path: Path, uri: str, *, busy_timeout_s: float, read_only: bool) -> None:
        self._path, self._uri, self._timeout, self._read_only = path, uri, busy_timeout_s, read_only

    def __call__(self) -> sqlite3.Connection:
        raw = sqlite3.connect(self._uri, uri=True, timeout=self._timeout, isolation_level=None, check_same_thread=False)
        try:
            self._set_up(raw)
        except BaseException:
            raw.close()
            raise
        return raw

    def _set_up(self, raw: sqlite3.Connection) -> None:
        for pragma in _pragmas(self._timeout, read_only=self._read_only):
            raw.execute(pragma)
        mode = raw.execute("PRAGMA journal_mode").fetchone()[0]
        if not self._read_only and mode != "wal":
            raise GalleryFailed(str(self._path), f"this file system allows no write-ahead log (got {mode})")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get(_BEGIN, "BEGIN"))


def _drop_broken_transaction(context: ExceptionContext) -> None:
    """When SQLite has rolled back on its own (disk full, failing disk), let no later statement run alone."""
    connection = context.connection
    if connection is None or not connection.in_transaction() or (context.statement or "").startswith("BEGIN"):
        return
    raw = connection.connection.dbapi_connection
    if raw is not None and not raw.in_transaction:
        context.is_disconnect = True
        context.invalidate_pool_on_disconnect = False


def _guard_events(_connection: Connection, clause: object, *_rest: object) -> None:
    if isinstance(clause, Update | Delete) and getattr(clause.table, "key", None) == EventRow.__tablename__:
        raise RuntimeError("the event table is append-only")


def _make_engine(connector: _Connector) -> Engine:
    engine = create_engine(
        "sqlite://", hide_parameters=True, creator=connector, poolclass=QueuePool, pool_size=5, max_overflow=_UNBOUNDED
    )
    event.listen(engine, "begin", _begin)
    event.listen(engine, "before_execute", _guard_events)
    event.listen(engine, "handle_error", _drop_broken_transaction)
    return engine


class Store:
    """An open home. Made by `Store.open`; closes its connections with `close()` or as a context manager."""

    def __init__(self, path: Path, engine: Engine, *, read_only: bool, busy_timeout_s: float) -> None:
        self.path = path
        self.home = path.parent
        self.read_only = read_only
        self._busy_timeout_s = busy_timeout_s
        self._engine = engine
        self._writer = engine.execution_options(**{_BEGIN: "BEGIN IMMEDIATE"})
        self._here = threading.local()

    @classmethod
    def open(
        cls,
        home: Path,
        *,
        create: bool = True,
        read_only: bool = False,
        busy_timeout_s: float = 5.0,
        at: datetime | None = None,
    ) -> Self:
        """Open the database of `home`.

        Where there is none, one is made if `create` holds and `read_only` does not. An older schema is
        upgraded after a backup copy dated `at` (now). With `read_only` nothing is ever written, and a home that
        may not be written to can be read as far as SQLite allows (see `gallery.sqlite.home`). A writer waits at most
        `busy_timeout_s` for another one. Raises GalleryMissing, NotADatabase, GalleryDamaged, GalleryNewer,
        GalleryReadOnly, GalleryLocked.
        """
        path = Path(home).expanduser().resolve() / DATABASE
        try:
            present = path.exists()
        except OSError as error:
            raise GalleryReadOnly(str(path), f"cannot be looked at: {error.strerror}") from error
        if not present:
            cls._begin_home(path, create=create and not read_only)
        found = look(path, busy_timeout_s=busy_timeout_s)
        if read_only:
            cls._refuse_older(path, found.revision)
            uri = found.uri
        else:
            refuse_unwritable(path)
            if found.revision != REVISIONS[-1]:
                upgrade(path, found.revision, at=at or datetime.now(UTC), busy_timeout_s=busy_timeout_s)
            uri = f"{path.as_uri()}?mode=rw"
        connector = _Connector(path, uri, busy_timeout_s=busy_timeout_s, read_only=read_only)
        store = cls(path, _make_engine(connector), read_only=read_only, busy_timeout_s=busy_timeout_s)
        if not read_only:
            store.finish_erasure()
        return store

    @staticmethod
    def _begin_home(path: Path, *, create: bool) -> None:
        if not create:
            raise GalleryMissing(str(path), "there is no gallery here")
        make_home(path.parent)
        create_database(path)

    @staticmethod
    def _refuse_older(path: Path, revision: str) -> None:
        if revision != REVISIONS[-1]:
            raise GalleryReadOnly(
                str(path),
                f"its schema {revision!r} must be upgraded to {REVISIONS[-1]!r} by a writing command first",
            )

    @property
    def schema_version(self) -> str:
        """The schema revision of the open database."""
        return REVISIONS[-1]

    @contextmanager
    def atomic(self) -> Iterator[Session]:
        """All or nothing. Holds the write lock from the start; inside another `atomic()` a savepoint.

        Raises GalleryLocked, GalleryReadOnly, GalleryFull, GalleryDamaged, Conflict.
        """
        if self.read_only:
            raise GalleryReadOnly(str(self.path), "it was opened for reading only")
        outer: Session | None = getattr(self._here, "writing", None)
        with mapped(self.path):
            if outer is None:
                with self._outermost() as session:
                    yield session
            else:
                with outer.begin_nested():
                    yield outer

    @contextmanager
    def _outermost(self) -> Iterator[Session]:
        with Session(self._writer, expire_on_commit=False) as session, session.begin():
            session.connection()  # BEGIN IMMEDIATE now, not at the first statement
            self._here.writing = session
            try:
                yield session
            finally:
                self._here.writing = None

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """One consistent view; inside `atomic()` the view of that transaction."""
        inside: Session | None = getattr(self._here, "writing", None)
        if inside is not None:
            yield inside
            return
        with mapped(self.path), Session(self._engine, expire_on_commit=False) as session, session.begin():
            yield session

    def generation(self) -> int:
        """A number that every change of people, templates or groups raises; marks leave it alone."""
        return int(self.meta("generation") or 0)

    def bump(self, session: Session) -> None:
        """Raise the generation; called inside every `atomic()` that changes people, templates or groups."""
        session.execute(update(Meta).where(Meta.key == "generation").values(value=str(self.generation() + 1)))

    def meta(self, key: str) -> str | None:
        """A fact about the home, or None where it is not recorded."""
        with self.reading() as session:
            return session.scalar(select(Meta.value).where(Meta.key == key))

    def set_meta(self, key: str, value: str | None) -> None:
        """Record a fact about the home, or forget it with None."""
        with self.atomic() as session:
            row = session.get(Meta, key)
            if row is not None:
                session.delete(row)
                session.flush()
            if value is not None:
                session.add(Meta(key=key, value=value))

    def backup(self, target: Path) -> None:
        """Copy the database to the new file `target`; see `gallery.sqlite.backup`."""
        copy_database(self.path, Path(target), busy_timeout_s=self._busy_timeout_s)

    def erase_log(self) -> bool:
        """Empty the write-ahead log, so that nothing removed survives there.

        False inside `atomic()`, and while another process still reads an older state; the next writing start
        tries again.
        """
        if getattr(self._here, "writing", None) is not None:
            return False
        with mapped(self.path), closing(self._engine.raw_connection()) as connection:
            busy: int = connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        return not busy

    def finish_erasure(self) -> bool:
        """Empty the log if a removal is waiting for it; true when nothing waits any more."""
        if self.meta("erasure_pending") is None:
            return True
        if self.read_only or not self.erase_log():
            return False
        try:
            self.set_meta("erasure_pending", None)
        except GalleryLocked:
            return False
        return True

    def close(self) -> None:
        """Close every connection; the store cannot be used afterwards."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
