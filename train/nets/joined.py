"""Networks: any timm backbone, and two published encoders rebuilt from timm's blocks so that they can be trained on.

A third, SFace, has a module of its own (`train.sface`).

Every encoder takes float RGB crops (n, 3, S, S), normalised as `(x - 127.5) / 128`, and returns embeddings (n, d)
that are not normalised. Batch norms of published weights are folded into the convolutions: they are frozen by
construction.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
import torch
import torch.nn.functional as F
from timm.layers.squeeze_excite import SEModule
from timm.models._efficientnet_builder import decode_arch_def
from timm.models.efficientnet import EfficientNet
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from enroll.telemetry import open_vino
from train.errors import WeightsUnusable
from train.nets.checkpoint import UNREADABLE
from train.nets.pretrained import create

# Sandler et al., MobileNetV2 blocks in the arrangement of Chen et al., MobileFaceNets (2018), table 1.
MOBILEFACENET_BLOCKS = (
    ("dsa_r1_k3_s1_c64_noskip",),
    ("ir_r5_k3_s2_e2_c64",),
    ("ir_r1_k3_s2_e4_c128",),
    ("ir_r6_k3_s1_e2_c128",),
    ("ir_r1_k3_s2_e4_c128",),
    ("ir_r2_k3_s1_e2_c128",),
)
# 0095 has no point-wise layer in its first block: the stem is followed by a bare depthwise convolution.
RETAIL_0095_BLOCKS = MOBILEFACENET_BLOCKS[1:]

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
INPUT_MEAN = 127.5
INPUT_STD = 128.0
UPPER_STAGES = 2  # of a MobileFaceNet's block stages: the last stride and what follows, half of all parameters

# Where the crop of face-reidentification-retail-0095 lies inside the 112 crop: the least-squares similarity between
# the landmarks on its Open Model Zoo page, (.3156,.4616) (.6827,.4616) (.5003,.6405) (.3495,.8247) (.6534,.8232) of
# 128 px, and the product's
# template; its turn of 0.06 degrees is left out.
RETAIL_0095_OFFSET = (3.569, 4.686)
RETAIL_0095_SCALE = 1.2223
RETAIL_0095_SIDE = 128


class PixelScale(nn.Module):
    """Per-channel `a x + b` with fixed a, b: from the card's normalisation to the one a published network wants."""

    scale: Tensor
    shift: Tensor

    def __init__(self, scale: Sequence[float], shift: Sequence[float]) -> None:
        super().__init__()
        self.register_buffer("scale", torch.tensor(scale, dtype=torch.float32).view(1, 3, 1, 1))
        self.register_buffer("shift", torch.tensor(shift, dtype=torch.float32).view(1, 3, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale + self.shift


class Resample(nn.Module):
    """A separable bilinear warp by two constant matrices: a window of `size / scale` px drawn at `size` px.

    As two matrix products it is the same arithmetic in PyTorch and ONNX, and the gradient passes.
    """

    rows: Tensor
    columns: Tensor

    def __init__(self, offset: tuple[float, float], scale: float, size: int, source: int) -> None:
        super().__init__()
        self.register_buffer("columns", _interpolation(offset[0], scale, size, source))
        self.register_buffer("rows", _interpolation(offset[1], scale, size, source))

    def forward(self, x: Tensor) -> Tensor:
        return torch.matmul(torch.matmul(self.rows, x), self.columns.transpose(0, 1))


def _interpolation(offset: float, scale: float, size: int, source: int) -> Tensor:
    """The (size, source) matrix of linear interpolation; samples outside repeat the border."""
    at = np.clip(offset + np.arange(size) / scale, 0, source - 1)
    low = np.minimum(np.floor(at).astype(int), source - 2)
    matrix = np.zeros((size, source), dtype=np.float32)
    matrix[np.arange(size), low] = 1 - (at - low)
    matrix[np.arange(size), low + 1] += at - low
    return torch.from_numpy(matrix)


class FaceHead(nn.Module):
    """Global depthwise convolution and a 1x1 convolution to the embedding, in place of average pooling."""

    def __init__(self, channels: int, side: int, dim: int, *, bias: bool) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, side, groups=channels, bias=True)
        self.project = nn.Conv2d(channels, dim, 1, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        return cast("Tensor", self.project(self.depthwise(x))).flatten(1)


class FaceNet(nn.Module):
    """Input scaling, an optional warp, a timm trunk without its pooling, and a head.

    `lower` is everything up to the last two strides' worth of blocks, which may stay frozen and be cached; `upper`
    the rest.
    """

    def __init__(self, scale: PixelScale, warp: nn.Module, trunk: EfficientNet, head: nn.Module, dim: int) -> None:
        super().__init__()
        self.scale = scale
        self.warp = warp
        self.trunk = trunk
        self.head = head
        self.dim = dim

    def lower(self, x: Tensor) -> Tensor:
        """Crops (n, 3, S, S) to features at an eighth of the resolution."""
        stem = self.trunk.bn1(self.trunk.conv_stem(self.scale(self.warp(x))))
        return cast("Tensor", self.trunk.blocks[:-UPPER_STAGES](stem))

    def upper(self, features: Tensor) -> Tensor:
        """Features of `lower` to embeddings (n, d)."""
        top = self.trunk.blocks[-UPPER_STAGES:](features)
        return cast("Tensor", self.head(self.trunk.bn2(self.trunk.conv_head(top))))

    def forward(self, x: Tensor) -> Tensor:
        return self.upper(self.lower(x))


class ResidualHead(nn.Module):
    """`x + A x + b` with A and b starting at zero, so that weight decay pulls towards the identity."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.change = nn.Linear(dim, dim)
        nn.init.zeros_(self.change.weight)
        nn.init.zeros_(self.change.bias)

    def forward(self, x: Tensor) -> Tensor:
        return x + cast("Tensor", self.change(x))


class Part(Protocol):
    """What `Joined` needs of a network, which is a module, too: both its halves and the length of its embedding."""

    dim: int

    def lower(self, x: Tensor) -> Tensor: ...

    def upper(self, features: Tensor) -> Tensor: ...

    def __call__(self, x: Tensor) -> Tensor: ...


class Joined(nn.Module):
    """One or several encoders as one.

    Weighted unit embeddings side by side, then a linear head that starts at the identity.
    """

    weights: Tensor

    def __init__(self, parts: Sequence[Part], shares: Sequence[float]) -> None:
        super().__init__()
        self.parts = nn.ModuleList(cast("Sequence[nn.Module]", parts))
        self.dim = sum(part.dim for part in parts)
        self.head = ResidualHead(self.dim)
        self.register_buffer("weights", torch.tensor(shares, dtype=torch.float32).sqrt())

    def lower(self, x: Tensor) -> tuple[Tensor, ...]:
        """Each part's lower half."""
        return tuple(part.lower(x) for part in self._nets())

    def join(self, embeddings: Sequence[Tensor]) -> Tensor:
        """The parts' embeddings, each of unit length times its weight, side by side (n, d), of unit length."""
        scaled = [F.normalize(e) * self.weights[i] for i, e in enumerate(embeddings)]
        return F.normalize(torch.cat(scaled, dim=1))

    def below_head(self, x: Tensor) -> tuple[Tensor, ...]:
        """What the head sees (n, d)."""
        return (self.join([part(x) for part in self._nets()]),)

    def upper(self, *features: Tensor) -> Tensor:
        """Features of `lower` to embeddings (n, d)."""
        joined = self.join([part.upper(f) for part, f in zip(self._nets(), features, strict=True)])
        return cast("Tensor", self.head(joined))

    def forward(self, x: Tensor) -> Tensor:
        return self.upper(*self.lower(x))

    def _nets(self) -> list[Part]:
        return [cast("Part", part) for part in self.parts]


class Upper(nn.Module):
    """The upper half of a model as a network of its own, sharing its parameters."""

    def __init__(self, model: FaceNet | Joined) -> None:
        super().__init__()
        self.model = model

    def forward(self, *features: Tensor) -> Tensor:
        return self.model.upper(*features)


class TimmEncoder(nn.Module):
    """Any timm backbone with a linear embedding on its pooled features.

    `side` resamples what comes in to so many px; `mean` and `std` are what the backbone's own normalisation takes off
    pixels of 0 to 1 and divides by (none: that of the crops stays), and grey pictures are then shown in three channels.
    With `mirror` a picture's embedding is the sum of the unit embeddings of itself and its mirror image, once training
    is over.
    """

    def __init__(
        self,
        name: str,
        dim: int,
        *,
        mirror: bool = False,
        pretrained: bool = False,
        in_chans: int = 3,
        stem_stride: int | None = None,
        side: int | None = None,
        mean: Sequence[float] = (),
        std: Sequence[float] = (),
    ) -> None:
        super().__init__()
        self.side = side
        self.scale = renormalised(mean, std) if mean else nn.Identity()
        self.trunk = create(name, pretrained=pretrained, num_classes=0, in_chans=in_chans)
        if stem_stride is not None:
            _first_convolution(self.trunk).stride = (stem_stride, stem_stride)
        self.trunk.eval()
        with torch.no_grad():
            features = self.trunk(torch.zeros(1, in_chans, 112, 112)).shape[1]
        self.trunk.train()
        self.head = nn.Linear(features, dim)
        self.dim, self.mirror = dim, mirror

    def forward(self, x: Tensor) -> Tensor:
        if self.training or not self.mirror:
            return cast("Tensor", self.head(*self.below_head(x)))
        return F.normalize(self.head(*self.below_head(x))) + F.normalize(self.head(*self.below_head(x.flip(-1))))

    def below_head(self, x: Tensor) -> tuple[Tensor, ...]:
        """What the head sees: the backbone's pooled features (n, f)."""
        return (self.trunk(self.scale(self._sized(x))),)

    def _sized(self, x: Tensor) -> Tensor:
        if self.side is None:
            return x
        return F.interpolate(x, size=(self.side, self.side), mode="bilinear", antialias=True)


def renormalised(mean: Sequence[float], std: Sequence[float]) -> PixelScale:
    """From pixels as `(x - 127.5) / 128` to `(x / 255 - mean) / std`, a channel each."""
    scale = [INPUT_STD / (255 * s) for s in std]
    return PixelScale(scale, [(INPUT_MEAN / 255 - m) / s for m, s in zip(mean, std, strict=True)])


def _first_convolution(module: nn.Module) -> nn.Conv2d:
    return next(part for part in module.modules() if isinstance(part, nn.Conv2d))


def fold_batchnorms(trunk: nn.Module) -> None:
    """Fold each timm `BatchNormAct2d` into the convolution before it, in place; its activation stays."""
    convolution: tuple[nn.Module, str] | None = None
    for name, module in list(trunk.named_modules()):
        parent = trunk.get_submodule(name.rpartition(".")[0])
        leaf = name.rpartition(".")[2]
        if isinstance(module, nn.Conv2d):
            convolution = (parent, leaf)
        elif isinstance(module, nn.BatchNorm2d) and convolution is not None:
            holder, attribute = convolution
            fused = fuse_conv_bn_eval(getattr(holder, attribute).eval(), module.eval())
            setattr(holder, attribute, fused)
            setattr(parent, leaf, getattr(module, "act", nn.Identity()))
            convolution = None


def _blocks(trunk: EfficientNet) -> list[Any]:
    """All blocks of a timm trunk, stage after stage."""
    return [block for stage in trunk.blocks for block in cast("nn.Sequential", stage)]


def _trunk(blocks: Sequence[Sequence[str]]) -> EfficientNet:
    return EfficientNet(
        decode_arch_def([list(row) for row in blocks]),  # type: ignore[no-untyped-call]
        stem_size=64,
        fix_stem=True,
        num_features=512,
        act_layer=nn.ReLU6,
        num_classes=0,
        global_pool="",
    )


def mobilefacenet(weights: Path | None = None) -> FaceNet:
    """MobileFaceNet (Chen et al. 2018), 1.0 M parameters, 128-d, input 112.

    Published weights as its author saved them.
    """
    trunk = _trunk(MOBILEFACENET_BLOCKS)
    trunk.bn1.act = nn.ReLU6(inplace=True)
    first = _blocks(trunk)[0]
    first.bn1.act, first.bn2.act = nn.ReLU(), nn.ReLU()
    depthwise = (nn.Conv2d(512, 512, 7, groups=512, bias=False), nn.BatchNorm2d(512))
    project = (nn.Conv2d(512, 128, 1), nn.BatchNorm2d(128))
    if weights is not None:
        _copy_in_order(nn.ModuleList([trunk, *depthwise, *project]), _published_order(_load_state(weights)))
    fold_batchnorms(trunk)
    head = FaceHead(512, 7, 128, bias=True)
    head.depthwise = fuse_conv_bn_eval(depthwise[0].eval(), depthwise[1].eval())
    head.project = fuse_conv_bn_eval(project[0].eval(), project[1].eval())
    scale = [INPUT_STD / 255 / s for s in IMAGENET_STD]
    shift = [(INPUT_MEAN / 255 - m) / s for m, s in zip(IMAGENET_MEAN, IMAGENET_STD, strict=True)]
    return FaceNet(PixelScale(scale, shift), nn.Identity(), trunk, head, 128)


def _load_state(weights: Path) -> Mapping[str, Tensor]:
    try:
        return cast("Mapping[str, Tensor]", torch.load(weights, map_location="cpu", weights_only=True))
    except UNREADABLE as error:
        raise WeightsUnusable(str(weights), f"not a PyTorch state: {error}") from error


def _published_order(state: Mapping[str, Tensor]) -> list[Tensor]:
    """Tensors of the published file in the order in which the rebuilt network lists its own."""
    stages = (
        "conv1.",
        "dw_conv.depthwise",
        "dw_conv.bn1",
        "dw_conv.pointwise",
        "dw_conv.bn2",
        "features.",
        "conv2.",
        "gdconv.",
        "conv3.",
        "bn.",
    )
    return [value for stage in stages for name, value in state.items() if name.startswith(stage)]


def _copy_in_order(module: nn.Module, tensors: Sequence[Tensor]) -> None:
    own = list(module.state_dict().values())
    if [tuple(t.shape) for t in own] != [tuple(t.shape) for t in tensors]:
        raise WeightsUnusable(
            "initial weights", f"expected {len(own)} tensors in the rebuilt order, got {len(tensors)} others"
        )
    with torch.no_grad():
        for target, value in zip(own, tensors, strict=True):
            target.copy_(value)


def retail_0095(weights: Path | None = None) -> FaceNet:
    """Intel's face-reidentification-retail-0095 (1.1 M parameters, 256-d), fed from the product's 112 crop.

    Each block is timm's inverted residual without batch norm whose squeeze-and-excitation follows the projection.
    """
    trunk = _trunk(RETAIL_0095_BLOCKS)
    fold_batchnorms(trunk)
    trunk.bn1 = nn.Sequential(nn.PReLU(), nn.Conv2d(64, 64, 3, padding=1, groups=64), nn.PReLU())
    for block in _blocks(trunk):
        block.bn1, block.bn2 = nn.PReLU(), nn.PReLU()
        width = block.conv_pwl.out_channels
        block.bn3 = SEModule(width, rd_channels=width // 8, act_layer=nn.PReLU)
    trunk.bn2 = nn.PReLU()
    warp = Resample(RETAIL_0095_OFFSET, RETAIL_0095_SCALE, RETAIL_0095_SIDE, 112)
    net = FaceNet(PixelScale((1.0,) * 3, (0.0,) * 3), warp, trunk, FaceHead(512, 8, 256, bias=False), 256)
    if weights is not None:
        _copy_openvino(net, weights)
    fix_slopes(net)
    return net


def fix_slopes(net: nn.Module) -> None:
    """Turn each PReLU of one slope into a leaky rectifier that keeps it, in place.

    Its backward pass costs half as much, and ONNX Runtime fuses it into the convolution before it. The slope may be
    negative, so it must not work in place.
    """
    for name, module in list(net.named_modules()):
        if isinstance(module, nn.PReLU) and module.num_parameters == 1:
            parent = net.get_submodule(name.rpartition(".")[0])
            setattr(parent, name.rpartition(".")[2], nn.LeakyReLU(module.weight.item()))


def _copy_openvino(net: FaceNet, xml: Path) -> None:
    """Fill the network from the constants of an OpenVINO IR, met in the order of execution."""
    core = open_vino().Core()
    try:
        model = core.read_model(xml)
    except RuntimeError as error:
        raise WeightsUnusable(str(xml), f"not an OpenVINO model: {error}") from error
    constants = _execution_constants(model)
    gain, offset = (torch.from_numpy(constants.pop(0).copy()).flatten().flip(0) for _ in range(2))  # BGR to RGB
    net.scale = PixelScale((gain * INPUT_STD).tolist(), (gain * INPUT_MEAN + offset).tolist())
    constants[0] = constants[0][:, ::-1]
    parameters = _execution_parameters(net)
    if len(parameters) != len(constants):
        raise WeightsUnusable(str(xml), f"expected {len(parameters)} tensors, got {len(constants)}")
    with torch.no_grad():
        for target, value in zip(parameters, constants, strict=True):
            target.copy_(torch.from_numpy(value.copy()).reshape(target.shape))


def _execution_constants(model: Any) -> list[np.ndarray]:
    """Constants that feed multiplications, additions, convolutions and activations, as float32."""
    found = []
    for node in model.get_ordered_ops():
        if node.get_type_name() in {"Constant", "Convert", "AvgPool", "ReduceMean", "Parameter", "Result"}:
            continue
        for port in node.inputs():
            source = port.get_source_output().get_node()
            while source.get_type_name() == "Convert":
                source = source.input(0).get_source_output().get_node()
            if source.get_type_name() == "Constant":
                found.append(source.get_data().astype(np.float32))
    return found


def _execution_parameters(net: FaceNet) -> list[nn.Parameter]:
    """The network's parameters in the order in which its layers run."""
    trunk = net.trunk
    layers: list[Any] = [trunk.conv_stem, *trunk.bn1]
    for block in _blocks(trunk):
        layers += [block.conv_pw, block.bn1, block.conv_dw, block.bn2, block.conv_pwl]
        layers += [block.bn3.fc1, block.bn3.act, block.bn3.fc2]
    layers += [trunk.conv_head, trunk.bn2, *net.head.children()]
    return [parameter for layer in layers for parameter in layer.parameters()]
