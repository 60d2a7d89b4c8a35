"""The workbench's networks by name: its own towers and ensembles, and every network of `train.models`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn

from train.errors import RecipeInvalid
from train.nets.models import make_model
from train.nets.pretrained import STARTS, members_of
from train.nets.siamese import Ensemble, Siamese, SmallFaceNet
from train.recipe import Model

FUSIONS = ("embeddings", "scores")


@dataclass(frozen=True)
class InputShape:
    """What a tower takes: pictures of `channels` x `side` x `side`."""

    channels: int
    side: int


def make_tower(model: Model, shape: InputShape, *, seed: int, folder: Path) -> nn.Module:
    """The recipe's network, weights drawn from `seed` or read where the recipe says; `dim` is the embedding's length.

    Raises RecipeInvalid for a kind or an option that does not exist, WeightsUnusable for weights that do not fit.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return _tower(model, shape, folder)


def dim_of(model: nn.Module) -> int:
    """The length of a network's embedding."""
    return cast("int", model.dim)


def _tower(model: Model, shape: InputShape, folder: Path) -> nn.Module:
    if model.kind == "ensemble":
        return _ensemble(model.options, shape, folder)
    if model.kind not in KINDS:
        raise RecipeInvalid("model", f"unknown kind {model.kind!r}; expected one of {', '.join(KINDS)}")
    if model.kind not in _OWN:
        return make_model(_in_channels(model, shape.channels), folder)[0]
    try:
        return _OWN[model.kind](shape, **model.options)
    except (TypeError, ValueError, RuntimeError) as error:
        raise RecipeInvalid(f"model {model.kind}", str(error)) from error


def _in_channels(model: Model, channels: int) -> Model:
    """A timm network takes what the pictures have; one that starts from ImageNet's weights keeps its three channels."""
    if model.kind != "timm" or model.initial in STARTS or "mean" in model.options:
        return model
    return replace(model, options={"in_chans": channels, **model.options})


def _ensemble(options: Mapping[str, Any], shape: InputShape, folder: Path) -> Ensemble:
    """`members` towers of the kind `member`, each drawn anew, or one of each kind that `member` lists.

    `clusters` gives each a part of the data.
    """
    unknown = sorted(set(options) - {"members", "member", "fuse", "clusters"})
    models = members_of(Model("ensemble", options=dict(options)))
    if unknown or len(models) < 2 or options.get("fuse", "embeddings") not in FUSIONS:  # noqa: PLR2004 - two or more
        raise RecipeInvalid(
            "model ensemble",
            "expected members >= 2 and member = { kind = ... }, or member = [{ kind = ... }, ...], "
            f"and fuse one of {FUSIONS}; got {options}",
        )
    parts = [_tower(model, shape, folder) for model in models]
    return Ensemble(parts, [dim_of(part) for part in parts])


_OWN: Mapping[str, Callable[..., nn.Module]] = {
    "siamese": lambda shape, **options: Siamese(shape.channels, **options),
    "small-face": lambda shape, **options: SmallFaceNet(shape.channels, side=shape.side, **options),
}
KINDS = ("ensemble", *_OWN, "joined", "timm")
