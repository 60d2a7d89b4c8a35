"""What the detector is trained from: labelled photos of training people, and pictures without a face.

A fifth of the people is kept out, to choose and calibrate on.
"""

import csv
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np

from enroll.detectors.landmarks import TEMPLATE_IN_BOX, LandmarkNet
from enroll.face import Detection
from enroll.photo import decode_photo
from enroll.stages import Refiner
from train.data.faces import CROP_SIDE, cache_folder, load_faces
from train.data.filetree import FileTree
from train.data.landmarks import TEMPLATE
from train.data.pictures import Pictures
from train.detecting.labels import PICTURES, Labels, labels_of
from train.errors import DataMissing, TestPersonRefused
from train.files import whole

SCENES = "scenes.zip"
BACKGROUNDS = "imagenette_part.zip"
BACKGROUND_FOLDER = "train/"
LEFT_OUT = ("n03000684",)
"""Classes in which people stay who are too far away for a detector to be asked (they climb trees with chain saws)."""
DEV_PART = 5
CROP_SETS = ("aaf", "fairface", "pins", "vggface2")
_SIDES = np.ptp(TEMPLATE, axis=0) / np.ptp(TEMPLATE_IN_BOX, axis=0)
FACE_IN_CROP = np.concatenate([TEMPLATE.mean(0) - TEMPLATE_IN_BOX.mean(0) * _SIDES, _SIDES]).astype(np.float32)
"""The box of the face in a stored crop, which lies upright on the template: x, y, width, height."""


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


@dataclass
class Crops:
    """Stored crops of training people as pictures to paste, each with one face; as `Photos`."""

    rows: Mapping[str, int]
    stored: np.ndarray
    labels: Mapping[str, Labels]

    @property
    def names(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(self.rows)

    def pixels(self, name: str) -> np.ndarray:
        """RGB (H, W, 3) uint8."""
        return np.asarray(self.stored[self.rows[name]])


def crop_faces(folder: Path, refiner: Refiner | None = None) -> Crops:
    """Training crops of `CROP_SETS`, their landmarks as the shipped network places them, their boxes by the landmarks.

    Whole photos show press and film people alone. These sets have everybody: every region, children, profiles.
    """
    pictures = load_faces(folder, drop_heldout=True)
    rows = pictures.rows("train")
    rows = rows[np.isin(pictures.columns["set"][rows], CROP_SETS)]
    points = crop_landmarks(pictures, rows, refiner)
    names = {str(pictures.names[row]): int(row) for row in rows}
    labels = {name: _one_face(own) for name, own in zip(names, points, strict=True)}
    return Crops(names, pictures.pixels, labels)


def crop_landmarks(pictures: Pictures, rows: np.ndarray, refiner: Refiner | None = None) -> np.ndarray:
    """Landmarks (n, 5, 2) float32 of stored crops, kept in the cache by the network that placed them."""
    refiner = refiner or LandmarkNet(threads=1)
    which = hashlib.sha256(rows.tobytes()).hexdigest()[:8]
    cached = cache_folder() / f"refined-{pictures.digest}-{refiner.id}-{which}.npy"
    if not cached.is_file():
        whole_crop = (0.0, 0.0, float(CROP_SIDE), float(CROP_SIDE))
        start = Detection(whole_crop, TEMPLATE.astype(np.float32), 1.0)
        found = [refiner.refine(np.array(pictures.pixels[row]), [start])[0].landmarks for row in rows]
        with whole(cached) as unfinished, unfinished.open("wb") as file:
            np.save(file, np.stack(found))
    return np.asarray(np.load(cached))


def _one_face(points: np.ndarray) -> Labels:
    """One sure face where every stored crop has it."""
    return Labels(FACE_IN_CROP[None], np.asarray(points, np.float32)[None], np.ones(1, bool))


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
