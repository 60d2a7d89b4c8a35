"""What to check: files and folders given by name, sorted into pictures and videos."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from attendance.errors import SourceMissing


@dataclass(frozen=True, slots=True)
class Source:
    """One file to check; ``shown`` is how records name it, always valid Unicode."""

    path: Path
    kind: Literal["picture", "video"]

    @property
    def shown(self) -> str:
        """The path as text; bytes that are no UTF-8 are shown as escapes."""
        return shown_path(self.path)


@dataclass(frozen=True, slots=True)
class PassedOver:
    """Files of a folder that are neither picture nor video, such as notes."""

    paths: tuple[Path, ...]

    @property
    def line(self) -> str:
        """One line for people: the first names, the rest counted."""
        from enroll.roster import some_names

        return f"passed over, neither picture nor video: {shown_path(some_names(self.paths))}"


def shown_path(path: Path | str) -> str:
    """A path as text that can be stored and printed everywhere."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def expand(paths: Iterable[Path | str]) -> Iterator[Source | SourceMissing | PassedOver]:
    """Every file meant: a folder stands for its pictures and videos, sub-folders too, sorted.

    What is not there comes out as the error itself, so that the others go on. A file given by itself is taken
    for a picture unless its suffix or its first bytes say video; in a folder, what is neither is passed over.
    What hides in a folder or was put there by a system is no part of it.
    """
    for path in map(Path, paths):
        if path.is_dir():
            yield from _in_folder(path)
        elif path.exists():
            yield Source(path, "video" if _sort(path) == "video" else "picture")
        else:
            yield SourceMissing(shown_path(path), "there is no such file or folder")


def _in_folder(folder: Path) -> Iterator[Source | SourceMissing | PassedOver]:
    from enroll.folders import walk

    try:
        found = walk(folder)
    except OSError as problem:
        yield SourceMissing(shown_path(folder), (problem.strerror or "cannot be opened").lower())
        return
    sorts = [(path, _sort(path)) for path in found.files]
    sources = [Source(path, sort) for path, sort in sorts if sort != "other"]
    yield from sources
    for path, reason in found.unreadable:
        yield SourceMissing(shown_path(path), reason)
    if not sources and not found.unreadable:
        yield SourceMissing(shown_path(folder), "the folder holds no picture or video")
    if others := tuple(path for path, sort in sorts if sort == "other"):
        yield PassedOver(others)


def _sort(path: Path) -> Literal["picture", "video", "other"]:
    from attendance.cameras.address import is_video
    from enroll.kinds import sort_of

    return "video" if is_video(path) else sort_of(path).value
