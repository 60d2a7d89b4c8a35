"""What to check: files and folders given by name, sorted into pictures and videos."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from attendance.errors import SourceMissing


@dataclass(frozen=True, slots=True)
class Source:
    """One file to check; ``label`` is how records name it, always valid Unicode."""

    path: Path
    kind: Literal["picture", "video"]

    @property
    def label(self) -> str:
        """The path as text; bytes that are no UTF-8 are shown as escapes."""
        return label(self.path)


def label(path: Path | str) -> str:
    """A path as text that can be stored and printed everywhere."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def expand(paths: Iterable[Path | str]) -> Iterator[Source | SourceMissing]:
    """Every file meant: a folder stands for its pictures and videos, sub-folders too, sorted.

    What is not there comes out as the error itself, so that the others go on. A file is taken for a
    picture unless its suffix says video: the reader looks at the content.
    """
    for path in map(Path, paths):
        if path.is_dir():
            yield from _in_folder(path)
        elif path.exists():
            yield Source(path, _kind(path))
        else:
            yield SourceMissing(label(path), "there is no such file or folder")


def _in_folder(folder: Path) -> Iterator[Source | SourceMissing]:
    from attendance.cameras.address import VIDEO_SUFFIXES
    from enroll.photo import PHOTO_SUFFIXES

    wanted = PHOTO_SUFFIXES | VIDEO_SUFFIXES
    found = sorted(path for path in _visible_files(folder) if path.suffix.lower() in wanted)
    yield from (Source(path, _kind(path)) for path in found)
    if not found:
        yield SourceMissing(label(folder), "the folder holds no picture or video")


def _visible_files(folder: Path) -> Iterator[Path]:
    for base, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(base, name) for name in names if not name.startswith("."))


def _kind(path: Path) -> Literal["picture", "video"]:
    from attendance.cameras.address import is_video

    return "video" if is_video(path) else "picture"
