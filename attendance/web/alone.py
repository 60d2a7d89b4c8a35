"""One service for each home: two would open each camera twice and do each other's jobs.

A file of the home is locked as long as the service runs; the system lets go of it when the process ends, however that
comes.
"""

import os
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attendance.errors import OutputFailed
from attendance.service_errors import ServeRunning

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE: Final = "serve.lock"
"""In the home; it holds the number of the process that serves it, and stays when that is over."""


@contextmanager
def alone(home: Path) -> "Iterator[None]":
    """Serve this home and nobody else beside it, until the end of the block. Raises ServeRunning, OutputFailed."""
    held = _opened(home / FILE)
    try:
        if not _locked(held):
            raise ServeRunning(str(home), f"another service serves this home{_told(held)}")
        with suppress(OSError):  # a full disk keeps nobody from serving
            os.ftruncate(held, 0)
            os.lseek(held, 0, os.SEEK_SET)
            os.write(held, str(os.getpid()).encode())
        yield
    finally:
        os.close(held)


def _opened(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise OutputFailed(str(path), error.strerror or str(error)) from error


def _locked(held: int) -> bool:
    """Whether the file is ours now; where the file system knows no locks, nobody is kept out."""
    if sys.platform == "win32":
        import msvcrt

        os.lseek(held, 1 << 30, os.SEEK_SET)  # beyond the number, which others read
        try:
            msvcrt.locking(held, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _told(held: int) -> str:
    """Which process has it, where it says so."""
    os.lseek(held, 0, os.SEEK_SET)
    text = os.read(held, 20).decode("ascii", "replace")
    return f" (process {text})" if text.isdecimal() else ""
