"""YuNet as a network that can be trained, with the weights its authors published, and out again as an ONNX file.

Wu, Peng, Yu, "YuNet: A Tiny Millisecond-level Face Detector", Machine Intelligence Research 2023: units of a pointwise
and a depthwise convolution, a pyramid of three levels (strides 8, 16, 32), and on each level one unit for each of four
heads. These are kept as one unit here, which computes the same. Batch norms are folded, as published.
"""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from enroll.telemetry import onnx_runtime
from train.errors import ExportUnequal, WeightsUnusable
from train.files import whole
from train.nets.published import read_graph

PUBLISHED_SHA256 = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"
STRIDES = (8, 16, 32)
HEADS = (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10))
"""Channels of each level's output, in this order: face or not, how well its box fits, box, landmarks."""
CHANNELS = sum(count for _, count in HEADS)
STEM = 16
STAGES = (((16, 32), (32, 64)), ((64, 64),), ((64, 64),), ((64, 64),))
"""Channels (between, out) of the blocks, of two units each, between two halvings of the picture."""
WIDTH = 64
OPSET = 17
TOLERANCE = 1e-5
SIZES = ((320, 256), (32, 64), (96, 160))
"""Heights and widths at which an exported file must equal the network."""


class Unit(nn.Module):
    """A pointwise and a depthwise convolution (n, channels, h, w) to (n, width, h, w), rectified or not."""

    def __init__(self, channels: int, width: int, *, rectified: bool = True) -> None:
        super().__init__()
        self.point = nn.Conv2d(channels, width, 1)
        self.depth = nn.Conv2d(width, width, 3, padding=1, groups=width)
        self.rectified = rectified

    def forward(self, x: Tensor) -> Tensor:
        x = self.depth(self.point(x))
        return F.relu(x) if self.rectified else x


class YuNet(nn.Module):
    """RGB pictures (n, 3, H, W), 0 to 255, sides multiples of 32, to one map (n, 16, H/s, W/s) a stride s of `STRIDES`.

    Channels are those of `HEADS`, the first two before the sigmoid.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, STEM, 3, 2, padding=1)
        self.first = Unit(STEM, STEM)
        channels, stages = STEM, []
        for blocks in STAGES:
            units = []
            for between, out in blocks:
                units += [Unit(channels, between), Unit(between, out)]
                channels = out
            stages.append(nn.Sequential(*units))
        self.stages = nn.ModuleList(stages)
        self.neck = nn.ModuleList(Unit(WIDTH, WIDTH) for _ in STRIDES)
        self.heads = nn.ModuleList(Unit(WIDTH, CHANNELS, rectified=False) for _ in STRIDES)

    def forward(self, pictures: Tensor) -> tuple[Tensor, ...]:
        x = self.first(F.relu(self.stem(pictures)))
        levels = []
        for stage in self.stages:
            x = stage(F.max_pool2d(x, 2))
            levels.append(x)
        x = self.neck[2](levels[3])
        outputs = [self.heads[2](x)]
        for number in (1, 0):
            x = self.neck[number](levels[number + 1] + F.interpolate(x, scale_factor=2.0, mode="nearest"))
            outputs.append(self.heads[number](x))
        return tuple(reversed(outputs))


class Deployed(nn.Module):
    """What the exported file computes: squared confidences (n, 1, h, w) and places (n, 14, h, w) of each stride.

    The confidence is the geometric mean of both probabilities, as in the authors' own sample; a root here would
    magnify the rounding of what is no face.
    """

    def __init__(self, network: YuNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, pictures: Tensor) -> tuple[Tensor, ...]:
        outputs = []
        for level in self.network(pictures):
            outputs += [both(level), level[:, 2:]]
        return tuple(outputs)


OUTPUTS = [f"{kind}_{stride}" for stride in STRIDES for kind in ("sure", "place")]


def both(level: Tensor) -> Tensor:
    """The product (n, 1, ...) of both probabilities of a level's output (n, 16, ...)."""
    return torch.sigmoid(level[:, :1]) * torch.sigmoid(level[:, 1:2])


def confidence(level: Tensor) -> Tensor:
    """Confidence (n, 1, ...) of a level's output (n, 16, ...)."""
    return torch.sqrt(both(level))


def yunet(weights: Path | None = None) -> YuNet:
    """YuNet as published in the ONNX file `weights`, or random; raises WeightsUnusable for any other file."""
    net = YuNet()
    if weights is not None:
        fill(net, read_graph(weights, "YuNet", PUBLISHED_SHA256))
    return net


def fill(net: YuNet, graph: Any) -> None:
    """Give a network the weights of a published graph; raises WeightsUnusable where they misfit.

    Convolutions are met in the order in which they run, so no name is relied upon. The published network takes BGR.
    """
    import onnx

    values = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    found = [[values[name] for name in node.input[1:]] for node in graph.node if node.op_type == "Conv"]
    body = list(_body(net))
    if len(found) != 1 + 2 * (len(body) + len(HEADS) * len(STRIDES)):
        raise WeightsUnusable("YuNet", f"a graph of {len(found)} convolutions is not this network")
    units = iter(zip(found[1::2], found[2::2], strict=True))
    _set(net.stem, found[0][0][:, ::-1], found[0][1])
    for unit in body:
        _set_unit(unit, [next(units)])
    # The file's heads come kind by kind, in this order; here one unit holds the kinds of one level.
    kinds = {kind: [next(units) for _ in STRIDES] for kind in ("cls", "bbox", "obj", "kps")}
    for level, head in enumerate(net.heads):
        _set_unit(cast("Unit", head), [kinds[kind][level] for kind, _ in HEADS])


def _body(net: YuNet) -> Iterator[Unit]:
    """Units below the heads, in the order in which they run."""
    yield net.first
    for stage in net.stages:
        yield from cast("nn.Sequential", stage)  # type: ignore[misc]  # each is a Unit
    for unit in reversed(net.neck):
        yield cast("Unit", unit)


def _set_unit(unit: Unit, parts: list[Any]) -> None:
    """Fill a unit with published ones side by side."""
    for place, convolution in enumerate((unit.point, unit.depth)):
        weights, biases = ([part[place][kind] for part in parts] for kind in (0, 1))
        _set(convolution, np.concatenate(weights), np.concatenate(biases))


def _set(convolution: nn.Conv2d, weight: np.ndarray, bias: np.ndarray) -> None:
    own = convolution.bias
    if own is None or tuple(convolution.weight.shape) != weight.shape or tuple(own.shape) != bias.shape:
        raise WeightsUnusable("YuNet", f"a convolution of shape {weight.shape} does not fit the network")
    with torch.no_grad():
        convolution.weight.copy_(torch.from_numpy(weight.copy()))
        own.copy_(torch.from_numpy(bias.copy()))


def export_yunet(net: YuNet, path: Path) -> float:
    """Write `net` as ONNX with free batch, height and width; returns the largest difference to PyTorch.

    Input `pictures`, outputs `OUTPUTS`. Raises ExportUnequal, writing nothing.
    """
    deployed = Deployed(net).eval().cpu()
    with whole(path) as unfinished:
        _write(deployed, unfinished)
        off = max(_difference(deployed, unfinished.read_bytes(), *size) for size in SIZES)
        if not off <= TOLERANCE:
            raise ExportUnequal(str(path), f"PyTorch and ONNX Runtime differ by {off:.1e}, allowed is {TOLERANCE:.0e}")
    return off


def _write(deployed: Deployed, path: Path) -> None:
    free = {"pictures": {0: "n", 2: "height", 3: "width"}}
    for name in OUTPUTS:
        stride = name.partition("_")[2]
        free[name] = {0: "n", 2: f"rows_{stride}", 3: f"columns_{stride}"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter of TorchScript says that there is a newer one
        # The newer one holds sides to the multiples that it was shown; this graph is plain enough for the older.
        torch.onnx.export(
            deployed,
            (torch.zeros(1, 3, 64, 96),),
            str(path),
            input_names=["pictures"],
            output_names=OUTPUTS,
            dynamic_axes=free,
            opset_version=OPSET,
            dynamo=False,
        )


def _difference(deployed: Deployed, model: bytes, height: int, width: int) -> float:
    """Largest difference, of large numbers as a part of them, on smoothed noise: two pictures at once and one alone."""
    noise = torch.rand(2, 3, height // 8, width // 8, generator=torch.Generator().manual_seed(1)) * 255
    pictures = F.interpolate(noise, size=(height, width), mode="bilinear")
    session = onnx_runtime().InferenceSession(model, providers=["CPUExecutionProvider"])
    off = 0.0
    for part in (pictures, pictures[:1]):
        with torch.no_grad():
            expected = deployed(part)
        actual = session.run(OUTPUTS, {"pictures": part.numpy()})
        off = max(off, *(_off(a, e.numpy()) for a, e in zip(actual, expected, strict=True)))
    return off


def _off(actual: np.ndarray, expected: np.ndarray) -> float:
    return float((np.abs(actual - expected) / np.maximum(np.abs(expected), 1)).max())
