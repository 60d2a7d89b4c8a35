"""A consistent copy of the database while others write; the key is never in it."""

import sqlite3
from contextlib import closing
from pathlib import Path

from gallery.files import new_output
from gallery.sqlite.faults import mapped


def copy_database(path: Path, target: Path, *, busy_timeout_s: float) -> None:
    """Copy the database at `path` to the new file `target` (mode 0600, synced, complete or absent).

    The copy is made by `VACUUM INTO`, a snapshot of one moment without
    anything that was deleted before. Raises NotEmpty where `target` exists, and what makes the source unusable.
    """
    uri = f"{path.as_uri()}?mode=ro"
    with (
        mapped(path),
        new_output(target, "copy") as temporary,
        closing(sqlite3.connect(uri, uri=True, timeout=busy_timeout_s, isolation_level=None)) as raw,
    ):
        raw.execute("VACUUM INTO ?", (str(temporary),))
