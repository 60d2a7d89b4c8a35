"""Writing a backup: one view of the database, line by line, compressed and sealed on the way, then read back."""

import os
import zlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from gallery.backup import erased
from gallery.backup.content import Saved, Tally, written
from gallery.backup.head import Head, Recovery
from gallery.backup.source import Source
from gallery.errors import BackupInvalid, GalleryFailed, GalleryNewer, GalleryReadOnly
from gallery.files import new_output
from gallery.schema import REVISIONS
from gallery.vault.chunks import ChunkWriter
from gallery.vault.recovery import parsed_public

if TYPE_CHECKING:
    from gallery.ports import Cipher, Database, Vault

_LEVEL = 1  # undoes what base64 adds; more takes longer and saves little, as most of it is sealed already


def backup(
    database: "Database",
    vault: "Vault",
    target: Path,
    *,
    at: datetime,
    along: Sequence[str] = (),
    recovery: str | None = None,
) -> Saved:
    """Write the home of `database` to the new file `target` (mode 0600, whole or absent), as it is at one moment.

    `along` names the files of the home that go with it, where they are there. A home that has no key yet gets one.
    With a public recovery key (its text) the private one of the pair opens the file, too. Before the file gets its
    name it is read back from the disk and compared. Raises NotEmpty where `target` exists, what keeps it from being
    written, GalleryFailed where it does not read back, RecoveryKeyWrong, KeyMissing, KeyWrong, KeyExposed and what
    makes the database unusable.
    """
    if recovery is not None:
        parsed_public(recovery)
    with new_output(Path(target), "backup") as temporary:
        vault.unlock()  # makes the key of a home that has none, before the view is taken
        erased.prepare(database, vault)
        files = files_of(database.home, along)
        with database.reading() as transaction:
            _refuse_later(database)
            cipher = vault.unlock()
            proving = None if recovery is None else Recovery(recovery, erased.proving(transaction, cipher)[0])
            head = Head.new(database.meta("home_id") or "", database.schema_version, at, cipher, proving)
            saved = _written(temporary, head, cipher, written(database, transaction, files))
        _prove(temporary, target, head.sealing_key(cipher), saved)
    return saved


def _refuse_later(database: "Database") -> None:
    """Raise GalleryNewer where a later version has tables of its own there, which this one would leave out."""
    revision = database.schema_version
    if revision not in REVISIONS:
        told = f"a later version has upgraded it to schema {revision!r}, and that one alone knows all that is in it"
        raise GalleryNewer(database.where, told)


def _written(path: Path, head: Head, cipher: "Cipher", lines: Iterable[bytes]) -> Saved:
    tally = Tally()
    with path.open("wb") as file:
        file.write(head.line)
        with ChunkWriter(file, head.sealing_key(cipher), head.line) as sealed:
            _compress(tally.over(lines), sealed)
    return tally.saved(head)


def _prove(path: Path, target: Path, sealing: bytes, saved: Saved) -> None:
    """Read the file from the disk, as far as the platform can be told to; raises GalleryFailed where it differs."""
    _forget_cached(path)
    again = Tally()
    try:
        source = Source(path)
        for _ in again.over(source.lines(sealing)):
            pass
        same = again.saved(source.head) == saved
    except BackupInvalid:
        same = False
    if not same:
        raise GalleryFailed(str(target), "what was written does not read back as it was, and was removed again")


def _forget_cached(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
        if hasattr(os, "posix_fadvise"):
            with suppress(OSError):
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _compress(lines: Iterable[bytes], sealed: ChunkWriter) -> None:
    packer = zlib.compressobj(_LEVEL)
    for line in lines:
        sealed.write(packer.compress(line))
    sealed.write(packer.flush())


def files_of(home: Path, names: Sequence[str]) -> dict[str, bytes]:
    """What the files of these names hold, those that are there; raises GalleryReadOnly."""
    found = {}
    for name in names:
        with suppress(FileNotFoundError):
            found[name] = read_file(home / name)
    return found


def read_file(path: Path) -> bytes:
    """All of it; raises GalleryReadOnly where it cannot be read, FileNotFoundError where there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise GalleryReadOnly(str(path), f"it cannot be read: {error.strerror}") from error
