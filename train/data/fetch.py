"""Public data sets by name: downloaded by torchvision, scikit-learn or kagglehub, or taken from a folder or zip."""

import shutil
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from train.errors import DataMissing, FetchFailed, ManifestInvalid

KAGGLE_SET = "stoicstatic/face-recognition-dataset"


@dataclass(frozen=True)
class Source:
    """Where a set comes from, how it is downloaded into a folder, and the name under which its loader looks for it.

    `unpacked`: the loader reads files one by one, not from a zip.
    """

    origin: str
    download: Callable[[Path], None]
    name: str
    unpacked: bool = False


def fetch_set(what: str, out: Path, source: Path | None = None) -> str:
    """Put the set `what` into `out`, copied from `source` where one is given; returns what to tell the user.

    Raises DataMissing for an unknown set or a source that is not there, ManifestInvalid for a source that is neither
    a folder nor a zip, FetchFailed without a network.
    """
    if what not in SETS:
        raise DataMissing(what, f"no such set; expected one of {', '.join(sorted(SETS))}")
    out.mkdir(parents=True, exist_ok=True)
    if source is not None:
        return f"{what}: {_taken_over(source, out, SETS[what])}"
    try:
        SETS[what].download(out)
    except (OSError, RuntimeError, ValueError) as error:  # URLError and requests' errors are OSErrors
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise FetchFailed(what, f"could not be fetched from {SETS[what].origin}: {reason}") from error
    return f"{what}: fetched from {SETS[what].origin} into {out}"


def _taken_over(source: Path, out: Path, wanted: Source) -> Path:
    """Copy a folder or zip under the name that its loader knows; an interrupted copy has another name."""
    target = out / (wanted.name if source.is_dir() or wanted.unpacked else f"{wanted.name}.zip")
    if target.exists():
        raise ManifestInvalid(str(target), "is there already; move it away to take over another")
    unfinished = out / f".{target.name}.part"
    shutil.rmtree(unfinished, ignore_errors=True)
    _copy(source, unfinished, unpack=wanted.unpacked)
    return unfinished.rename(target)


def _copy(source: Path, target: Path, *, unpack: bool) -> None:
    if source.is_dir():
        shutil.copytree(source, target)
    elif not source.exists():
        raise DataMissing(str(source), "no such folder or zip")
    elif not zipfile.is_zipfile(source):
        raise ManifestInvalid(str(source), "neither a folder nor a zip archive")
    elif unpack:
        shutil.unpack_archive(source, target, "zip")
    else:
        shutil.copyfile(source, target)


def _torchvision(kind: str, **options: Any) -> Callable[[Path], None]:
    def download(out: Path) -> None:
        from torchvision import datasets

        getattr(datasets, kind)(str(out), download=True, **options)

    return download


def _scikit_learn(function: str) -> Callable[[Path], None]:
    def download(out: Path) -> None:
        from sklearn import datasets

        getattr(datasets, function)(data_home=str(out))

    return download


def _kaggle(out: Path) -> None:
    try:
        import kagglehub
    except ImportError as error:
        raise DataMissing(
            "kaggle", "kagglehub is not installed (pip install kagglehub); or give --from FOLDER or ZIP"
        ) from error
    try:
        downloaded = kagglehub.dataset_download(KAGGLE_SET)
    except tuple(_errors_of(kagglehub.exceptions)) as error:
        raise OSError(str(error)) from error
    _taken_over(Path(downloaded), out, SETS["kaggle"])


def _errors_of(module: ModuleType) -> list[type[Exception]]:
    """The errors of kagglehub, which have no base in common."""
    return [kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, Exception)]


SETS: Mapping[str, Source] = {
    "mnist": Source("torchvision", _torchvision("MNIST"), "mnist", unpacked=True),
    "cifar10": Source("torchvision", _torchvision("CIFAR10"), "cifar10"),
    "cifar100": Source("torchvision", _torchvision("CIFAR100"), "cifar100"),
    "imagenette": Source("torchvision", _torchvision("Imagenette", size="160px"), "imagenette"),
    "lfw": Source("scikit-learn", _scikit_learn("fetch_lfw_people"), "lfw"),
    "att": Source("scikit-learn (Olivetti, the same photos)", _scikit_learn("fetch_olivetti_faces"), "att_faces"),
    "kaggle": Source(f"Kaggle, {KAGGLE_SET}", _kaggle, "face-recognition-dataset"),
}
