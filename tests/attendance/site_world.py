"""Sites with a computer each, for tests: they share one database, are cut off from it, and come back."""

import shutil
from datetime import datetime
from pathlib import Path

from attendance import Attendance
from gallery.locations import parsed, point_at
from gallery.slices.slice import Slice

NOBODY = "postgresql://school@127.0.0.1:1/attendance"
"""Where no server listens."""


class OneSite:
    """A site's computer: a folder with a copy of the key, and the slice in it; `app` works on that."""

    def __init__(self, central: Attendance, folder: Path, site: str | None) -> None:
        folder.mkdir(exist_ok=True)
        shutil.copy2(central.home / "key", folder / "key")
        self.central, self.site, self.folder = central, site, folder
        self.slice = Slice.begin(folder)
        self.app = central.on_slice(self.slice)

    def fill(self):
        """Have the slice hold what the database says now."""
        with self.central.store.reading() as transaction:
            return self.slice.fill(transaction, self.site, at=self.central.clock.utc())

    def back(self):
        """The database is within reach again: deliver, and fill anew."""
        return self.central.arrivals.settle(self.slice, self.site)

    def close(self) -> None:
        self.slice.close()


def cut_off(central: Attendance, folder: Path, site: str, at: datetime) -> Path:
    """The folder of a site's computer that was in step with the database at an instant, and reaches no server now."""
    point_at(folder, parsed(NOBODY))
    found = OneSite(central, folder, site).slice
    with central.store.reading() as transaction:
        found.fill(transaction, site, at=at)
    found.close()
    return folder


def state(central: Attendance) -> list[tuple[str, int, object]]:
    """The marks that count, by id, with whose and of when: the same in whatever order sites come back."""
    found = [each for session in central.sessions.all() for each in central.marks.of_session(session.id)]
    return sorted((each.id, each.person, each.at) for each in found if each.valid)
