"""Embeddings of many crops by a finished encoder: computed once, kept beside the other caches, resumable."""

from pathlib import Path

import numpy as np
from rich.progress import track

from enroll.encoder import OnnxEncoder
from train.console import stderr
from train.data.faces import cache_folder

BATCH = 64
WHOLE = 0.5  # an embedding has length 1; a row that is not yet computed is zero


def embed_rows(pixels: np.ndarray, rows: np.ndarray, encoder: OnnxEncoder, digest: str) -> np.ndarray:
    """Unit embeddings (len(rows), d) float32 of the middle of the crops `pixels[rows]`; `digest` names the crops.

    Rows that were computed before are read, so a run that was stopped goes on where it stood. Raises EncoderFailed.
    """
    cache_folder().mkdir(parents=True, exist_ok=True)
    name = f"vectors-{encoder.card.encoder.sha256[:12]}-{digest}.npy"
    table = _opened(cache_folder() / name, (len(pixels), encoder.dim))
    todo = rows[~_computed(table[rows])]
    steps = range(0, len(todo), BATCH)
    for start in track(steps, f"embedding with {encoder.id}", console=stderr(), disable=not stderr().is_terminal):
        part = todo[start : start + BATCH]
        table[part] = encoder.embed(middle(pixels[part], encoder.crop_size))
    table.flush()
    return np.array(table[rows])


def middle(pixels: np.ndarray, side: int) -> np.ndarray:
    """The middle (n, side, side, 3) of crops (n, S, S, 3)."""
    margin = (pixels.shape[1] - side) // 2
    return np.asarray(pixels[:, margin : margin + side, margin : margin + side])


def _computed(vectors: np.ndarray) -> np.ndarray:
    return np.asarray(np.linalg.norm(vectors, axis=1) > WHOLE)


def _opened(path: Path, shape: tuple[int, int]) -> np.memmap:
    """The memory map that an earlier run left behind, or a fresh one of zeros."""
    try:
        left = np.lib.format.open_memmap(path, mode="r+")
    except (FileNotFoundError, ValueError, EOFError):  # none, or killed while it was made
        return np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape)
    return left if left.shape == shape else np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape)
