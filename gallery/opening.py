"""The database of a home, on whichever engine its folder says."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from gallery.locations import pointer
from gallery.ports import PATIENCE_S

if TYPE_CHECKING:
    from gallery.ports import Database


def engine_of(home: Path) -> "type[Database]":
    """What opens, builds and looks for the database of this folder; raises AddressInvalid, EngineMissing."""
    if pointer(Path(home).expanduser()) is None:
        from gallery.sqlite.store import Store

        return Store
    from gallery.postgres import load

    return load()


def open_database(
    home: Path,
    *,
    create: bool = True,
    read_only: bool = False,
    busy_timeout_s: float = PATIENCE_S,
    at: datetime | None = None,
) -> "Database":
    """The database of the home, see `Database.open`; raises what that does, AddressInvalid and EngineMissing."""
    return engine_of(home).open(home, create=create, read_only=read_only, busy_timeout_s=busy_timeout_s, at=at)


def is_there(home: Path) -> bool:
    """Whether `home` has a database; see `Database.is_there`."""
    return engine_of(home).is_there(home)
