"""How far the ids of a table have gone, so that none of somebody removed is ever used again.

Tables count by sequences, which leave a gap where a step was undone. The log must have none, as a gap is what tells of
an entry that was deleted: its number is counted in a table of its own, and goes back with the step.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Connection, text

from gallery.postgres.names import quoted
from gallery.schema import METADATA, EventRow

TABLE: Final = "attendance_counter"
"""Not one of the models: it holds the last number of the log, as `sqlite_sequence` does in a file."""
_LOG, _SEQ = EventRow.__tablename__, EventRow.seq.name
_NEXT: Final = (
    "CREATE FUNCTION attendance_next(text) RETURNS bigint LANGUAGE sql VOLATILE AS "
    "'UPDATE attendance_counter SET last = last + 1 WHERE name = $1 RETURNING last'"
)
_BEGUN: Final = (
    f"CREATE TABLE {TABLE} (name text PRIMARY KEY, last bigint NOT NULL) WITH (fillfactor = 10)",
    _NEXT,
    f"INSERT INTO {TABLE} VALUES ('{_LOG}', 0)",  # noqa: S608 - our own names # nosec B608
    f"ALTER TABLE {_LOG} ALTER COLUMN {_SEQ} SET DEFAULT attendance_next('{_LOG}')",
    f"DROP SEQUENCE IF EXISTS {_LOG}_{_SEQ}_seq",
)
_SEQUENCES: Final = text(
    "SELECT t.relname, a.attname, format('%I.%I', n.nspname, s.relname), pg_sequence_last_value(s.oid) "
    "FROM pg_class s JOIN pg_depend d ON d.objid = s.oid AND d.classid = 'pg_class'::regclass AND d.deptype = 'a' "
    "JOIN pg_class t ON t.oid = d.refobjid JOIN pg_namespace n ON n.oid = s.relnamespace "
    "JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid "
    "WHERE s.relkind = 'S' AND n.nspname = current_schema() ORDER BY t.relname"
)
_GOES_ON: Final = text("SELECT setval(CAST(:sequence AS regclass), greatest(:last, 1), :last > 0)")
_REMEMBERED: Final = frozenset(
    name for name, table in METADATA.tables.items() if table.dialect_options["sqlite"]["autoincrement"]
)
"""The tables of which ids are never used twice; the others go on from their rows."""


def begin(connection: Connection) -> None:
    """Have the log count without gaps from here on, where it does not yet."""
    if connection.scalar(text(f"SELECT to_regclass('{TABLE}')")) is None:  # nosec B608 - our own name
        for statement in _BEGUN:
            connection.exec_driver_sql(statement)


def counters(connection: Connection) -> dict[str, int]:
    """The highest id ever given out, by table."""
    told = {str(name): last for name, _, _, last in connection.execute(_SEQUENCES) if name in _REMEMBERED}
    if connection.scalar(text(f"SELECT to_regclass('{TABLE}')")) is not None:  # nosec B608 - our own name
        told |= {str(name): last for name, last in connection.execute(text(f"SELECT name, last FROM {TABLE}"))}  # noqa: S608 - our own name # nosec B608
    return {name: int(last) for name, last in sorted(told.items()) if last}


def set_counters(connection: Connection, new: Mapping[str, int]) -> None:
    """Have the tables go on from these ids, and never from one that a row has."""
    for name, column, sequence, _ in connection.execute(_SEQUENCES).all():
        given = new.get(str(name), 0) if name in _REMEMBERED else 0
        last = max(given, _highest(connection, str(name), str(column)))
        connection.execute(_GOES_ON, {"sequence": sequence, "last": last})
    if connection.scalar(text(f"SELECT to_regclass('{TABLE}')")) is not None:  # nosec B608 - our own name
        last = max(new.get(_LOG, 0), _highest(connection, _LOG, _SEQ))
        connection.execute(text(f"UPDATE {TABLE} SET last = :last WHERE name = :name"), {"last": last, "name": _LOG})  # noqa: S608 - our own name # nosec B608


@contextmanager
def kept_counters(connection: Connection) -> Iterator[None]:
    """Let no id fall back in the steps inside: a table that they make anew would go on from the rows left in it."""
    before = counters(connection)
    yield
    begin(connection)
    after = counters(connection)
    set_counters(connection, {name: max(before.get(name, 0), after.get(name, 0)) for name in before | after})


def _highest(connection: Connection, table: str, column: str) -> int:
    query = f"SELECT max({quoted(column)}) FROM {quoted(table)}"  # noqa: S608 - names of the catalogue # nosec B608
    return int(connection.scalar(text(query)) or 0)
