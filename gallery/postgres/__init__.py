"""What only PostgreSQL does: a home on a server, its connections, locks, notices, faults, and checks.

Needs the extra `postgres` (psycopg 3).
"""

from typing import TYPE_CHECKING

from gallery.errors import EngineMissing

if TYPE_CHECKING:
    from gallery.postgres.store import PostgresStore


def load() -> "type[PostgresStore]":
    """The engine; raises EngineMissing where its libraries are not installed."""
    try:
        import psycopg  # noqa: F401
    except ImportError as error:
        raise EngineMissing("psycopg", "this library, which speaks with PostgreSQL, is not installed") from error
    from gallery.postgres.store import PostgresStore

    return PostgresStore
