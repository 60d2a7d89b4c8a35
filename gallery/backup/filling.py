"""A home that begins with what another one holds: empty tables filled and compared, files beside them, or nothing."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from gallery.backup.content import Tally, taken_in, without, written
from gallery.backup.saving import read_file
from gallery.errors import BackupInvalid, GalleryFailed, GalleryFull, GalleryReadOnly, NotEmpty
from gallery.files import NO_ROOM, new_private_file
from gallery.repositories.owners import Unowned
from gallery.vault.key import WAITING

if TYPE_CHECKING:
    from gallery.ports import Database, Transaction


def refuse_used(database: "type[Database]", home: Path) -> None:
    """Raise NotEmpty where there is a home already, or what is left of one."""
    database.refuse_used(home)
    if (home / WAITING).exists():
        raise NotEmpty(str(home / WAITING), "a home is made only where there is none")


def filled(
    database: "type[Database]",
    transaction: "Transaction",
    lines: Callable[[], Iterable[bytes]],
    where: str,
    home: Path,
    along: Sequence[str],
    *,
    owned: bool = False,
) -> tuple[Tally, dict[str, bytes], list[Unowned]]:
    """Put everything into the tables, and prove that it reads back alike; also the files that go along.

    `where` names the origin of the lines, which are asked for once more where rows of them have lost their owner, and
    are not taken as they are (see `tables.fill`): what reads back is the rest. Raises BackupInvalid, NotEmpty,
    GalleryFailed.
    """
    tally, files, lost = Tally(), {}, list[Unowned]()
    for name, data in taken_in(database, transaction, tally.over(lines()), where, lost, owned=owned):
        if name not in along:
            raise BackupInvalid(where, f"it holds a file {name!r}, which this version does not know")
        refuse_other(home / name, data)
        files[name] = data
    expected = _digest(without(lines(), lost)) if lost else tally.digest
    if _digest(written(database, transaction, files)) != expected:
        raise GalleryFailed(str(home), f"what was written there does not read back as {where}")
    return tally, files, lost


def _digest(lines: Iterable[bytes]) -> str:
    tally = Tally()
    for _ in tally.over(lines):
        pass
    return tally.digest


def refuse_other(path: Path, data: bytes) -> None:
    """Raise NotEmpty where the file is there and holds something else."""
    with suppress(FileNotFoundError):
        if read_file(path) != data:
            raise NotEmpty(str(path), "it is there already, and is another one")


@contextmanager
def as_before(home: Path) -> Iterator[None]:
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
def placed(home: Path, files: Mapping[str, bytes]) -> Iterator[None]:
    """Private files of these names, unless the same are there; where what follows fails, the new ones go again."""
    with ExitStack() as undo:
        for name, data in files.items():
            if _write_new(home / name, data):
                undo.callback((home / name).unlink, missing_ok=True)
            else:
                refuse_other(home / name, data)
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
