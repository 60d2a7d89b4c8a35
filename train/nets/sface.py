"""SFace rebuilt so that it can be trained on: Zhong and Deng, "SFace" (2021), as OpenCV Zoo publishes it.

A MobileNet of plain depthwise and pointwise layers, each with a rectifier of one slope a channel, under one linear
layer over all that is left of the picture: 10 M parameters, 6.4 M of them in that layer, 128-d. Batch norms are folded.
"""

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from train.errors import WeightsUnusable
from train.nets.published import read_graph

PUBLISHED_SHA256 = "0ba9fbfa01b5270c96627c4ef784da859931e02f04419c829e83484087c34e79"
STEM = 32
BLOCKS = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1))
"""Channels and stride of each pair of a depthwise and a pointwise layer (Howard et al., MobileNets, table 1)."""
LOWER_BLOCKS = 11  # of BLOCKS: everything up to the last stride
SIDE, DIM = 112, 128
NEAREST = 1e-3
INPUT = (127.5, 128.0)
"""What the published graph takes off and divides by: just what the card's normalisation does, so nothing is left."""


class ChannelSlopes(nn.Module):
    """A rectifier that keeps a part of what is negative, its own for each channel: `a x + (1 - a) max(x, 0)`.

    PReLU in other words, in which ONNX Runtime needs half the time (its PRelu is slow). Slopes may lie outside 0..1.
    PyTorch is quicker with its own, so that is what training takes.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.slope = nn.Parameter(torch.full((1, channels, 1, 1), 0.25))

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            return F.prelu(x, self.slope.flatten().to(x.dtype))
        return self.slope * x + (1 - self.slope) * F.relu(x)


class Leak(nn.Module):
    """A rectifier that lets a part of everything pass, its own for each channel: `max(x, 0) + leak x`.

    PReLU but for a factor `1 - a` a channel, with `leak = a / (1 - a)`: where the next layer carries that factor, one
    pass over the map less.
    """

    def __init__(self, leak: Tensor) -> None:
        super().__init__()
        self.leak = nn.Parameter(leak)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x) + self.leak * x


class SFace(nn.Module):
    """Crops (n, 3, side, side) normalised as `(x - 127.5) / 128` to embeddings (n, dim), not normalised.

    `lower` is everything up to the last stride, which may stay frozen; `upper` the rest.
    """

    def __init__(
        self,
        blocks: Sequence[tuple[int, int]] = BLOCKS,
        *,
        stem: int = STEM,
        side: int = SIDE,
        dim: int = DIM,
        lower: int = LOWER_BLOCKS,
    ) -> None:
        super().__init__()
        self.stem = _layer(3, stem, 3)
        made: list[nn.Module] = []
        channels = stem
        for width, stride in blocks:
            made.append(
                nn.Sequential(_layer(channels, channels, 3, stride, groups=channels), _layer(channels, width, 1))
            )
            channels, side = width, (side - 1) // stride + 1
        self.below, self.above = nn.Sequential(*made[:lower]), nn.Sequential(*made[lower:])
        self.project = nn.Linear(channels * side * side, dim)
        self.dim = dim

    def lower(self, x: Tensor) -> Tensor:
        """Crops to features before the last stride."""
        return cast("Tensor", self.below(self.stem(x)))

    def upper(self, features: Tensor) -> Tensor:
        """Features of `lower` to embeddings (n, dim)."""
        return cast("Tensor", self.project(self.above(features).flatten(1)))

    def forward(self, x: Tensor) -> Tensor:
        return self.upper(self.lower(x))

    def layers(self) -> list[tuple[nn.Conv2d, ChannelSlopes]]:
        """Convolutions with their rectifiers in the order in which they run."""
        return [cast("tuple[nn.Conv2d, ChannelSlopes]", tuple(pair)) for pair in self.pairs()]

    def pairs(self) -> list[nn.Sequential]:
        """The same as the modules that hold both."""
        blocks = (layer for block in (*self.below, *self.above) for layer in cast("nn.Sequential", block))
        return [self.stem, *(cast("nn.Sequential", layer) for layer in blocks)]


def folded(net: nn.Module) -> nn.Module:
    """A copy in which each SFace computes the same with `Leak` for rectifiers, the next layer's weights scaled.

    Slopes nearer to 1 than NEAREST are moved that far from it; a network without an SFace is merely copied.
    """
    copied = copy.deepcopy(net)
    for part in copied.modules():
        if isinstance(part, SFace):
            _fold_rectifiers(part)
    return copied


@torch.no_grad()
def _fold_rectifiers(net: SFace) -> None:
    readers = [convolution for convolution, _ in net.layers()[1:]]
    for place, pair in enumerate(net.pairs()):
        rectifier = pair[1]
        if not isinstance(rectifier, ChannelSlopes):
            continue
        rest = 1 - rectifier.slope.flatten()
        rest = torch.where(rest.abs() < NEAREST, torch.where(rest < 0, -NEAREST, NEAREST), rest)
        if place < len(readers):
            weight = readers[place].weight
            weight.mul_(rest.view(-1, 1, 1, 1) if readers[place].groups > 1 else rest.view(1, -1, 1, 1))
        else:
            net.project.weight.view(net.dim, len(rest), -1).mul_(rest.view(1, -1, 1))
        pair[1] = Leak(((1 - rest) / rest).view(1, -1, 1, 1))


def _layer(channels: int, width: int, kernel: int, stride: int = 1, *, groups: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(channels, width, kernel, stride, padding=kernel // 2, groups=groups)
    return nn.Sequential(convolution, ChannelSlopes(width))


def sface(weights: Path | None = None) -> SFace:
    """SFace as published in the ONNX file `weights`, or random; raises WeightsUnusable for any other file."""
    net = SFace()
    if weights is not None:
        fill(net, read_graph(weights, "SFace", PUBLISHED_SHA256))
    return net


def fill(net: SFace, graph: Any) -> None:
    """Give a network the weights of a published graph, batch norms folded; raises WeightsUnusable where they misfit.

    The graph's nodes are met in the order in which they run, so no name is relied upon.
    """
    import onnx

    values = {tensor.name: onnx.numpy_helper.to_array(tensor).astype(np.float64) for tensor in graph.initializer}
    found: dict[str, list[list[np.ndarray]]] = {"Conv": [], "PRelu": [], "BatchNormalization": [], "Gemm": []}
    for node in graph.node:
        if node.op_type in found:
            found[node.op_type].append([values[name] for name in node.input[1:]] + [_epsilon(node)])
    layers = net.layers()
    counts = [len(found[kind]) for kind in ("Conv", "PRelu", "BatchNormalization", "Gemm")]
    if counts != [len(layers), len(layers), len(layers) + 2, 1]:
        raise WeightsUnusable("SFace", f"expected {len(layers)} convolutions under one linear layer, found {counts[0]}")
    norms = [_norm(*norm) for norm in found["BatchNormalization"]]
    for (convolution, rectifier), (weight, *_), (slope, *_), (gain, shift) in zip(
        layers, found["Conv"], found["PRelu"], norms, strict=False
    ):
        _set(convolution.weight, weight * gain[:, None, None, None])
        _set(convolution.bias, shift)
        _set(rectifier.slope, slope[None])
    _set_linear(net.project, found["Gemm"][0], norms[-2], norms[-1])


def _epsilon(node: Any) -> np.ndarray:
    return np.array(next((attribute.f for attribute in node.attribute if attribute.name == "epsilon"), 0.0))


def _norm(gain: np.ndarray, shift: np.ndarray, mean: np.ndarray, variance: np.ndarray, epsilon: np.ndarray) -> Any:
    """A batch norm as `gain x + shift`."""
    scale = gain / np.sqrt(variance + epsilon)
    return scale, shift - mean * scale


def _set_linear(linear: nn.Linear, gemm: Sequence[np.ndarray], before: Any, after: Any) -> None:
    """Fold the norm of the channels before the linear layer, and that of its outputs, into it."""
    weight, bias = gemm[0], gemm[1]
    places = weight.shape[1] // len(before[0])
    gain, shift = (np.repeat(part, places) for part in before)
    _set(linear.weight, weight * gain * after[0][:, None])
    _set(linear.bias, (weight @ shift + bias) * after[0] + after[1])


def _set(parameter: Tensor | None, value: np.ndarray) -> None:
    if parameter is None or tuple(parameter.shape) != value.shape:
        raise WeightsUnusable("SFace", f"a tensor of shape {value.shape} does not fit the network")
    with torch.no_grad():
        parameter.copy_(torch.from_numpy(value))
