"""What of a site cannot be taken for a reason of its own is set aside, told, and tried again; the rest goes on.

Where the database, its key or this computer is the trouble nothing is set aside: all of it waits, and comes in whole.
"""

import logging
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attendance.services.sealed import secret_of
from gallery.errors import GalleryDamaged, GalleryFailed, GalleryUnusable, KeyWrong, TemplateAltered, WrongEncoder
from gallery.repositories import events
from gallery.slices.aside import NO_KEY, Aside, Content, SetAside
from gallery.slices.selection import ASIDE as SECRET
from gallery.slices.slice import folder_of
from gallery.vault.filevault import HOME_ID
from gallery.vault.seal import Sealer
from refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from gallery import Gallery
    from gallery.ports import Cipher
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


@dataclass(frozen=True, slots=True)
class Left:
    """What stays aside: its id, what it is, since when, the code of what befell it, and whether a key opens it."""

    id: str
    kind: str
    at: "datetime"
    why: str
    opens: bool


class SettingAside:
    """Sets aside what a slice could not deliver to the database of ``gallery``; ``by`` is who delivers.

    ``only_open`` are ciphers of keys from before that may open what was set aside then.
    """

    def __init__(self, gallery: "Gallery", slice_: "Slice", by: str, only_open: "Sequence[Cipher]" = ()) -> None:
        self._gallery, self._store, self._slice, self._by = gallery, gallery.store, slice_, by
        self._sealer: Sealer | None = None
        self.kept = Aside(folder_of(slice_.home), slice_.vault.unlock, self._of_home, only_open=only_open)

    def _of_home(self) -> "Cipher":
        """What seals by a secret in the database: it stays the same whenever the key of the home is changed."""
        if self._sealer is None:
            try:
                secret = secret_of(self._gallery, SECRET)
            except TemplateAltered as error:
                raise KeyWrong(self._store.where, "its secrets do not open") from error
            self._sealer = Sealer(secret, self._store.meta(HOME_ID) or "")
        return self._sealer

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

    def renew(self, each: SetAside, content: Content) -> None:
        """Seal it anew where a key was changed; where that cannot be done now, it stays as it is."""
        try:
            self.kept.renew(each, content)
        except (OSError, *NO_KEY):
            LOG.debug("%s is not sealed anew", each.id, exc_info=True)

    def marks(self) -> set[str]:
        """The ids of the marks that are kept aside, as far as they can be opened."""
        return {mark for each in self.kept.all() if (content := self._content(each)) for mark in content.marks}

    def left(self) -> list[Left]:
        """All that is kept aside, in the order in which it is tried again."""
        return [
            Left(each.id, each.kind or "record", each.at, each.why, self._content(each) is not None)
            for each in self.kept.all()
        ]

    def _content(self, each: SetAside) -> Content | None:
        """What it holds, None where it cannot be opened."""
        try:
            return self.kept.opened(each)
        except (GalleryUnusable, ValueError, KeyError, TypeError):
            LOG.debug("%s cannot be opened", each.id)
            return None


def code_of(error: Exception) -> str:
    """What befell something, without a word of what it holds."""
    return error.id if isinstance(error, Refusal) else type(error).__name__


def _place_of(error: Exception) -> str:
    trace = traceback.extract_tb(error.__traceback__)
    return f"in {Path(trace[-1].filename).name}, line {trace[-1].lineno}" if trace else "nowhere"
