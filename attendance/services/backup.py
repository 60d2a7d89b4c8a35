"""A whole home, with its settings, in one sealed file; and a home from such a file."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from attendance.errors import SettingsError
from attendance.settings import CONFIG_FILE, load
from gallery.backup import Saved
from gallery.vault.key import KEY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from attendance.clock import Clock
    from gallery import Database

__all__ = [
    "Saved",
    "backup",
    "is_recoverable",
    "key_file",
    "key_words",
    "restore",
    "settings_fault",
    "upgraded_to",
]

ALONG = (CONFIG_FILE,)
"""The files of a home that its backup holds besides the database; never the key."""


def backup(home: Path, target: Path, clock: "Clock", by: str = "backup") -> Saved:
    """Write everything in `home` but its key to the new file `target`; others may go on writing meanwhile.

    The home remembers that there is such a file. Raises GalleryUnusable, NotEmpty, RecoveryKeyWrong.
    """
    from attendance.services.backupnotes import noted
    from gallery.backup import backup as save
    from gallery.vault.filevault import FileVault

    now, recovery = clock.utc(), _recovery_key(home)
    with opened(home, clock.utc()) as store:
        saved = save(store, FileVault(store), target, at=now, along=ALONG, recovery=recovery)
        if not store.read_only:
            noted(store, Path(target).absolute(), saved, at=now, by=by)
    return saved


def _recovery_key(home: Path) -> str | None:
    """The public key of the settings; settings that cannot be read keep nobody from a backup."""
    return None if settings_fault(home) else load(home).values.recovery_key


def settings_fault(home: Path) -> str | None:
    """Why the settings of a home cannot be read, None where they can."""
    try:
        load(home)
    except SettingsError as error:
        return str(error)
    return None


def is_recoverable(path: Path) -> bool:
    """Whether a recovery key opens this backup, too; raises BackupInvalid."""
    from gallery.backup.source import Source

    return Source(path).head.recovery is not None


def key_file(home: Path) -> Path:
    """The file that alone opens the backups of a home; to be kept apart from them."""
    return home / KEY


def key_words(home: Path) -> str:
    """What alone opens the backups of a home: its key file, and what unwraps the key in it."""
    from gallery.errors import GalleryError
    from gallery.vault.key import wrapper_of

    more = {
        "passphrase": " with its passphrase",
        "environment": " with the ATTENDANCE_KEY of now",
        "command": " with what ATTENDANCE_KEY_COMMAND prints",
    }
    try:
        wrapper = wrapper_of(home)
    except GalleryError:
        wrapper = None
    return f"{key_file(home)}{'' if wrapper is None else more[wrapper]}"


def opened(home: Path, at: "datetime") -> "Database":
    """For writing, as an older home is upgraded, and a first key made; where that may not be, for reading."""
    from gallery import GalleryReadOnly, open_database

    try:
        return open_database(home, create=False, at=at)
    except GalleryReadOnly:
        return open_database(home, create=False, read_only=True)


def upgraded_to(restored: Saved) -> str | None:
    """The schema that a home has been brought up to since its backup was made, None where it is the same."""
    from gallery.schema import REVISIONS

    return None if restored.revision == REVISIONS[-1] else REVISIONS[-1]


def orphans(restored: Saved) -> list[dict[str, str | bool]]:
    """The rows that did not come back as they were, as their owner is gone; what `restore --json` tells of them."""
    return [
        {"table": each.table, "row": each.row, "owner": each.parent, "kept": each.now is not None}
        for each in restored.lost
    ]


def orphan_lines(restored: Saved) -> "Iterator[str]":
    """The same in words, a line for each."""
    for each in restored.lost:
        done = "left out" if each.now is None else "kept without it"
        yield f"{done}: row {each.row} of {each.table}, whose {each.parent} is gone"


def restore(
    source: Path,
    home: Path,
    key: Path | None = None,
    *,
    recovery: Path | None = None,
    lists: Sequence[Path] = (),
    clock: "Clock | None" = None,
    by: str = "restore",
) -> Saved:
    """Make the folder `home` the home that `source` is a backup of; the key comes from `key`, else it lies there.

    With the file of a private `recovery` key all comes back but what the home's key seals. What was erased since is
    erased again, as the lists beside the backup, in the folder, and `lists` tell. Raises BackupInvalid,
    ErasureListInvalid, NotEmpty, RecoveryKeyWrong, GalleryUnusable.
    """
    from gallery import GalleryError, open_database
    from gallery.backup import erased
    from gallery.backup import restore as make
    from gallery.opening import engine_of
    from gallery.vault.filevault import FileVault

    at = None if clock is None else clock.utc()
    made = make(engine_of(home), source, home, key=key, recovery=recovery, along=ALONG, lists=lists, at=at, by=by)
    with suppress(GalleryError), open_database(home, create=False) as store:  # it is in the tables, and written daily
        erased.publish(store, FileVault(store))
    return made
