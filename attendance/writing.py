"""Result files appear whole or not at all, and never in the place of a file that is there already."""

import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from attendance.errors import OutputFailed

TAKEN = "there is a file of this name already, and it would be overwritten"


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
def new_file(target: Path) -> Iterator[Path]:
    """A hidden name beside `target`, of the same suffix, to write to; at the end it becomes `target`.

    Raises OutputFailed where `target` is taken, also if that happens meanwhile, and where nothing can be written;
    after any error the hidden file is gone.
    """
    refuse_taken(target)
    hidden = hidden_name(target)
    try:
        yield hidden
        publish(hidden, target)
    except OSError as error:
        raise OutputFailed(_text(target), error.strerror or str(error)) from error
    finally:
        with suppress(OSError):
            hidden.unlink(missing_ok=True)


def hidden_name(target: Path) -> Path:
    """A name beside `target`, of the same suffix, that nobody else uses."""
    return target.with_name(f".{target.stem[:40]}-{secrets.token_hex(6)}.part{target.suffix}")


def publish(hidden: Path, target: Path) -> None:
    """Sync a finished file and give it its name; raises OutputFailed where that is taken, OSError for the disk."""
    with hidden.open("rb+") as file:
        os.fsync(file.fileno())
    try:
        os.link(hidden, target)  # unlike a rename it never replaces
    except FileExistsError as error:
        raise OutputFailed(_text(target), TAKEN) from error
    except OSError:  # a file system without hard links
        refuse_taken(target)
        hidden.rename(target)


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


def write_whole(target: Path, text: str) -> None:
    """Write UTF-8 text beside the target, sync it, then put it in place; raises OutputFailed."""
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-")
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)  # noqa: PTH105 - a Path of it would say no more
    except OSError as error:
        raise OutputFailed(str(target), error.strerror or str(error)) from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def _text(path: Path) -> str:
    from attendance.sources import label

    return label(path)
