"""SFace's pointwise layers computed in 8-bit integers, where a processor multiplies four times as many as 32-bit ones.

Nine tenths of its time are pointwise layers. What such a layer reads and gives is kept in one scale for the whole map,
so channels are first brought to like ranges, which changes nothing: rectifiers keep positive factors, and the layers
before and after take them up (Nagel et al., "Data-free quantization through weight equalization and bias correction",
2019; here by the ranges of real crops). ONNX Runtime's own tools then write the layers as quantised. Weights take 7
bits: processors without instructions for 8-bit products add two of them in 16 bits, and 2 * 255 * 64 just fits, so none
overflows.
"""

import copy
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from enroll.telemetry import onnx_quantization
from train.nets.sface import SFace

FLOAT_PAIRS = 4
"""The first pairs stay as they are: large maps of few channels, where converting takes what the product saves."""
WITHIN = 0.9999
"""Of a channel's values lie inside its range."""
EVENED = 0.75
"""How far ranges of what a layer reads are brought together: the rest is left to its weights, which have 7 bits."""
SMALLEST = 1e-4
BATCH = 16


def equalised(network: nn.Module, crops: Tensor) -> nn.Module:
    """A copy that computes the same, the channels of each SFace at like ranges on crops (n, 3, side, side)."""
    copied = copy.deepcopy(network).eval()
    for part in _sfaces(copied):
        _equalise(part, crops)
    return copied


def integer_weights(network: nn.Module) -> set[str]:
    """Names of the weights of those layers of a network that are to be computed in integers; none without an SFace."""
    return _weights_of(network, [layer for part in _sfaces(network) for layer in _pointwise(part)[FLOAT_PAIRS:]])


def delicate_weights(network: nn.Module) -> set[str]:
    """Names of the weights beside those that 8 bits would harm: few, and of layers that see the picture first."""
    convolutions = [convolution for part in _sfaces(network) for convolution, _ in part.layers()]
    return _weights_of(network, convolutions) - integer_weights(network)


def compute_in_integers(path: Path, weights: Collection[str], crops: np.ndarray) -> None:
    """Rewrite the ONNX file so that convolutions of these weights are computed in integers.

    What they read and give has the ranges that it has on normalised crops (n, 3, side, side). Raises ValueError for a
    weight that no convolution has.
    """
    import onnx

    tools = onnx_quantization()

    class Crops(tools.CalibrationDataReader):  # type: ignore[misc, name-defined]  # it has no types
        def __init__(self) -> None:
            self.left = iter([{"crops": crops[at : at + BATCH]} for at in range(0, len(crops), BATCH)])

        def get_next(self) -> Any:
            return next(self.left, None)

    nodes = {node.input[1]: node.name for node in onnx.load(path).graph.node if node.op_type == "Conv"}
    missing = sorted(set(weights) - set(nodes))
    if missing:
        raise ValueError(f"no convolution has {', '.join(missing)}")
    with tempfile.TemporaryDirectory(prefix=".integers.", dir=path.parent) as scratch:
        ready, made = Path(scratch, "ready.onnx"), Path(scratch, "made.onnx")
        tools.shape_inference.quant_pre_process(str(path), str(ready), skip_optimization=True, skip_symbolic_shape=True)
        tools.quantize_static(
            str(ready),
            str(made),
            Crops(),
            quant_format=tools.QuantFormat.QDQ,
            per_channel=True,
            reduce_range=True,
            activation_type=tools.QuantType.QUInt8,
            weight_type=tools.QuantType.QInt8,
            op_types_to_quantize=["Conv"],
            nodes_to_quantize=sorted(nodes[name] for name in weights),
        )
        made.replace(path)


def _sfaces(network: nn.Module) -> list[SFace]:
    return [part for part in network.modules() if isinstance(part, SFace)]


def _weights_of(network: nn.Module, layers: Collection[nn.Module]) -> set[str]:
    """The names that these layers' weights have in the network."""
    wanted = {id(layer) for layer in layers}
    return {f"{name}.weight" for name, module in network.named_modules() if id(module) in wanted}


@torch.no_grad()
def _equalise(net: SFace, crops: Tensor) -> None:
    depthwise, pointwise = _depthwise(net)[FLOAT_PAIRS:], _pointwise(net)[FLOAT_PAIRS:]
    steps = zip(depthwise, pointwise, *_ranges(net, crops), strict=True)
    for place, (below, layer, read, given) in enumerate(steps, start=1):
        before, after = (read / read.mean()) ** EVENED, given / given.mean()
        _scale(below, 1 / before)
        layer.weight.mul_(before.view(1, -1, 1, 1))
        _scale(layer, 1 / after)
        if place < len(depthwise):
            depthwise[place].weight.mul_(after.view(-1, 1, 1, 1))
        else:
            net.project.weight.view(net.dim, len(after), -1).mul_(after.view(1, -1, 1))


def _depthwise(net: SFace) -> list[nn.Conv2d]:
    return [convolution for convolution, _ in net.layers()[1::2]]


def _pointwise(net: SFace) -> list[nn.Conv2d]:
    return [convolution for convolution, _ in net.layers()[2::2]]


def _scale(layer: nn.Conv2d, by: Tensor) -> None:
    """Multiply a layer's outputs, channel by channel."""
    layer.weight.mul_(by.view(-1, 1, 1, 1))
    cast("Tensor", layer.bias).mul_(by)


def _ranges(net: SFace, crops: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """How far the channels (c,) reach that each layer in integers reads, and those it gives before its rectifier."""
    read, given = [], []
    maps = crops
    for place, (convolution, rectifier) in enumerate(net.layers()):
        before = convolution(maps)
        if not place % 2 and place // 2 > FLOAT_PAIRS:  # the stem is ahead of the pairs
            read.append(_reach(maps))
            given.append(_reach(before))
        maps = rectifier(before)
    return read, given


def _reach(maps: Tensor) -> Tensor:
    """The absolute value (c,) that WITHIN of a channel's values stay below."""
    values = maps.abs().transpose(0, 1).flatten(1)
    place = max(1, int(WITHIN * values.shape[1]))
    return torch.stack([channel.kthvalue(place).values for channel in values]).clamp_min(SMALLEST)
