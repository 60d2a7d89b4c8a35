"""`SimilarityModel`: the networks of an exported run of the workbench, by ONNX Runtime; nothing here knows PyTorch."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np

from attendance.service_errors import SimilarityUnusable
from attendance.services.similaritycard import HEAD, MODEL, Measure, SimilarityCard, read_card

if TYPE_CHECKING:
    from enroll.face import Pixels

TINY: Final = 1e-12
"""The least length of a vector that is made a unit vector."""


class SimilarityModel:
    """What embeds pictures and measures how far they are apart; lower is more alike."""

    def __init__(self, card: SimilarityCard, tower: Any, head: Any | None) -> None:
        self.card = card
        self._tower, self._head = tower, head

    @classmethod
    def open(cls, folder: Path, threads: int) -> Self:
        """Read a folder, prove its files by the card's digests, and try it on a grey picture.

        Raises SimilarityUnusable.
        """
        card = read_card(folder)
        tower, head = (
            _session(folder / name, card.files[name], threads) if name in card.files else None for name in (MODEL, HEAD)
        )
        made = cls(card, tower, head)
        try:
            rows = made.embeddings(np.full((2, card.side, card.side, card.channels), 127, np.uint8))
            fits = rows.shape == (2, card.embedding) and made.distances(rows[:1], rows[1:]).shape == (1,)
        except Exception as error:
            raise SimilarityUnusable(str(folder), f"it does not work as its card says ({_first(error)})") from error
        if not fits:
            raise SimilarityUnusable(str(folder), f"it makes {rows.shape[1:]} numbers, its card says {card.embedding}")
        return made

    def prepared(self, pixels: "Pixels") -> "Pixels":
        """A picture (H, W, 3) uint8 as the network takes it (side, side, channels), as pictures were in training."""
        from PIL import Image, ImageOps

        picture = Image.fromarray(pixels).convert("L" if self.card.channels == 1 else "RGB")
        size, how = (self.card.side, self.card.side), Image.Resampling.LANCZOS
        if picture.size != size:
            cut = self.card.resize == "crop"
            picture = ImageOps.fit(picture, size, how) if cut else picture.resize(size, how)
        return np.asarray(picture, np.uint8).reshape(*size, self.card.channels)

    def embeddings(self, pictures: "Pixels") -> np.ndarray:
        """Embeddings (n, d) of prepared pictures (n, side, side, channels)."""
        return np.asarray(self._tower.run(None, {"pictures": np.ascontiguousarray(pictures)})[0])

    def distances(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Distances (n,) of embeddings (n, d), row by row. Raises SimilarityUnusable where one is no number."""
        if self._head is not None:
            found = np.asarray(self._head.run(None, {"first": first, "second": second})[0])
        else:
            found = measured(self.card.measure, first, second)
        if not np.isfinite(found).all():
            raise SimilarityUnusable(self.card.name, "it makes no number of these pictures")
        return found


def measured(measure: Measure, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Distances (n,) of embeddings (n, d) that need no network.

    `euclidean`; `unit`, of the unit vectors; `fused`, the mean of an ensemble's members, each in units of its scale.
    """
    if measure.kind == "euclidean":
        return np.asarray(np.linalg.norm(first - second, axis=1))
    if measure.kind == "unit":
        return _between_units(first, second)
    cuts = np.cumsum(measure.dims)[:-1]
    parts = zip(np.split(first, cuts, 1), np.split(second, cuts, 1), measure.scales, strict=True)
    return np.asarray(np.mean([_between_units(one, other) / scale for one, other, scale in parts], axis=0))


def _between_units(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.asarray(np.linalg.norm(_unit(first) - _unit(second), axis=1))


def _unit(rows: np.ndarray) -> np.ndarray:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), TINY))


def _session(path: Path, sha256: str, threads: int) -> Any:
    from enroll._onnx import open_session

    try:
        data = path.read_bytes()
    except OSError as error:
        raise SimilarityUnusable(str(path), f"it cannot be read: {error.strerror or error}") from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise SimilarityUnusable(str(path), "its sha256 is not the one on its card: it was altered, or is another's")
    try:
        return open_session(data, threads)
    except Exception as error:
        raise SimilarityUnusable(str(path), f"it cannot be loaded ({_first(error)})") from error


def _first(error: Exception) -> str:
    """The first line of what a library says."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
