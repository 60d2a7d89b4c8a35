"""Writing a backup: one view of the database, line by line, compressed and sealed on the way."""

import zlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from gallery.backup.content import Saved, Tally, written
from gallery.backup.head import Head
from gallery.errors import GalleryReadOnly
from gallery.files import new_output
from gallery.vault.chunks import ChunkWriter

if TYPE_CHECKING:
    from gallery.ports import Database, Vault

_LEVEL = 1  # undoes what base64 adds; more takes longer and saves little, as most of it is sealed already


def backup(database: "Database", vault: "Vault", target: Path, *, at: datetime, along: Sequence[str] = ()) -> Saved:
    """Write the home of `database` to the new file `target` (mode 0600, whole or absent), as it is at one moment.

    `along` names the files of the home that go with it, where they are there. A home that has no key yet gets one.
    Raises NotEmpty where `target` exists, what keeps it from being written, KeyMissing, KeyWrong, KeyExposed and what
    makes the database unusable.
    """
    with new_output(Path(target), "backup") as temporary:
        vault.unlock()  # makes the key of a home that has none, before the view is taken
        files = _files(database.home, along)
        with database.reading() as transaction, temporary.open("wb") as file:
            cipher = vault.unlock()
            head = Head.new(database.meta("home_id") or "", database.schema_version, at, cipher)
            tally = Tally()
            file.write(head.line)
            with ChunkWriter(file, head.sealing_key(cipher), head.line) as sealed:
                _compress(tally.over(written(database, transaction, files)), sealed)
    return tally.saved(head)


def _compress(lines: Iterable[bytes], sealed: ChunkWriter) -> None:
    packer = zlib.compressobj(_LEVEL)
    for line in lines:
        sealed.write(packer.compress(line))
    sealed.write(packer.flush())


def _files(home: Path, names: Sequence[str]) -> dict[str, bytes]:
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
