"""dlib's face encoder as a peer, fed from the product's aligned crop: dlib's own landmarks and chip, then its ResNet.

Nothing here ships or is imported at run time; `dlib-bin` and `face_recognition_models` are installed by hand.
"""

import hashlib
import importlib
import importlib.util
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from train.errors import PeerMissing
from train.score.scoring import Scoring, unit

MODELS_PACKAGE = "face_recognition_models"
LANDMARKS = "shape_predictor_5_face_landmarks.dat"
NETWORK = "dlib_face_recognition_resnet_model_v1.dat"
BOX = (8, 28, 98, 118)
"""Left, top, right, bottom in the 112 crop, px: the median box of dlib's own detector on development people of LFW."""
BORDER = 40  # the chip reaches beyond the crop; its edge is repeated (FNIR on development people a tenth lower)
CHIP, PADDING = 150, 0.25  # as dlib's examples and face_recognition have them
BATCH = 16
VERSION = 1


@dataclass(frozen=True)
class Dlib:
    """The published ResNet-29 of dlib (King 2017), 128 numbers whose length varies by 5 %.

    Its makers compare Euclidean distances of raw vectors, so the plain score is the negative squared distance: it ranks
    as the distance does, and higher is more alike. The cosine ranks better; it is reported beside.
    """

    folder: Path

    @property
    def name(self) -> str:
        """As tables show it."""
        return "dlib"

    @property
    def files(self) -> tuple[Path, ...]:
        """What has to be shipped to embed a crop."""
        return (self.folder / NETWORK, self.folder / LANDMARKS)

    @cached_property
    def digest(self) -> str:
        """Changes with the files and with how crops are prepared."""
        facts = [hashlib.sha256(file.read_bytes()).hexdigest() for file in self.files]
        return hashlib.sha256(f"{facts} {BOX} {BORDER} {VERSION}".encode()).hexdigest()[:16]

    def embed(self, crops: np.ndarray) -> np.ndarray:
        """Raw vectors (n, 128) float32 of crops (n, 112, 112, 3) uint8."""
        dlib, predictor, network = self._parts
        box = dlib.rectangle(*(value + BORDER for value in BOX))
        chips = []
        for crop in crops:
            framed = cv2.copyMakeBorder(crop, BORDER, BORDER, BORDER, BORDER, cv2.BORDER_REPLICATE)
            chips.append(dlib.get_face_chip(framed, predictor(framed, box), CHIP, PADDING))
        parts = [network.compute_face_descriptor(chips[i : i + BATCH]) for i in range(0, len(chips), BATCH)]
        return np.array([vector for part in parts for vector in part], np.float32).reshape(-1, 128)

    def scorings(self, vectors: np.ndarray) -> dict[str, Scoring]:
        """Negative squared distance as `2 a.b - a.a - b.b`, and the cosine."""
        squared = (vectors * vectors).sum(1)
        return {"plain": Scoring(vectors * np.sqrt(2.0), 2 * squared), "cosine": Scoring(unit(vectors))}

    @cached_property
    def _parts(self) -> tuple[Any, Any, Any]:
        dlib: Any = importlib.import_module("dlib")
        network, landmarks = (str(file) for file in self.files)
        return dlib, dlib.shape_predictor(landmarks), dlib.face_recognition_model_v1(network)


def open_dlib() -> Dlib:
    """The peer, its files found without importing their package; raises PeerMissing."""
    models = importlib.util.find_spec(MODELS_PACKAGE)
    if importlib.util.find_spec("dlib") is None or models is None or not models.submodule_search_locations:
        raise PeerMissing("peer:dlib", "dlib or its models are not installed")
    folder = Path(models.submodule_search_locations[0]) / "models"
    if not all((folder / file).is_file() for file in (LANDMARKS, NETWORK)):
        raise PeerMissing(str(folder), "dlib's models are not in it")
    return Dlib(folder)
