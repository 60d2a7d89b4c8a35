"""The home folder and its database file: inspect before touching, create whole, refuse what is not ours.

A database appears under its name only when it is complete, so an empty or strange file there is never the
trace of an interrupted start: it is refused and its bytes stay as they are.

Reading a home that may not be written to works in two cases: the write-ahead log and its index (`-wal`,
`-shm`) lie beside the database and can be read, or there is no log at all (the last program closed properly);
then the file is opened as immutable. A log without its index in such a folder is refused.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Connection, NullPool, create_engine, event, insert, text

from gallery.errors import GalleryDamaged, GalleryFull, GalleryMissing, GalleryReadOnly, NotADatabase
from gallery.files import NO_ROOM, may_write, new_private_file
from gallery.schema import METADATA, OLDEST, REVISIONS, Meta
from gallery.sqlite.faults import mapped
from gallery.steps import COMPATIBLE, refuse_newer

DATABASE = "attendance.db"
_MAGIC = b"SQLite format 3\x00"
_VERSION_TABLE = "alembic_version"
_Revision = tuple[str, str | None]
"""The schema's revision, and the oldest whose programs may use it."""


@dataclass(frozen=True)
class Found:
    """What inspecting the database told: its schema revision and the address to open it by."""

    revision: str
    uri: str


def make_home(home: Path) -> None:
    """Create the folder, for its owner alone, unless it is there."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise GalleryMissing(str(home), "a file stands where the folder should be") from error
    except PermissionError as error:
        raise GalleryReadOnly(str(home), "the folder cannot be created here") from error
    except OSError as error:
        wanted = GalleryReadOnly if error.errno == 30 else GalleryMissing  # noqa: PLR2004  EROFS
        raise wanted(str(home), f"the folder cannot be created: {error.strerror}") from error


def _fill(connection: Connection) -> None:
    METADATA.create_all(connection)
    connection.execute(
        text(
            f"CREATE TABLE {_VERSION_TABLE} (version_num VARCHAR(32) NOT NULL, "
            "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
        )
    )
    connection.execute(text(f"INSERT INTO {_VERSION_TABLE} VALUES (:revision)"), {"revision": REVISIONS[-1]})  # noqa: S608 - our own name # nosec B608
    facts = {"home_id": uuid4().hex, "generation": "0", COMPATIBLE: OLDEST}
    connection.execute(insert(Meta), [{"key": key, "value": value} for key, value in facts.items()])


def _connect_unsynced(path: Path) -> sqlite3.Connection:
    """For a file that nobody sees yet: it is synced as a whole before it gets its name."""
    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute("PRAGMA synchronous=OFF")
    return raw


@contextmanager
def new_database(path: Path, finish: Callable[[Path], None] | None = None) -> Iterator[Connection]:
    """An empty database to fill in one transaction under a hidden name; it appears as `path` when all of it is there.

    `finish` is given the hidden file once that transaction is over. Raises FileExistsError where another process was
    faster: its file stands.
    """
    try:
        with mapped(path), new_private_file(path) as temporary:
            engine = create_engine(
                "sqlite://", hide_parameters=True, creator=lambda: _connect_unsynced(temporary), poolclass=NullPool
            )
            event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
            with engine.begin() as connection:
                yield connection
            if finish is not None:
                finish(temporary)
            with closing(_connect_unsynced(temporary)) as raw:
                raw.execute("PRAGMA journal_mode=WAL")
    except FileExistsError:
        raise
    except PermissionError as error:
        raise GalleryReadOnly(str(path.parent), "this account may not write to the folder") from error
    except OSError as error:
        wanted = GalleryFull if error.errno in NO_ROOM else GalleryReadOnly
        raise wanted(str(path.parent), f"the database cannot be created: {error.strerror}") from error


def create_database(path: Path) -> None:
    """Write an empty gallery to `path` in one step; if another process was faster, its file stands."""
    with suppress(FileExistsError), new_database(path) as connection:
        _fill(connection)


def _check_header(path: Path) -> None:
    try:
        with path.open("rb") as file:
            head = file.read(len(_MAGIC))
    except IsADirectoryError as error:
        raise NotADatabase(str(path), "is a folder") from error
    except PermissionError as error:
        raise GalleryReadOnly(str(path), "this account may not read the file") from error
    if not head:
        raise GalleryDamaged(str(path), "the file is empty; a database is never made over it")
    if head != _MAGIC:
        raise NotADatabase(str(path), "the file does not begin as an SQLite database does")


def _revision(uri: str, path: Path, busy_timeout_s: float) -> _Revision:
    with closing(sqlite3.connect(uri, uri=True, timeout=busy_timeout_s)) as raw:
        tables = {row[0] for row in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not {_VERSION_TABLE, Meta.__tablename__} <= tables:
            raise NotADatabase(str(path), "this SQLite database holds no gallery")
        row = raw.execute(f"SELECT version_num FROM {_VERSION_TABLE}").fetchone()  # noqa: S608 - our own name # nosec B608
        compatible = raw.execute("SELECT value FROM meta WHERE key = ?", (COMPATIBLE,)).fetchone()
    return str(row[0]) if row else "", None if compatible is None else str(compatible[0])


def _has_log(path: Path) -> bool:
    log = path.with_name(path.name + "-wal")
    return log.exists() and log.stat().st_size > 0


def _revision_of_file(uri: str, path: Path, busy_timeout_s: float) -> _Revision:
    """The revision, read without so much as an empty log left beside a file that is refused."""
    if not _has_log(path):
        try:
            return _revision(f"{uri}&immutable=1", path, busy_timeout_s)
        except sqlite3.Error:
            if not _has_log(path):
                raise
    return _revision(uri, path, busy_timeout_s)


def inspect(path: Path, *, busy_timeout_s: float) -> Found:
    """Read the schema revision without writing a byte of the database; raises what makes it unusable."""
    if not path.exists():
        raise GalleryMissing(str(path), "no such file")
    _check_header(path)
    uri = f"{path.as_uri()}?mode=ro"
    with mapped(path):
        revision, compatible = _revision_of_file(uri, path, busy_timeout_s)
    refuse_newer(str(path), revision, compatible)
    frozen = not may_write(path.parent) and not _has_log(path)
    return Found(revision, f"{uri}&immutable=1" if frozen else uri)


def refuse_unwritable(path: Path) -> None:
    """Say which of folder and file this account may not write to, before anything is tried."""
    for place in (path.parent, path):
        if not may_write(place):
            raise GalleryReadOnly(str(place), "this account may not write here")
