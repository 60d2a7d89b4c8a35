"""A pipeline without models: what a picture's first pixels say is who is on it.

Row 0 holds one pixel a face: red is the person's number (0: no more faces), green the likeness to that
person's template in percent, blue a mood: 0 fine, 1 too blurred to judge, 2 the encoder's answer is not
finite, 3 the detector breaks. Two photos of one person are told apart by the rest of the picture.
"""

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from enroll.card import EncoderCard, parse_card
from enroll.errors import NoFace, PhotoRefused, SeveralFaces
from enroll.face import Chip, Detection, Face, Quality, Template
from enroll.geometry import TEMPLATE_112
from enroll.limits import ENROLL_LIMITS

DIM = 64
FINE, BLURRED, NOT_FINITE, BROKEN = range(4)
LANDMARKS = np.array([[4, 4], [8, 4], [6, 6], [4, 8], [8, 8]], np.float32)


def card(id_: str = "fake-1", finder: str = "") -> EncoderCard:
    """A card whose score model has FMR 0.03 at 0.15, 0.003 at 0.25, and an exponential tail."""
    return parse_card(
        {
            "schema": 1,
            "id": id_,
            "finder": finder,
            "encoder": {"file": "encoder.onnx", "sha256": "0" * 64, "embedding": DIM, "similarity": "cosine"},
            "input": {
                "size": 112,
                "color": "RGB",
                "mean": [127.5] * 3,
                "std": [128.0] * 3,
                "layout": "NCHW",
                "name": "crops",
            },
            "mirror": False,
            "cohort": {"file": "cohort.npy", "sha256": "0" * 64, "k": 1, "size": 1},
            "score_model": {
                "people": 100,
                "pairs": 1_000_000,
                "quantiles": [[0.03, 0.15], [0.003, 0.25]],
                "tail": {"start": 0.3, "rate": 0.001, "shape": 0.0, "scale": 0.03},
            },
        }
    )


@dataclass
class FakeEncoder:
    """Stands in for an encoder where only its card is asked, and for one that embeds constant crops."""

    card: EncoderCard = field(default_factory=card)

    @property
    def id(self) -> str:
        return self.card.id

    dim = DIM
    crop_size = 112

    def embed(self, crops):
        return np.stack([vector(int(crop[0, 0, 0])) for crop in crops])

    def cohort_means(self, vectors):
        return np.zeros(len(vectors), np.float32)


def vector(person: int, likeness: int = 100) -> np.ndarray:
    """A unit vector with the given cosine (percent) to the person's own, and 0 to anybody else's."""
    found = np.zeros(DIM, np.float32)
    cosine = likeness / 100
    found[person % (DIM - 1)] = cosine
    found[DIM - 1] = np.sqrt(max(0.0, 1 - cosine**2))
    return found


class FakePipeline:
    """Looks like `enroll.pipeline.Pipeline` to those who only hand it pictures."""

    def __init__(self, encoder: FakeEncoder | None = None, finder: str = "faker-1") -> None:
        self.encoder = encoder or FakeEncoder()
        self.finder = finder
        self.enrol_limits = ENROLL_LIMITS
        self.calls = 0

    @property
    def id(self) -> str:
        return f"{self.finder}+{self.encoder.id}"

    def faces(self, pixels) -> list[Face]:
        self.calls += 1
        return [self._face(place, *map(int, pixels[0, place])) for place in range(16) if pixels[0, place, 0]]

    def track_doubts(self, looks) -> tuple[str, ...]:  # noqa: ARG002 - the seam's signature
        return ()

    def enrol_face(self, photo, *, multi="portrait") -> Face:
        found = self.faces(photo.pixels)
        if not found:
            raise NoFace(photo.source, "no face was found")
        if len(found) > 1 and multi != "largest":
            raise SeveralFaces(photo.source, f"{len(found)} faces were found")
        if found[0].template is None:
            raise PhotoRefused(photo.source, found[0].quality.reasons, found[0].quality)
        person = int(found[0].crop[0, 0, 0])
        chip = Chip(np.full((168, 168, 3), person, np.uint8), (TEMPLATE_112 + 28).astype(np.float32))
        return dataclasses.replace(found[0], chip=chip)

    def realigned(self, chip, made_by) -> Chip:  # noqa: ARG002 - the seam's signature
        return chip

    def _face(self, place: int, person: int, likeness: int, mood: int) -> Face:
        if mood == BROKEN:
            raise RuntimeError("the detector broke")
        reasons = ("blurred",) if mood == BLURRED else ()
        quality = Quality(80, 60, 70, 50, 0.0, 0.0, 0.0, 0.9, reasons)
        template = None if reasons else Template(self.id, vector(person, likeness), 0.0)
        if mood == NOT_FINITE:
            template = Template(self.id, vector(person, likeness) * np.float32("nan"), 0.0)
        crop = np.full((112, 112, 3), person, np.uint8)
        return Face(Detection((4.0 + place, 4.0, 20.0, 24.0), LANDMARKS, 0.9), quality, crop, template)


def picture(path: Path, *faces: tuple[int, ...], seed: int = 0) -> Path:
    """Write a picture of these faces (person, likeness=100, mood=fine); ``seed`` makes another file of it."""
    pixels = np.random.default_rng(seed).integers(0, 255, (64, 64, 3), np.uint8)
    pixels[0] = 0
    for place, face in enumerate(faces):
        pixels[0, place] = (*face, 100, FINE)[:3] if len(face) == 1 else (*face, FINE)[:3]
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path
