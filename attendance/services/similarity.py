"""Two or three pictures compared by a network of the similarity workbench: how far apart, and alike or not.

Nobody is enrolled, marked or recognised by this, and nothing of the pictures is kept or logged.
"""

import itertools
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from attendance.access import needs
from attendance.service_errors import RequestInvalid, SimilarityUnknown, SimilarityUnusable
from attendance.services.similaritymodel import SimilarityModel
from enroll.errors import PhotoError
from enroll.photo import decode_photo
from enroll.photolimits import PhotoLimits

if TYPE_CHECKING:
    from attendance.access import Actor
    from attendance.services.admission import SentPhoto
    from attendance.services.similaritycard import SimilarityCard

LIMITS: Final = PhotoLimits(min_side=8)
"""As for photos; but handwritten digits and small objects have few pixels."""
FEWEST, MOST = 2, 3
NUMBERS: Final = ("no picture", "one picture")


@dataclass(frozen=True, slots=True)
class Apart:
    """How far apart two of the pictures are, counted from 1, and whether that is alike."""

    first: int
    second: int
    distance: float
    alike: bool

    def to_dict(self) -> dict[str, Any]:
        """What programs are told."""
        return {"first": self.first, "second": self.second, "distance": self.distance, "alike": self.alike}


@dataclass(frozen=True, slots=True)
class Compared:
    """What came of it: every pair, and the prepared pictures (n, side, side, channels) that were compared.

    Where a picture could not be used it stands in ``refused`` with the reason, and nothing was compared.
    """

    card: "SimilarityCard"
    pairs: tuple[Apart, ...] = ()
    pictures: np.ndarray | None = None
    refused: "tuple[tuple[SentPhoto, PhotoError], ...]" = ()

    @property
    def closest(self) -> Apart:
        """The two that are least apart."""
        return min(self.pairs, key=lambda each: each.distance)

    @property
    def alike(self) -> bool:
        """Whether two of the pictures are alike."""
        return self.closest.alike

    @property
    def says(self) -> str:
        """The decision in words."""
        if len(self.pairs) == 1:
            return "Same class" if self.alike else "Different classes"
        return "At least two of the three are of one class" if self.alike else "All three are of different classes"

    @property
    def remark(self) -> str | None:
        """What is to be known where the threshold was chosen for another question than this one."""
        for_pairs = self.card.task == "pairs"
        if for_pairs == (len(self.pairs) == 1):
            return None
        asked, chosen = ("three pictures", "pairs") if for_pairs else ("two pictures", "three pictures at a time")
        return f"The threshold was chosen on {chosen}; for {asked} its accuracy was not measured."

    def to_dict(self) -> dict[str, Any]:
        """What programs are told."""
        return {
            "model": self.card.name,
            "alike": self.alike,
            "says": self.says,
            "threshold": self.card.threshold,
            "closest": [self.closest.first, self.closest.second],
            "pairs": [each.to_dict() for each in self.pairs],
            "remark": self.remark,
        }


class Similarity:
    """The models of some folders, read when they are first asked for; one that cannot be used stops no other."""

    def __init__(self, folders: Sequence[Path], threads: int = 0) -> None:
        self._folders, self._threads = tuple(folders), threads
        self._lock = threading.Lock()
        self._known: Mapping[str, SimilarityModel] | None = None
        self._refused: tuple[SimilarityUnusable, ...] = ()

    @property
    def cards(self) -> "list[SimilarityCard]":
        """What is known of each model, in the order of the folders."""
        return [each.card for each in self._models().values()]

    @property
    def refused(self) -> tuple[SimilarityUnusable, ...]:
        """Why folders cannot be used."""
        self._models()
        return self._refused

    def card(self, name: str | None = None) -> "SimilarityCard":
        """That of a model, or of the first. Raises SimilarityUnknown."""
        return self._model(name).card

    @needs("similarity.use")
    def compare(self, actor: "Actor", name: str, photos: "Sequence[SentPhoto]") -> Compared:  # noqa: ARG002 - the right is asked of the actor
        """Compare two or three pictures. Raises SimilarityUnknown, RequestInvalid for fewer or more."""
        model = self._model(name)
        if not FEWEST <= len(photos) <= MOST:
            told = NUMBERS[len(photos)] if len(photos) < FEWEST else f"{len(photos)} pictures"
            raise RequestInvalid("pictures", f"give two or three pictures; {told} came")
        pictures, refused = _read(model, photos)
        if refused:
            return Compared(model.card, refused=tuple(refused))
        rows = model.embeddings(np.stack(pictures))
        first, second = np.triu_indices(len(rows), 1)
        distances = model.distances(rows[first], rows[second])
        numbers = itertools.combinations(range(1, len(rows) + 1), 2)
        pairs = tuple(
            Apart(*pair, float(distance), bool(distance <= model.card.threshold))
            for pair, distance in zip(numbers, distances, strict=True)
        )
        return Compared(model.card, pairs, np.stack(pictures))

    def _model(self, name: str | None) -> SimilarityModel:
        models = self._models()
        found = next(iter(models.values()), None) if name is None else models.get(name)
        if found is None:
            told = "there is no model of this name" if models else "no model that compares pictures is set up here"
            raise SimilarityUnknown(name or "similarity", told)
        return found

    def _models(self) -> Mapping[str, SimilarityModel]:
        with self._lock:
            if self._known is None:
                self._known, self._refused = _opened(self._folders, self._threads)
            return self._known


def _opened(
    folders: Sequence[Path], threads: int
) -> tuple[Mapping[str, SimilarityModel], tuple[SimilarityUnusable, ...]]:
    """The models by name, and why the other folders cannot be used."""
    found: dict[str, SimilarityModel] = {}
    refused = []
    for folder in folders:
        try:
            model = SimilarityModel.open(folder, threads)
        except SimilarityUnusable as error:
            refused.append(error)
            continue
        if model.card.name in found:
            refused.append(SimilarityUnusable(str(folder), f"another folder has the name {model.card.name}, too"))
        else:
            found[model.card.name] = model
    return found, tuple(refused)


def _read(
    model: SimilarityModel, photos: "Sequence[SentPhoto]"
) -> "tuple[list[np.ndarray], list[tuple[SentPhoto, PhotoError]]]":
    """The pictures prepared, and those that cannot be used with the reason."""
    pictures: list[np.ndarray] = []
    refused = []
    for photo in photos:
        try:
            pictures.append(model.prepared(decode_photo(photo.data, photo.source, limits=LIMITS).pixels))
        except PhotoError as error:
            refused.append((photo, error))
    return pictures, refused
