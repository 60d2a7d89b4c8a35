"""The list of crops, `faces.csv` beside `faces_<set>.zip` or folders `faces_<set>`: read, checked, written."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from train.data.filetree import FileTree
from train.errors import DataMissing, ManifestInvalid, OutUnwritten
from train.files import whole

MANIFEST = "faces.csv"
COLUMNS = ("set", "file", "person", "split", "age", "gender", "race")

Row = Mapping[str, str]
"""One crop, by the names of COLUMNS."""


def manifest_path(source: Path) -> Path:
    """The manifest that a folder, or the path of a manifest itself, means."""
    return source if source.suffix == ".csv" else source / MANIFEST


def crop_stores(folder: Path, rows: Sequence[Row]) -> dict[str, FileTree]:
    """Where the crops of each set lie: `faces_<set>.zip` or the folder `faces_<set>`, never one of two at random."""
    stores: dict[str, FileTree] = {}
    for number, name in enumerate((row["set"] for row in rows), start=2):
        if name not in stores:
            places = [path for path in (folder / f"faces_{name}.zip", folder / f"faces_{name}") if path.exists()]
            if not places:
                raise DataMissing(str(folder / f"faces_{name}.zip"), f"named by row {number} of the manifest")
            if len(places) > 1:
                raise ManifestInvalid(str(folder), f"holds faces_{name}.zip and a folder faces_{name}; remove one")
            stores[name] = FileTree(places[0])
    return stores


def read_manifest(path: Path) -> list[dict[str, str]]:
    """The rows of a manifest, header and length of each row checked."""
    if not path.is_file():
        raise DataMissing(str(path), "no such manifest")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = set(COLUMNS) - set(reader.fieldnames or ())
            if missing:
                raise ManifestInvalid(str(path), f"columns missing: {', '.join(sorted(missing))}")
            rows = list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ManifestInvalid(str(path), f"no CSV in UTF-8: {error}") from error
    if not rows:
        raise ManifestInvalid(str(path), "no rows")
    short = next((number for number, row in enumerate(rows, start=2) if None in row.values()), 0)
    if short:
        raise ManifestInvalid(str(path), f"row {short} has too few columns")
    return rows


def refuse_other(path: Path, columns: Sequence[str]) -> None:
    """Raise OutUnwritten where `path` is there and is no earlier table of these columns: it is somebody's file."""
    if path.is_file():
        with writing(path), path.open("rb") as file:
            if file.readline().strip() != ",".join(columns).encode():
                raise OutUnwritten(str(path), "is there already and was not written by this command")


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> None:
    """Write a CSV file whole or not at all; raises OutUnwritten."""
    with writing(path), whole(path) as unfinished, unfinished.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n", extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Raise OutUnwritten where something below cannot be written."""
    try:
        yield
    except OSError as error:
        raise OutUnwritten(str(path), (error.strerror or str(error)).lower()) from error
