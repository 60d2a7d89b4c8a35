"""Networks by name in a recipe."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import nn

from enroll.registry import MODELS, load_encoder
from train.errors import RecipeInvalid, WeightsUnusable
from train.nets import joined as nets
from train.nets.checkpoint import UNREADABLE
from train.nets.narrow_sface import NARROW, of_widths
from train.nets.pretrained import STARTS, fill, unfilled
from train.nets.published import FILES
from train.nets.sface import SFace, folded, sface
from train.nets.storage import stored_weights
from train.recipe import RECIPE_COPY, RECIPES, Model, Recipe, finished_weights, load_recipe

PARTS_FROM = "parts_from"
NARROW_SFACE = "sface-narrow"


def make_model(model: Model, folder: Path) -> tuple[nn.Module, int]:
    """The network and its embedding size; files of weights are looked for in the data `folder`.

    `initial` is a run's `model.pt` and replaces whatever weights the kind starts from, or one of the names in
    `train.nets.pretrained`. Raises RecipeInvalid, WeightsUnusable, PretrainedMissing.
    """
    if model.kind not in _MAKERS:
        raise RecipeInvalid("model", f"unknown kind {model.kind!r}; expected one of {', '.join(sorted(_MAKERS))}")
    try:
        network, dim = _MAKERS[model.kind](folder, **unfilled(model).options)
    except (TypeError, RuntimeError) as error:
        raise RecipeInvalid(f"model {model.kind}", str(error)) from error
    if model.initial in STARTS:
        fill(cast("nets.TimmEncoder", network).trunk, model.initial)
    elif model.initial:
        load_weights(network, Path(model.initial))
    return network, dim


def trained_model(run: Path, folder: Path) -> nn.Module:
    """The network of a finished run of `fit`, as trained; raises DataMissing where the run is not finished.

    Published files are read from the data `folder` all the same: what is fixed in a network is not in its weights.
    """
    weights = finished_weights(run)
    model = _as_published(load_recipe(run / RECIPE_COPY).model)
    network, _ = make_model(unfilled(model), folder)
    load_weights(network, weights)
    return network


def untrained(model: Model, folder: Path) -> nn.Module | None:
    """The network as published, where the recipe starts from another run's parts; None where it does not.

    A narrow network was never published: what a stage keeps of it is averaged with its start.
    """
    if PARTS_FROM not in model.options or NARROW_SFACE in model.options.get("parts", ()):
        return None
    return make_model(_as_published(model), folder)[0]


def _as_published(model: Model) -> Model:
    return replace(model, options={name: value for name, value in model.options.items() if name != PARTS_FROM})


def load_weights(network: nn.Module, path: Path) -> None:
    """Fill a network from a run's `model.pt`; raises WeightsUnusable."""
    try:
        state = cast("dict[str, Any]", torch.load(path, map_location="cpu", weights_only=True))
        network.load_state_dict(state["model"])
    except UNREADABLE as error:
        raise WeightsUnusable(str(path), str(error).splitlines()[0]) from error


def _joined(
    folder: Path,
    parts: Sequence[str],
    shares: Sequence[float],
    *,
    warm: bool = True,
    parts_from: str | Mapping[str, str] = "",
) -> tuple[nn.Module, int]:
    """Published networks side by side under one head; `shares` are their parts of the joined similarity.

    `parts_from` is the folder of a run that has trained networks of these names, or a shipped encoder that has, or says
    so for each part by itself: those start from its weights, all others as published, and what a stage keeps of them is
    averaged with the published ones.
    """
    unknown = sorted(set(parts) - set(_PARTS))
    if unknown or len(parts) != len(shares) or not math.isclose(sum(shares), 1):
        raise RecipeInvalid("model joined", f"expected parts of {', '.join(_PARTS)} and as many shares that add to 1")
    known: dict[str, nets.Part] = {}
    for source, wanted in part_sources(parts_from, parts).items():
        found = _parts_of(source, folder)
        if not set(found) & set(wanted):
            raise RecipeInvalid("model joined", f"parts_from: {source} has no {' and no '.join(wanted)}")
        known |= {name: part for name, part in found.items() if name in wanted}
    network = nets.Joined([known.get(name) or _PARTS[name](folder, warm=warm) for name in parts], shares)
    return network.to(memory_format=torch.channels_last), network.dim  # twice as fast on a CPU


def part_sources(named: str | Mapping[str, str], parts: Sequence[str]) -> dict[str, list[str]]:
    """Which parts a recipe's `parts_from` takes of each run or shipped encoder that it names."""
    by_part = (dict.fromkeys(parts, named) if named else {}) if isinstance(named, str) else dict(named)
    unknown = sorted(set(by_part) - set(parts))
    if unknown:
        raise RecipeInvalid("model joined", f"parts_from: no part is called {', '.join(unknown)}")
    sources: dict[str, list[str]] = {}
    for part, source in by_part.items():
        sources.setdefault(source, []).append(part)
    return sources


def _parts_of(source: str, folder: Path) -> dict[str, nets.Part]:
    """Trained networks by name, of a run or of a shipped encoder; without the head above them."""
    run = Path(source)
    of_run = (run / RECIPE_COPY).is_file() or not is_encoder(source)
    recipe, other = (
        (load_recipe(run / RECIPE_COPY), trained_model(run, folder)) if of_run else encoder_model(source, folder)
    )
    if not isinstance(other, nets.Joined):
        raise RecipeInvalid("model joined", f"parts_from: {source} has no parts")
    return {
        name: cast("nets.Part", part) for name, part in zip(recipe.model.options["parts"], other.parts, strict=True)
    }


def is_encoder(name: str) -> bool:
    """Whether the name is of a shipped encoder, or of a folder with a card."""
    return (MODELS / name / "card.json").is_file() or Path(name, "card.json").is_file()


def encoder_model(name: str, folder: Path) -> tuple[Recipe, nn.Module]:
    """The recipe and the network of a shipped encoder, its weights as its file keeps them.

    Raises EncoderError for a file that its card does not know, RecipeInvalid and WeightsUnusable where it is none of
    the recipe that its card names.
    """
    encoder = load_encoder(name)
    recipe = load_recipe(RECIPES / f"{encoder.card.raw['recipe']}.toml")
    network, _ = make_model(_as_published(recipe.model), folder)
    return recipe, as_stored(network, stored_weights(encoder.folder / encoder.card.encoder.name), name)


def as_stored(network: nn.Module, stored: Mapping[str, np.ndarray], name: str) -> nn.Module:
    """The network with the weights that an exported file keeps, its rectifiers as the file has them.

    Older files keep slopes, later ones leaks; what begins at zero and was never trained is left out by the exporter.
    Raises WeightsUnusable where another is missing or one misfits.
    """
    if any(key.endswith(".leak") for key in stored):
        network = folded(network)
    try:
        learnt = {
            key: torch.tensor(stored[f"network.{key}"])
            for key, start in network.named_parameters()
            if f"network.{key}" in stored or start.any()
        }
        network.load_state_dict(network.state_dict() | learnt)
    except (KeyError, RuntimeError) as error:
        raise WeightsUnusable(name, f"not of its recipe: {str(error).splitlines()[0]}") from error
    return network


def published(name: str, folder: Path) -> nets.Part:
    """One published network as it is, from its file in the data `folder`."""
    return _PARTS[name](folder)


def side_by_side(names: Sequence[str], folder: Path) -> nets.Joined:
    """Published networks with one share each, nothing trained: the teacher of recipes that distil."""
    joined = nets.Joined([published(name, folder) for name in names], [1 / len(names)] * len(names))
    return joined.to(memory_format=torch.channels_last).eval()


def _mobilefacenet(folder: Path, *, warm: bool = True) -> nets.FaceNet:
    return nets.mobilefacenet(folder / FILES["mobilefacenet"] if warm else None)


def _retail_0095(folder: Path, *, warm: bool = True) -> nets.FaceNet:
    return nets.retail_0095(folder / FILES["retail-0095"] if warm else None)


def _sface(folder: Path, *, warm: bool = True) -> SFace:
    return sface(folder / FILES["sface"] if warm else None)


def _narrow_sface(folder: Path, *, warm: bool = True) -> SFace:  # noqa: ARG001 - one signature
    """Random: its weights come of a run of `face-narrow`."""
    return of_widths(NARROW)


_PARTS: Mapping[str, Callable[..., nets.Part]] = {
    "mobilefacenet": _mobilefacenet,
    "retail-0095": _retail_0095,
    "sface": _sface,
    NARROW_SFACE: _narrow_sface,
}


def _timm(folder: Path, name: str, dim: int, **options: Any) -> tuple[nn.Module, int]:  # noqa: ARG001 - one signature
    network = nets.TimmEncoder(name, dim, **options)
    if name in {start.network for start in STARTS.values()}:
        # A step on a CPU takes a third less; RepVGG, MobileOne and FastViT end the process where they train so.
        network = network.to(memory_format=torch.channels_last)
    return network, dim


_MAKERS: Mapping[str, Callable[..., tuple[nn.Module, int]]] = {"joined": _joined, "timm": _timm}
