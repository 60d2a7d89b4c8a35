"""The named data sets: where each is looked for under the data folder, and how its pictures are split.

A missing set raises DataMissing with every place that was looked at and the way to get it. Splits that a set
publishes are kept; `dev`, which chooses thresholds, is always cut from what may be trained on, never from the test
pictures.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from train.console import stderr
from train.data import layouts
from train.data.heldout import canonical, heldout_people
from train.data.idx import read_idx
from train.data.manifest import read_manifest
from train.data.pictures import Pictures, encode_labels
from train.data.splits import keep_per_class, split_classes, split_pictures
from train.data.trees import Decoded, Shape, decode_tree, fit_picture
from train.errors import DataMissing, ManifestInvalid

LFW_PART = "faces_lfw.zip"
DIGITS = tuple("0123456789")
IMAGENETTE = {
    "n01440764": "tench",
    "n02102040": "springer",
    "n02979186": "cassette player",
    "n03000684": "chain saw",
    "n03028079": "church",
    "n03394916": "French horn",
    "n03417042": "garbage truck",
    "n03425413": "gas pump",
    "n03445777": "golf ball",
    "n03888257": "parachute",
}
FETCH = "attendance train fetch {name} --out {root}"


def mnist(root: Path, *, dev: float = 0.1, limit: int = 0, seed: int = 1) -> Pictures:
    """MNIST (LeCun et al. 1998), 28 px, grey: the published test set, `dev` of the rest; `limit` a class and split."""
    folder = _first(root, ("mnist", "MNIST/raw", "."), "mnist", probe="train-images-idx3-ubyte*")
    parts = [
        (_idx(folder, f"{name}-images-idx3-ubyte"), _idx(folder, f"{name}-labels-idx1-ubyte"))
        for name in ("train", "t10k")
    ]
    for images, labels in parts:
        if len(images) != len(labels):
            raise ManifestInvalid(str(folder), f"{len(images)} images, but {len(labels)} labels")
    pixels = np.concatenate([images for images, _ in parts])[..., None]
    labels = np.concatenate([labels for _, labels in parts]).astype(np.int64)
    splits = np.full(len(labels), "test", dtype="<U5")
    trained = len(parts[0][0])
    splits[:trained] = split_pictures(labels[:trained], dev, 0, seed)
    names = np.array([f"{'train' if i < trained else 't10k'}/{i}" for i in range(len(labels))])
    return _limited(Pictures(pixels, labels, splits, names, DIGITS), limit, seed)


def cifar10(root: Path, *, side: int = 32, dev: float = 0.2, limit: int = 0, seed: int = 1) -> Pictures:
    """CIFAR-10 (Krizhevsky 2009), 32 px, RGB: torchvision's files, or a folder or zip with `train/` and `test/`.

    Another `side` enlarges them.
    """
    pictures = _cifar10(root, dev, limit, seed)
    return pictures if side == pictures.pixels.shape[1] else resized(pictures, side)


def _cifar10(root: Path, dev: float, limit: int, seed: int) -> Pictures:
    source = _first(root, ("cifar-10-batches-py", "cifar10", "cifar10.zip", "cifar10_part.zip"), "cifar10")
    if source.name == "cifar-10-batches-py":
        return _limited(_torchvision("CIFAR10", root, dev, seed), limit, seed)
    return _limited(_published(decode_tree(source, Shape(32)), dev, seed), limit, seed)


def cifar100(root: Path, *, dev: float = 0.2, limit: int = 0, seed: int = 1) -> Pictures:
    """CIFAR-100 (Krizhevsky 2009), 32 px, RGB: torchvision's files, or a folder or zip with `train/` and `test/`."""
    source = _first(root, ("cifar-100-python", "cifar100", "cifar100.zip"), "cifar100")
    if source.name == "cifar-100-python":
        return _limited(_torchvision("CIFAR100", root, dev, seed), limit, seed)
    return _limited(_published(decode_tree(source, Shape(32)), dev, seed), limit, seed)


def imagenette(root: Path, *, side: int = 160, dev: float = 0.2, limit: int = 0, seed: int = 1) -> Pictures:
    """Imagenette (Howard 2019): its `val` pictures are the test; where it is absent, CIFAR-10 takes its place."""
    places = (
        "imagenette2-160",
        "imagenette2-320",
        "imagenette2",
        "imagenette",
        "imagenette.zip",
        "imagenette_part.zip",
    )
    try:
        source = _first(root, places, "imagenette")
    except DataMissing as error:
        try:
            return cifar10(root, side=side, dev=dev, limit=limit, seed=seed)
        except DataMissing:
            raise error from None
    decoded = decode_tree(source, Shape(side))
    published = replace(
        decoded,
        folders=np.where(decoded.folders == "dev", "test", decoded.folders),
        people=np.array([IMAGENETTE.get(name, name) for name in decoded.people]),
    )
    return _limited(_published(published, dev, seed), limit, seed)


def att(root: Path, *, side: int = 64, dev: Sequence[int] = (26, 30), test: Sequence[int] = (31, 40)) -> Pictures:
    """AT&T (Samaria and Harter 1994), grey, 40 people x 10; people `dev` and `test` (first, last) never train.

    Read as `att_faces` (folder per person, PGM) or as scikit-learn's Olivetti file, the same photos at 64 px.
    """
    try:
        source = _first(root, ("att_faces", "att_faces.zip", "orl_faces"), "att")
    except DataMissing:
        if not (root / "olivetti_py3.pkz").is_file():
            raise
        return _olivetti(root, side, dev, test)
    decoded = decode_tree(source, Shape(side, grey=True, resize="stretch"))
    return _numbered_people(decoded, dev, test)


def lfw(root: Path, *, side: int = 112, minimum: int = 2, dev: float = 0.15, seed: int = 1) -> Pictures:
    """LFW (Huang et al. 2007), folder per person, as scikit-learn unpacks it; View 1's test people never train."""
    return identities(
        root, places=("lfw_funneled", "lfw_home/lfw_funneled", "lfw-py/lfw_funneled", "lfw", "lfw.zip", LFW_PART),
        name="lfw", side=side, minimum=minimum, dev=dev, test=0.15, seed=seed,
    )  # fmt: skip


def identities(
    root: Path,
    *,
    places: Sequence[str] = (
        "face-recognition-dataset",
        "face-recognition-dataset.zip",
        "Extracted Faces",
        "archive.zip",
        ".",
    ),
    name: str = "kaggle",
    side: int = 64,
    grey: bool = False,
    tree: str = "",
    minimum: int = 2,
    limit: int = 0,
    dev: float = 0.15,
    test: float = 0.15,
    seed: int = 1,
    kept_out: str = "",
) -> Pictures:
    """Faces in a folder per identity, tree or zip, as the Kaggle face-recognition-datasets have them; disjoint splits.

    Of several trees of the same photos one counts, or the one that `tree` names (`train.data.layouts`). `minimum`
    photos make a person; people of LFW's test list, known by name, are never trained on. Where a manifest of the name
    `kept_out` (`faces.csv`) lies beside the set, the people that it keeps out of training are the test people, and
    nobody is drawn: shipped encoders have not been trained on them either.
    """
    source = root if root.is_file() else _first(root, places, name)
    layout = partial(layouts.identities, tree=tree)
    pictures = _plain(decode_tree(source, Shape(side, grey=grey), layout))
    counts = np.bincount(pictures.labels, minlength=len(pictures.classes))
    pictures = taken(pictures, np.flatnonzero(counts[pictures.labels] >= minimum))
    beside = (root.parent if root.is_file() else root) / kept_out
    splits = _people_splits(pictures, dev, test, seed, _kept_out(beside) if kept_out else frozenset())
    return _limited(replace(pictures, splits=splits), limit, seed)


def _people_splits(pictures: Pictures, dev: float, test: float, seed: int, kept_out: frozenset[str]) -> np.ndarray:
    """Splits (n,) that no person crosses; people of `kept_out` are the test people, or else drawn ones are."""
    names = [canonical(person) for person in pictures.classes]
    listed = np.array([name in kept_out for name in names])[pictures.labels]
    splits = split_classes(pictures.labels, dev, test, seed)
    if listed.any():
        splits[listed] = "test"
        splits[~listed] = split_classes(pictures.labels[~listed], dev / (1 - test), 0, seed)
        count = len(np.unique(pictures.labels[listed]))
        stderr().print(f"{count:,} people whom the list keeps out of training are the test people", highlight=False)
    return np.where(np.array([name in heldout_people() for name in names])[pictures.labels], "test", splits)


def _kept_out(manifest: Path) -> frozenset[str]:
    """Canonical names of a manifest's development people; nobody where there is no such file."""
    rows = read_manifest(manifest) if manifest.is_file() else []
    return frozenset(canonical(row["person"]) for row in rows if row["split"] == "dev" and row["person"])


def folder(
    root: Path,
    *,
    side: int = 64,
    grey: bool = False,
    by: str = "pictures",
    dev: float = 0.15,
    test: float = 0.2,
    seed: int = 1,
) -> Pictures:
    """Any folder per class, tree or zip, split as its folders are named, else `by` pictures or classes."""
    decoded = decode_tree(root, Shape(side, grey=grey))
    if (decoded.folders != "").all() and "test" in decoded.folders:
        return _published(decoded, dev, seed)
    pictures = _plain(decoded)
    cut = split_classes if by == "classes" else split_pictures
    return replace(pictures, splits=cut(pictures.labels, dev, test, seed))


def resized(pictures: Pictures, side: int, *, channels: int = 3) -> Pictures:
    """The same pictures at another size, grey ones repeated to RGB."""
    shape = Shape(side, grey=channels == 1)
    pixels = np.stack([fit_picture(Image.fromarray(p.squeeze()), shape) for p in np.asarray(pictures.pixels)])
    return replace(pictures, pixels=pixels)


def united(sets: Sequence[tuple[str, Pictures]], side: int) -> Pictures:
    """Several sets as one, RGB, `side` px; a class keeps the name of its set in front."""
    parts = [(name, resized(pictures, side)) for name, pictures in sets]
    people = np.concatenate([[f"{name}:{p.classes[i]}" for i in p.labels] for name, p in parts])
    labels, classes = encode_labels(people)
    return Pictures(
        pixels=np.concatenate([p.pixels for _, p in parts]),
        labels=labels,
        splits=np.concatenate([p.splits for _, p in parts]),
        names=np.concatenate([[f"{name}/{n}" for n in p.names] for name, p in parts]),
        classes=classes,
        left_out=tuple(item for _, p in parts for item in p.left_out),
    )


def taken(pictures: Pictures, rows: np.ndarray) -> Pictures:
    """Some rows of a set; classes without a picture disappear."""
    if not len(rows):
        raise ManifestInvalid("pictures", "no class has enough pictures")
    labels, classes = encode_labels(np.array(pictures.classes)[pictures.labels[rows]])
    columns = {name: column[rows] for name, column in pictures.columns.items()}
    return replace(
        pictures, pixels=pictures.pixels[rows], labels=labels, classes=classes, splits=pictures.splits[rows],
        names=pictures.names[rows], columns=columns,
    )  # fmt: skip


def _first(root: Path, places: Sequence[str], name: str, probe: str = "") -> Path:
    """The first of the places that exists (and holds a file like `probe`); raises DataMissing with all of them."""
    for place in places:
        path = root / place
        if path.exists() and (not probe or any(path.glob(probe))) and not (place == "." and not root.is_dir()):
            return path
    looked = ", ".join(places)
    raise DataMissing(name, f"looked for {looked} in {root}; get it with `{FETCH.format(name=name, root=root)}`")


def _idx(folder: Path, stem: str) -> np.ndarray:
    return read_idx(next((p for p in (folder / stem, folder / f"{stem}.gz") if p.is_file()), folder / stem))


def _plain(decoded: Decoded) -> Pictures:
    labels, classes = encode_labels(decoded.people)
    splits = np.full(len(labels), "train", dtype="<U5")
    return Pictures(decoded.pixels, labels, splits, decoded.names, classes, left_out=decoded.left_out)


def _published(decoded: Decoded, dev: float, seed: int) -> Pictures:
    """The set's own test pictures; `dev` as published, or a share of the training pictures."""
    pictures = _plain(decoded)
    splits = np.where(decoded.folders == "", "train", decoded.folders).astype("<U5")
    training = np.flatnonzero(splits == "train")
    if "dev" not in splits:
        splits[training] = split_pictures(pictures.labels[training], dev, 0, seed)
    return replace(pictures, splits=splits)


def _torchvision(kind: str, root: Path, dev: float, seed: int) -> Pictures:
    from torchvision import datasets

    try:
        parts = [getattr(datasets, kind)(str(root), train=train, download=False) for train in (True, False)]
    except RuntimeError as error:
        raise DataMissing(str(root), f"{kind} is incomplete or damaged") from error
    labels = np.concatenate([part.targets for part in parts]).astype(np.int64)
    splits = np.full(len(labels), "test", dtype="<U5")
    trained = len(parts[0])
    splits[:trained] = split_pictures(labels[:trained], dev, 0, seed)
    names = np.array([f"{kind.lower()}/{i}" for i in range(len(labels))])
    return Pictures(np.concatenate([part.data for part in parts]), labels, splits, names, tuple(parts[0].classes))


def _numbered_people(decoded: Decoded, dev: Sequence[int], test: Sequence[int]) -> Pictures:
    try:
        numbers = np.array([int(name.removeprefix("s")) for name in decoded.people])
    except ValueError as error:
        raise ManifestInvalid("att", "expected folders s1 to s40") from error
    return _people_ranges(_plain(decoded), numbers, dev, test)


def _people_ranges(pictures: Pictures, numbers: np.ndarray, dev: Sequence[int], test: Sequence[int]) -> Pictures:
    splits = np.full(len(numbers), "train", dtype="<U5")
    splits[(numbers >= dev[0]) & (numbers <= dev[1])] = "dev"
    splits[(numbers >= test[0]) & (numbers <= test[1])] = "test"
    return replace(pictures, splits=splits)


def _olivetti(root: Path, side: int, dev: Sequence[int], test: Sequence[int]) -> Pictures:
    from sklearn.datasets import fetch_olivetti_faces

    bunch = fetch_olivetti_faces(data_home=str(root), download_if_missing=False)
    pixels = np.round(bunch.images * 255).astype(np.uint8)[..., None]
    labels, classes = encode_labels(np.array([f"s{t + 1}" for t in bunch.target]))
    names = np.array([f"s{t + 1}/{i % 10 + 1}" for i, t in enumerate(bunch.target)])
    plain = Pictures(pixels, labels, np.full(len(labels), "train", dtype="<U5"), names, classes)
    return _people_ranges(resized(plain, side, channels=1), bunch.target + 1, dev, test)


def _limited(pictures: Pictures, limit: int, seed: int) -> Pictures:
    return taken(pictures, keep_per_class(pictures.labels, pictures.splits, limit, seed)) if limit else pictures
