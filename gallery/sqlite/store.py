"""The database of a home in one SQLite file: opened, upgraded, copied, checked; every write inside `atomic()`.

    with Store.open(home) as store, store.atomic() as session:
        session.add(...)

A store may be used by several threads at once, each has its own connection; it must not be carried over a
fork.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from gallery.errors import GalleryFailed, GalleryFull, GalleryLocked, GalleryMissing, GalleryReadOnly
from gallery.files import make_home
from gallery.locations import DATABASE
from gallery.ports import PATIENCE_S
from gallery.sqlite import counters, restoring, soundness
from gallery.sqlite.connections import BEGIN, Connector, make_engine
from gallery.sqlite.faults import mapped
from gallery.sqlite.home import create_database, inspect, refuse_unwritable
from gallery.sqlite.upgrade import upgrade
from gallery.steps import is_older, refuse_older
from gallery.transactions import ERASURE, Transactions
from gallery.values import Orphan, Soundness

if TYPE_CHECKING:
    from gallery.traces import Needle, Scanned


class Store(Transactions):
    """An open home. Made by `Store.open`; closes its connections with `close()` or as a context manager."""

    engine: Literal["sqlite"] = "sqlite"

    def __init__(self, path: Path, engine: Engine, *, read_only: bool) -> None:
        reader, writer = (engine.execution_options(**{BEGIN: begin}) for begin in ("BEGIN", "BEGIN IMMEDIATE"))
        super().__init__(reader, writer, partial(mapped, path), read_only=read_only)
        self.path = path
        self.home = path.parent

    @classmethod
    def open(
        cls,
        home: Path,
        *,
        create: bool = True,
        read_only: bool = False,
        busy_timeout_s: float = PATIENCE_S,
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
        found = inspect(path, busy_timeout_s=busy_timeout_s)
        if read_only:
            refuse_older(str(path), found.revision)
            uri = found.uri
        else:
            refuse_unwritable(path)
            if is_older(found.revision):
                upgrade(path, found.revision, at=at or datetime.now(UTC), busy_timeout_s=busy_timeout_s)
            uri = f"{path.as_uri()}?mode=rw"
        connector = Connector(path, uri, busy_timeout_s=busy_timeout_s, read_only=read_only)
        store = cls(path, make_engine(connector), read_only=read_only)
        if not read_only:
            store.finish_erasure()
        return store

    @staticmethod
    def is_there(home: Path) -> bool:
        """Whether `home` has a database; one that cannot be looked at counts as there, and opening it tells why."""
        try:
            return (Path(home).expanduser() / DATABASE).exists()
        except OSError:
            return True

    @staticmethod
    def _begin_home(path: Path, *, create: bool) -> None:
        if not create:
            raise GalleryMissing(str(path), "there is no gallery here")
        make_home(path.parent)
        create_database(path)

    @property
    def where(self) -> str:
        """The path of the database."""
        return str(self.path)

    def server_time(self, _session: Session) -> datetime | None:
        """None: it is this computer's."""
        return None

    def server(self) -> None:
        """None: the database is a file."""

    @staticmethod
    def refuse_used(home: Path) -> None:
        """Raise NotEmpty where a database is, or was; see `gallery.sqlite.restoring`."""
        restoring.refuse_used(home)

    @staticmethod
    def building(
        home: Path, revision: str, then: Callable[[Session], bool] = lambda _: False
    ) -> AbstractContextManager[Session]:
        """A database of `revision` to fill for a home that has none; see `gallery.sqlite.restoring`."""
        return restoring.building(home, revision, then)

    @staticmethod
    def counters(session: Session) -> dict[str, int]:
        """The highest id ever given out, by table."""
        return counters.counters(session.connection())

    @staticmethod
    def set_counters(session: Session, new: Mapping[str, int]) -> None:
        """Have the tables go on from these ids."""
        counters.set_counters(session.connection(), new)

    def check(self, *, quick: bool = False) -> Soundness:
        """What SQLite itself finds wrong, as `PRAGMA integrity_check` tells; `quick` leaves out the indexes."""
        with self.reading() as session:
            return soundness.of(session.connection(), quick=quick)

    def drop_orphans(self, session: Session) -> list[Orphan]:
        """Delete the rows whose owner is gone, inside `atomic()`; returns which they were."""
        return soundness.drop_orphans(session.connection())

    def size(self) -> int:
        """How many bytes the file has."""
        return self.path.stat().st_size

    def erase_log(self) -> bool:
        """Empty the write-ahead log, so that nothing removed survives there.

        False inside `atomic()` and `reading()`, and while another process still reads an older state; the next
        writing start tries again.
        """
        if self._inside is not None:
            return False
        with mapped(self.path), closing(self._engine.raw_connection()) as connection:
            busy: int = connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        return not busy

    def finish_erasure(self) -> bool:
        """Empty the log if a removal is waiting for it; true when nothing waits any more.

        False inside `atomic()` and `reading()`, where nobody can tell yet.
        """
        if self._inside is not None:
            return False
        if self.meta(ERASURE) is None:
            return True
        if self.read_only:
            return False
        if self.after_erasure is not None:
            self.after_erasure()
        if not self.erase_log():
            return False
        try:
            self.set_meta(ERASURE, None)
        except GalleryLocked:
            return False
        return True

    def compact(self) -> bool:
        """Write the database anew, so that no page of it is free, and empty the log.

        False, and nothing has changed, where another program writes, or there is no room for a second copy of it.
        """
        if self._inside is not None or self.read_only:
            return False
        try:
            with mapped(self.path), closing(self._engine.raw_connection()) as connection:
                connection.cursor().execute("VACUUM")
            return self.erase_log()
        except (GalleryFailed, GalleryFull, GalleryLocked):  # a disk that is full may be told as one that fails
            return False

    def unerased(self) -> str | None:
        """The log, where a removal still waits for it to be emptied."""
        return None if self.meta(ERASURE) is None else f"{self.path}-wal still holds what was removed"

    def beyond_reach(self) -> list[str]:
        """Nothing: all there is lies in the folder."""
        return []

    def scan(self, _needles: "Iterable[Needle]") -> "Iterator[Scanned]":
        """Nothing: the file lies in the folder, and is looked through there."""
        return iter(())
