"""What the detector is trained from: labelled photos of training people, and pictures without a face.

A fifth of the people is kept out, to choose and calibrate on.
"""

import csv
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np

from enroll.photo import decode_photo
from train.data.filetree import FileTree
from train.detecting.labels import PICTURES, Labels, labels_of
from train.errors import DataMissing, TestPersonRefused

SCENES = "scenes.zip"
BACKGROUNDS = "imagenette_part.zip"
BACKGROUND_FOLDER = "train/"
LEFT_OUT = ("n03000684",)
"""Classes in which people stay who are too far away for a detector to be asked (they climb trees with chain saws)."""
DEV_PART = 5


@dataclass
class Photos:
    """Labelled pictures of one archive by name, decoded when they are first asked for."""

    tree: FileTree
    labels: Mapping[str, Labels]
    names: tuple[str, ...]
    _pixels: dict[str, np.ndarray] = field(default_factory=dict)

    def pixels(self, name: str) -> np.ndarray:
        """RGB (H, W, 3) uint8."""
        if name not in self._pixels:
            self._pixels[name] = decode_photo(self.tree.read(name), name).pixels
        return self._pixels[name]

    def part(self, names: list[str]) -> "Photos":
        """The same pictures, of these names alone."""
        return Photos(self.tree, self.labels, tuple(names), self._pixels)


def scene_photos(folder: Path) -> tuple[Photos, Photos]:
    """Photos with at least one sure face, of training and of development people; raises TestPersonRefused."""
    archive = _archive(folder, SCENES)
    allowed = training_people(folder)
    labels, tree = labels_of(archive), FileTree(archive)
    strangers = [name for name in labels if person_of(name) not in allowed]
    if strangers:
        raise TestPersonRefused(str(archive), f"{len(strangers)} photos of people outside faces.csv, {strangers[0]}")
    usable = [name for name, found in labels.items() if found.sure.any()]
    every = Photos(tree, labels, tuple(usable))
    return (
        every.part([name for name in usable if not is_dev(person_of(name))]),
        every.part([name for name in usable if is_dev(person_of(name))]),
    )


def backgrounds(folder: Path) -> tuple[Photos, Photos]:
    """Pictures in which the labelling detector suspects no face anywhere, to train and (a fifth) to choose on."""
    archive = _archive(folder, BACKGROUNDS)
    labels, tree = labels_of(archive), FileTree(archive)
    empty = [
        name
        for name, found in labels.items()
        if name.startswith(BACKGROUND_FOLDER) and not len(found) and not any(part in name for part in LEFT_OUT)
    ]
    every = Photos(tree, labels, tuple(empty))
    return every.part([n for n in empty if not is_dev(n)]), every.part([n for n in empty if is_dev(n)])


def small_pictures(folder: Path) -> tuple[Photos, Photos]:
    """CIFAR's training pictures, 32 px and without people, to train and (a fifth) to choose on."""
    archive = _archive(folder, "cifar10_part.zip")
    tree = FileTree(archive)
    every = Photos(tree, {}, tuple(name for name in tree.names(PICTURES) if name.startswith(BACKGROUND_FOLDER)))
    return every.part([n for n in every.names if not is_dev(n)]), every.part([n for n in every.names if is_dev(n)])


def person_of(name: str) -> str:
    """`set/person` of a photo's name."""
    return "/".join(PurePosixPath(name).parts[:2])


def is_dev(person: str) -> bool:
    """Whether a person (or picture) is kept out of training."""
    return hashlib.sha256(person.encode()).digest()[0] % DEV_PART == 0


def training_people(folder: Path) -> set[str]:
    """`set/person` of everybody in `faces.csv`, in which no test person is."""
    path = folder / "faces.csv"
    if not path.is_file():
        raise DataMissing(str(path), "no such list")
    with path.open(encoding="utf-8-sig", newline="") as file:
        return {row["person"].replace(":", "/", 1) for row in csv.DictReader(file) if row["person"]}


def _archive(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.is_file():
        raise DataMissing(str(path), "no such archive")
    return path
