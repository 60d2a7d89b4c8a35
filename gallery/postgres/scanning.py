"""A search for traces in everything that a database on a server holds: every row of every table, and its statistics.

Each table is read once, as the server hands it out in one piece (COPY, binary): bytes as they are, text in UTF-8.
"""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from gallery.postgres.erasing import tables
from gallery.traces import Needle, Scanned, Search

if TYPE_CHECKING:
    from psycopg import Copy

_STATISTICS: Final = (
    "SELECT tablename, attname, CAST(most_common_vals AS text), CAST(histogram_bounds AS text), "
    "CAST(most_common_elems AS text) FROM pg_stats WHERE schemaname = current_schema()"
)


def scan(session: Session, needles: Iterable[Needle]) -> Iterator[Scanned]:
    """Look through each table of the schema in use, and through what statistics have kept of them."""
    search = Search(needles)
    session.execute(text("SET LOCAL statement_timeout = 0"))
    for table in tables(session.connection()):
        yield _scanned(session, f"SELECT * FROM {table}", f"table {table}", search)  # noqa: S608 - names of the catalogue # nosec B608
    yield _scanned(session, _STATISTICS, "table pg_stats", search)


def _scanned(session: Session, query: str, called: str, search: Search) -> Scanned:
    raw: Any = session.connection().connection.driver_connection
    digest = hashlib.sha256()
    with closing(raw.cursor()) as cursor, cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT binary)") as rows:
        found = search.count(_Rows(rows), digest=digest)
    return Scanned(called, found.bytes, digest.hexdigest(), dict(found.hits))


class _Rows:
    """What the server hands out, some at a time."""

    def __init__(self, rows: "Copy") -> None:
        self._rows = rows

    def read(self, size: int, /) -> bytes:
        """At least so many bytes, but for the last."""
        parts, length = list[bytes](), 0
        while length < size:
            part = bytes(self._rows.read())
            if not part:
                break
            parts.append(part)
            length += len(part)
        return b"".join(parts)
