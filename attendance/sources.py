"""What to check: files and folders given by name, sorted into pictures and videos."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from attendance.errors import SourceMissing
from attendance.paths import shown_path

VIDEO_SUFFIXES: Final = frozenset(
    {".3g2", ".3gp", ".asf", ".avi", ".divx", ".dv", ".f4v", ".flv", ".m2t", ".m2ts", ".m2v", ".m4v", ".mjpeg", ".mjpg"}
    | {".mkv", ".mod", ".mov", ".mp4", ".mpe", ".mpeg", ".mpg", ".mts", ".mxf", ".ogm", ".ogv", ".qt", ".rm", ".tod"}
    | {".ts", ".vob", ".webm", ".wmv", ".wtv"}
    | {".264", ".265", ".dav", ".h264", ".h265", ".hevc"}  # as recorders save their streams
)


@dataclass(frozen=True, slots=True)
class Source:
    """One file to check, or a picture's bytes as ``data``; ``shown`` is how records name it, always valid Unicode."""

    path: Path
    kind: Literal["picture", "video"]
    data: bytes | None = field(default=None, repr=False)

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


def expand(paths: Iterable[Path | str | bytes]) -> Iterator[Source | SourceMissing | PassedOver]:
    """Every file meant: a folder stands for its pictures and videos, sub-folders too, sorted.

    What is not there comes out as the error itself, so that the others go on. A file given by itself is taken
    for a picture unless its suffix or its first bytes say video; in a folder, what is neither is passed over.
    What hides in a folder or was put there by a system is no part of it. Bytes are a picture: "bytes 1", "bytes 2".
    """
    pictures = 0
    for given in paths:
        if isinstance(given, bytes):
            pictures += 1
            yield Source(Path(f"bytes {pictures}"), "picture", given)
            continue
        path = Path(given)
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
    from enroll.kinds import sort_of

    return "video" if is_video(path) else sort_of(path).value


def is_video(path: Path) -> bool:
    """Whether the file is to be read as a video: by its suffix, or a GIF of several frames."""
    suffix = path.suffix.lower()
    return suffix in VIDEO_SUFFIXES or (suffix == ".gif" and _is_animated(path))


def _is_animated(path: Path) -> bool:
    from enroll.photo import photo_facts

    return photo_facts(path).moves
