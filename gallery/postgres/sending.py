"""Statements kept until the next one goes to the server, so that one exchange does for several; see `gallery.sending`.

A writer holds the lock of all others from one answer to the next: each exchange that a step does without is time in
which somebody else may write.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from sqlalchemy import Connection, Dialect, Executable, Integer, Text, bindparam, text
from sqlalchemy.exc import DBAPIError

from gallery.sending import Rows
from gallery.texts import refuse_unkeepable

_COMMIT: Final = b"COMMIT"
_OVER: Final = frozenset({"25P03", "57P01", "57P02", "57P03", "57P05"})
"""The last words of a server to a connection, which may come before libpq sees that it is closed."""
_NUMBERS: Final = text(
    "SELECT nextval(pg_get_serial_sequence(:named, 'id')) FROM generate_series(1, :many)"
).bindparams(bindparam("named", type_=Text), bindparam("many", type_=Integer))
Converter = tuple[str, Callable[[Any], Any] | None]
"""A parameter, and what turns its value into what the server takes."""


class WriterCursor(psycopg.Cursor[Any]):
    """Sends what its connection holds, before and with whatever it sends itself."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        """As that of psycopg."""
        with self.connection.sending():  # type: ignore[attr-defined]
            return super().execute(query, params, **options)

    def executemany(self, query: Any, params_seq: Iterable[Any], **options: Any) -> None:
        """As that of psycopg."""
        with self.connection.sending():  # type: ignore[attr-defined]
            super().executemany(query, params_seq, **options)

    def copy(self, *given: Any, **named: Any) -> Any:
        """As that of psycopg, after what is held: no pipeline takes it."""
        with self.connection.sending():  # type: ignore[attr-defined]
            pass
        return super().copy(*given, **named)


class WriterConnection(psycopg.Connection[Any]):
    """A connection that holds statements until the next one, or until the transaction is over."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.cursor_factory = WriterCursor
        self.held: list[tuple[WriterCursor, str, Mapping[str, Any]]] = []

    def hold(self, query: str, params: Mapping[str, Any]) -> WriterCursor:
        """Keep a statement; the cursor will have its answer."""
        cursor = WriterCursor(self)
        self.held.append((cursor, query, params))
        return cursor

    @contextmanager
    def sending(self) -> Iterator[None]:
        """What is held goes first, and what is sent inside with it, at once; it is answered where this ends."""
        held, self.held = self.held, []
        if not held:
            yield
            return
        with self.pipeline():
            for cursor, query, params in held:
                cursor.execute(query, params, prepare=True)
            yield

    def cursor(self, name: str = "", **given: Any) -> Any:
        """As that of psycopg; one with a name is the server's, and does not know of what is held."""
        if name:
            with self.sending():
                pass
        return super().cursor(name, **given) if name else super().cursor(**given)

    def commit(self) -> None:
        """As that of psycopg."""
        if not self.held:
            super().commit()
            return
        with self.sending():
            WriterCursor(self).execute(_COMMIT)

    def rollback(self) -> None:
        """As that of psycopg."""
        self.held.clear()
        super().rollback()


class PostgresSender:
    """Sends for a step that is under way on a connection; see `gallery.sending.Sender`."""

    def __init__(self, connection: Connection, raw: WriterConnection, prepared: "Prepared") -> None:
        self._connection, self._raw, self._prepared = connection, raw, prepared

    def put(self, statement: Executable, row: Mapping[str, Any]) -> None:
        """Have it done with the next one, or with the commit."""
        self._hold(statement, row)

    def foresee(self, statement: Executable, row: Mapping[str, Any]) -> Callable[[], Rows]:
        """Have it done with the next one, or when its answer is wanted."""
        cursor = self._hold(statement, row)

        def answer() -> Rows:
            self.send()
            return cursor.fetchall()

        return answer

    def numbers(self, table: str, count: int) -> Callable[[], list[int]]:
        """The next of the sequence that the table's ids come from."""
        rows = self.foresee(_NUMBERS, {"named": table, "many": count})
        return lambda: [number for (number,) in rows()]

    def send(self) -> None:
        """Have done now what is held."""
        if self._raw.held:
            with noticing(self._connection, self._raw), self._raw.sending():
                pass

    def forget(self) -> None:
        """Send nothing of what is held."""
        self._raw.held.clear()

    def _hold(self, statement: Executable, row: Mapping[str, Any]) -> WriterCursor:
        query, params = self._prepared.of(statement, row)
        return self._raw.hold(query, params)


class Prepared:
    """Statements as the server is told them, each put together once."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._made: dict[Executable, tuple[str, list[Converter], dict[str, Any]]] = {}

    def of(self, statement: Executable, row: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """The statement and what it is given; raises TextInvalid, and what a type of a column refuses."""
        made = self._made.get(statement)
        if made is None:
            made = self._made[statement] = self._put_together(statement, row)
        query, converters, fixed = made
        params = {name: row[name] if convert is None else convert(row[name]) for name, convert in converters}
        refuse_unkeepable(params)
        return query, params | fixed

    def _put_together(
        self, statement: Executable, row: Mapping[str, Any]
    ) -> tuple[str, list[Converter], dict[str, Any]]:
        wanted: Any = statement
        made = wanted.compile(dialect=self._dialect, column_keys=sorted(row))
        if made.post_compile_params:
            raise TypeError("a list in it is told apart by its length: a statement that is remembered has none")
        fixed = {name: value for name, value in made.params.items() if name not in row}
        converters = [(name, self._converter(made.binds[name].type)) for name in made.params if name in row]
        return str(made), converters, fixed

    def _converter(self, kind: Any) -> Callable[[Any], Any] | None:
        found: Callable[[Any], Any] | None = kind.dialect_impl(self._dialect).bind_processor(self._dialect)
        return found


@contextmanager
def noticing(connection: Connection, raw: psycopg.Connection[Any]) -> Iterator[None]:
    """Have SQLAlchemy know of what psycopg raises beside it, and where that is the end of the connection."""
    try:
        yield
    except psycopg.Error as error:
        over = raw.closed or error.sqlstate in _OVER
        if over:
            connection.invalidate(error)  # which closes it
        raise DBAPIError(None, None, error, connection_invalidated=over) from error
