"""A database made from rows of whichever revision, beside the place where it is to stand."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.orm import Session

from gallery.errors import NotEmpty
from gallery.files import leftovers
from gallery.migrations.running import run_migrations
from gallery.schema import REVISIONS
from gallery.sqlite.counters import kept_counters
from gallery.sqlite.home import DATABASE, make_home, new_database
from gallery.sqlite.upgrade import check_references


def refuse_used(home: Path) -> None:
    """Raise NotEmpty where a database, its log or a copy of it lies in the folder."""
    for path in sorted(home.glob(f"{DATABASE}*")):
        raise NotEmpty(str(path), "a home is restored only where there is none")


@contextmanager
def building(home: Path, revision: str) -> Iterator[Session]:
    """The empty tables of this revision to fill; what is in them is upgraded and becomes the database of `home`.

    That happens in one step, when the block ends well; otherwise there is none, as before. Raises NotEmpty where one
    has appeared meanwhile, GalleryDamaged where an upgrade would lose an owner, and what keeps it from being written.
    """
    path = home / DATABASE
    make_home(home)
    try:
        with new_database(path) as connection:
            run_migrations(connection, to=revision)
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
