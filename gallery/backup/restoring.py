"""Making a home from a backup: proved whole first, built beside, and there in one step."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from gallery.backup.content import Saved, Tally, taken_in, written
from gallery.backup.saving import read_file
from gallery.backup.source import Source
from gallery.errors import (
    BackupInvalid,
    GalleryFailed,
    GalleryFull,
    GalleryNewer,
    GalleryReadOnly,
    KeyMissing,
    KeyWrong,
    NotEmpty,
)
from gallery.files import NO_ROOM, new_private_file
from gallery.schema import REVISIONS
from gallery.vault.key import KEY, WAITING, copy_content, load_key, read_copy, read_private
from gallery.vault.seal import Sealer

if TYPE_CHECKING:
    from gallery.ports import Cipher, Database, Transaction


def restore(
    database: "type[Database]", source: Path, home: Path, *, key: Path | None = None, along: Sequence[str] = ()
) -> Saved:
    """Make the home that `source` is a backup of in the folder `home`, all of it or nothing.

    There must be no home yet. The key comes from the file `key`, else it lies in the folder already. Nothing is
    written before the whole file has proved genuine; an older schema is upgraded. `along` names the files that may
    go with the tables. Raises BackupInvalid, GalleryNewer, NotEmpty, KeyMissing, KeyWrong, KeyExposed, and what
    keeps the home from being written.
    """
    home, found = Path(home).expanduser().resolve(), Source(source)
    if found.head.revision not in REVISIONS:
        newer = f"its schema is {found.head.revision!r}, this version knows up to {REVISIONS[-1]!r}"
        raise GalleryNewer(found.where, newer)
    database.refuse_used(home)
    if (home / WAITING).exists():
        raise NotEmpty(str(home / WAITING), "a home is restored only where there is none")
    lying = _key(home, key, found)
    cipher = Sealer(read_copy(Path(key)) if key is not None else load_key(home, create=False), found.head.home_id)
    if not found.head.is_of(cipher):
        raise KeyWrong(str(key or home / KEY), f"it does not open this backup, which is of home {found.head.home_id}")
    found.prove(cipher)
    with _as_before(home), ExitStack() as placed, database.building(home, found.head.revision) as transaction:
        tally, files = _filled(database, transaction, found, cipher, home, along)
        placed.enter_context(_placed(home, ({} if (home / KEY).exists() else {KEY: lying}) | files))
    return tally.saved(found.head)


def _key(home: Path, copy: Path | None, found: Source) -> bytes:
    """What the key file holds that was named, else the one that lies in the home; wrapped, it stays so."""
    if copy is not None:
        if (home / KEY).exists() and load_key(home, create=False) != read_copy(Path(copy)):
            raise NotEmpty(str(home / KEY), "another key lies here")
        return copy_content(Path(copy))
    if not (home / KEY).exists():
        needed = f"{found.where} opens with the key of home {found.head.home_id} alone; name it with --key"
        raise KeyMissing(str(home / KEY), needed)
    return read_private(home / KEY)


def _filled(
    database: "type[Database]",
    transaction: "Transaction",
    found: Source,
    cipher: "Cipher",
    home: Path,
    along: Sequence[str],
) -> tuple[Tally, dict[str, bytes]]:
    """Put everything into the tables, and prove that it reads back alike; also the files that go along."""
    tally, again, files = Tally(), Tally(), {}
    for name, data in taken_in(database, transaction, tally.over(found.lines(cipher)), found.where):
        if name not in along:
            raise BackupInvalid(found.where, f"it holds a file {name!r}, which this version does not know")
        _refuse_other(home / name, data)
        files[name] = data
    for _ in again.over(written(database, transaction, files)):
        pass
    if again.digest != tally.digest:
        raise GalleryFailed(str(home), "what was written there does not read back as the backup")
    return tally, files


def _refuse_other(path: Path, data: bytes) -> None:
    """Raise NotEmpty where the file is there and holds something else."""
    with suppress(FileNotFoundError):
        if read_file(path) != data:
            raise NotEmpty(str(path), "it is there already, and is not the one of the backup")


@contextmanager
def _as_before(home: Path) -> Iterator[None]:
    """Where this fails, a folder that was not there before goes again."""
    fresh = not home.exists()
    try:
        yield
    except BaseException:
        if fresh:
            with suppress(OSError):
                home.rmdir()
        raise


@contextmanager
def _placed(home: Path, files: Mapping[str, bytes]) -> Iterator[None]:
    """Private files of these names, unless the same are there; where what follows fails, the new ones go again."""
    with ExitStack() as undo:
        for name, data in files.items():
            if _write_new(home / name, data):
                undo.callback((home / name).unlink, missing_ok=True)
            else:
                _refuse_other(home / name, data)
        yield
        undo.pop_all()


def _write_new(path: Path, data: bytes) -> bool:
    """Whether there was none; raises GalleryFull, GalleryReadOnly."""
    try:
        with new_private_file(path) as temporary:
            temporary.write_bytes(data)
    except FileExistsError:
        return False
    except OSError as error:
        wanted = GalleryFull if error.errno in NO_ROOM else GalleryReadOnly
        raise wanted(str(path), f"it cannot be written: {error.strerror}") from error
    return True
