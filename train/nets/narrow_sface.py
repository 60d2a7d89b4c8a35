"""SFace with fewer channels: `narrowing` applied to it layer by layer, on crops, without training.

A group is what one layer gives to the next pair: the stem's channels, and those of each pointwise layer. Its depthwise
layer has the same channels, so a group is dropped whole: out of the layer that gives it, the depthwise layer, and the
pointwise (at last the linear) layer that reads it. Pointwise and linear layers are then solved anew for what the
narrow network gives them, so that they mend what layers below lost.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from train.errors import RecipeInvalid
from train.nets.narrowing import Moments, order_of_leaving, shared_out, solved
from train.nets.sface import BLOCKS, SIDE, STEM, ChannelSlopes, SFace

WIDTHS = (STEM, *(width for width, _ in BLOCKS))
STRIDES = tuple(stride for _, stride in BLOCKS)
NARROW = (32, 64, 80, 128, 208, 240, 496, 480, 480, 464, 416, 480, 688, 464)
"""Widths of `face-narrow`: what `shared_out` gives at 0.75 of the time, on crops of another seed."""
BATCH = 16
PLACES = 32
"""Places of a map that are sampled from each crop: neighbours say nearly the same."""
IMPORTANCE_CROPS = 48


@dataclass(frozen=True)
class Layer:
    """What a pointwise layer of the wide network gave before its rectifier at `places` (a tensor a batch)."""

    given: np.ndarray
    places: tuple[Tensor, ...]


@dataclass(frozen=True)
class Watched:
    """The wide network on the crops: what its layers gave, and which channels of a group go first at what loss."""

    layers: tuple[Layer, ...]
    last: np.ndarray
    orders: tuple[np.ndarray, ...]
    losses: tuple[np.ndarray, ...]


def time_of(widths: Sequence[int], strides: Sequence[int] = STRIDES, side: int = SIDE) -> float:
    """About how many microseconds one crop takes in ONNX Runtime with these widths; 13,700 for the published ones.

    Fitted to the time of each operator on one thread of a Xeon of 2023, 32-bit: 18.5 us a million multiplications of a
    pointwise layer, 0.30 ns a number for a rectifier, 0.35 ns for a depthwise layer, 1.26 us for each of the channels
    that the linear layer reads 49 places of. Only ratios count.
    """
    sides = [side]
    for stride in strides:
        sides.append((sides[-1] - 1) // stride + 1)
    pixels = [side**2 for side in sides]
    rectified = sum(width * size for width, size in zip(widths, pixels, strict=True))
    between = sum(width * size for width, size in zip(widths[:-1], pixels[1:], strict=True))
    pointwise = sum(a * b * size for (a, b), size in zip(pairwise(widths), pixels[1:], strict=True))
    linear = 1.26 * widths[-1]
    return 8.6 * widths[0] + 3.0e-4 * rectified + 6.5e-4 * between + 1.85e-5 * pointwise + linear


def of_widths(widths: Sequence[int]) -> SFace:
    """A random SFace whose stem and pairs have these widths, otherwise as published."""
    return SFace(tuple(zip(widths[1:], STRIDES, strict=True)), stem=widths[0])


def widths_of(net: SFace) -> list[int]:
    """Channels of the stem and of each pair."""
    return [cast("nn.Conv2d", net.stem[0]).out_channels, *(_pointwise(pair)[0].out_channels for pair in _pairs(net))]


def narrowed(net: SFace, crops: Tensor, widths: Sequence[int] | float, *, seed: int = 1, step: int = 16) -> SFace:
    """A narrow network that gives about the embeddings of `net` on crops (n, 3, side, side).

    `widths` are those of the stem and of each pair, or the share of the time that may be left: it is shared out among
    them in `step` channels. Raises RecipeInvalid for widths that are not there to be kept.
    """
    full = widths_of(net)
    if not isinstance(widths, float) and not _narrower(widths, full):
        raise RecipeInvalid("widths", f"expected {len(full)} of at most {full}, got {list(widths)}")
    crops, net = crops.contiguous(memory_format=torch.channels_last), net.to(memory_format=torch.channels_last)
    watched = watch(net, crops, seed)
    if isinstance(widths, float):
        cost = partial(time_of, strides=_strides(net), side=crops.shape[2])
        widths = shared_out(watched.losses, cost, full, widths * cost(full), step)
    kept = [np.sort(order[len(order) - width :]) for order, width in zip(watched.orders, widths, strict=True)]
    return _solved_anew(net, crops, watched, kept)


def _narrower(widths: Sequence[int], full: Sequence[int]) -> bool:
    return len(widths) == len(full) and all(0 < width <= most for width, most in zip(widths, full, strict=True))


def watch(net: SFace, crops: Tensor, seed: int = 1) -> Watched:
    """Run the wide network over the crops and rank the channels of each group."""
    importance = _importance(net, crops[:IMPORTANCE_CROPS], seed)
    layers, orders, losses = [], [], []
    with torch.no_grad():
        random = torch.Generator().manual_seed(seed)
        maps = [net.stem(batch) for batch in torch.split(crops, BATCH)]
        for pair, weight in zip(_pairs(net), importance, strict=True):
            layer, read, maps = _watched_layer(pair, maps, random)
            order, loss = order_of_leaving(Moments.of(read, layer.given), weight)
            layers.append(layer)
            orders.append(order)
            losses.append(loss)
        last = _samples(maps)
        length = torch.cat([net.project(part.flatten(1)) for part in maps]).norm(dim=1).mean()
    order, loss = order_of_leaving(*_read_by_linear(net, last, float(length)))
    return Watched(tuple(layers), last, (*orders, order), (*losses, loss))


def _watched_layer(
    pair: nn.Sequential, maps: list[Tensor], random: torch.Generator
) -> tuple[Layer, np.ndarray, list[Tensor]]:
    """One pair's pointwise layer: what it gave, what it read there (n, c), and the maps after it."""
    convolution, rectifier = _pointwise(pair)
    given, read, places, after = [], [], [], []
    for part in maps:
        middle = pair[0](part)
        before = convolution(middle)
        at = torch.randperm(middle.shape[2] * middle.shape[3], generator=random)[:PLACES]
        places.append(at)
        read.append(_samples([middle], at))
        given.append(_samples([before], at))
        after.append(rectifier(before))
    return Layer(np.concatenate(given), tuple(places)), np.concatenate(read), after


def _importance(net: SFace, crops: Tensor, seed: int) -> list[np.ndarray]:
    """How far the unit embedding moves with each output of each pointwise layer: mean squared gradients (o,).

    Summed over places, along random directions of the embedding: Fisher's information in the outputs.
    """
    random = torch.Generator().manual_seed(seed)
    totals = [np.zeros(_pointwise(pair)[0].out_channels) for pair in _pairs(net)]
    for batch in torch.split(crops, BATCH):
        outputs: list[Tensor] = []
        maps = net.stem(batch)
        for pair in _pairs(net):
            convolution, rectifier = _pointwise(pair)
            outputs.append(convolution(pair[0](maps)))
            maps = rectifier(outputs[-1])
        unit = F.normalize(net.project(maps.flatten(1)))
        direction = torch.randn(unit.shape, generator=random)
        gradients = torch.autograd.grad((unit * direction).sum(), outputs)
        for place, gradient in enumerate(gradients):
            totals[place] += gradient.square().sum((0, 2, 3)).double().numpy()
    return [total / len(crops) for total in totals]


def _read_by_linear(net: SFace, last: np.ndarray, length: float) -> tuple[Moments, np.ndarray]:
    """Moments of the last channels with what the linear layer makes of them at all its places, as if at each alone."""
    weight = _by_place(net) / length
    values, vectors = np.linalg.eigh(np.einsum("ocp,odp->cd", weight, weight))
    readout = vectors * np.sqrt(np.maximum(values, 0))
    return Moments.of(last, last @ readout), np.ones(readout.shape[1])


def _by_place(net: SFace) -> np.ndarray:
    """The linear layer's weights (dim, channels, places)."""
    channels = widths_of(net)[-1]
    return net.project.weight.detach().double().numpy().reshape(net.dim, channels, -1)


@torch.no_grad()
def _solved_anew(net: SFace, crops: Tensor, watched: Watched, kept: Sequence[np.ndarray]) -> SFace:
    """The network of the `kept` channels of each group, its layers solved from below."""
    narrow = _like(net, [len(group) for group in kept])
    _take(narrow.stem, net.stem, kept[0])
    maps = [narrow.stem(batch) for batch in torch.split(crops, BATCH)]
    walk = zip(_pairs(net), _pairs(narrow), watched.layers, pairwise(kept), strict=True)
    for wide_pair, pair, layer, (group, following) in walk:
        _take(cast("nn.Sequential", pair[0]), cast("nn.Sequential", wide_pair[0]), group)
        maps = [pair[0](part) for part in maps]
        read = np.concatenate([_samples([part], at) for part, at in zip(maps, layer.places, strict=True)])
        weight, bias = solved(Moments.of(read, layer.given[:, following]))
        convolution, rectifier = _pointwise(pair)
        _set(convolution, weight[:, :, None, None], bias)
        rectifier.slope.copy_(_pointwise(wide_pair)[1].slope[:, following])
        maps = [rectifier(convolution(part)) for part in maps]
    told, rest = solved(Moments.of(_samples(maps), watched.last))
    wide = _by_place(net)
    _set(narrow.project, np.einsum("ocp,ck->okp", wide, told).reshape(net.dim, -1), wide.sum(2) @ rest)
    cast("Tensor", narrow.project.bias).add_(cast("Tensor", net.project.bias))
    return narrow


def _like(net: SFace, widths: Sequence[int]) -> SFace:
    """A random network of these widths, otherwise like `net`."""
    blocks = tuple(zip(widths[1:], _strides(net), strict=True))
    made = SFace(blocks, stem=widths[0], side=1, dim=net.dim, lower=len(net.below))
    made.project = nn.Linear(widths[-1] * _by_place(net).shape[2], net.dim)
    return made.train(net.training).to(memory_format=torch.channels_last)


def _strides(net: SFace) -> list[int]:
    return [cast("nn.Conv2d", cast("nn.Sequential", pair[0])[0]).stride[0] for pair in _pairs(net)]


def _pointwise(pair: nn.Sequential) -> tuple[nn.Conv2d, ChannelSlopes]:
    """A pair's pointwise layer and its rectifier."""
    convolution, rectifier = cast("nn.Sequential", pair[1])
    return cast("nn.Conv2d", convolution), cast("ChannelSlopes", rectifier)


def _pairs(net: SFace) -> Iterator[nn.Sequential]:
    """Depthwise and pointwise layer of each pair, from below."""
    yield from (cast("nn.Sequential", pair) for pair in (*net.below, *net.above))


def _samples(maps: Sequence[Tensor], at: Tensor | None = None) -> np.ndarray:
    """Maps (n, c, h, w) as rows (n * places, c), at the places `at` alone."""
    flat = [part.flatten(2) if at is None else part.flatten(2)[:, :, at] for part in maps]
    return np.concatenate([part.permute(0, 2, 1).flatten(0, 1).numpy() for part in flat])


def _take(layer: nn.Sequential, wide: nn.Sequential, kept: np.ndarray) -> None:
    """Give a layer of its own channels each (stem, depthwise) those of the wide one that are kept."""
    convolution, source = cast("nn.Conv2d", layer[0]), cast("nn.Conv2d", wide[0])
    convolution.weight.copy_(source.weight[kept])
    cast("Tensor", convolution.bias).copy_(cast("Tensor", source.bias)[kept])
    cast("ChannelSlopes", layer[1]).slope.copy_(cast("ChannelSlopes", wide[1]).slope[:, kept])


def _set(layer: nn.Conv2d | nn.Linear, weight: np.ndarray, bias: np.ndarray) -> None:
    layer.weight.copy_(torch.from_numpy(weight))
    cast("Tensor", layer.bias).copy_(torch.from_numpy(bias))
