"""Connections to an SQLite file, all set up alike: write-ahead log, full synchronisation, foreign keys, erasure."""

import sqlite3
from pathlib import Path

from sqlalchemy import Connection, Engine, ExceptionContext, QueuePool, create_engine, event

from gallery.errors import GalleryFailed

BEGIN = "begin_with"
"""The execution option that says by which statement a connection begins a transaction."""
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


class Connector:
    """Opens SQLite connections that leave transactions to SQLAlchemy."""

    def __init__(self, path: Path, uri: str, *, busy_timeout_s: float, read_only: bool) -> None:
        self._path, self._uri, self._timeout, self._read_only = path, uri, busy_timeout_s, read_only

    def __call__(self) -> sqlite3.Connection:
        """A new connection; raises GalleryFailed where the file system allows no write-ahead log."""
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
    connection.exec_driver_sql(connection.get_execution_options().get(BEGIN, "BEGIN"))


def _drop_broken_transaction(context: ExceptionContext) -> None:
    """When SQLite has rolled back on its own (disk full, failing disk), let no later statement run alone."""
    connection = context.connection
    if connection is None or not connection.in_transaction() or (context.statement or "").startswith("BEGIN"):
        return
    raw = connection.connection.dbapi_connection
    if raw is not None and not raw.in_transaction:
        context.is_disconnect = True
        context.invalidate_pool_on_disconnect = False


def make_engine(connector: Connector) -> Engine:
    """An engine whose connections come from `connector`; no message of it tells what a statement was given."""
    engine = create_engine(
        "sqlite://", hide_parameters=True, creator=connector, poolclass=QueuePool, pool_size=5, max_overflow=_UNBOUNDED
    )
    event.listen(engine, "begin", _begin)
    event.listen(engine, "handle_error", _drop_broken_transaction)
    return engine
