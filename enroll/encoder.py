"""Crops to embeddings: the encoder on ONNX Runtime."""

import io
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from enroll._sealed import ENCODER, sealed_bytes, sealed_session
from enroll.card import EncoderCard, load_card
from enroll.errors import EncoderFailed
from enroll.face import Pixels

BATCH: Final = 2  # crops a run: of eight and more each costs a third more on a CPU (benchmarks/embedding_batches.py)
FEW: Final = 16  # embeddings that are compared with the cohort without BLAS
SHORTEST: Final = 1e-6  # an embedding shorter than this has no direction


class OnnxEncoder:
    """An encoder's folder (card.json, encoder.onnx, cohort.npy) on ONNX Runtime; files are only ever read.

    Raises `EncoderMissing`, `CardInvalid`, `EncoderAltered` for a file whose sha256 is not the card's, and
    `EncoderFailed`. `threads=0` takes the cores at hand. May be shared by threads.
    """

    def __init__(self, folder: str | Path, threads: int = 0) -> None:
        self.folder = Path(folder)
        self.card = load_card(self.folder)
        model, cohort = self.card.encoder, self.card.cohort
        self.file = self.folder / model.name
        self._session = sealed_session(self.file, model.sha256, threads, ENCODER)
        self._check_session()
        rows = _read_cohort(sealed_bytes(self.folder / cohort.name, cohort.sha256, ENCODER), self.card, self.folder)
        self._centre = _centre(rows, self.card)
        self._cohort = rows if self._centre is None else _unit(rows - self._centre, str(self.folder))
        self._mean = np.array(self.card.mean, np.float32)
        self._gain = 1.0 / np.array(self.card.std, np.float32)

    @property
    def id(self) -> str:
        """The name that templates are bound to."""
        return self.card.id

    @property
    def dim(self) -> int:
        """How many numbers an embedding has."""
        return self.card.embedding

    @property
    def crop_size(self) -> int:
        """Side of the aligned crops in pixels."""
        return self.card.size

    def embed(self, crops: Pixels) -> NDArray[np.float32]:
        """Return unit embeddings (n, dim) for RGB crops (n, S, S, 3) uint8; raises `EncoderFailed`."""
        side = self.crop_size
        if crops.ndim != 4 or crops.shape[1:] != (side, side, 3) or crops.dtype != np.uint8:  # noqa: PLR2004
            raise ValueError(f"crops: expected (n, {side}, {side}, 3) uint8, got {crops.shape} {crops.dtype}")
        parts = [self._embed_batch(crops[i : i + BATCH]) for i in range(0, len(crops), BATCH)]
        return np.concatenate(parts) if parts else np.empty((0, self.dim), np.float32)

    def cohort_means(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the mean of the `k` highest cosines (n,) of each embedding (n, dim) to the cohort's rows.

        Never below the card's `cohort_floor`, and both less the `cohort_centre`, where it has them.
        """
        if vectors.ndim != 2 or vectors.shape[1] != self.dim:  # noqa: PLR2004
            raise ValueError(f"vectors: expected (n, {self.dim}), got {vectors.shape}")
        probes = np.asarray(vectors, np.float32)
        if self._centre is not None:
            probes = _unit(probes - self._centre, str(self.folder))
        cosines = _products(probes, self._cohort)
        k = self.card.cohort_k
        nearest = np.partition(cosines, cosines.shape[1] - k, axis=1)[:, -k:]
        means, floor = np.asarray(nearest.mean(1), np.float32), self.card.cohort_floor
        return means if floor is None else np.maximum(means, np.float32(floor))

    def _embed_batch(self, crops: Pixels) -> NDArray[np.float32]:
        values = self._run(crops)
        if self.card.mirror:
            values = values + self._run(crops[:, :, ::-1])
        return _unit(values, str(self.folder))

    def _run(self, crops: Pixels) -> NDArray[np.float32]:
        blob = ((crops.astype(np.float32) - self._mean) * self._gain).transpose(0, 3, 1, 2)
        try:
            (values,) = self._session.run(None, {self.card.input_name: np.ascontiguousarray(blob)})
        except Exception as problem:
            raise EncoderFailed(str(self.folder), str(problem)) from problem
        if values.shape != (len(crops), self.dim):
            raise EncoderFailed(str(self.folder), f"expected ({len(crops)}, {self.dim}), got {values.shape}")
        return _unit(np.asarray(values, np.float32), str(self.folder))

    def _check_session(self) -> None:
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        where = str(self.folder / self.card.encoder.name)
        if [value.name for value in inputs] != [self.card.input_name] or len(outputs) != 1:
            raise EncoderFailed(where, f"expected one input {self.card.input_name} and one output")


def _products(few: NDArray[np.float32], rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the inner products (n, r) of `few` (n, d) with `rows` (r, d).

    BLAS lets a second thread spin for each product, however small; that doubles a face's processor time.
    """
    if len(few) > FEW:
        return np.asarray(few @ rows.T, np.float32)
    return np.asarray(np.einsum("nd,rd->nr", few, rows), np.float32)


def _unit(values: NDArray[np.float32], where: str) -> NDArray[np.float32]:
    if not np.isfinite(values).all():
        raise EncoderFailed(where, "an embedding is not finite")
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    if (lengths < SHORTEST).any():
        raise EncoderFailed(where, "an embedding is zero")
    return np.asarray(values / lengths, np.float32)


def _read_cohort(data: bytes, card: EncoderCard, folder: Path) -> NDArray[np.float32]:
    """Return the cohort (size, dim) with rows of unit length."""
    where = str(folder / card.cohort.name)
    try:
        rows = np.asarray(np.load(io.BytesIO(data), allow_pickle=False), np.float32)
    except (ValueError, OSError, EOFError) as problem:
        raise EncoderFailed(where, f"no array: {problem}") from problem
    if rows.shape != (card.cohort_size, card.embedding):
        raise EncoderFailed(where, f"expected ({card.cohort_size}, {card.embedding}), got {rows.shape}")
    return _unit(rows, where)


def _centre(rows: NDArray[np.float32], card: EncoderCard) -> NDArray[np.float32] | None:
    """What is taken off embeddings and rows before they are compared, (dim,)."""
    if card.cohort_centre is None:
        return None
    number, share = card.cohort_centre
    return np.asarray(share * rows[:number].mean(0), np.float32)
