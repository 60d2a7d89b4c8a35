"""What of a site cannot be taken for a reason of its own is set aside, told, and tried again; the rest goes on.

Where the database, its key or this computer is the trouble nothing is set aside: all of it waits, and comes in whole.
"""

import logging
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gallery.errors import GalleryDamaged, GalleryFailed, GalleryUnusable, TemplateAltered, WrongEncoder
from gallery.repositories import events
from gallery.slices.aside import Aside, Content
from gallery.slices.slice import folder_of
from refusal import Refusal

if TYPE_CHECKING:
    from datetime import datetime

    from gallery.ports import Database
    from gallery.slices.outbox import Thing
    from gallery.slices.slice import Slice

LOG: Final = logging.getLogger("attendance.services.arrivals")
WAITS: Final = "waits"
"""Why something is set aside that could be taken, had not what it rests on been set aside."""
RETRY: Final = "attendance site retry"
"""What tries again, beside the next link."""
_OF_ONE: Final = (GalleryFailed, GalleryDamaged, TemplateAltered, WrongEncoder)
"""Errors of the database that may be of one record alone."""


def stops_all(error: Exception) -> bool:
    """Whether an error is no fault of what was to be taken: then all waits, and is tried again."""
    if isinstance(error, OSError | MemoryError):
        return True
    return isinstance(error, GalleryUnusable) and not isinstance(error, _OF_ONE)


class SettingAside:
    """Sets aside what a slice could not deliver to ``store``; ``by`` is who delivers."""

    def __init__(self, store: "Database", slice_: "Slice", by: str) -> None:
        self._store, self._slice, self._by = store, slice_, by
        self.kept = Aside(folder_of(slice_.home), slice_.vault)

    def set_aside(self, thing: "Thing", why: Exception | None, at: "datetime") -> Content | None:
        """Keep a thing with what befell it (None: it waits for another), and tell of it once; what it holds.

        Raises what the database does where it cannot even take a note of it: then that is the trouble.
        """
        state = self._slice.state
        if state is None:
            return None
        with self._slice.database.reading() as here:
            content = Content.of(here, state, thing)
        made = self.kept.keep(content, thing, WAITS if why is None else code_of(why), at)
        if made is None:
            return content
        try:
            self._tell(made.id, made.kind, made.why, at)
        except BaseException:
            self.kept.drop(made.id)
            raise
        where = "" if why is None else f", {_place_of(why)}"
        told = "arrival.aside: %s %s was set aside (%s%s); the next link tries it again, and so does '%s'"
        LOG.error(told, made.kind, made.id, made.why, where, RETRY)
        return content

    def _tell(self, id_: str, kind: str, why: str, at: "datetime") -> None:
        with self._store.atomic() as transaction:
            details = {"kind": kind, "why": why, "site": self._slice.site}
            events.record(transaction, at=at, by=self._by, action=events.ARRIVAL_ASIDE, subject=id_, details=details)

    def marks(self) -> set[str]:
        """The ids of the marks that are kept aside, as far as they can be opened."""
        found = set[str]()
        for each in self.kept.all():
            try:
                found |= self.kept.opened(each).marks
            except (GalleryUnusable, ValueError, KeyError, TypeError):
                LOG.debug("%s cannot be opened", each.id)
        return found


def code_of(error: Exception) -> str:
    """What befell something, without a word of what it holds."""
    return error.id if isinstance(error, Refusal) else type(error).__name__


def _place_of(error: Exception) -> str:
    trace = traceback.extract_tb(error.__traceback__)
    return f"in {Path(trace[-1].filename).name}, line {trace[-1].lineno}" if trace else "nowhere"
