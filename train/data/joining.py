"""A set of another manifest taken over: its rows with their splits, and its crops."""

import shutil
from pathlib import Path

from train.data.filetree import FileTree
from train.data.manifest import Row, crop_stores, manifest_path, read_manifest
from train.errors import ManifestInvalid, SourceRefused
from train.files import whole


def split_join(join: str) -> tuple[Path, str]:
    """`FOLDER:SET` (or `MANIFEST.csv:SET`) as a path and a name; raises SourceRefused."""
    folder, _, name = join.rpartition(":")
    if not folder or not name:
        raise SourceRefused("--join", f"expected FOLDER:SET, got {join!r}")
    return Path(folder), name


def joined_rows(join: str) -> tuple[Row, ...]:
    """The rows of a set; raises DataMissing, ManifestInvalid, and SourceRefused for a set that is not there."""
    source, name = split_join(join)
    rows = read_manifest(manifest_path(source))
    found = tuple(row for row in rows if row["set"] == name)
    if not found:
        raise SourceRefused(join, f"no such set; there are {', '.join(sorted({row['set'] for row in rows}))}")
    return found


def take_crops(join: str, rows: tuple[Row, ...], out: Path) -> None:
    """Copy the crops of `rows` beside the new manifest; a folder's file by file, only what is missing or changed."""
    source, name = split_join(join)
    store = crop_stores(manifest_path(source).parent, rows)[name]
    target = out / store.path.name
    if target.exists() and target.samefile(store.path):
        return
    if store.path.is_dir():
        _copy_files(store, rows, target)
    else:
        with whole(target) as unfinished:
            shutil.copyfile(store.path, unfinished)


def _copy_files(store: FileTree, rows: tuple[Row, ...], target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    there = FileTree(target)
    for row in rows:
        name = row["file"]
        if store.stamp(name) == there.stamp(name):
            continue
        file = there.inside(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copy2(store.inside(name), file)  # with its time, which is part of the stamp
        except OSError as error:
            raise ManifestInvalid(f"{store.path}:{name}", (error.strerror or "cannot be copied").lower()) from error
