"""Whole tables as rows of JSON values, read and filled alike on every engine and at every revision of the schema.

What is read is what the database holds, as its own catalogue tells it and not the models: text as it is, bytes in
base64, instants in UTC with microseconds, all columns by name. So a table that a later revision adds is in without a
change here, and rows of an earlier revision go back into the tables of that revision.
"""

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    Select,
    String,
    Table,
    collate,
    insert,
    inspect,
    select,
    true,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from gallery.errors import BackupInvalid, GalleryDamaged
from gallery.repositories.owners import Row, Unowned, sorted_out
from gallery.schema import Meta
from gallery.servicetables import SignInRow, TokenRow
from gallery.sitetables import LeaseRow, TemplateChange, WorkerRow
from gallery.transactions import ERASURE

Json = Any

VERSION_TABLE = "alembic_version"
OURS_ALONE = "attendance_"
"""How tables are called that an engine has for itself: they hold nothing that is not in the others."""
_BATCH = 100
_LEFT_OUT: Mapping[str, Callable[[Any], Any]] = MappingProxyType(
    {
        Meta.__tablename__: lambda columns: columns[Meta.key.name] == ERASURE,
        SignInRow.__tablename__: lambda _: true(),
        TokenRow.__tablename__: lambda columns: columns[TokenRow.kind.name] == "setup",
        LeaseRow.__tablename__: lambda _: true(),
        WorkerRow.__tablename__: lambda _: true(),
        TemplateChange.__tablename__: lambda _: true(),
    }
)
"""By table, the rows that are in no backup and no copy: what is to be erased here, what lets somebody in, and what is
of the processes that are at work, both of this moment alone.

Whoever restores a home signs in anew, and an index that begins there reads all of it.
"""
_BYTEWISE = {"sqlite": "BINARY", "postgresql": "C"}
"""The collation by which an engine sorts text by its bytes: the order of rows is the same on each."""


@dataclass(frozen=True)
class _Form:
    """How the values of one kind of column are written as JSON, and read back."""

    kind: type[TypeEngine[Any]]
    held: type
    written: Callable[[Any], Json]
    read: Callable[[Json], Any]


def _same(value: Any) -> Any:
    return value


def _instant_text(value: datetime) -> str:
    aware = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return aware.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _bytes_text(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


_FORMS = (
    _Form(Boolean, bool, _same, _same),
    _Form(DateTime, datetime, _instant_text, datetime.fromisoformat),
    _Form(LargeBinary, bytes, _bytes_text, base64.b64decode),
    _Form(Float, float, _same, float),
    _Form(Integer, int, _same, _same),
    _Form(String, str, _same, _same),
)


def _form_of(column: Column[Any]) -> _Form:
    for form in _FORMS:
        if isinstance(column.type, form.kind):
            return form
    raise TypeError(f"column {column} is of a kind that no backup knows: {column.type!r}")


@dataclass(frozen=True)
class Layout:
    """A table as it is: its columns by name, the key of its rows, and the forms of its values."""

    table: Table
    key: tuple[str, ...]
    forms: tuple[_Form, ...]

    @property
    def name(self) -> str:
        """The name of the table."""
        return self.table.name

    @property
    def columns(self) -> list[str]:
        """The names of the columns, sorted."""
        return [column.name for column in self.table.columns]

    def named(self, row: Row) -> str:
        """What names a row in it, for people: its key."""
        told = dict(zip(self.columns, row, strict=True))
        return str(told[self.key[0]]) if len(self.key) == 1 else ", ".join(f"{name} {told[name]}" for name in self.key)


def layouts(transaction: Session) -> list[Layout]:
    """Every table but that of the revision and an engine's own; one that refers to another comes after it."""
    catalogue = inspect(transaction.connection())
    names = [name for name, _ in catalogue.get_sorted_table_and_fkc_names()]
    return [
        _layout(name, catalogue.get_columns(name), catalogue.get_pk_constraint(name)["constrained_columns"])
        for name in names
        if name is not None and name != VERSION_TABLE and not name.startswith(OURS_ALONE)
    ]


def _layout(name: str, told: Iterable[Any], key: Sequence[str]) -> Layout:
    columns = [Column(each["name"], each["type"]) for each in sorted(told, key=lambda each: str(each["name"]))]
    table = Table(name, MetaData(), *columns)
    return Layout(table, tuple(sorted(key)), tuple(map(_form_of, columns)))


def _query(layout: Layout, dialect: str) -> Select[Any]:
    query = select(layout.table).order_by(*(_in_order(layout.table.columns[name], dialect) for name in layout.key))
    left_out = _LEFT_OUT.get(layout.name)
    return query if left_out is None else query.where(~left_out(layout.table.columns))


def _in_order(column: Column[Any], dialect: str) -> Any:
    bytewise = _BYTEWISE.get(dialect)
    return collate(column, bytewise) if isinstance(column.type, String) and bytewise else column


def rows(transaction: Session, layout: Layout) -> Iterator[Row]:
    """The rows of a table in the order of its key, a few at a time in memory.

    Raises GalleryDamaged where a value is not of the kind of its column.
    """
    connection = transaction.connection()
    query = _query(layout, connection.dialect.name)
    try:
        with connection.execute(query, execution_options={"yield_per": _BATCH}) as result:
            for row in result:
                yield [_written(form, value) for form, value in zip(layout.forms, row, strict=True)]
    except (TypeError, ValueError) as error:
        raise GalleryDamaged(f"table {layout.name}", "a stored value is not of the kind of its column") from error


def _written(form: _Form, value: Any) -> Json:
    if value is None:
        return None
    if not isinstance(value, form.held):
        raise TypeError(type(value).__name__)
    return form.written(value)


def fill(
    transaction: Session, layout: Layout, columns: Sequence[str], new: Iterable[Row], *, owned: bool = False
) -> list[Unowned]:
    """Insert rows as `rows` gives them, a few at a time in memory; raises BackupInvalid where they do not fit.

    Returns those that the engine does not take as they are, as their owner is gone; see `gallery.repositories.owners`.
    With ``owned`` none is taken so, whatever the engine lets in.
    """
    if list(columns) != layout.columns:
        raise BackupInvalid(f"table {layout.name}", "its columns are not those of its schema")
    connection, left, lost = transaction.connection(), iter(new), list[Unowned]()
    while batch := list(islice(left, _BATCH)):
        if owned or not _taken(connection, layout, batch):
            kept, found = sorted_out(connection, layout, batch)
            _insert(connection, layout, kept)
            lost += found
    return lost


def _taken(connection: Connection, layout: Layout, batch: Sequence[Row]) -> bool:
    """Insert these rows; whether they were taken: one that is not leaves all of them out."""
    try:
        with connection.begin_nested():
            _insert(connection, layout, batch)
    except IntegrityError:
        return False
    return True


def _insert(connection: Connection, layout: Layout, batch: Sequence[Row]) -> None:
    if batch:
        connection.execute(insert(layout.table), [_read(layout, row) for row in batch])


def _read(layout: Layout, row: Row) -> dict[str, Any]:
    try:
        return {
            name: None if value is None else form.read(value)
            for name, form, value in zip(layout.columns, layout.forms, row, strict=True)
        }
    except (TypeError, ValueError) as error:
        raise BackupInvalid(f"table {layout.name}", "a row of it cannot be understood") from error
