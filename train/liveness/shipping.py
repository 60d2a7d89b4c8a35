"""`attendance train export` of a run of task `liveness`: the network as an ONNX file, and a card that says what of it.

Nothing in the product asks it, so that it comes with none of its folders.
"""

import datetime as dt
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from train.errors import ExportUnequal, RecipeInvalid
from train.files import save_json, whole
from train.liveness.specimens import VERSION
from train.liveness.staging import VIEW_SIDE
from train.liveness.task import LivenessTask, make_network
from train.nets.export import difference, onnx_program
from train.nets.models import load_weights
from train.nets.printednet import Probability
from train.recipe import RECIPE_COPY, finished_weights, load_recipe
from train.ship.cards import sha256_of
from train.ship.shipping import TERMS, revision

FILE_NAME = "printed.onnx"
CARD_FILE = "card.json"
SETS = ("lfw", "celeba")
TOLERANCE = 1e-4  # of a probability
COMPARED = 16
WEAKNESSES = (
    "Not asked by the product, and no presentation attack detection: it has never seen a real print, phone or monitor.",
    "All attacks that it learnt from are simulated; what the simulation leaves out it does not know.",
    "Genuine views are made from press and film photos: other cameras and rooms may be called pictures.",
    "Trained on sets collected without the consent of the people in them; some allow non-commercial research only.",
)


def ship_liveness(run: Path, to: Path, identifier: str, folder: Path) -> str:
    """Write the run's network and its card into `to`; returns what to tell the user.

    Raises DataMissing, RecipeInvalid, WeightsUnusable, ExportUnequal.
    """
    weights, recipe = finished_weights(run), load_recipe(run / RECIPE_COPY)
    if recipe.task != "liveness":
        raise RecipeInvalid(str(run), f"expected a run of task liveness, got {recipe.task}")
    network = make_network(recipe)
    load_weights(network, weights)
    task = LivenessTask(recipe, folder, network.eval())
    to.mkdir(parents=True, exist_ok=True)
    off = export_printed(network, to / FILE_NAME, task.watched[0])
    save_json(to / CARD_FILE, _card(to / FILE_NAME, task, identifier))
    return f"{to}: {identifier}, differs from PyTorch by {off:.1e}; nothing in the product asks it"


def export_printed(network: nn.Module, path: Path, views: Tensor) -> float:
    """Write `network` as ONNX, and return the largest difference to PyTorch on `views` in a probability.

    Input `crops` (n, 3, 192, 192), normalised; output `printed` (n,). Raises ExportUnequal, writing nothing.
    """
    told = Probability(network).eval().cpu()
    with whole(path) as unfinished:
        onnx_program(told, VIEW_SIDE, outputs=["printed"]).save(unfinished, external_data=False)
        off = difference(told, unfinished, views[:COMPARED])
        if not off <= TOLERANCE:
            raise ExportUnequal(str(path), f"PyTorch and ONNX Runtime differ by {off:.1e}, allowed is {TOLERANCE:.0e}")
    return off


def _card(file: Path, task: LivenessTask, identifier: str) -> dict[str, Any]:
    return {
        "schema": 1,
        "id": identifier,
        "created": dt.datetime.now(tz=dt.UTC).date().isoformat(),
        "recipe": task.recipe.name,
        "revision": revision(),
        "simulation": VERSION,
        "asked": False,
        "network": {"file": file.name, "sha256": sha256_of(file), "bytes": file.stat().st_size},
        "input": {"size": VIEW_SIDE, "color": "RGB", "mean": [127.5] * 3, "std": [128.0] * 3, "layout": "NCHW"},
        "output": "how likely the view is of a picture of a face, as a balanced simulation has it",
        "data": [{"set": name, "terms": TERMS[name]} for name in SETS],
        "figures": {name: round(value, 3) for name, value in task.figures(task.network).items()},
        "weaknesses": list(WEAKNESSES),
    }
