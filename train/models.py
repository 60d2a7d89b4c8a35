"""Networks by name in a recipe."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import torch
from torch import nn

from train import nets
from train.errors import RecipeInvalid, WeightsUnusable
from train.recipe import Model

MOBILEFACENET_FILE = "weights/foamliu_mobilefacenet.pt"
RETAIL_0095_FILE = "weights/face-reidentification-retail-0095.xml"


def make_model(model: Model, folder: Path) -> tuple[nn.Module, int]:
    """The network and its embedding size; files of weights are looked for in the data `folder`.

    `initial` is a run's `model.pt` and replaces whatever weights the kind starts from. Raises RecipeInvalid, WeightsUnusable.
    """
    if model.kind not in _MAKERS:
        raise RecipeInvalid("model", f"unknown kind {model.kind!r}; expected one of {', '.join(sorted(_MAKERS))}")
    try:
        network, dim = _MAKERS[model.kind](folder, **model.options)
    except (TypeError, RuntimeError) as error:
        raise RecipeInvalid(f"model {model.kind}", str(error)) from error
    if model.initial:
        load_weights(network, Path(model.initial))
    return network, dim


def load_weights(network: nn.Module, path: Path) -> None:
    """Fill a network from a run's `model.pt`; raises WeightsUnusable."""
    try:
        state = cast("dict[str, Any]", torch.load(path, map_location="cpu", weights_only=True))
        network.load_state_dict(state["model"])
    except (OSError, RuntimeError, KeyError, EOFError, ValueError) as error:
        raise WeightsUnusable(str(path), str(error).splitlines()[0]) from error


def _joined(folder: Path, share: float = 0.5) -> tuple[nn.Module, int]:
    files = {"mobilefacenet": folder / MOBILEFACENET_FILE, "retail-0095": folder / RETAIL_0095_FILE}
    network = nets.joined(files, (1 - share, share))
    return network, network.dim


def _mobilefacenet(folder: Path, *, warm: bool = True) -> tuple[nn.Module, int]:
    return nets.mobilefacenet(folder / MOBILEFACENET_FILE if warm else None), 128


def _retail_0095(folder: Path, *, warm: bool = True) -> tuple[nn.Module, int]:
    return nets.retail_0095(folder / RETAIL_0095_FILE if warm else None), 256


def _timm(folder: Path, name: str, dim: int, **options: Any) -> tuple[nn.Module, int]:  # noqa: ARG001 - one signature
    return nets.TimmEncoder(name, dim, **options), dim


_MAKERS: Mapping[str, Callable[..., tuple[nn.Module, int]]] = {
    "joined": _joined,
    "mobilefacenet": _mobilefacenet,
    "retail-0095": _retail_0095,
    "timm": _timm,
}
