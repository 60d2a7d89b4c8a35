"""The face manifest: `faces.csv` beside `faces_<set>.zip` or folders `faces_<set>`, decoded once into a memory map."""

import hashlib
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from rich.progress import track

from train.console import stderr
from train.data.filetree import FileTree
from train.data.heldout import canonical, heldout_aliases, heldout_people, refuse_heldout
from train.data.manifest import Row, crop_stores, manifest_path, read_manifest
from train.data.pictures import Pictures, encode_labels
from train.errors import ManifestInvalid
from train.files import whole

CROP_SIDE = 128
NAMED_SETS = ("lfw:", "pins:")


def cache_folder() -> Path:
    """Where decoded pictures and embeddings are kept, outside any repository; ATTENDANCE_TRAIN_CACHE overrides."""
    return Path(os.environ.get("ATTENDANCE_TRAIN_CACHE", "~/.cache/attendance-train")).expanduser()


def load_faces(source: Path, *, drop_heldout: bool = False) -> Pictures:
    """All crops of the manifest (n, 128, 128, 3): the 112 crop with 8 px more on each side.

    `source` is the folder that holds `faces.csv` and the crops, or another manifest (`.csv`) beside them. Rows of
    people in the test list are refused (TestPersonRefused), or given the split `test` with `drop_heldout`, so that no
    stage meets them. The same name in two sets is one person. Raises DataMissing and ManifestInvalid, too.
    """
    manifest = manifest_path(source)
    rows = read_manifest(manifest)
    people = np.array([row["person"] for row in rows])
    splits = np.array([row["split"] for row in rows])
    if drop_heldout:
        splits[[_is_heldout(row) for row in rows]] = "test"
    refuse_heldout(set(people[splits != "test"].tolist()) - {""}, str(manifest))
    labels, classes = encode_labels(np.array([_one_name(person) for person in people.tolist()]))
    stores = crop_stores(manifest.parent, rows)
    digest = _digest(manifest, rows, stores)
    return Pictures(
        pixels=_cached_pixels(rows, stores, digest),
        labels=labels,
        splits=_disjoint(labels, splits),
        names=np.array([f"{row['set']}/{row['file']}" for row in rows]),
        classes=classes,
        columns={name: np.array([row[name] for row in rows]) for name in ("set", "age", "gender", "race")},
        digest=digest,
    )


def _is_heldout(row: Row) -> bool:
    """A test person, by name or by one of the names that they are hidden under."""
    hidden = {row["person"], f"{row['set']}/{row['file']}"} & heldout_aliases()
    return bool(hidden) or canonical(row["person"]) in heldout_people()


def _one_name(person: str) -> str:
    """Sets that name people share their names; the others number them, each in its own way."""
    return canonical(person) if person.startswith(NAMED_SETS) else person


def _disjoint(labels: np.ndarray, splits: np.ndarray) -> np.ndarray:
    """A person in `dev` through one set leaves `train` through every other."""
    developers = set(labels[(splits == "dev") & (labels >= 0)].tolist())
    both = np.array([label in developers for label in labels.tolist()]) & (splits == "train")
    return np.where(both, "dev", splits)


def _digest(manifest: Path, rows: Sequence[Row], stores: Mapping[str, FileTree]) -> str:
    """Sixteen hex digits that change with the list and with the crops that it names."""
    sha = hashlib.sha256(manifest.read_bytes())
    for row in rows:
        sha.update(stores[row["set"]].stamp(row["file"]).encode())
    return sha.hexdigest()[:16]


def _cached_pixels(rows: Sequence[Row], stores: Mapping[str, FileTree], digest: str) -> np.ndarray:
    """The memory map of all crops, made at the first call; a map half made has another name and is never read."""
    shape = (len(rows), CROP_SIDE, CROP_SIDE, 3)
    ready = cache_folder() / f"faces-{digest}.npy"
    if not ready.is_file():
        ready.parent.mkdir(parents=True, exist_ok=True)
        with whole(ready) as unfinished:
            target = np.lib.format.open_memmap(unfinished, mode="w+", dtype=np.uint8, shape=shape)
            for index, picture in _decoded(rows, stores):
                target[index] = picture
            target.flush()
    pixels: np.ndarray = np.load(ready, mmap_mode="r")
    if pixels.shape != shape:
        raise ManifestInvalid(str(ready), f"expected {shape}, got {pixels.shape}; delete the file")
    return pixels


def _decoded(rows: Sequence[Row], stores: Mapping[str, FileTree]) -> Iterator[tuple[int, np.ndarray]]:
    for index, row in enumerate(track(rows, "decoding crops", console=stderr(), disable=not stderr().is_terminal)):
        yield index, _decode(stores[row["set"]], row["file"], index + 2)


def _decode(store: FileTree, name: str, row: int) -> np.ndarray:
    try:
        with Image.open(io.BytesIO(store.read(name))) as picture:
            pixels = np.asarray(picture.convert("RGB"))
    except (ManifestInvalid, OSError, ValueError, SyntaxError) as error:
        reason = error.detail if isinstance(error, ManifestInvalid) else error
        raise ManifestInvalid(f"{store.path}:{name}", f"row {row} of the manifest cannot be read: {reason}") from error
    if pixels.shape != (CROP_SIDE, CROP_SIDE, 3):
        raise ManifestInvalid(f"{store.path}:{name}", f"expected a {CROP_SIDE} px crop, got {pixels.shape}")
    return pixels
