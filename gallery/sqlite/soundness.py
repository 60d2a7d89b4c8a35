"""What SQLite finds wrong with its own file, and rows whose owner is gone."""

from sqlalchemy import Connection

from gallery.values import Orphan, Soundness


def of(connection: Connection, *, quick: bool) -> Soundness:
    """Damage, and where there is none, rows without their owner; `quick` stops at the first and skips indexes."""
    told = connection.exec_driver_sql("PRAGMA quick_check(1)" if quick else "PRAGMA integrity_check")
    damage = tuple(" ".join(str(line).split()) for (line,) in told if line != "ok")
    return Soundness(damage, () if damage else tuple(orphans(connection)))


def orphans(connection: Connection) -> list[Orphan]:
    """Rows that refer to one that is not there."""
    return [
        Orphan(table, row, parent) for table, row, parent, _ in connection.exec_driver_sql("PRAGMA foreign_key_check")
    ]


def drop_orphans(connection: Connection) -> list[Orphan]:
    """Delete them; returns which they were."""
    found = orphans(connection)
    for each in found:
        connection.exec_driver_sql(f'DELETE FROM "{each.table}" WHERE rowid = ?', (each.row,))  # noqa: S608  its own name
    return found
