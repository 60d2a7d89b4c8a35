"""What a server finds wrong with the files of a home's tables, and rows whose owner is gone.

There is no one statement that tells. What can be asked is asked: pages whose checksum was wrong, indexes and rules that
are not in force, every row of every table read, every unique rule held against the rows themselves, and the indexes as
`amcheck` sees them where the database has this extension.
"""

from collections.abc import Iterator
from typing import Any, Final

import psycopg
from sqlalchemy import Connection, ForeignKeyConstraint, UniqueConstraint, inspect, text
from sqlalchemy.exc import DBAPIError

from gallery.postgres.erasing import tables
from gallery.postgres.faults import translate
from gallery.postgres.names import quoted
from gallery.schema import METADATA
from gallery.values import Orphan, Soundness

_CHECKSUMS: Final = text("SELECT checksum_failures FROM pg_stat_database WHERE datname = current_database()")
_OUT_OF_FORCE: Final = text(
    "SELECT format('the index %s is not in force', c.relname) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
    "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = current_schema() AND NOT i.indisvalid "
    "UNION ALL SELECT format('the rule %s is not in force', o.conname) FROM pg_constraint o "
    "JOIN pg_namespace n ON n.oid = o.connamespace WHERE n.nspname = current_schema() AND NOT o.convalidated ORDER BY 1"
)
_AMCHECK: Final = text(
    "SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'amcheck'"
)
_INDEXES: Final = text(
    "SELECT CAST(c.oid AS bigint), c.relname FROM pg_class c JOIN pg_am a ON a.oid = c.relam AND a.amname = 'btree' "
    "JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE n.nspname = current_schema() AND c.relkind = 'i' ORDER BY c.relname"
)
_DAMAGE: Final = ("XX", "58")
"""Of the server's codes those that tell of damaged data, of its own confusion, and of files that cannot be read."""
_NOT_ALLOWED: Final = ("0A000", "42501")


def of(connection: Connection, *, quick: bool) -> Soundness:
    """Damage, and where there is none, rows without their owner; `quick` reads no whole table."""
    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
    damage = tuple(_damage(connection, quick=quick))
    return Soundness(damage, () if damage else tuple(orphans(connection)))


def _damage(connection: Connection, *, quick: bool) -> Iterator[str]:
    there = inspect(connection).get_table_names()
    yield from (f"the table {name} is not there" for name in sorted(METADATA.tables.keys() - set(there)))
    wrong = connection.scalar(_CHECKSUMS)
    if wrong:
        yield f"{wrong} pages had a wrong checksum"
    yield from map(str, connection.scalars(_OUT_OF_FORCE))
    if not quick:
        yield from _unread(connection)
        yield from _doubled(connection)
        yield from _broken_indexes(connection)


def _unread(connection: Connection) -> Iterator[str]:
    """Read every value of every row, past all indexes."""
    for table in tables(connection):
        told = _tried(connection, f"SELECT count(CAST(t AS text)) FROM {table} t")  # noqa: S608 - names of the catalogue # nosec B608
        if told is not None:
            yield f"table {table}: {told}"


def _doubled(connection: Connection) -> Iterator[str]:
    """Rows alike where a rule lets there be one: their index has lost track of them."""
    connection.exec_driver_sql("SET LOCAL enable_indexscan = off")
    connection.exec_driver_sql("SET LOCAL enable_indexonlyscan = off")
    connection.exec_driver_sql("SET LOCAL enable_bitmapscan = off")
    for table in METADATA.sorted_tables:
        for rule in sorted(table.constraints, key=lambda each: str(each.name)):
            if isinstance(rule, UniqueConstraint) or rule is table.primary_key:
                names = [quoted(column.name) for column in rule.columns]
                if connection.exec_driver_sql(_alike(quoted(table.name), names)).first() is not None:
                    yield f"table {table.name}: rows are alike where {rule.name} lets there be one"


def _alike(table: str, columns: list[str]) -> str:
    known = " AND ".join(f"{column} IS NOT NULL" for column in columns)
    key = ", ".join(columns)
    return f"SELECT 1 FROM {table} WHERE {known} GROUP BY {key} HAVING count(*) > 1 LIMIT 1"  # noqa: S608 - names of the schema # nosec B608


def _broken_indexes(connection: Connection) -> Iterator[str]:
    schema = connection.scalar(_AMCHECK)
    if schema is None:
        return
    for number, name in connection.execute(_INDEXES).all():
        told = _tried(connection, f"SELECT {quoted(schema)}.bt_index_check({int(number)}::oid::regclass, true)")
        if told is not None:
            yield f"index {name}: {told}"


def _tried(connection: Connection, query: str) -> str | None:
    """What the server finds wrong while it answers, None where it is nothing; raises where it cannot be asked."""
    try:
        with connection.begin_nested():
            connection.exec_driver_sql(query).all()
    except DBAPIError as error:
        state = str(getattr(error.orig, "sqlstate", None) or "")
        if state.startswith(_DAMAGE) and isinstance(error.orig, psycopg.Error):
            return translate(error.orig, "").detail
        if state not in _NOT_ALLOWED:
            raise
    return None


# Owners


def orphans(connection: Connection) -> list[Orphan]:
    """Rows that refer to one that is not there; of a row that no number names, the place in its table."""
    return [Orphan(name, row, parent) for name, row, parent, *_ in _broken(connection)]


def drop_orphans(connection: Connection) -> list[Orphan]:
    """Delete them, or what they refer with where they stand without it, too; returns which they were."""
    found = list(_broken(connection))
    for name, _, _, place, column in found:
        change = f"DELETE FROM {quoted(name)}"  # noqa: S608 - names of the schema # nosec B608
        if column is not None:
            change = f"UPDATE {quoted(name)} SET {quoted(column)} = NULL"  # noqa: S608 - as above # nosec B608
        connection.execute(text(f"{change} WHERE ctid = CAST(:place AS tid)"), {"place": place})
    return [Orphan(name, row, parent) for name, row, parent, *_ in found]


def _broken(connection: Connection) -> Iterator[tuple[str, int, str, str, str | None]]:
    """Table, number of the row, table of the owner that is gone, place of the row, and the column that may be empty."""
    for table in METADATA.sorted_tables:
        rules = [each for each in table.constraints if isinstance(each, ForeignKeyConstraint)]
        for rule in sorted(rules, key=lambda each: str(each.name)):
            yield from _without_owner(connection, rule)


def _without_owner(connection: Connection, rule: ForeignKeyConstraint) -> list[tuple[str, int, str, str, str | None]]:
    (element,) = rule.elements
    child, owner = quoted(rule.table.name), quoted(rule.referred_table.name)
    column, key = quoted(element.parent.name), quoted(element.column.name)
    told = connection.exec_driver_sql(
        f"SELECT CAST(c.ctid AS text), {_number(rule.table)} FROM {child} c "  # noqa: S608 - names of the schema # nosec B608
        f"LEFT JOIN {owner} o ON o.{key} = c.{column} WHERE c.{column} IS NOT NULL AND o.{key} IS NULL ORDER BY c.ctid"
    )
    emptied = element.parent.name if rule.ondelete == "SET NULL" else None
    return [(rule.table.name, int(row), rule.referred_table.name, str(place), emptied) for place, row in told]


def _number(table: Any) -> str:
    """What names a row of the table by a number: its key where that is one, else its place in the table."""
    keys = list(table.primary_key.columns)
    if len(keys) == 1 and keys[0].type.python_type is int:
        return f"c.{quoted(keys[0].name)}"
    return "(CAST(CAST(c.ctid AS text) AS point))[0] * 1000 + (CAST(CAST(c.ctid AS text) AS point))[1]"
