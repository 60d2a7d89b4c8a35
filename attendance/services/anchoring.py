"""Where anchors go: to a file that is only ever appended to, to the system's log, or to whoever asked."""

import logging
import os
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from logging.handlers import SYSLOG_UDP_PORT, SysLogHandler
from pathlib import Path
from typing import Final, Protocol

from attendance.errors import OutputFailed
from attendance.paths import shown_path
from attendance.privacy_errors import AnchorInvalid

SYSLOG: Final = "syslog"
DEVICE: Final = "/dev/log"
MOST: Final = 16 * 1024 * 1024
"""Bytes of a file of anchors: more than a hundred years of them."""
LAST_PORT: Final = 65535


class Kept(Protocol):
    """A place for anchors; ``kind`` is what the log says of it."""

    @property
    def kind(self) -> str:
        """A word."""
        ...

    def refuse_others(self, word: str) -> None:
        """Raise AnchorInvalid where something else is there, without this word; OutputFailed where nothing can be."""
        ...

    def write(self, line: str) -> None:
        """Put a line there. Raises OutputFailed."""
        ...


def kept(target: str | None) -> Kept:
    """The place that a setting or an option names; None: nowhere, it is shown to whoever asked.

    Raises AnchorInvalid for an address that is none.
    """
    if target is None:
        return Shown()
    if target != SYSLOG and not target.startswith(f"{SYSLOG}:"):
        return AppendedFile(Path(target).expanduser())
    host, _, port = target.partition(":")[2].partition(":")
    if port and not (port.isdecimal() and 0 < int(port) <= LAST_PORT):
        raise AnchorInvalid(target, "a port is a number from 1 to 65535")
    if target != SYSLOG and not host:
        raise AnchorInvalid(target, "write syslog, syslog:HOST or syslog:HOST:PORT")
    return SystemLog((host, int(port or SYSLOG_UDP_PORT)) if host else DEVICE)


@dataclass(frozen=True, slots=True)
class Shown:
    """Nowhere: the line is handed to whoever asked."""

    kind: str = "shown"

    def refuse_others(self, word: str) -> None:
        """Nothing is there."""

    def write(self, line: str) -> None:
        """Nothing is written."""


@dataclass(frozen=True, slots=True)
class AppendedFile:
    """A file of lines, made with mode 0600, appended to and never replaced."""

    path: Path
    kind: str = "file"

    def refuse_others(self, word: str) -> None:
        """Make the file where it is not there; AnchorInvalid where its first line is none with this word."""
        handle = self._opened()
        try:
            first = os.pread(handle, 4096, 0).partition(b"\n")[0]
        except OSError as error:
            raise _failed(self.path, error) from error
        finally:
            os.close(handle)
        if first.strip() and word.encode() not in first:
            raise AnchorInvalid(shown_path(self.path), "this file holds something else; name another")

    def write(self, line: str) -> None:
        """Append the line, on a line of its own, and have it on the disk."""
        handle = self._opened()
        try:
            _append(handle, line.encode())
        except OSError as error:
            raise _failed(self.path, error) from error
        finally:
            os.close(handle)

    def _opened(self) -> int:
        try:
            handle = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)
        except OSError as error:
            raise _failed(self.path, error) from error
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise OutputFailed(shown_path(self.path), "this is no file")
        return handle


def _append(handle: int, line: bytes) -> None:
    size = os.fstat(handle).st_size
    torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"  # a disk was full once
    data = (b"\n" if torn else b"") + line + b"\n"
    while data:
        data = data[os.write(handle, data) :]
    os.fsync(handle)


@dataclass(frozen=True, slots=True)
class SystemLog:
    """The log of this system, or of another one by UDP (RFC 3164); whether that one has it, nothing tells."""

    address: tuple[str, int] | str
    kind: str = SYSLOG

    def refuse_others(self, word: str) -> None:  # noqa: ARG002  as the others
        """Whatever is there, stays; OutputFailed where there is no such log."""
        with self._opened():
            pass

    def write(self, line: str) -> None:
        """Send the line. Raises OutputFailed."""
        with self._opened() as handler:
            handler.emit(logging.LogRecord("attendance", logging.INFO, "", 0, line, None, None))

    @contextmanager
    def _opened(self) -> Iterator[SysLogHandler]:
        where = self.address if isinstance(self.address, str) else f"{self.address[0]}:{self.address[1]}"
        try:
            with closing(_Loud(self.address, SysLogHandler.LOG_AUTH)) as handler:
                handler.ident = "attendance: "
                yield handler
        except OSError as error:
            raise OutputFailed(where, error.strerror or str(error)) from error


class _Loud(SysLogHandler):
    """Tells what went wrong instead of printing it."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802  as logging calls it
        """Raise what is being handled."""
        raise  # noqa: PLE0704  within the handler of logging


def read(path: Path) -> str:
    """What a file of anchors holds. Raises AnchorInvalid."""
    try:
        if path.stat().st_size > MOST:
            raise AnchorInvalid(shown_path(path), "this file is too large for one of anchors")
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise AnchorInvalid(shown_path(path), error.strerror or str(error)) from error
    except ValueError as error:
        raise AnchorInvalid(shown_path(path), "this file is no text") from error


def _failed(path: Path, error: OSError) -> OutputFailed:
    return OutputFailed(shown_path(path), error.strerror or str(error))
