"""Who is to be enrolled from which photos: told by files, folders and lists before any photo is opened."""

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from attendance.faults import problem_of
from attendance.services.enrolment import NotEnrolled

if TYPE_CHECKING:
    from enroll.roster import Entry, Roster

LIST_SUFFIXES = frozenset({".csv", ".tsv", ".txt"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """The photos to enrol, the rows and files that name nobody, and in words what was passed over as no picture."""

    entries: "tuple[Entry, ...]"
    refused: tuple[NotEnrolled, ...] = ()
    passed_over: str = ""

    def __len__(self) -> int:
        return len(self.entries) + len(self.refused)


def is_many(source: Path) -> bool:
    """Whether a source names its people itself: a folder, or a list."""
    return source.is_dir() or source.suffix.lower() in LIST_SUFFIXES


def of_photo(photo: Path, name: str, external_id: str | None, groups: Iterable[str] = ()) -> Wanted:
    """One photo of one person; raises NameInvalid."""
    from enroll.roster import Entry, clean_name

    return Wanted((Entry(photo, clean_name(name), external_id, tuple(groups)),))


def of_sources(sources: Iterable[Path], groups: Iterable[str] = ()) -> Wanted:
    """The photos of several sources together, by the rules of `enroll.roster`; everybody joins the groups, too.

    Raises a RosterError for a folder or list that cannot be read as a whole, or where none of the sources is a photo.
    """
    from enroll.errors import RosterEmpty
    from enroll.roster import joined, some_names

    several = list(sources)
    found = joined(_rosters(several))
    if not found.entries and not found.problems:
        raise RosterEmpty(str(several[0]), "none of the sources is a photo")
    entries = tuple(
        dataclasses.replace(entry, groups=tuple(dict.fromkeys((*entry.groups, *groups)))) for entry in found.entries
    )
    refused = tuple(NotEnrolled("", problem_of(problem, problem.where)) for problem in found.problems)
    return Wanted(entries, refused, some_names(found.passed_over))


def _rosters(sources: Iterable[Path]) -> "Iterator[Roster]":
    """One roster a folder or list, and one for the single photos of a folder, as a shell's *.jpg names them."""
    from enroll.roster import name_photos, read_roster, walk_folder

    photos: dict[Path, list[Path]] = {}
    for source in sources:
        if source.is_dir():
            yield walk_folder(source)
        elif is_many(source):
            yield read_roster(source)
        else:
            photos.setdefault(source.parent, []).append(source)
    yield from map(name_photos, photos.values())
