"""Recipes of task `narrow`: a published network with fewer channels, solved on training crops; nothing is trained.

Every other crop is spoilt as the recipe's `[augment]` says, so that what faces look like before bad cameras counts.
"""

from pathlib import Path

import numpy as np

from train.data.augment import Augmentation
from train.data.faces import load_faces
from train.data.pictures import Pictures
from train.data.typical import typical_crops
from train.errors import RecipeInvalid
from train.nets.checkpoint import save_checkpoint
from train.nets.models import NARROW_SFACE, make_model
from train.nets.narrow_sface import NARROW, narrowed
from train.nets.published import FILES
from train.nets.sface import sface
from train.recipe import WEIGHTS, Recipe
from train.tensors import to_tensor


def fit_narrow(recipe: Recipe, out: Path, folder: Path) -> str:
    """Narrow SFace on the recipe's crops into `out`, a finished run; returns what to tell the user.

    Raises RecipeInvalid for another network, and WeightsUnusable where the published one is not there.
    """
    if recipe.model.options.get("parts") != [NARROW_SFACE]:
        raise RecipeInvalid("model", f'a recipe of task narrow makes parts = ["{NARROW_SFACE}"] alone')
    pictures = load_faces(folder, drop_heldout=True)
    beside = folder.parent if folder.is_file() else folder
    model, _ = make_model(recipe.model, beside)
    wide = sface(beside / FILES["sface"]).train()  # in training its rectifiers are PyTorch's own, which are quicker
    narrow = narrowed(wide, to_tensor(narrowing_crops(recipe, pictures)), NARROW, seed=recipe.seed)
    model.get_submodule("parts.0").load_state_dict(narrow.state_dict())
    save_checkpoint(out / WEIGHTS, {"digest": recipe.digest, "recipe": recipe.name, "model": model.state_dict()})
    return f"{out}: {recipe.name} solved; weights in {out / WEIGHTS}"


def narrowing_crops(recipe: Recipe, pictures: Pictures) -> np.ndarray:
    """Crops (n, 112, 112, 3) uint8 of `[data] crops` random training pictures, every other one spoilt."""
    number = int(recipe.data.options.get("crops", 256))
    return typical_crops(pictures, number, Augmentation(**recipe.augment), seed=recipe.seed)
