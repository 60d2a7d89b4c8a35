"""Bring an older schema up to date: a dated backup copy first, then every step in one transaction."""

import sqlite3
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, NullPool, create_engine, event

from gallery.errors import GalleryDamaged
from gallery.migrations.running import run_migrations
from gallery.sqlite.copying import copy_database
from gallery.sqlite.counters import kept_counters
from gallery.sqlite.faults import mapped
from refusal import counted


def _engine(path: Path, busy_timeout_s: float) -> Engine:
    """An engine whose one connection begins by locking; foreign keys rest, as tables are rebuilt."""

    def connect() -> sqlite3.Connection:
        raw = sqlite3.connect(
            f"{path.as_uri()}?mode=rw",
            uri=True,
            timeout=busy_timeout_s,
            isolation_level=None,
            check_same_thread=False,
        )
        raw.execute("PRAGMA synchronous=FULL")
        raw.execute("PRAGMA secure_delete=ON")
        return raw

    engine = create_engine("sqlite://", hide_parameters=True, creator=connect, poolclass=NullPool)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def check_references(connection: Connection, path: Path) -> None:
    """Refuse, as GalleryDamaged, an upgrade after which a row refers to one that is not there."""
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if broken:
        raise GalleryDamaged(str(path), f"the upgrade would leave {counted(len(broken), 'row')} without an owner")


def upgrade(
    path: Path,
    revision: str,
    *,
    at: datetime,
    busy_timeout_s: float,
    migrate: Callable[[Connection], None] = run_migrations,
) -> None:
    """Upgrade the database at `path` from `revision`, after a copy to `<name>.<revision>-<UTC>.bak`.

    A process that dies on the way leaves the old schema: the next start tries again. Of two processes that try
    at once the second finds nothing left to do.
    """
    backup = path.with_name(f"{path.name}.{revision}-{at:%Y%m%dT%H%M%SZ}.bak")
    with mapped(path), _engine(path, busy_timeout_s).begin() as connection:
        if connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() != revision:
            return  # another process has done it while this one waited for the lock
        if not backup.exists():
            copy_database(path, backup, busy_timeout_s=busy_timeout_s)
        with kept_counters(connection):
            migrate(connection)
        check_references(connection, path)
