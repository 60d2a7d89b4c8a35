"""Of several faces in an enrolment photo, when is it clear whose it is?

    python benchmarks/portrait.py DATA [--encoder default]

Each whole photo of training people in which several faces count is judged by the rule of `multi = portrait`, for some
settings: how many times as large as any other face the largest must be, and how far (share of the width) it may lie
off the middle; it must lie nearer to it than the others, but in the first row, which is `largest`. Right, wrong and
refused photos; the interval of the wrong ones is Clopper and Pearson's, 95 %. Whose photo it is is known, and the
right face is the one whose template clearly matches the person's other photos, or where there are none this photo's
own crop. The photos were made so that the person is in the middle; `cropped` are windows cut from them at random,
about the right face as much as about the others, in which the middle says little. They are many views of few photos:
they have no interval. DATA holds `scenes.zip` and the training data (train/README.md); needs the extra `train`.
"""

import argparse
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table
from scipy.stats import beta

from enroll import Detection, Face, Pipeline, decode_photo, open_pipeline
from enroll.face import scores
from enroll.pipeline import DWARFS, MIDDLE, portrait_doubt
from train.data.faces import cache_folder, load_faces
from train.data.pictures import Pictures
from train.score.embedding import kept_vectors
from train.score.encoders import Carded

LARGEST = 0.0
RULES = [
    (LARGEST, np.inf),
    (1.0, np.inf),
    (1.0, MIDDLE),
    (1.5, MIDDLE),
    (DWARFS, np.inf),
    (DWARFS, MIDDLE),
    (3.0, MIDDLE),
    (4.0, MIDDLE),
]
ANYWHERE = "anywhere"
CLEAR = 0.15  # score of the right face with the person, and its lead over the second
WINDOWS = 20  # a photo
LEAST_SIDE = 0.5  # of a window, as a share of the photo's
TRIES = 400


@dataclass(frozen=True)
class Scene:
    """A photo: its shape (H, W), the faces that count, and which of them is the right one."""

    shape: tuple[int, int]
    faces: tuple[Detection, ...]
    right: int
    known: bool  # by other photos of the person

    def answer(self, dwarfs: float, middle: float) -> bool | None:
        """Whether the face that the rule takes is the right one; None where it refuses."""
        order = sorted(range(len(self.faces)), key=lambda i: -area(self.faces[i]))
        largest, *others = (self.faces[i] for i in order)
        if dwarfs != LARGEST and portrait_doubt(self.shape, largest, others, dwarfs=dwarfs, middle=middle):
            return None
        return order[0] == self.right


def area(face: Detection) -> float:
    """The box's area in square pixels."""
    return face.box[2] * face.box[3]


def scenes(data: Path, pipeline: Pipeline) -> list[Scene]:
    """All photos in which several faces count and the right one is clear."""
    pictures = load_faces(data, drop_heldout=True)
    rows = {name: row for row, name in enumerate(pictures.names.tolist())}
    found = []
    with zipfile.ZipFile(data / "scenes.zip") as archive:
        for name in track(archive.namelist(), "photos", console=Console(stderr=True)):
            photo = decode_photo(archive.read(name), name)
            faces = [each for each in pipeline.faces(photo.pixels) if counts(each, pipeline)]
            if len(faces) > 1:
                found.append((photo.pixels.shape[:2], faces, rows[name]))
    return [scene for each in found if (scene := labelled(*each, pictures, Carded(pipeline.encoder))) is not None]


def counts(face: Face, pipeline: Pipeline) -> bool:
    """Whether enrolment would take notice of a face."""
    large = max(face.box[2:]) >= pipeline.limits.min_face_px
    return large and face.detection.confidence >= pipeline.enrol_limits.min_confidence


def labelled(
    shape: tuple[int, int], faces: Sequence[Face], row: int, pictures: Pictures, encoder: Carded
) -> Scene | None:
    """The scene with the right face, or None where no face clearly is."""
    own = np.flatnonzero(pictures.labels == pictures.labels[row])
    others = own[own != row]
    reference = kept_vectors(encoder, pictures, others if len(others) else own, cache_folder())
    means = encoder.encoder.cohort_means(reference)
    alike = np.array([likeness(face, reference, means) for face in faces])
    second, best = np.sort(alike)[-2:]
    if best < CLEAR or best - second < CLEAR:
        return None
    return Scene(shape, tuple(face.detection for face in faces), int(alike.argmax()), len(others) > 0)


def likeness(face: Face, reference: np.ndarray, means: np.ndarray) -> float:
    """The mean score of a face with photos of a person; the lowest possible where it cannot be judged."""
    if face.template is None:
        return -2.0
    return float(scores(reference, means, face.template.vector[None], face.template.cohort_mean).mean())


def windows(scene: Scene, random: np.random.Generator) -> Iterator[Scene]:
    """Random parts of a photo that hold the right face whole and the middle of another one."""
    height, width = scene.shape
    boxes, given = np.array([face.box for face in scene.faces]), 0
    for _ in range(TRIES):
        size = np.array([width, height]) * random.uniform(LEAST_SIDE, 1, 2)
        low = random.uniform(0, 1, 2) * ([width, height] - size)
        corners = np.stack([boxes[:, :2] - low, boxes[:, :2] + boxes[:, 2:] - low], 1)  # (n, 2, 2)
        middles = corners.mean(1)
        kept = np.flatnonzero(((middles > 0) & (middles < size)).all(1))
        whole = (corners[scene.right] >= 0).all() and (corners[scene.right] <= size).all()
        if whole and len(kept) > 1 and given < WINDOWS:
            cut = np.clip(corners[kept], 0, size)
            faces = tuple(
                replace(scene.faces[i], box=(*c[0].tolist(), *(c[1] - c[0]).tolist()))
                for i, c in zip(kept, cut, strict=True)
            )
            given += 1
            right = int(np.flatnonzero(kept == scene.right)[0])
            yield Scene((round(size[1]), round(size[0])), faces, right, scene.known)


def row(name: str, group: Sequence[Scene], dwarfs: float, middle: float, *, several: bool) -> tuple[str, ...]:
    """One line of the table."""
    answers = [scene.answer(dwarfs, middle) for scene in group]
    right, wrong, refused = (answers.count(what) for what in (True, False, None))
    total, bounds = len(answers), ""
    if not several:
        low = beta.ppf(0.025, wrong, total - wrong + 1) if wrong else 0.0
        bounds = f" ({low:.2%}-{beta.ppf(0.975, wrong + 1, total - wrong):.2%})"
    where = ANYWHERE if np.isinf(middle) else f"{middle:.2f}"
    shares = (f"{right} = {right / total:.1%}", f"{wrong} = {wrong / total:.2%}{bounds}", f"{refused / total:.1%}")
    return name, str(total), f"{dwarfs:g}" if dwarfs else "largest", where, *shares


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--encoder", default="default")
    options = parser.parse_args()
    found = scenes(options.data, open_pipeline(options.encoder))
    random = np.random.default_rng(5)
    groups = {
        "whole": found,
        "of these, known by other photos": [scene for scene in found if scene.known],
        "cropped": [window for scene in found for window in windows(scene, random)],
    }
    table = Table("photos", "number", "times as large", "off the middle", "right", "wrong", "refused")
    for name, group in groups.items():
        for dwarfs, middle in RULES:
            table.add_row(*row(name, group, dwarfs, middle, several=name == "cropped"))
    Console(width=130).print(table)


if __name__ == "__main__":
    main()
