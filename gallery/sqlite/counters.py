"""How far the ids of a table have gone: SQLite remembers it, so that none of somebody removed is ever used again."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import Connection


def counters(connection: Connection) -> dict[str, int]:
    """The highest id ever given out, by table."""
    told = connection.exec_driver_sql("SELECT name, seq FROM sqlite_sequence ORDER BY name")
    return {str(name): int(last) for name, last in told}


def set_counters(connection: Connection, new: Mapping[str, int]) -> None:
    """Have the tables go on from these ids."""
    connection.exec_driver_sql("DELETE FROM sqlite_sequence")
    for name, last in new.items():
        connection.exec_driver_sql("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (name, last))


@contextmanager
def kept_counters(connection: Connection) -> Iterator[None]:
    """Let no id fall back in the steps inside: a table that they rebuild would go on from the rows left in it."""
    before = counters(connection)
    yield
    after = counters(connection)
    there = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").scalars()
    known = [str(name) for name in there if name in before or name in after]
    set_counters(connection, {name: max(before.get(name, 0), after.get(name, 0)) for name in known})
