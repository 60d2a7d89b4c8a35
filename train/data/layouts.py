"""Who is on which picture of a tree of identities, and which tree counts where an archive holds the same photos twice.

Two well-known sets of Kaggle are laid out so: `Extracted Faces/Extracted Faces/12/3.jpg` beside `Face Data/Face
Dataset/12/3.jpg` (stoicstatic), and `Faces/Faces/NAME_3.jpg` beside `Original Images/Original Images/NAME/NAME_3.jpg`
(vasukipatel).
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from statistics import median

from train.data.pictures import LeftOut
from train.errors import RecipeInvalid

SPLIT_FOLDERS = {"train": "train", "training": "train", "val": "dev", "valid": "dev", "dev": "dev", "test": "test"}
NUMBERED = re.compile(r"(.*\D)[ _-]\d+")
SAMPLED = 25  # files of a tree whose sizes are looked at
NUMBERED_SHARE = 0.9  # this share of one folder's files called NAME_1 makes it a folder of many people
ALIKE = 0.5  # this share of a tree's photos, by person and file name, in another tree: both hold the same photos


@dataclass(frozen=True)
class Chosen:
    """The person of each file that counts, and what does not: loose files, and whole trees that repeat others."""

    people: Mapping[str, str]
    left_out: tuple[LeftOut, ...] = ()


Size = Callable[[str], int]
"""The bytes of a file by its name."""


def by_folder(names: Sequence[str], size: Size) -> Chosen:  # noqa: ARG001 - one signature for all layouts
    """The folder that holds a picture is its class; a picture in no folder has none."""
    people = {name: PurePosixPath(name).parent.name for name in names}
    loose = tuple(LeftOut(name, "lies in no folder of a class") for name, person in people.items() if not person)
    return Chosen({name: person for name, person in people.items() if person}, loose)


def identities(names: Sequence[str], size: Size, *, tree: str = "") -> Chosen:
    """People by folder, or by file name in one folder of `NAME_1.jpg`, `NAME_2.jpg`, ...; each photo once.

    Of trees that hold the same photos the one with the smaller files counts, which are faces cut out of them, unless
    `tree` names another. A name in other capitals, with accents composed or not, or with other spaces is the same
    person. Raises RecipeInvalid where no tree has that name.
    """
    trees = _trees(names)
    if tree:
        return _named(trees, tree)
    kept: dict[str, Mapping[str, str]] = {}
    left_out = [_nobodys(name) for name in sorted(set(names).difference(*trees.values()))]
    for place in sorted(trees, key=lambda place: (_usual_size(trees[place], size), place)) if trees else ():
        twin = next((other for other in kept if _same_photos(place, trees[place], other, kept[other])), None)
        if twin is None:
            kept[place] = trees[place]
        else:
            left_out.append(LeftOut(place, f"{len(trees[place]):,} pictures, the same photos as in {twin}"))
    return Chosen(_one_spelling(kept.values()), tuple(left_out))


def split_folder(name: str) -> str:
    """`train`, `dev` or `test` where a folder above the class says so, else an empty text."""
    parts = PurePosixPath(name).parts[:-2]
    return next((SPLIT_FOLDERS[part.lower()] for part in parts if part.lower() in SPLIT_FOLDERS), "")


def _nobodys(name: str) -> LeftOut:
    """Why a file is in no tree: it lies in no folder, or in a folder of `NAME_1.jpg` under another kind of name."""
    within = PurePosixPath(name).parent.name
    return LeftOut(name, "not called NAME_1 like the others" if within else "lies in no folder of a class")


def _one_spelling(trees: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Files and people, sorted by file; whoever is spelled in several ways goes by the most frequent one."""
    people = {name: person for own in trees for name, person in own.items()}
    spelled: dict[str, Counter[str]] = defaultdict(Counter)
    for name in sorted(people):
        spelled[_key(people[name])][_tidy(people[name])] += 1
    usual = {key: spellings.most_common(1)[0][0] for key, spellings in spelled.items()}
    return {name: usual[_key(people[name])] for name in sorted(people)}


def _tidy(person: str) -> str:
    """Accents composed, single spaces: what a Mac and a PC write for one name."""
    return " ".join(unicodedata.normalize("NFC", person).split())


def _key(person: str) -> str:
    return _tidy(person).casefold()


def _usual_size(people: Mapping[str, str], size: Size) -> float:
    """The median bytes of some files of a tree."""
    return median(size(name) for name in list(people)[:: -(-len(people) // SAMPLED)])


def _trees(names: Sequence[str]) -> dict[str, dict[str, str]]:
    """Files and their people by tree: the folder above the people's folders, or one folder of `NAME_1.jpg`."""
    folders: dict[PurePosixPath, list[str]] = defaultdict(list)
    for name in names:
        folders[PurePosixPath(name).parent].append(name)
    beside = defaultdict(set)
    for folder in folders:
        beside[folder.parent].add(folder)
    trees: dict[str, dict[str, str]] = defaultdict(dict)
    for folder, own in folders.items():
        people = _by_file_name(own) if len(beside[folder.parent]) == 1 else {}
        if people:
            trees[str(folder)] |= people
        elif folder.name:
            trees[str(folder.parent)] |= dict.fromkeys(own, folder.name)
    return trees


def _by_file_name(names: list[str]) -> dict[str, str]:
    """People named by the files of one folder; none where fewer than two people or too few files come out of it."""
    found = {name: NUMBERED.fullmatch(PurePosixPath(name).stem) for name in names}
    people = {name: match[1] for name, match in found.items() if match}
    several = len(set(map(_key, people.values()))) > 1
    return people if several and len(people) >= NUMBERED_SHARE * len(names) else {}


def _named(trees: Mapping[str, Mapping[str, str]], tree: str) -> Chosen:
    chosen = {place: people for place, people in trees.items() if tree in (place, *PurePosixPath(place).parts)}
    if not chosen:
        raise RecipeInvalid("data", f"no tree {tree!r}; there are {', '.join(sorted(trees))}")
    return Chosen(_one_spelling(chosen.values()))


def _same_photos(place: str, people: Mapping[str, str], other: str, others: Mapping[str, str]) -> bool:
    """Trees named train and test hold different photos, whatever their files are called."""
    if _split_names(place) != _split_names(other):
        return False
    ours, theirs = _photos(people), _photos(others)
    return len(ours & theirs) >= ALIKE * min(len(ours), len(theirs))


def _split_names(place: str) -> list[str]:
    return [SPLIT_FOLDERS[part.lower()] for part in PurePosixPath(place).parts if part.lower() in SPLIT_FOLDERS]


def _photos(people: Mapping[str, str]) -> set[tuple[str, str]]:
    return {(_key(person), _key(PurePosixPath(name).stem)) for name, person in people.items()}
