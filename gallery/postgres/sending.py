"""Statements kept until the next one goes to the server, so that one exchange does for several; see `gallery.sending`.

A writer holds the lock of all others from one answer to the next: each exchange that a step does without is time in
which somebody else may write. What is held is sent at once, each statement prepared by name, and waited for once.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg import errors, pq
from psycopg.adapt import Transformer
from psycopg.generators import fetch_many, send
from sqlalchemy import Connection, Executable
from sqlalchemy.exc import DBAPIError

from gallery.postgres.telling import BEGIN, COMMIT, Given, Prepared, Told
from gallery.sending import Rows

_OVER: Final = frozenset({"25P03", "57P01", "57P02", "57P03", "57P05"})
"""The last words of a server to a connection, which may come before libpq sees that it is closed."""
_FAILED: Final = frozenset({pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.PIPELINE_ABORTED})
_MADE: Final = pq.ExecStatus.COMMAND_OK


@dataclass(slots=True)
class Held:
    """A statement with what it is given, and once it was sent its answer."""

    told: Told
    given: Given = ()
    answer: "pq.abc.PGresult | None" = None


@dataclass(frozen=True, slots=True)
class Naming:
    """That a statement gets a name on the server."""

    query: bytes
    name: bytes


class WriterCursor(psycopg.Cursor[Any]):
    """Has what its connection holds done before whatever it sends itself."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        """As that of psycopg."""
        self._conn.exchange()  # type: ignore[attr-defined]
        return super().execute(query, params, **options)

    def executemany(self, query: Any, params_seq: Iterable[Any], **options: Any) -> None:
        """As that of psycopg."""
        self._conn.exchange()  # type: ignore[attr-defined]
        super().executemany(query, params_seq, **options)

    def copy(self, *given: Any, **named: Any) -> Any:
        """As that of psycopg."""
        self._conn.exchange()  # type: ignore[attr-defined]
        return super().copy(*given, **named)


class WriterConnection(psycopg.Connection[Any]):
    """A connection that holds statements until the next one, or until the transaction is over.

    psycopg prepares nothing on it: where it has, it makes the server forget all names after a rollback, ours as well.
    """

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.cursor_factory = WriterCursor
        self.held: list[Held] = []
        self._names: dict[bytes, bytes] = {}
        self._named = 0

    def hold(self, told: Told, given: Given) -> Held:
        """Keep a statement."""
        held = Held(told, given)
        self.held.append(held)
        return held

    def exchange(self, *last: Held) -> None:
        """Have done what is held, in order, and these after it; raises what the first that fails was refused for.

        None after that one is done. Where the server is gone, or this is broken off, the connection is closed.
        """
        due, self.held = [*self.held, *last], []
        if not due:
            return
        try:
            with self.lock:
                if self.pgconn.transaction_status == pq.TransactionStatus.IDLE:
                    due.insert(0, Held(BEGIN))
                self.pgconn.enter_pipeline_mode()
                sent = self._send(due)
                answers = self.wait(_answers(self.pgconn, len(sent)))
                if self.pgconn.status == pq.ConnStatus.OK:
                    self.pgconn.exit_pipeline_mode()
        except BaseException:
            self.close()
            raise
        self._take(sent, answers)

    def _send(self, due: list[Held]) -> list[Held | Naming]:
        """Tell libpq, which sends it where it is waited for; of what the answers will be."""
        sent, fresh = list[Held | Naming](), dict[bytes, bytes]()
        for each in due:
            query = each.told.query
            name = self._names.get(query) or fresh.get(query)
            if name is None:
                self._named += 1
                name = fresh[query] = b"attendance_%d" % self._named
                self.pgconn.send_prepare(name, query, each.told.types)
                sent.append(Naming(query, name))
            self.pgconn.send_query_prepared(name, each.given)
            sent.append(each)
        self.pgconn.pipeline_sync()
        return sent

    def _take(self, sent: "list[Held | Naming]", answers: "Sequence[pq.abc.PGresult]") -> None:
        for each, answer in zip(sent, answers, strict=False):
            if answer.status in _FAILED:
                if self.pgconn.status != pq.ConnStatus.OK:
                    self.close()
                raise errors.error_from_result(answer)
            if isinstance(each, Held):
                each.answer = answer
            elif answer.status == _MADE:
                self._names[each.query] = each.name
        if len(answers) < len(sent):
            self.close()
            raise psycopg.OperationalError("the server has gone without an answer")

    def cursor(self, name: str = "", **given: Any) -> Any:
        """As that of psycopg; one with a name is the server's, and does not know of what is held."""
        if name:
            self.exchange()
        return super().cursor(name, **given) if name else super().cursor(**given)

    def commit(self) -> None:
        """As that of psycopg."""
        if self.held:
            self.exchange(Held(COMMIT))
        else:
            super().commit()

    def rollback(self) -> None:
        """As that of psycopg."""
        self.held.clear()
        super().rollback()

    def close(self) -> None:
        """As that of psycopg."""
        self.held.clear()
        super().close()


def _answers(pgconn: Any, count: int) -> Generator[Any, Any, "list[pq.abc.PGresult]"]:
    """So many answers, fewer where the server goes after it has said why."""
    found = list["pq.abc.PGresult"]()
    try:
        yield from send(pgconn)
        while len(found) < count and pgconn.status == pq.ConnStatus.OK:
            found += (yield from fetch_many(pgconn))[-1:]
        if pgconn.status == pq.ConnStatus.OK:
            yield from fetch_many(pgconn)  # that all were answered
    except psycopg.OperationalError:
        if not any(each.status in _FAILED for each in found):
            raise
    return found


class PostgresSender:
    """Sends for a step that is under way on a connection; see `gallery.sending.Sender`."""

    def __init__(self, connection: Connection, raw: WriterConnection, prepared: Prepared) -> None:
        self._connection, self._raw, self._prepared = connection, raw, prepared

    def put(self, statement: Executable, row: Mapping[str, Any]) -> None:
        """Have it done with the next one, or with the commit."""
        told = self._prepared.of(statement, row)
        self._raw.hold(told, told.given(row))

    def foresee(self, statement: Executable, row: Mapping[str, Any]) -> Callable[[], Rows]:
        """Have it done with the next one, or when its answer is wanted."""
        told = self._prepared.of(statement, row)
        held = self._raw.hold(told, told.given(row))

        def answer() -> Rows:
            if held.answer is None:
                self.send()
            if held.answer is None:
                raise RuntimeError("what was foreseen has been taken back")
            return told.rows(held.answer, Transformer(self._raw))

        return answer

    def send(self) -> None:
        """Have done now what is held."""
        with noticing(self._connection, self._raw):
            self._raw.exchange()

    def forget(self) -> None:
        """Send nothing of what is held."""
        self._raw.held.clear()


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
