"""A whole home copied to another place: from a folder to a database server, back, or from one to another.

The old home stays as it is, but for the word in its log that the copy was begun, which both have.
"""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from attendance.services.backup import ALONG, opened

if TYPE_CHECKING:
    from datetime import datetime

    from attendance.clock import Clock
    from gallery.backup import Saved
    from gallery.chainvalues import LogCheck
    from gallery.ports import Database

COPIED: Final = "home.copy"


@dataclass(frozen=True, slots=True)
class HomeCopy:
    """What was copied from where to where; the proof of the log there; whether the old home ``went_on`` meanwhile.

    ``log`` is None where the log cannot be proved, as the home has no key yet.
    """

    source: str
    target: str
    folder: Path
    saved: "Saved"
    log: "LogCheck | None"
    went_on: bool

    @property
    def sound(self) -> bool:
        """Whether the log of the copy is as it was written."""
        return self.log is None or self.log.sound

    def to_dict(self) -> dict[str, Any]:
        """As ``home copy --json`` tells it."""
        from attendance.records import instant

        return {
            "schema": 1,
            "from": self.source,
            "to": self.target,
            "folder": str(self.folder),
            "home": self.saved.home_id,
            "digest": f"sha256:{self.saved.digest}",
            "schema_revision": self.saved.revision,
            "created": instant(self.saved.created),
            "rows": dict(self.saved.rows),
            "log": None if self.log is None else {"entries": self.log.entries, "sound": self.log.sound},
            "went_on": self.went_on,
        }


def copy(source: Path, target: Path, clock: "Clock", by: str) -> HomeCopy:
    """Make `target`, a folder or the server that it names, a home that holds the same as the home `source`.

    Settings and key go along; browsers sign in anew. Raises NotEmpty, GalleryDamaged, KeyMissing, GalleryUnusable.
    """
    from gallery.backup import copy as made
    from gallery.backup.copying import key_of
    from gallery.opening import engine_of
    from gallery.vault.filevault import FileVault

    now, engine = clock.utc(), engine_of(target)
    with opened(source, now) as store:
        engine.refuse_used(Path(target).expanduser().resolve())
        vault = FileVault(store)
        with store.reading() as view:
            key_of(store, view, vault)  # an entry of the log that is made without it is one that nobody can prove
        _note(store, target, at=now, by=by)
        done = made(store, vault, engine, target, at=now, along=ALONG)
        told = store.where
    where, log = _looked_at(target)
    return HomeCopy(told, where, Path(target), done.saved, log, done.went_on)


def _note(store: "Database", target: Path, *, at: "datetime", by: str) -> None:
    """Tell the log of the copy before it is made, so that both homes know of it."""
    from gallery.locations import pointer
    from gallery.repositories.events import record

    if store.read_only:
        return
    details = {"to": "folder" if pointer(target) is None else "server"}
    with store.atomic() as transaction:
        record(transaction, at=at, by=by, action=COPIED, subject="gallery", details=details)


def _looked_at(home: Path) -> "tuple[str, LogCheck | None]":
    """How the new database is called, and the proof of its log; its list of what was erased is written, too."""
    from gallery import GalleryError, open_database
    from gallery.backup import erased
    from gallery.repositories import chain, chaincheck, secrets
    from gallery.vault.filevault import FileVault

    with open_database(home, create=False) as store:
        vault = FileVault(store)
        with suppress(GalleryError):  # it is in the tables, and written daily
            erased.publish(store, vault)
        with store.reading() as view:
            sealed = secrets.sealed(view, chain.PURPOSE)
            key = None if sealed is None else secrets.stored(view, vault.unlock(), chain.PURPOSE)
            if key is None:
                return store.where, None
            return store.where, chaincheck.verify(view, key, highest=store.counters(view).get("event"))
