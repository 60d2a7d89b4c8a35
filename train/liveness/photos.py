"""The photos that the simulation begins with: whole photos of training people, and pictures without a face."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from enroll.photo import decode_photo
from enroll.registry import Options, open_detector
from enroll.stages import Detector
from train.data.filetree import FileTree
from train.detecting.photos import BACKGROUND_FOLDER, BACKGROUNDS, LEFT_OUT, SCENES, is_dev, person_of, training_people
from train.errors import DataMissing, TestPersonRefused
from train.liveness.staging import Shot

LEAST_PX = 50.0  # of a face's longer side
PICTURES = (".webp", ".jpg", ".jpeg", ".png")


@dataclass
class Shots:
    """Photos by number, read and searched for their face when they are first asked for."""

    tree: FileTree
    names: Sequence[str]
    detector: Detector | None
    _known: dict[int, Shot | None] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.names)

    def shot(self, number: int) -> Shot:
        """The photo of this number, or the next one with a face that is large enough."""
        for place in range(number, number + len(self)):
            found = self._found(place % len(self))
            if found is not None:
                return found
        raise DataMissing(str(self.tree.path), "no photo has a face that is large enough")

    def _found(self, number: int) -> Shot | None:
        if number not in self._known:
            name = self.names[number]
            pixels = decode_photo(self.tree.read(name), name).pixels
            self._known[number] = shot_of(pixels, self.detector)
        return self._known[number]


def shot_of(pixels: np.ndarray, detector: Detector | None) -> Shot | None:
    """A photo with its one large face; None where there is none, or a second one. Without a detector: a room."""
    height, width = pixels.shape[:2]
    if detector is None:
        side = min(height, width) / 3
        return Shot(pixels, (width / 2 - side / 2, height / 2 - side / 2, side, side))
    found = [each for each in detector.detect(pixels) if max(each.box[2:]) >= LEAST_PX / 2]
    if not found or max(found[0].box[2:]) < LEAST_PX or len(found) > 1:
        return None
    return Shot(pixels, found[0].box)


def face_shots(folder: Path) -> tuple[Shots, Shots]:
    """Photos of training people, and of a fifth of them who are kept out, to choose and measure on.

    Raises TestPersonRefused for people who are not in the list of training people, DataMissing.
    """
    tree, allowed = FileTree(folder / SCENES), training_people(folder)
    names = tree.names(PICTURES)
    strangers = [name for name in names if person_of(name) not in allowed]
    if strangers:
        raise TestPersonRefused(str(tree.path), f"{len(strangers)} photos of people outside faces.csv, {strangers[0]}")
    detector = open_detector(options=Options(threads=1))
    parts = ([n for n in names if not is_dev(person_of(n))], [n for n in names if is_dev(person_of(n))])
    return Shots(tree, parts[0], detector), Shots(tree, parts[1], detector)


def rooms(folder: Path) -> tuple[Shots, Shots]:
    """Pictures of things, to stand behind and beside faces, to train and (a fifth) to measure on."""
    tree = FileTree(folder / BACKGROUNDS)
    names = [
        name
        for name in tree.names(PICTURES)
        if name.startswith(BACKGROUND_FOLDER) and not any(part in name for part in LEFT_OUT)
    ]
    parts = ([n for n in names if not is_dev(n)], [n for n in names if is_dev(n)])
    return Shots(tree, parts[0], None), Shots(tree, parts[1], None)
