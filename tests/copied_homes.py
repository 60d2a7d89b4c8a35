"""New homes in files as copies of one that the gallery made, which takes a twentieth of what making each one does.

`conftest.py` puts it in the place of what makes the database of a home in the process of the tests. Whatever a home has
of its own it has here, too: the file appears whole or not at all under its name, in the place of nobody else's, with an
id that no other home has. Tests of how a home is made ask for `made_anew`.
"""

import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from uuid import uuid4

from gallery.files import new_private_file


class Copies:
    """Makes databases as `gallery.sqlite.home.create_database` does, which is given as `make` and makes the first."""

    def __init__(self, make: Callable[[Path], None]) -> None:
        self.make = make
        with tempfile.TemporaryDirectory() as folder:
            made = Path(folder) / "made"
            make(made)
            self._before, self._after = _around_id(made)

    def __call__(self, path: Path) -> None:
        """As `make`, which is asked to tell what is wrong where something is."""
        try:
            with suppress(FileExistsError), new_private_file(path) as unfinished:
                unfinished.write_bytes(self._before + uuid4().hex.encode() + self._after)
        except OSError:
            self.make(path)


def _around_id(made: Path) -> tuple[bytes, bytes]:
    """The bytes of a database that nobody has open, before its id and after."""
    assert [made] == list(made.parent.iterdir()), "all of the database lies in its file"
    with closing(sqlite3.connect(f"{made.as_uri()}?immutable=1", uri=True)) as connection:
        ((own,),) = connection.execute("SELECT value FROM meta WHERE key = 'home_id'").fetchall()
    before, after = made.read_bytes().split(own.encode())
    return before, after
