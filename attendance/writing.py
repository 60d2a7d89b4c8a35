"""Result files appear whole or not at all, and only on purpose in the place of another."""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from attendance.errors import OutputFailed
from gallery import files
from gallery.files import ORDINARY, PRIVATE

TAKEN = "there is a file of this name already"


def refuse_taken(target: Path) -> None:
    """Raise OutputFailed where something of this name is there, a dangling link included."""
    if os.path.lexists(target):
        raise OutputFailed(_text(target), TAKEN)


def refuse_source(target: Path, source: Path, what: str) -> None:
    """Raise OutputFailed where `target` is the source itself, by whatever name; `what` it is."""
    if target.exists() and source.exists() and target.samefile(source):
        raise OutputFailed(_text(target), f"this is the {what} itself, and it would be overwritten")


def free_name(folder: Path, stem: str, suffix: str) -> Path:
    """The first of stem.suffix, stem-2.suffix, stem-3.suffix … in the folder that is not taken."""
    names = (folder / f"{stem}{'' if number == 1 else f'-{number}'}{suffix}" for number in count(1))
    return next(name for name in names if not os.path.lexists(name))


@contextmanager
def new_file(target: Path, mode: int = ORDINARY) -> Iterator[Path]:
    """A hidden file beside `target`, of the same suffix, to write to; at the end it becomes `target`.

    Raises OutputFailed where `target` is taken, also if that happens meanwhile, and where nothing can be written;
    after any error the hidden file is gone.
    """
    refuse_taken(target)
    try:
        with files.new_file(target, mode) as hidden:
            yield hidden
    except FileExistsError as error:
        raise OutputFailed(_text(target), TAKEN) from error
    except OSError as error:
        raise _failed(target, error) from error


def write_numbered(folder: Path, stem: str, suffix: str, write: Callable[[Path], None]) -> Path:
    """Let `write` make a file under the first free name; returns it. Raises OutputFailed."""
    while True:
        target = free_name(folder, stem, suffix)
        try:
            with new_file(target) as hidden:
                write(hidden)
        except OutputFailed as error:
            if error.detail == TAKEN:  # another program took the name meanwhile
                continue
            raise
        return target


Content = bytes | str | Callable[[Path], None]
"""What a file is to hold: text (as UTF-8), bytes, or what fills an empty file of this path by and by."""


def write_new(target: Path, data: Content, *, private: bool = False) -> None:
    """Write to a new file; raises OutputFailed, also where the name is taken.

    What is there already is never replaced, not even when it appears while this is written: a file, a folder, a
    device, or a link that leads nowhere. The mode is that of the umask, 0600 with ``private``.
    """
    with new_file(target, PRIVATE if private else ORDINARY) as hidden:
        _fill(hidden, data)


def write_over(target: Path, data: Content, may_go: Callable[[Path], bool]) -> None:
    """As `write_new`, but a file of which ``may_go`` says so is replaced, in one step; its mode stays.

    Raises OutputFailed for any other file, and where somebody changes it meanwhile.
    """
    place = target.resolve()  # a link stays a link
    try:
        before = place.lstat()
    except FileNotFoundError:
        return write_new(target, data)
    except OSError as error:
        raise _failed(target, error) from error
    if not stat.S_ISREG(before.st_mode) or not may_go(place):
        raise OutputFailed(_text(target), f"{TAKEN}, and it is no earlier report of this program")
    return _replace(place, data, before)


def _replace(target: Path, data: Content, before: os.stat_result) -> None:
    mode = stat.S_IMODE(before.st_mode)
    try:
        with files.whole(target, mode) as unfinished:
            _fill(unfinished, data)
            unfinished.chmod(mode)
            now = target.lstat()
            if (now.st_ino, now.st_mtime_ns, now.st_size) != (before.st_ino, before.st_mtime_ns, before.st_size):
                raise OutputFailed(_text(target), "somebody is changing this file")
    except OSError as error:
        raise _failed(target, error) from error


def _fill(path: Path, data: Content) -> None:
    if callable(data):
        data(path)
    else:
        path.write_bytes(data.encode("utf-8", "backslashreplace") if isinstance(data, str) else data)


def _failed(target: Path, error: OSError) -> OutputFailed:
    return OutputFailed(_text(target), error.strerror or str(error))


def _text(path: Path) -> str:
    from attendance.paths import shown_path

    return shown_path(path)
