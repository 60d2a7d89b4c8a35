"""Out of training: an ONNX file that computes what the network computes."""

import warnings
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.onnx import ONNXProgram

from enroll.telemetry import onnx_runtime
from train.errors import ExportUnequal, RecipeInvalid
from train.files import whole
from train.nets.integers import (
    compute_in_integers,
    delicate_weights,
    equalised,
    integer_weights,
)
from train.nets.sface import folded
from train.nets.storage import check_storage, store_weights
from train.tensors import to_tensor

OPSET = 18
TOLERANCE = 1e-4
TOLERANCES = {"float16": 5e-3, "int8": 0.02, "int4": 0.02}
"""What storage may cost: in a component of the embedding for 16 bits, of the cosine of a face to itself for fewer."""
INTEGERS_TOLERANCE = 0.04
"""What arithmetic in integers may cost, storage included, of the cosine of a face to itself."""


class Unit(nn.Module):
    """A network whose output is normalised: what the file computes."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, crops: Tensor) -> Tensor:
        return F.normalize(self.network(crops))


def export_onnx(
    network: nn.Module,
    path: Path,
    *,
    side: int = 112,
    storage: str = "float16",
    faces: np.ndarray | None = None,
    integers_by: np.ndarray | None = None,
) -> float:
    """Write `network` as ONNX, its weights kept in `storage`, and return the largest difference to PyTorch.

    Input `crops`, output `embedding`. Arithmetic is 32-bit throughout, unless crops `integers_by` (n, side, side, 3)
    uint8 say how far the numbers reach that `train.nets.integers` computes in 8 bits. A difference is of a cosine's
    component, for 8 bits and fewer 1 less the lowest cosine between both embeddings of one face; `faces`, likewise, are
    measured on, generated pictures where there are none. Raises ExportUnequal, writing nothing, and RecipeInvalid where
    nothing can be computed in integers.
    """
    check_storage(storage)
    network = folded(network)
    seen = None if integers_by is None else to_tensor(integers_by)
    if seen is not None:
        if not integer_weights(network):
            raise RecipeInvalid("arithmetic", "only SFace is computed in integers, and this network has none")
        network = equalised(network, seen)
    wrapped = Unit(network).eval().cpu()
    crops = sample_crops(side) if faces is None else to_tensor(faces)
    with whole(path) as unfinished:
        onnx_program(wrapped, side, outputs=["embedding"]).save(unfinished, external_data=False)
        off = difference(wrapped, unfinished, crops)
        _require(off, TOLERANCE, path)
        learnt = {name for name, _ in wrapped.named_parameters()}
        if seen is not None:
            compute_in_integers(unfinished, integer_weights(wrapped), seen.numpy())
            learnt -= delicate_weights(wrapped)
        if storage != "float32":
            store_weights(unfinished, storage, learnt=learnt)
        if seen is not None:
            off = lost_cosine(wrapped, unfinished, crops)
            _require(off, INTEGERS_TOLERANCE, path)
        elif storage != "float32":
            measure = difference if storage == "float16" else lost_cosine
            off = measure(wrapped, unfinished, crops)
            _require(off, TOLERANCES[storage], path)
    return off


def onnx_program(network: nn.Module, side: int, channels: int = 3, outputs: list[str] | None = None) -> ONNXProgram:
    """A network of crops (n, channels, side, side) as an ONNX program of any batch size; its input is `crops`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns about its own deprecated calls
        program = torch.onnx.export(
            network,
            (torch.zeros(2, channels, side, side),),
            input_names=["crops"],
            output_names=outputs,
            dynamic_shapes={"crops": {0: torch.export.Dim("n")}},
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    assert program is not None  # noqa: S101 - for the type checker: the exporter of TorchDynamo always returns one
    return program


def sample_crops(side: int, samples: int = 8) -> Tensor:
    """Generated crops (samples, 3, side, side), normalised: smoothed noise."""
    noise = torch.randn(samples, 3, side // 8, side // 8, generator=torch.Generator().manual_seed(1))
    return F.interpolate(noise, size=(side, side), mode="bilinear") / 2


def difference(network: nn.Module, path: Path, crops: Tensor) -> float:
    """Largest absolute difference of the outputs of PyTorch and ONNX Runtime, in one batch and alone."""
    expected, actual, alone = _outputs(network, path, crops)
    return float(max(np.abs(actual - expected).max(), np.abs(alone - expected[:1]).max()))


def lost_cosine(network: nn.Module, path: Path, crops: Tensor) -> float:
    """1 less the lowest cosine between what PyTorch and ONNX Runtime make of one crop.

    What turns a template is what counts for few bits: single components are off by much more.
    """
    expected, actual, alone = _outputs(network, path, crops)
    pairs = np.concatenate([(actual * expected).sum(1), (alone * expected[:1]).sum(1)])
    return float(1 - pairs.min())


def _outputs(network: nn.Module, path: Path, crops: Tensor) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    session = onnx_runtime().InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    with torch.no_grad():
        expected = network(crops).numpy()
    return (expected, *(session.run(None, {"crops": part.numpy()})[0] for part in (crops, crops[:1])))


def _require(found: float, limit: float, path: Path) -> None:
    if not found <= limit:
        raise ExportUnequal(str(path), f"PyTorch and ONNX Runtime differ by {found:.1e}, allowed is {limit:.0e}")
