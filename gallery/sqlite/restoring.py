"""A database made from rows of whichever revision, beside the place where it is to stand."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import NullPool, create_engine, delete, event
from sqlalchemy.orm import Session

from gallery.errors import NotEmpty
from gallery.files import leftovers
from gallery.migrations.running import run_migrations
from gallery.schema import REVISIONS, Meta
from gallery.sqlite.counters import kept_counters
from gallery.sqlite.home import DATABASE, make_home, new_database
from gallery.sqlite.upgrade import check_references


def refuse_used(home: Path) -> None:
    """Raise NotEmpty where a database, its log or a copy of it lies in the folder."""
    for path in sorted(home.glob(f"{DATABASE}*")):
        raise NotEmpty(str(path), "a home is made only where there is none")


@contextmanager
def building(home: Path, revision: str, then: Callable[[Session], bool]) -> Iterator[Session]:
    """The empty tables of this revision to fill; what is in them is upgraded and becomes the database of `home`.

    That happens in one step, when the block ends well; otherwise there is none, as before. `then` may change what is
    there after the upgrade, and tells whether it has deleted anything: no byte of that is in the file afterwards.
    Raises NotEmpty where one has appeared meanwhile, GalleryDamaged where an upgrade would lose an owner, and what
    keeps it from being written.
    """
    path = home / DATABASE
    make_home(home)
    try:
        with new_database(path, lambda temporary: _finish(temporary, then)) as connection:
            run_migrations(connection, to=revision)
            connection.execute(delete(Meta))  # facts come with what is filled in
            with Session(connection) as session:
                yield session
            if revision != REVISIONS[-1]:
                with kept_counters(connection):
                    run_migrations(connection)
                check_references(connection, path)
    except FileExistsError as error:
        raise NotEmpty(str(path), "a home has appeared here meanwhile") from error
    for left in leftovers(home):  # of restorations that were killed; one that still runs comes too late
        left.unlink(missing_ok=True)


def _finish(path: Path, then: Callable[[Session], bool]) -> None:
    engine = create_engine("sqlite://", hide_parameters=True, creator=lambda: _connect(path), poolclass=NullPool)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    with engine.begin() as connection, Session(connection) as session:
        deleted = then(session)
        session.flush()
    if deleted:
        with closing(_connect(path)) as raw:
            raw.execute("VACUUM")


def _connect(path: Path) -> sqlite3.Connection:
    """To a file that nobody sees yet; no copy of what is deleted is left beside it."""
    raw = sqlite3.connect(path, isolation_level=None)
    for pragma in ("synchronous=OFF", "foreign_keys=ON", "secure_delete=ON", "journal_mode=MEMORY"):
        raw.execute(f"PRAGMA {pragma}")
    return raw
