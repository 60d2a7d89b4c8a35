"""Test pictures through the product's own detector and aligner, kept as crops.

A photo without a face stays as a miss.
"""

import csv
import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from rich.progress import track

from enroll.errors import NoFace, PhotoError
from enroll.photo import decode_photo
from train.console import stderr
from train.data.aligning import SIDE, open_cutter, way
from train.data.faces import cache_folder
from train.data.filetree import FileTree
from train.errors import DataMissing, ManifestInvalid
from train.files import whole
from train.score.openset import Run

PICTURES = (".jpg", ".jpeg", ".png", ".pgm", ".webp")


@dataclass(frozen=True)
class TestCrops:
    """Aligned crops (n, 112, 112, 3) uint8 of `names` (member paths); `found` (n,) is false where no face was found."""

    __test__ = False  # pytest: not a test class
    crops: np.ndarray
    found: np.ndarray
    names: tuple[str, ...]

    @property
    def people(self) -> np.ndarray:
        """The folder each photo lies in (n,)."""
        return np.array([PurePosixPath(name).parts[-2] for name in self.names])

    def rows_of(self, stems: Sequence[str]) -> np.ndarray:
        """Row numbers of photos by their file's stem."""
        row = {PurePosixPath(name).stem: i for i, name in enumerate(self.names)}
        missing = [stem for stem in stems if stem not in row]
        if missing:
            raise ManifestInvalid("protocol", f"{len(missing)} photos are not in the archive, {missing[0]!r} for one")
        return np.array([row[stem] for stem in stems])


def test_crops(archive: Path) -> TestCrops:
    """The largest face of each picture of a zip of folders, aligned; cached by `archive_digest`."""
    cached = cache_folder() / f"crops-{archive.stem}-{archive_digest(archive)}.npz"
    if not cached.is_file():
        cached.parent.mkdir(parents=True, exist_ok=True)
        made = _detect_all(archive)
        with whole(cached) as unfinished, unfinished.open("wb") as file:
            np.savez(file, crops=made.crops, found=made.found, names=np.array(made.names))
    with np.load(cached) as kept:
        return TestCrops(kept["crops"], kept["found"], tuple(kept["names"].tolist()))


test_crops.__test__ = False  # type: ignore[attr-defined]  # pytest: not a test


def archive_digest(archive: Path) -> str:
    """Hex digits of an archive's content and of the way to its crops; raises DataMissing.

    Crops of an earlier detector would be measured as if they were the product's.
    """
    if not archive.is_file():
        raise DataMissing(str(archive), "no such archive")
    return f"{hashlib.sha256(archive.read_bytes()).hexdigest()[:16]}-{way()}"


def _detect_all(archive: Path) -> TestCrops:
    cutter, tree = open_cutter(), FileTree(archive)
    names = tree.names(PICTURES)
    crops = np.zeros((len(names), SIDE, SIDE, 3), np.uint8)
    found = np.zeros(len(names), bool)
    steps = track(names, f"faces of {archive.name}", console=stderr(), disable=not stderr().is_terminal)
    for i, name in enumerate(steps):
        with suppress(NoFace):
            crops[i], found[i] = cutter.cut(_read(tree, name), name), True
    return TestCrops(crops, found, tuple(names))


def _read(tree: FileTree, name: str) -> np.ndarray:
    """A test picture must be readable, or the protocol is not the published one."""
    try:
        return decode_photo(tree.read(name), name).pixels
    except PhotoError as error:
        raise ManifestInvalid(f"{tree.path}:{name}", error.detail) from error


def open_protocol(path: Path, crops: TestCrops) -> list[Run]:
    """P1's runs as row numbers, from columns run, role, person, photo."""
    runs: dict[str, dict[str, list[str]]] = {}
    for row in _rows(path):
        runs.setdefault(row["run"], {"enrolled": [], "mated": [], "stranger": []})[row["role"]].append(row["photo"])
    return [
        Run(crops.rows_of(roles["enrolled"]), crops.rows_of(roles["mated"]), crops.rows_of(roles["stranger"]))
        for roles in runs.values()
    ]


def pair_protocol(path: Path, crops: TestCrops) -> tuple[np.ndarray, np.ndarray]:
    """P2's pairs as row numbers (n, 2), and whether they show one person (n,)."""
    rows = _rows(path)
    pairs = np.stack(
        [crops.rows_of([row["photo_a"] for row in rows]), crops.rows_of([row["photo_b"] for row in rows])], 1
    )
    return pairs, np.array([row["same"] == "1" for row in rows])


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.is_file():
        raise DataMissing(str(path), "no such protocol")
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
