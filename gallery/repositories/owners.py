"""Rows that a backup holds though their owner is gone: an engine that keeps to its rules takes none of them.

SQLite has let them in before its rules were on, or behind them. What `gallery verify --repair` does with them is done
on the way in: a row that means nothing without its owner is left out, and one that stands without it loses the
reference.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from sqlalchemy import Connection, column, inspect, select, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Row = list[Any]
"""The values of a row, by the names of its columns."""
ORPHAN: Final = "repair.orphan"
"""What the log says of such a row, wherever it is put right."""


class Layout(Protocol):
    """What is to be known of a table."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def columns(self) -> list[str]:
        """The names of its columns, as they stand in its rows."""
        ...

    def named(self, row: Row) -> str:
        """What names a row in it."""
        ...


@dataclass(frozen=True, slots=True)
class Unowned:
    """A row without its owner: its table, what names it there, the table of the owner; as it was, and as it is now.

    ``now`` is None where it was left out.
    """

    table: str
    row: str
    parent: str
    was: Row
    now: Row | None


@dataclass(frozen=True, slots=True)
class _Reference:
    """Where in a row something stands that refers to a column of another table; whether it may be emptied."""

    place: int
    parent: str
    key: str
    emptied: bool


def sorted_out(connection: Connection, layout: Layout, rows: "Sequence[Row]") -> tuple[list[Row], list[Unowned]]:
    """Of rows to be put into a table those whose owners are there, as they can be, and which have lost theirs."""
    kept, lost = list[Any](), list[Unowned]()
    broken = [(each, _missing(connection, each, rows)) for each in _references(connection, layout)]
    for row in rows:
        found = [each for each, missing in broken if row[each.place] in missing]
        fatal = [each for each in found if not each.emptied]
        now = None if fatal else _emptied(row, {each.place for each in found})
        lost += [Unowned(layout.name, layout.named(row), each.parent, row, now) for each in fatal[:1] or found]
        kept += [] if now is None else [now]
    return kept, lost


def _references(connection: Connection, layout: Layout) -> list[_Reference]:
    """As the catalogue tells them, of whichever revision the table is."""
    told = inspect(connection).get_foreign_keys(layout.name)
    return [
        _Reference(
            layout.columns.index(each["constrained_columns"][0]),
            each["referred_table"],
            each["referred_columns"][0],
            (each.get("options") or {}).get("ondelete") == "SET NULL",
        )
        for each in told
    ]


def _missing(connection: Connection, reference: _Reference, rows: "Iterable[Row]") -> set[Any]:
    """What is referred to and is not there."""
    told = {row[reference.place] for row in rows} - {None}
    key: Any = column(reference.key)
    there = connection.scalars(select(key).select_from(table(reference.parent)).where(key.in_(told)))
    return told - set(there)


def _emptied(row: Row, places: set[int]) -> Row:
    return [None if place in places else value for place, value in enumerate(row)]
