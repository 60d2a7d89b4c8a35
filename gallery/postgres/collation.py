"""Text sorts by its bytes, as it does in a file, whatever language the database was made for.

A library of the computer that sorts by a language may change with an upgrade of that computer, and an index that was
made before then misses rows. By bytes it never does.
"""

from typing import Final

from sqlalchemy import Connection, text

from gallery.postgres.names import quoted
from gallery.schema import METADATA

_OTHERWISE: Final = text(
    "SELECT t.relname, a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a "
    "JOIN pg_class t ON t.oid = a.attrelid AND t.relkind = 'r' JOIN pg_namespace n ON n.oid = t.relnamespace "
    "JOIN pg_collation c ON c.oid = a.attcollation "
    "WHERE n.nspname = current_schema() AND a.attnum > 0 AND NOT a.attisdropped AND c.collname <> 'C' "
    "ORDER BY t.relname, a.attnum"
)


def sort_by_bytes(connection: Connection) -> None:
    """Have every column of text of the gallery's tables sort so, where it does not yet."""
    changes: dict[str, list[str]] = {}
    for table, column, kind in connection.execute(_OTHERWISE):
        if table in METADATA.tables:
            changes.setdefault(str(table), []).append(f'ALTER COLUMN {quoted(column)} TYPE {kind} COLLATE "C"')
    for table, columns in changes.items():
        connection.exec_driver_sql(f"ALTER TABLE {quoted(table)} {', '.join(columns)}")
