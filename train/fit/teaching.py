"""A shipped encoder as the teacher: asked for the pictures that steps draw, and what it said is kept on disk.

A run of few steps draws few pictures; nothing else need pass through a teacher that takes longer than its pupil.
"""

from dataclasses import dataclass

import numpy as np

from enroll.registry import load_encoder
from train.data.faces import cache_folder
from train.data.pictures import Pictures
from train.score.embedding import kept_vectors
from train.score.encoders import Carded, Contender


@dataclass(frozen=True)
class Asked:
    """Unit embeddings of a set's pictures by row number, as an array (pictures, dim) would give them."""

    encoder: Contender
    pictures: Pictures
    dim: int

    @property
    def shape(self) -> tuple[int, int]:
        """As if all pictures had been embedded."""
        return len(self.pictures), self.dim

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        distinct, places = np.unique(rows, return_inverse=True)
        return kept_vectors(self.encoder, self.pictures, distinct, cache_folder())[places]


def asked_encoder(name: str, pictures: Pictures, threads: int = 0) -> Asked:
    """A shipped encoder, or a folder with a card, as the teacher of a set; raises EncoderError."""
    encoder = load_encoder(name, threads)
    return Asked(Carded(encoder), pictures, encoder.dim)
