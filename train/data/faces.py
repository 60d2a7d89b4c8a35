"""The project's own face manifest: `faces.csv` beside `faces_<set>.zip`, decoded once into a memory map."""

import csv
import hashlib
import io
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError
from rich.progress import track

from train.console import stderr
from train.data.heldout import canonical, heldout_people, refuse_heldout
from train.data.pictures import Pictures, encode_labels
from train.errors import DataMissing, ManifestInvalid

CROP_SIDE = 128
NAMED_SETS = ("lfw:", "pins:")
COLUMNS = ("set", "file", "person", "split", "age", "gender", "race")


def cache_folder() -> Path:
    """Where decoded pictures and embeddings are kept, outside any repository; ATTENDANCE_TRAIN_CACHE overrides."""
    return Path(os.environ.get("ATTENDANCE_TRAIN_CACHE", Path.home() / ".cache" / "attendance-train"))


def load_faces(folder: Path, *, drop_heldout: bool = False) -> Pictures:
    """All crops of the manifest (n, 128, 128, 3): the 112 crop with 8 px more on each side.

    Rows of people in the test list are refused (TestPersonRefused), or given the split `test` with `drop_heldout`, so
    that no stage meets them. The same name in two sets is one person. Raises DataMissing and ManifestInvalid, too.
    """
    rows = read_manifest(folder / "faces.csv")
    people = np.array([row["person"] for row in rows])
    splits = np.array([row["split"] for row in rows])
    if drop_heldout:
        splits[[canonical(person) in heldout_people() for person in people.tolist()]] = "test"
    refuse_heldout(set(people[splits != "test"].tolist()) - {""}, str(folder / "faces.csv"))
    labels, classes = encode_labels(np.array([_one_name(person) for person in people.tolist()]))
    return Pictures(
        pixels=_cached_pixels(folder, rows),
        labels=labels,
        splits=_disjoint(labels, splits),
        names=np.array([f"{row['set']}/{row['file']}" for row in rows]),
        classes=classes,
        columns={name: np.array([row[name] for row in rows]) for name in ("set", "age", "gender", "race")},
    )


def _one_name(person: str) -> str:
    """Sets that name people share their names; the others number them, each in its own way."""
    return canonical(person) if person.startswith(NAMED_SETS) else person


def _disjoint(labels: np.ndarray, splits: np.ndarray) -> np.ndarray:
    """A person in `dev` through one set leaves `train` through every other."""
    developers = set(labels[(splits == "dev") & (labels >= 0)].tolist())
    both = np.array([label in developers for label in labels.tolist()]) & (splits == "train")
    return np.where(both, "dev", splits)


def read_manifest(path: Path) -> list[dict[str, str]]:
    """The rows of `faces.csv`, header checked."""
    if not path.is_file():
        raise DataMissing(str(path), "no such manifest")
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        missing = set(COLUMNS) - set(reader.fieldnames or ())
        if missing:
            raise ManifestInvalid(str(path), f"columns missing: {', '.join(sorted(missing))}")
        return list(reader)


def _cached_pixels(folder: Path, rows: list[dict[str, str]]) -> np.ndarray:
    """The memory map of all crops, made at the first call; a map half made has another name and is never read."""
    shape = (len(rows), CROP_SIDE, CROP_SIDE, 3)
    digest = hashlib.sha256((folder / "faces.csv").read_bytes()).hexdigest()[:16]
    ready = cache_folder() / f"faces-{digest}.npy"
    if not ready.is_file():
        ready.parent.mkdir(parents=True, exist_ok=True)
        unfinished = ready.with_suffix(f".{os.getpid()}.part")
        target = np.lib.format.open_memmap(unfinished, mode="w+", dtype=np.uint8, shape=shape)
        for index, picture in _decoded(folder, rows):
            target[index] = picture
        target.flush()
        unfinished.replace(ready)
    pixels: np.ndarray = np.load(ready, mmap_mode="r")
    if pixels.shape != shape:
        raise ManifestInvalid(str(ready), f"expected {shape}, got {pixels.shape}; delete the file")
    return pixels


def _decoded(folder: Path, rows: list[dict[str, str]]) -> Iterator[tuple[int, np.ndarray]]:
    archives: dict[str, zipfile.ZipFile] = {}
    for index, row in enumerate(track(rows, "decoding crops", console=stderr(), disable=not stderr().is_terminal)):
        name = row["set"]
        if name not in archives:
            path = folder / f"faces_{name}.zip"
            if not path.is_file():
                raise DataMissing(str(path), f"named by row {index + 2} of faces.csv")
            archives[name] = zipfile.ZipFile(path)
        yield index, _decode(archives[name], row["file"], index + 2)


def _decode(archive: zipfile.ZipFile, member: str, row: int) -> np.ndarray:
    try:
        with Image.open(io.BytesIO(archive.read(member))) as picture:
            pixels = np.asarray(picture.convert("RGB"))
    except (KeyError, OSError, UnidentifiedImageError, zipfile.BadZipFile) as error:
        raise ManifestInvalid(
            f"{archive.filename}:{member}", f"row {row} of the manifest cannot be read: {error}"
        ) from error
    if pixels.shape != (CROP_SIDE, CROP_SIDE, 3):
        raise ManifestInvalid(f"{archive.filename}:{member}", f"expected a {CROP_SIDE} px crop, got {pixels.shape}")
    return pixels
