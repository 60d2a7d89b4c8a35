"""Private files that appear whole or not at all."""

import os
import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

PRIVATE = 0o600
ORDINARY = 0o666
_ENOUGH = 40
"""Letters of the target's name in a temporary one: names end at 255 bytes, and a letter may take four."""


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
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE))
        try:
            temporary.replace(target)
        except BaseException:
            target.unlink(missing_ok=True)
            raise


@contextmanager
def new_file(target: Path, mode: int = ORDINARY) -> Iterator[Path]:
    """An empty file beside `target` to fill, of this mode less the umask; on success it becomes `target`.

    An existing `target` is never replaced: FileExistsError, and on any failure nothing is left behind.
    """
    temporary = beside(target)
    os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))
    try:
        yield temporary
        sync_file(temporary)
        publish(temporary, target)
        sync_folder(target.parent)
    finally:
        temporary.unlink(missing_ok=True)


def new_private_file(target: Path) -> AbstractContextManager[Path]:
    """As `new_file`, of mode 0600."""
    return new_file(target, PRIVATE)


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
