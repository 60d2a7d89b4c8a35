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
    return [Orphan(table, row, parent) for table, row, parent, _ in _broken(connection)]


def drop_orphans(connection: Connection) -> list[Orphan]:
    """Delete them, or what they refer with where they stand without it, too; returns which they were."""
    found = _broken(connection)
    for table, row, _, key in found:
        keys = connection.exec_driver_sql(f'PRAGMA foreign_key_list("{table}")').mappings()
        column = next((each["from"] for each in keys if each["id"] == key and each["on_delete"] == "SET NULL"), None)
        change = f'DELETE FROM "{table}"' if column is None else f'UPDATE "{table}" SET "{column}" = NULL'  # noqa: S608 - names of the schema # nosec B608
        connection.exec_driver_sql(f"{change} WHERE rowid = ?", (row,))
    return [Orphan(table, row, parent) for table, row, parent, _ in found]


def _broken(connection: Connection) -> list[tuple[str, int, str, int]]:
    """Table, row, table of the owner that is gone, and which of the table's references that is."""
    told = connection.exec_driver_sql("PRAGMA foreign_key_check")
    return [(table, row, parent, key) for table, row, parent, key in told]
