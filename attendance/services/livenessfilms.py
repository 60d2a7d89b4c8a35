"""Presentations that were filmed before, one a film, told apart by the names of their files."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attendance.errors import SourceMissing
from attendance.live import FileFeed
from attendance.live.presenting import Presented, Presenting
from attendance.liveness.measuring import GENUINE, species_name
from attendance.paths import shown_path
from attendance.services.watching import asking_of
from attendance.sources import VIDEO_SUFFIXES

if TYPE_CHECKING:
    from attendance.live.ports import Desk
    from attendance.scope import Scope
    from attendance.settings import Settings

_NUMBER: Final = re.compile(r"[-_ ]*\d*\Z")


@dataclass(frozen=True, slots=True)
class Film:
    """A film of one presentation; `person` is the number of whom a genuine one shows, 0 for pictures."""

    path: Path
    species: str
    person: int


@dataclass(frozen=True, slots=True)
class Folder:
    """The films of a folder, by name, and what else lies there and is passed over."""

    films: tuple[Film, ...]
    passed_over: tuple[Path, ...]


def films_in(folder: Path) -> Folder:
    """The films of a folder: print-01.mp4, paper-mask-2.mov; live-anna-01.mp4, guest-tom-01.mp4.

    People are numbered in the order of their names, which are not kept. Raises SourceMissing where there is no folder,
    or no film in it.
    """
    if not folder.is_dir():
        raise SourceMissing(shown_path(folder), "there is no such folder")
    paths = sorted(each for each in folder.iterdir() if each.is_file() and not each.name.startswith("."))
    read = [(path, _read(path)) for path in paths]
    people = sorted({found for _, found in read if found is not None and found[0] in GENUINE})
    films = tuple(
        Film(path, found[0], people.index(found) + 1 if found[0] in GENUINE else 0)
        for path, found in read
        if found is not None
    )
    if not films:
        raise SourceMissing(shown_path(folder), "there is no film such as print-01.mp4 or live-anna-01.mp4 in it")
    return Folder(films, tuple(path for path, found in read if found is None))


def _read(path: Path) -> tuple[str, str] | None:
    """Species, and who it is of genuine ones; None for what is no film, or has no such name."""
    if path.suffix.lower() not in VIDEO_SUFFIXES:
        return None
    stem = _NUMBER.sub("", path.stem).lower()
    kind, _, who = stem.partition("-")
    if kind in GENUINE:
        return kind, who
    try:
        return species_name(stem), ""
    except ValueError:
        return None


def presented(desk: "Desk", scope: "Scope", film: Film, settings: "Settings") -> Presented:
    """What became of the presentation in a film. Raises what a video file does that cannot be read, and SourceCut.

    Liveness is asked for as a run before a camera does, for the film stands in for one.
    """
    presenting = Presenting(desk, scope, asking_of(settings, "review"), film.path.name)
    with FileFeed(film.path, desk.clock) as feed:
        for frame in feed:
            presenting.see(frame)
    return presenting.finish()
