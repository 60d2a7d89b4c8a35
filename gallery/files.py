"""Private files that appear whole or not at all."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from gallery.errors import GalleryFull, GalleryMissing, GalleryReadOnly, NotEmpty

PRIVATE = 0o600
ORDINARY = 0o666
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What a system answers where a file cannot grow."""
_TAKEN = "a file with this name is there already"
_ENOUGH = 40
"""Letters of the target's name in a temporary one: names end at 255 bytes, and a letter may take four."""


def make_home(home: Path) -> None:
    """Create the folder, for its owner alone, unless it is there."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise GalleryMissing(str(home), "a file stands where the folder should be") from error
    except PermissionError as error:
        raise GalleryReadOnly(str(home), "the folder cannot be created here") from error
    except OSError as error:
        wanted = GalleryReadOnly if error.errno == 30 else GalleryMissing  # noqa: PLR2004  EROFS
        raise wanted(str(home), f"the folder cannot be created: {error.strerror}") from error


def sync_folder(folder: Path) -> None:
    """Make a new or renamed entry of `folder` survive a power cut, where the platform can."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_file(path: Path) -> None:
    """Force the bytes of `path` to the disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def publish(temporary: Path, target: Path) -> None:
    """Give `temporary` its final name unless that is taken, by whomever at whatever moment; FileExistsError then."""
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links: take the name first, then put the content there
        _begin(target, PRIVATE)
        try:
            temporary.replace(target)
        except BaseException:
            target.unlink(missing_ok=True)
            raise


def _begin(path: Path, mode: int) -> None:
    """Make an empty file: a private one is so whatever the umask, any other has the mode less the umask."""
    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
    try:
        if mode == PRIVATE and os.name == "posix":
            with suppress(OSError):  # a file system that knows no modes
                os.fchmod(handle, mode)
    finally:
        os.close(handle)


@contextmanager
def new_file(target: Path, mode: int = ORDINARY) -> Iterator[Path]:
    """An empty file beside `target` to fill, see `_begin` for its mode; on success it becomes `target`.

    An existing `target` is never replaced: FileExistsError, and on any failure nothing is left behind.
    """
    temporary = beside(target)
    _begin(temporary, mode)
    try:
        yield temporary
        sync_file(temporary)
        publish(temporary, target)
        sync_folder(target.parent)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def whole(target: Path, mode: int = PRIVATE) -> Iterator[Path]:
    """An empty file beside `target` to fill, see `_begin` for its mode; on success it takes the place of `target`.

    A reader sees the old content or the new; on any failure `target` is as it was and nothing is left behind.
    """
    temporary = beside(target)
    _begin(temporary, mode)
    try:
        yield temporary
        sync_file(temporary)
        temporary.replace(target)
        sync_folder(target.parent)
    finally:
        temporary.unlink(missing_ok=True)


def new_private_file(target: Path) -> AbstractContextManager[Path]:
    """As `new_file`, of mode 0600."""
    return new_file(target, PRIVATE)


@contextmanager
def new_output(target: Path, what: str) -> Iterator[Path]:
    """As `new_private_file`, for `what` somebody asked to be written there.

    Raises NotEmpty where the name is taken (before any work), GalleryFull, GalleryReadOnly.
    """
    if os.path.lexists(target):
        raise NotEmpty(str(target), _TAKEN)
    try:
        with new_private_file(Path(target).absolute()) as temporary:
            yield temporary
    except FileExistsError as error:
        raise NotEmpty(str(target), _TAKEN) from error
    except OSError as error:
        wanted = GalleryFull if error.errno in NO_ROOM else GalleryReadOnly
        raise wanted(str(target), f"the {what} cannot be written: {error.strerror}") from error


def beside(target: Path) -> Path:
    """A hidden name in the folder of `target` that nobody else takes; it fits where the name of `target` does.

    It keeps the suffix, by which writers of pictures and films choose their format.
    """
    return target.with_name(f".{target.stem[:_ENOUGH]}.{secrets.token_hex(6)}.new{target.suffix[:_ENOUGH]}")


def leftovers(folder: Path) -> list[Path]:
    """What a process that was killed while writing here has left half done."""
    return sorted(folder.glob(".*.new*"))


def may_write(path: Path) -> bool:
    """Whether the effective user may write to `path`; false on a file system mounted read-only."""
    return os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)
