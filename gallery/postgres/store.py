"""The database of a home on a PostgreSQL server; every write inside `atomic()`, alone among all writers.

    with PostgresStore.open(home) as store, store.atomic() as session:
        session.add(...)

`home` is the folder of this computer whose file `database` names the server.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Self
from uuid import uuid4

from sqlalchemy import Connection, Engine, delete, insert, inspect, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gallery import steps
from gallery.errors import (
    GalleryMissing,
    GalleryReadOnly,
    GalleryUnusable,
    NotADatabase,
    NotEmpty,
)
from gallery.locations import Address, pointer
from gallery.migrations.running import run_migrations
from gallery.ports import PATIENCE_S
from gallery.postgres import beyond, counters, erasing, soundness
from gallery.postgres.collation import sort_by_bytes
from gallery.postgres.connections import BEYOND, READING, connect, make_engine
from gallery.postgres.faults import begins_anew, mapped
from gallery.postgres.listening import NOTICE, Listeners
from gallery.postgres.sending import PostgresSender
from gallery.postgres.telling import Prepared
from gallery.schema import METADATA, OLDEST, REVISIONS, Meta
from gallery.sending import SENDER, TOLD, Question
from gallery.steps import is_older
from gallery.transactions import ERASURE, GENERATION, Transactions
from gallery.values import Orphan, Server, Soundness

if TYPE_CHECKING:
    from gallery.traces import Needle, Scanned

LOCK: Final = 0x61747464
"""The first half of the advisory lock that every writer holds; the second is that of the schema in use."""
_HOLD = text(f"SELECT pg_advisory_xact_lock({LOCK}, hashtext(current_schema()))")
_READERS, _WRITERS = 5, 2
_VERSION_TABLE = "alembic_version"


def _address(home: Path) -> Address:
    found = pointer(home)
    if found is None:
        raise GalleryMissing(str(home), "this folder names no server")
    return found


def hold(connection: Connection) -> None:
    """Wait to be the only writer, until the transaction ends, which may then take as long as it needs."""
    connection.execute(_HOLD)
    for limit in ("statement_timeout", "idle_in_transaction_session_timeout"):
        connection.exec_driver_sql(f"SET LOCAL {limit} = 0")


class PostgresStore(Transactions):
    """An open home. Made by `PostgresStore.open`; closes its connections with `close()` or as a context manager."""

    engine: Literal["postgresql"] = "postgresql"

    def __init__(self, home: Path, address: Address, *, read_only: bool, busy_timeout_s: float) -> None:
        reader, writer = (
            make_engine(address, busy_timeout_s=busy_timeout_s, writing=writing, anywhere=read_only, kept=kept)
            for writing, kept in ((False, _READERS), (True, _WRITERS))
        )
        reader = reader.execution_options(**READING)
        super().__init__(reader, writer, self._faults, read_only=read_only)
        self.home = home
        self.address = address
        self._prepared = Prepared()
        self._listeners = Listeners(
            partial(connect, address, busy_timeout_s=busy_timeout_s, writing=False, anywhere=read_only)
        )

    def _faults(self) -> AbstractContextManager[None]:
        return mapped(self.where)

    @classmethod
    def open(
        cls,
        home: Path,
        *,
        create: bool = True,
        read_only: bool = False,
        busy_timeout_s: float = PATIENCE_S,
        at: datetime | None = None,  # noqa: ARG003  copies are the server's business
    ) -> Self:
        """Open the database that `home` names; tables are made where there are none, and upgraded where older.

        Raises GalleryMissing, NotADatabase, GalleryNewer, GalleryOlder, GalleryUnreachable, GalleryReadOnly,
        GalleryLocked, ServerUnfit.
        """
        home = Path(home).expanduser().resolve()
        store = cls(home, _address(home), read_only=read_only, busy_timeout_s=busy_timeout_s)
        try:
            with mapped(store.where):
                cls._prepare(store._engine, store._writer, store.where, create=create, read_only=read_only)
            if not read_only:
                store.finish_erasure()
        except BaseException:
            store.close()
            raise
        return store

    @classmethod
    def _prepare(cls, reader: Engine, writer: Engine, where: str, *, create: bool, read_only: bool) -> None:
        with reader.connect() as connection:
            _refuse_unusable(connection, where, read_only=read_only)
            found = _revision(connection, where)
        if found is None and (not create or read_only):
            raise GalleryMissing(where, "there is no gallery here")
        if found is not None and not is_older(found):
            return
        if found is not None and read_only:
            steps.refuse_older(where, found)
        with writer.begin() as connection:
            hold(connection)
            found = _revision(connection, where)  # another program may have been faster
            if found is None:
                _fill(connection)
            elif is_older(found):
                _upgrade(connection)

    @staticmethod
    def is_there(home: Path) -> bool:
        """Whether the database that `home` names holds a gallery; one that cannot be reached counts as there."""
        address = _address(Path(home).expanduser())
        engine = make_engine(address, busy_timeout_s=PATIENCE_S, anywhere=True)
        try:
            with mapped(address.shown), engine.connect() as connection:
                return _revision(connection, address.shown) is not None
        except Exception:  # noqa: BLE001  opening it tells why
            return True
        finally:
            engine.dispose()

    @property
    def where(self) -> str:
        """The address, without a password."""
        return self.address.shown

    def _begun(self, *ahead: Question) -> Session:
        """A session that holds the lock; begun once more where its connection turns out to be dead, or a lock clashes.

        Where a server has fallen, all connections are dead: each that is met is another one from then on.
        """
        for _ in range(_WRITERS * (1 + BEYOND)):
            try:
                return super()._begun(*ahead)
            except DBAPIError as error:
                if not begins_anew(error):
                    raise
                if not error.connection_invalidated:
                    break
        return super()._begun(*ahead)

    def _begin(self, session: Session, *ahead: Question) -> None:
        """As `Transactions._begin`; all of it goes to the server at once, and is answered at once."""
        connection = session.connection()
        raw: Any = connection.connection.driver_connection
        sender = PostgresSender(connection, raw, self._prepared)
        sender.put(_HOLD, {})
        first = sender.foresee(steps.QUESTION, {})
        session.info[TOLD] = [(each, sender.foresee(*each)) for each in ahead]
        sender.send()
        steps.heed(session, first()[0], self.where)
        session.info[SENDER] = sender

    def bump(self, session: Session) -> None:
        """As `Transactions.bump`; listeners hear of it once it is committed."""
        super().bump(session)
        session.execute(text("SELECT pg_notify(:channel, '')"), {"channel": NOTICE})

    def wait_for_change(self, generation: int, timeout_s: float) -> bool:
        """As `Database.wait_for_change`: the server tells of it, and is asked now and then besides.

        Raises GalleryUnreachable as soon as the server is gone.
        """
        if self.inside:
            return super().wait_for_change(generation, timeout_s)
        with self._mapped():
            return self._listeners.wait(lambda: self.generation() != generation, timeout_s)

    def server_time(self, session: Session) -> datetime | None:
        """What the clock of the server shows."""
        found: datetime = session.scalars(text("SELECT clock_timestamp()")).one()
        return found.astimezone(UTC)

    def server(self) -> Server:
        """What is known of the server."""
        with self.reading() as session:
            return beyond.server(session)

    @staticmethod
    def refuse_used(home: Path) -> None:
        """Raise NotEmpty where the database that `home` names holds a gallery already, and what keeps it from telling.

        That is NotADatabase where it holds the tables of something else, GalleryNewer, GalleryUnreachable, ServerUnfit.
        """
        address = _address(Path(home).expanduser())
        engine = make_engine(address, busy_timeout_s=PATIENCE_S)
        try:
            with mapped(address.shown), engine.connect() as connection:
                found = _revision(connection, address.shown)
        finally:
            engine.dispose()
        if found is not None:
            raise NotEmpty(address.shown, "there is a gallery here")

    @staticmethod
    def building(
        home: Path, revision: str, then: Callable[[Session], bool] = lambda _: False
    ) -> AbstractContextManager[Session]:
        """The tables of `revision` to fill where there are none."""
        return _building(home, revision, then)

    @staticmethod
    def counters(session: Session) -> dict[str, int]:
        """The highest id ever given out, by table."""
        return counters.counters(session.connection())

    @staticmethod
    def set_counters(session: Session, new: Mapping[str, int]) -> None:
        """Have the tables go on from these ids."""
        counters.set_counters(session.connection(), new)

    def check(self, *, quick: bool = False) -> Soundness:
        """What the server finds wrong with its own files; `quick` leaves out reading every row and index."""
        with self.reading() as session:
            return soundness.of(session.connection(), quick=quick)

    def drop_orphans(self, session: Session) -> list[Orphan]:
        """Delete the rows whose owner is gone, inside `atomic()`; returns which they were."""
        return soundness.drop_orphans(session.connection())

    def size(self) -> int:
        """How many bytes the database takes on the server."""
        with self.reading() as session:
            return int(session.scalars(text("SELECT pg_database_size(current_database())")).one())

    def plan_erasure(self) -> None:
        """As `Transactions.plan_erasure`, with the number of the step: rows stay for whoever reads from before it."""
        with self.atomic() as session:
            self.set_meta(ERASURE, erasing.step(session))

    def finish_erasure(self) -> bool:
        """Have the server take out what was removed, where that waits; true when nothing waits any more.

        False inside `atomic()` and `reading()`, while somebody still reads an older state, and where another program
        is at work on the same tables; the next writing start tries again.
        """
        if self._inside is not None:
            return False
        removed = self.meta(ERASURE)
        if removed is None:
            return True
        if self.read_only:
            return False
        if self.after_erasure is not None:
            self.after_erasure()
        try:
            with self._mapped():
                if not erasing.vacuum(self._writer, removed):
                    return False
            return self._forget_erasure(removed)
        except GalleryUnusable:  # what was removed is removed, whatever has come in between
            return False

    def _forget_erasure(self, removed: str) -> bool:
        """Forget what was waited for, unless something was removed meanwhile."""
        with self.atomic():
            same = self.meta(ERASURE) == removed
            if same:
                self.set_meta(ERASURE, None)
        return same

    def compact(self) -> bool:
        """Write every table anew, so that nothing is left in the free room of its files; each is locked for as long.

        False where another program uses one of them, or there is no room for a second copy of it.
        """
        if self._inside is not None or self.read_only:
            return False
        try:
            with self._mapped():
                erasing.rewrite(self._writer)
        except GalleryUnusable:
            return False
        return True

    def unerased(self) -> str | None:
        """The tables, where a removal still waits for everybody who reads from before it."""
        told = "the tables still hold what was removed, as somebody read it from before"
        return None if self.meta(ERASURE) is None else f"{self.where}: {told}"

    def beyond_reach(self) -> list[str]:
        """What the server keeps beside its tables; see `gallery.postgres.beyond`."""
        with self.reading() as session:
            return beyond.beyond(session)

    def scan(self, needles: "Iterable[Needle]") -> "Iterator[Scanned]":
        """Look through every row of every table for traces."""
        from gallery.postgres import scanning

        with self.reading() as session:
            yield from scanning.scan(session, needles)

    def close(self) -> None:
        """Close every connection; the store cannot be used afterwards."""
        self._listeners.close()
        super().close()


def _revision(connection: Connection, where: str) -> str | None:
    """The schema's revision, None where there is no table at all; raises what keeps it from being used."""
    tables = set(inspect(connection).get_table_names())
    if not tables & METADATA.tables.keys() and _VERSION_TABLE not in tables:
        return None
    if not {_VERSION_TABLE, Meta.__tablename__} <= tables:
        raise NotADatabase(where, "the tables there are no gallery's")
    found = connection.execute(text(f"SELECT version_num FROM {_VERSION_TABLE}")).scalar()  # noqa: S608 - our own name # nosec B608
    compatible = connection.execute(select(Meta.value).where(Meta.key == steps.COMPATIBLE)).scalar()
    steps.refuse_newer(where, found, compatible)
    return str(found)


def _refuse_unusable(connection: Connection, where: str, *, read_only: bool) -> None:
    """Raise what keeps a server from being written to, and a schema that is not there."""
    standby, schema = connection.execute(text("SELECT pg_is_in_recovery(), current_schema()")).one()
    if standby and not read_only:
        told = "this server follows another one and takes no changes: name all of them, as in postgresql://A,B/NAME"
        raise GalleryReadOnly(where, told)
    if schema is None:
        raise GalleryMissing(where, "the schema that its search_path names is not there")


def _fill(connection: Connection) -> None:
    METADATA.create_all(connection)
    connection.execute(text(f"CREATE TABLE {_VERSION_TABLE} (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
    connection.execute(text(f"INSERT INTO {_VERSION_TABLE} VALUES (:revision)"), {"revision": REVISIONS[-1]})  # noqa: S608 - our own name # nosec B608
    facts = {"home_id": uuid4().hex, GENERATION: "0", steps.COMPATIBLE: OLDEST}
    connection.execute(insert(Meta), [{"key": key, "value": value} for key, value in facts.items()])
    counters.begin(connection)
    sort_by_bytes(connection)


def _upgrade(connection: Connection, to: str = REVISIONS[-1]) -> None:
    with counters.kept_counters(connection):
        run_migrations(connection, to=to)
    sort_by_bytes(connection)


@contextmanager
def _building(home: Path, revision: str, then: Callable[[Session], bool]) -> Iterator[Session]:
    address = _address(Path(home).expanduser())
    engine = make_engine(address, busy_timeout_s=PATIENCE_S)
    try:
        with mapped(address.shown):
            with engine.begin() as connection:
                hold(connection)
                if _revision(connection, address.shown) is not None:
                    raise NotEmpty(address.shown, "a home has appeared here meanwhile")
                _upgrade(connection, revision)
                connection.execute(delete(Meta))  # facts come with what is filled in
                with Session(connection) as session:
                    yield session
                    session.flush()
                if revision != REVISIONS[-1]:
                    _upgrade(connection)
                with Session(connection) as session:
                    deleted = then(session)
                    session.flush()
            if deleted:
                erasing.rewrite(engine)
    finally:
        engine.dispose()
