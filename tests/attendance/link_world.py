"""The link between a site's computer and the database of all sites, for tests: it is cut, and mended."""

import shutil
from contextlib import contextmanager
from pathlib import Path

from attendance import Attendance
from attendance.linking import Linked, _hand_over
from attendance.services.link import Link
from gallery.errors import GalleryUnreachable
from gallery.slices.slice import Slice


class Wire:
    """The way to the database of an open home: while it is cut whoever asks that hears that it is unreachable."""

    def __init__(self, app: Attendance) -> None:
        self.is_cut = False
        self.asked = 0
        for name in ("reading", "atomic"):
            setattr(app.store, name, self._through(getattr(app.store, name)))

    def _through(self, opening):
        @contextmanager
        def through(*ahead):
            self.asked += 1
            if self.is_cut:
                raise GalleryUnreachable("postgresql://db.example/school", "it does not answer")
            with opening(*ahead) as transaction:
                yield transaction
                if self.is_cut:
                    raise GalleryUnreachable("postgresql://db.example/school", "it went away")

        return through


def joined(app: Attendance, folder: Path, *, away: bool = False) -> Linked:
    """A site's computer whose slice lies in `folder`; with ``away`` it begins cut off. Its wire is `link.wire`."""
    folder.mkdir(exist_ok=True)
    shutil.copy2(app.home / "key", folder / "key")
    found, told = Slice.begin(folder), {"settings": app.settings, "clock": app.clock}
    if away:
        begun = app.on_slice(found)
        why = GalleryUnreachable("postgresql://db.example/school", "it does not answer")
        link = Link(found, lambda: app, lambda _: begun, central=None, why=why, **told)
    else:
        begun, link = app, Link(found, lambda: app, app.on_slice, central=app, **told)
    app.link = begun.link = link
    link.switching.append(_hand_over)
    link.wire = Wire(app)
    return Linked(begun, link)
