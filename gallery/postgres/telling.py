"""Statements as the server is told them, each put together once, and what they are given and give."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from psycopg.adapt import PyFormat, Transformer
from sqlalchemy import Boolean, Dialect, Executable, Float, Numeric, Select
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from gallery.sending import Rows
from gallery.texts import refuse_unkeepable

if TYPE_CHECKING:
    from psycopg import abc, pq
    from sqlalchemy.types import TypeEngine

Convert: TypeAlias = Callable[[Any], Any] | None
"""What turns a value into what a column keeps, or back; None: it is kept as it is."""
Given: TypeAlias = Sequence[bytes | None]
"""What goes with a statement, each as the text that the server reads."""

_DIALECT: Final[Dialect] = PGDialect_psycopg(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
_NUMBERED: Final = ((Boolean, 16), (Float, 701), (Numeric, 1700))
"""The numbers that these types have on every server; what values of other types are, the statement says itself."""


def _text(value: str) -> str:
    if not value.isascii() or "\0" in value:
        refuse_unkeepable(value)
    return value


_WRITTEN: Final[Mapping[type, Callable[[Any], str]]] = MappingProxyType(
    {
        str: _text,
        int: int.__repr__,
        float: float.__repr__,
        bool: lambda value: "t" if value else "f",
        datetime: datetime.isoformat,
    }
)
"""What the server reads as it does psycopg's own text of these, at less cost."""


@dataclass(frozen=True, slots=True)
class Told:
    """A statement for libpq: of each value its name and what converts it, or what it always is; what reads its rows."""

    query: bytes
    types: tuple[int, ...] = ()
    values: tuple[tuple[str, Convert] | bytes | None, ...] = ()
    columns: "tuple[TypeEngine[Any], ...]" = ()

    def given(self, row: Mapping[str, Any]) -> list[bytes | None]:
        """What the server is given of a row; raises TextInvalid, and what a type of a column refuses."""
        return [_converted(row[each[0]], each[1]) if isinstance(each, tuple) else each for each in self.values]

    def rows(self, answer: "pq.abc.PGresult", loads: "abc.Transformer") -> Rows:
        """The rows of an answer, read by ``loads``."""
        loads.set_pgresult(answer)
        found: list[Any] = loads.load_rows(0, answer.ntuples, tuple)
        if not self.columns:
            return found
        reads = _reading(self.columns, tuple(map(answer.ftype, range(answer.nfields))))
        return [tuple(v if to is None else to(v) for v, to in zip(row, reads, strict=True)) for row in found]


BEGIN: Final = Told(b"BEGIN ISOLATION LEVEL READ COMMITTED")
COMMIT: Final = Told(b"COMMIT")


class Prepared:
    """Statements that were put together, for good: each is a constant of a module."""

    def __init__(self) -> None:
        self._made: dict[Executable, Told] = {}

    def of(self, statement: Executable, row: Mapping[str, Any]) -> Told:
        """The statement for a row of these names."""
        made = self._made.get(statement)
        if made is None:
            made = self._made[statement] = self._put_together(statement, row)
        return made

    def _put_together(self, statement: Executable, row: Mapping[str, Any]) -> Told:
        wanted: Any = statement
        made = wanted.compile(dialect=_DIALECT, column_keys=sorted(row))
        if made.post_compile_params:
            raise TypeError("a list in it is told apart by its length: a statement that is remembered has none")
        names = made.positiontup or []
        kinds = [made.binds[name].type.dialect_impl(_DIALECT) for name in names]
        converts = [kind.bind_processor(_DIALECT) for kind in kinds]
        columns = statement.selected_columns if isinstance(statement, Select) else ()
        return Told(
            str(made).encode(),
            tuple(next((number for of, number in _NUMBERED if isinstance(kind, of)), 0) for kind in kinds),
            tuple(
                (name, convert) if name in row else _converted(made.params[name], convert)
                for name, convert in zip(names, converts, strict=True)
            ),
            tuple(each.type for each in columns),
        )


@cache
def _reading(columns: "tuple[TypeEngine[Any], ...]", found: tuple[int, ...]) -> tuple[Convert, ...]:
    """What reads values of these columns where they come as these types of the server."""
    each = zip(columns, found, strict=True)
    return tuple(column.dialect_impl(_DIALECT).result_processor(_DIALECT, number) for column, number in each)


def _converted(value: Any, convert: Convert) -> bytes | None:
    """A value as text in UTF-8, None for NULL."""
    kept = value if convert is None else convert(value)
    if kept is None:
        return None
    own = _WRITTEN.get(type(kept))
    if own is not None:
        return own(kept).encode()
    told = Transformer().get_dumper(kept, PyFormat.TEXT).dump(kept)
    return None if told is None else bytes(told)
