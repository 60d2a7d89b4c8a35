"""Taking what was removed out of the tables of a server: its row versions, what statistics kept of it, free room.

A row that was deleted stays for whoever still reads an older state; VACUUM takes it out once nobody does. Its bytes lie
in the free room of the table's file until that is used again, or the table is written anew. What no table holds is not
within reach: see `gallery.postgres.beyond`.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Connection, Engine, text
from sqlalchemy.orm import Session

WAIT_S: Final = 2.0
"""So long it is waited for views from before an erasure to end: most last for milliseconds."""
_PAUSE_S: Final = 0.02
_LOCK: Final = "2s"
"""So long writing a table anew waits to be alone with it: others queue behind it meanwhile."""
STATISTICS: Final = "pg_catalog.pg_statistic"
"""Where the server keeps frequent and typical values of every column, names too."""
_TABLES: Final = text(
    "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE n.nspname = current_schema() AND c.relkind = 'r' ORDER BY c.relname"
)
_HELD: Final = text(
    "WITH removed AS (SELECT least(CAST(CAST(:step AS text) AS xid8), pg_snapshot_xmax(pg_current_snapshot())) AS id), "
    "held AS (SELECT backend_xmin AS id FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
    "AND (datid IS NULL OR datname = current_database()) "
    "UNION ALL SELECT xmin FROM pg_replication_slots UNION ALL SELECT transaction FROM pg_prepared_xacts) "
    "SELECT count(*) FROM held, removed WHERE held.id IS NOT NULL AND age(held.id) >= age(CAST(removed.id AS xid))"
)
"""How many sessions, followers and prepared steps still see what the step of this number removed."""


def step(session: Session) -> str:
    """The number of the step that this session is in, by which `overwrite` knows who reads from before it."""
    return str(session.scalar(text("SELECT CAST(pg_current_xact_id() AS text)")))


def vacuum(engine: Engine, removed: str, *, wait_s: float = WAIT_S) -> bool:
    """Take out what steps up to ``removed`` (see `step`) have deleted; false where somebody still reads from before.

    The statistics of every table are made anew, as they keep values of rows that are gone.
    """
    with _alone(engine) as connection:
        if not _unseen(connection, removed if removed.isdecimal() else "0", wait_s):
            return False
        for table in tables(connection):
            connection.exec_driver_sql(f"VACUUM (ANALYZE) {table}")
        connection.exec_driver_sql(f"VACUUM {STATISTICS}")  # where that is not allowed, the server says so and goes on
    return True


def rewrite(engine: Engine) -> None:
    """Write every table anew, so that its files have no room where anything was; each is locked for as long."""
    with _alone(engine) as connection:
        connection.exec_driver_sql(f"SET lock_timeout = '{_LOCK}'")
        for table in tables(connection):
            connection.exec_driver_sql(f"VACUUM (FULL, ANALYZE) {table}")
        connection.exec_driver_sql(f"VACUUM (FULL) {STATISTICS}")


def tables(connection: Connection) -> list[str]:
    """Every table of the schema in use, as statements name it."""
    return [str(name) for name in connection.scalars(_TABLES)]


@contextmanager
def _alone(engine: Engine) -> Iterator[Connection]:
    """A connection outside of any transaction, on which a statement may take as long as it needs."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT", postgresql_readonly=False) as connection:
        connection.exec_driver_sql("SET statement_timeout = 0")
        try:
            yield connection
        finally:
            _reset(connection, ("statement_timeout", "lock_timeout"))


def _reset(connection: Connection, names: Iterable[str]) -> None:
    if connection.invalidated:
        return
    for name in names:
        connection.exec_driver_sql(f"RESET {name}")


def _unseen(connection: Connection, removed: str, wait_s: float) -> bool:
    """Whether nobody reads a state from before a step any more, within so many seconds."""
    until = time.monotonic() + wait_s
    while connection.scalar(_HELD, {"step": removed}):
        if time.monotonic() > until:
            return False
        time.sleep(_PAUSE_S)
    return True
