"""The chain from a picture to a template, each link a seam: tests and other models plug in here.

A `Detector` finds faces, a `Refiner` places their landmarks better, each `Screen` says what speaks against a face, and
an `Encoder` makes vectors of the crops. `enroll.pipeline.Pipeline` joins them, `enroll.registry` knows them by name.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from enroll.card import EncoderCard
from enroll.face import Detection, Face, Pixels, Quality

Stage = Literal["enrol", "check", "track"]
"""When a face is looked at: in a photo that enrols, in a picture or frame of a check, in all looks of a track."""


class Detector(Protocol):
    """Finds faces in one picture."""

    @property
    def id(self) -> str:
        """The detector's name."""
        ...

    def detect(self, pixels: Pixels) -> list[Detection]:
        """Return the faces of an RGB picture (H, W, 3) uint8, the most confident first."""
        ...


class Refiner(Protocol):
    """Gives faces that were found better landmarks."""

    @property
    def id(self) -> str:
        """The network's name."""
        ...

    def refine(self, pixels: Pixels, detections: Sequence[Detection]) -> list[Detection]:
        """Return the same faces of an RGB picture (H, W, 3) uint8, in the same order."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """One face as a screen sees it: the whole picture (H, W, 3), where the face is, its aligned crop (S, S, 3).

    `quality` holds what was measured, and the reasons of the screens before.
    """

    pixels: Pixels
    detection: Detection
    crop: Pixels
    quality: Quality


@dataclass(frozen=True, slots=True)
class Screened:
    """What a screen says: a refused face gets no template, a doubted one never marks without a person's look.

    Both are codes in snake case, such as `blurred`; none of either means that nothing speaks against the face.
    """

    refusals: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, codes in (("refusals", self.refusals), ("doubts", self.doubts)):
            if not isinstance(codes, tuple) or not all(isinstance(code, str) and code for code in codes):
                raise TypeError(f"{name}: expected a tuple of codes, got {codes!r}")


class Screen(Protocol):
    """Says what speaks against a face; quality is the first one. May be shared by threads.

    Whatever it raises ends in no mark.
    """

    @property
    def id(self) -> str:
        """The screen's name."""
        ...

    @property
    def stages(self) -> frozenset[Stage]:
        """The stages for which it counts; at others it is not asked."""
        ...

    def look(self, sight: Sight, stage: Stage) -> Screened:
        """Look at one face, at the stage `enrol` or `check`; a frame's face is looked at as a picture's is."""
        ...

    def watch(self, looks: Sequence[Face]) -> Screened:
        """Look at what was kept of a track, in the order seen, at the stage `track`; what it refuses is doubted.

        The faces are those that could be compared, each with its template and its chip.
        """
        ...


class Encoder(Protocol):
    """Turns aligned crops into embeddings."""

    @property
    def card(self) -> EncoderCard:
        """What is known of the encoder, its score model included."""
        ...

    @property
    def id(self) -> str:
        """The encoder's name."""
        ...

    @property
    def dim(self) -> int:
        """How many numbers an embedding has."""
        ...

    @property
    def crop_size(self) -> int:
        """Side of the aligned crops in pixels."""
        ...

    def embed(self, crops: Pixels) -> NDArray[np.float32]:
        """Return embeddings (n, dim) of unit length for RGB crops (n, S, S, 3) uint8."""
        ...

    def cohort_means(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the mean cosine (n,) of each embedding (n, dim) to the nearest of the cohort."""
        ...
