"""`attendance train export`: a run's weights as the landmark network that the product loads."""

import datetime as dt
import tempfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from enroll.detectors.landmarks import CARD_FILE, FILE_NAME, FRAME_SIDE, LandmarkNet
from train.data.faces import load_faces
from train.errors import ExportUnequal, RecipeInvalid
from train.files import save_json, whole
from train.landmarks.task import LandmarkTask, make_network
from train.nets.export import difference, onnx_program
from train.nets.models import load_weights
from train.nets.storage import store_weights
from train.recipe import RECIPE_COPY, finished_weights, load_recipe
from train.ship.cards import install, sha256_of
from train.ship.shipping import OWN_TERMS, TERMS, revision

TOLERANCE = 1e-3  # px of the template, of 32-bit weights
STORED_TOLERANCE = 0.05  # px, of 16-bit weights
COMPARED = 32
LABELS = "CenterFace (Xu et al. 2019; MIT), asked again on each crop that it aligned"
WEAKNESSES = (
    "Learnt from CenterFace's answers on press photos and of actors: where CenterFace always errs, so does it.",
    "Crops show little beyond the face: a start further off than a quarter of the face's size is not always mended.",
    "Faces under about 20 px, profiles beyond 60 degrees and covered mouths are placed by guess.",
    "Trained on sets collected without the consent of the people in them; some allow non-commercial research only.",
)


def ship_landmarks(run: Path, to: Path, identifier: str, folder: Path) -> str:
    """Write the run's network and its card into `to`, whole or not at all; returns what to tell the user.

    Raises DataMissing, RecipeInvalid, WeightsUnusable, ExportUnequal.
    """
    weights, recipe = finished_weights(run), load_recipe(run / RECIPE_COPY)
    if recipe.task != "landmarks":
        raise RecipeInvalid(str(run), f"expected a run of task landmarks, got {recipe.task}")
    network = make_network(recipe)
    load_weights(network, weights)
    task = LandmarkTask(recipe, load_faces(folder, drop_heldout=True), network.eval())
    to.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=to) as made:
        off = export_landmarks(network, Path(made, FILE_NAME), task.judged()[0])
        save_json(Path(made, CARD_FILE), _card(Path(made, FILE_NAME), task, identifier))
        LandmarkNet(threads=1, folder=made)
        install(Path(made), to, [FILE_NAME])
    return f"{to}: {identifier}, differs from PyTorch by {off:.1e} px"


def export_landmarks(network: nn.Module, path: Path, frames: Tensor, *, storage: str = "float16") -> float:
    """Write `network` as ONNX, and return the largest difference to PyTorch on `frames` in px of the template.

    Input `crops` (n, 3, 64, 64), output `offsets` (n, 5, 2). Raises ExportUnequal, writing nothing.
    """
    frames = frames[:COMPARED]
    with whole(path) as unfinished:
        onnx_program(network.eval().cpu(), FRAME_SIDE, outputs=["offsets"]).save(unfinished, external_data=False)
        off = _required(difference(network, unfinished, frames), TOLERANCE, path)
        if storage != "float32":
            store_weights(unfinished, storage)
            off = _required(difference(network, unfinished, frames), STORED_TOLERANCE, path)
    return off


def _required(found: float, limit: float, path: Path) -> float:
    if not found <= limit:
        raise ExportUnequal(str(path), f"PyTorch and ONNX Runtime differ by {found:.1e} px, allowed is {limit:.0e}")
    return found


def _card(file: Path, task: LandmarkTask, identifier: str) -> dict[str, Any]:
    with torch.no_grad():
        figures = {name: round(value, 3) for name, value in task.figures(task.network).items()}
    return {
        "schema": 1,
        "id": identifier,
        "created": dt.datetime.now(tz=dt.UTC).date().isoformat(),
        "recipe": task.recipe.name,
        "revision": revision(),
        "landmarks": {"file": file.name, "sha256": sha256_of(file), "bytes": file.stat().st_size},
        "input": {"size": FRAME_SIDE, "color": "RGB", "mean": [127.5] * 3, "std": [128.0] * 3, "layout": "NCHW"},
        "output": "offsets (5, 2) from the template's points, in px of the 112 template",
        "data": [{"set": name, "terms": TERMS.get(name, OWN_TERMS)} for name in task.sets()],
        "labels": LABELS,
        "figures": figures,
        "weaknesses": list(WEAKNESSES),
    }
