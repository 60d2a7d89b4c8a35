"""Private files that appear whole or not at all."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PRIVATE = 0o600


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


def _publish(temporary: Path, target: Path) -> None:
    """Give `temporary` its final name unless that is taken; raises FileExistsError then."""
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if target.exists():
            raise FileExistsError(target) from None
        temporary.rename(target)


@contextmanager
def new_private_file(target: Path) -> Iterator[Path]:
    """An empty file of mode 0600 beside `target` to fill; on success it becomes `target`.

    An existing `target` is never replaced: FileExistsError, and on any failure nothing is left behind.
    """
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(6)}.new")
    os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE))
    try:
        yield temporary
        sync_file(temporary)
        _publish(temporary, target)
        sync_folder(target.parent)
    finally:
        temporary.unlink(missing_ok=True)


def leftovers(folder: Path) -> list[Path]:
    """What a process that was killed while writing here has left half done."""
    return sorted(folder.glob(".*.new*"))


def may_write(path: Path) -> bool:
    """Whether the effective user may write to `path`; false on a file system mounted read-only."""
    return os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)
