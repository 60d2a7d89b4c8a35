"""`[data]` of a recipe as pictures: one loader a kind."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from train.console import stderr
from train.data import sets
from train.data.faces import load_faces
from train.data.pictures import Pictures
from train.errors import RecipeInvalid
from train.recipe import Data, Options

LISTED = 5
PEOPLE = frozenset({"att", "identities", "lfw"})
"""Kinds whose classes are people: who one of them is can be asked."""

Loader = Callable[..., Pictures]


def load(data: Data, folder: Path) -> Pictures:
    """The recipe's pictures, looked for under `folder` (and `data.path` in it); files left out are listed on stderr.

    Raises DataMissing, ManifestInvalid, TestPersonRefused, and RecipeInvalid for a kind or an option that does not
    exist.
    """
    pictures = _loaded(data.kind, folder / data.path if data.path else folder, data.options)
    report_left_out(pictures)
    return pictures


def report_left_out(pictures: Pictures) -> None:
    """Say on stderr which files could not be used, the first few by name, all of them counted."""
    if pictures.left_out:
        shown = "; ".join(f"{item.name} ({item.reason})" for item in pictures.left_out[:LISTED])
        more = len(pictures.left_out) - LISTED
        stderr().print(
            f"{len(pictures.left_out)} left out: {shown}" + (f"; and {more} more" if more > 0 else ""),
            highlight=False,
        )


def _loaded(kind: str, folder: Path, options: Options) -> Pictures:
    if kind not in LOADERS:
        raise RecipeInvalid("data", f"unknown kind {kind!r}; expected one of {', '.join(sorted(LOADERS))}")
    try:
        return LOADERS[kind](folder, **options)
    except TypeError as error:
        raise RecipeInvalid(f"data {kind}", str(error)) from error


def _union(folder: Path, *, sets_: Sequence[Mapping[str, Any]], side: int = 32) -> Pictures:
    parts = []
    for table in sets_:
        options = dict(table)
        kind = str(options.pop("kind", ""))
        parts.append((kind, _loaded(kind, folder, options)))
    return sets.united(parts, side)


LOADERS: Mapping[str, Loader] = {
    "faces": load_faces,
    "mnist": sets.mnist,
    "cifar10": sets.cifar10,
    "cifar100": sets.cifar100,
    "imagenette": sets.imagenette,
    "att": sets.att,
    "lfw": sets.lfw,
    "identities": sets.identities,
    "folder": sets.folder,
    "union": lambda folder, sets, **options: _union(folder, sets_=sets, **options),
}
