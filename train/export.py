"""Out of training: an ONNX file that computes what the network computes, and the card beside it."""

import hashlib
import json
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from train.errors import ExportUnequal

OPSET = 18
TOLERANCE = 1e-4
HALF_TOLERANCE = 5e-3  # of a cosine, for weights kept in 16 bits
SMALLEST_HALVED = 256  # tensors with fewer numbers stay in 32 bits


class Unit(nn.Module):
    """A network whose output is normalised: what the file computes."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, crops: Tensor) -> Tensor:
        return F.normalize(self.network(crops))


def export_onnx(network: nn.Module, path: Path, *, side: int = 112, half: bool = True) -> float:
    """Write `network` as ONNX and return the largest difference to PyTorch; input `crops`, output `embedding`.

    `half` keeps weights in 16 bits behind Cast nodes: half the size, 32-bit arithmetic. Raises ExportUnequal, writing
    nothing.
    """
    wrapped = Unit(network).eval().cpu()
    unfinished = path.with_name(f".{path.name}.part")
    try:
        _write(wrapped, unfinished, side)
        exact = difference(wrapped, unfinished, side)
        _require(exact, TOLERANCE, path)
        if half:
            _halve_weights(unfinished)
            exact = difference(wrapped, unfinished, side)
            _require(exact, HALF_TOLERANCE, path)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return exact


def _write(network: nn.Module, path: Path, side: int) -> None:
    batch = torch.export.Dim("n")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns about its own deprecated calls
        torch.onnx.export(
            network,
            (torch.zeros(2, 3, side, side),),
            path,
            input_names=["crops"],
            output_names=["embedding"],
            dynamic_shapes={"crops": {0: batch}},
            opset_version=OPSET,
            external_data=False,
            dynamo=True,
            verbose=False,
        )


def difference(network: nn.Module, path: Path, side: int, *, samples: int = 8) -> float:
    """Largest absolute difference of the outputs of PyTorch and ONNX Runtime on smoothed noise.

    Batches of 1 and `samples`.
    """
    import onnxruntime

    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    noise = torch.randn(samples, 3, side // 8, side // 8, generator=torch.Generator().manual_seed(1))
    crops = F.interpolate(noise, size=(side, side), mode="bilinear") / 2
    with torch.no_grad():
        expected = network(crops).numpy()
    actual = session.run(None, {"crops": crops.numpy()})[0]
    alone = session.run(None, {"crops": crops[:1].numpy()})[0]
    return float(max(np.abs(actual - expected).max(), np.abs(alone - expected[:1]).max()))


def _require(found: float, limit: float, path: Path) -> None:
    if not found <= limit:
        raise ExportUnequal(str(path), f"PyTorch and ONNX Runtime differ by {found:.1e}, allowed is {limit:.0e}")


def _halve_weights(path: Path) -> None:
    """Store large float32 initialisers as float16, cast back when the file is loaded."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load(path)
    casts = []
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if (
            values.dtype != np.float32
            or values.size < SMALLEST_HALVED
            or np.abs(values).max() > np.finfo(np.float16).max
        ):
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
        casts.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    del model.graph.value_info[:]
    onnx.checker.check_model(model)
    onnx.save(model, path)


def sha256_of(path: Path) -> str:
    """The file's sha256 in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_card(
    folder: Path, facts: Mapping[str, Any], *, cohort: np.ndarray, k: int, mirror: bool, cohort_source: str
) -> Path:
    """Write `cohort.npy` and `card.json` for the `encoder.onnx` in `folder`; `facts` come from training.

    The card is checked by the product's own reader before it replaces the one before.
    """
    np.save(folder / "cohort.npy", cohort.astype(np.float16))
    encoder = folder / "encoder.onnx"
    card = {
        "schema": 1,
        "encoder": {
            "file": encoder.name,
            "sha256": sha256_of(encoder),
            "bytes": encoder.stat().st_size,
            "embedding": int(cohort.shape[1]),
            "similarity": "cosine",
        },
        "input": {
            "size": 112,
            "color": "RGB",
            "mean": [127.5] * 3,
            "std": [128.0] * 3,
            "layout": "NCHW",
            "name": "crops",
        },
        "mirror": mirror,
        "cohort": {
            "file": "cohort.npy",
            "sha256": sha256_of(folder / "cohort.npy"),
            "k": k,
            "size": len(cohort),
            "source": cohort_source,
        },
        **facts,
    }
    return _replace_card(folder, card)


def recast_cohort(folder: Path, cohort: np.ndarray, *, cameras: int, score_model: Mapping[str, Any]) -> Path:
    """Give the encoder in `folder` another cohort (c, d), of which the last `cameras` rows are degraded faces.

    Its score model is replaced, and its figures are dropped: they were measured with the cohort before.
    """
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    path = folder / card["cohort"]["file"]
    np.save(path, cohort.astype(np.float16))
    facts = {**card["cohort"], "sha256": sha256_of(path), "size": len(cohort), "cameras": cameras}
    return _replace_card(folder, {**card, "cohort": facts, "score_model": dict(score_model), "figures": {}})


def record_figures(folder: Path, figures: Mapping[str, Any]) -> Path:
    """Put an evaluation's figures into the card of an encoder's folder."""
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    return _replace_card(folder, {**card, "figures": dict(figures)})


def _replace_card(folder: Path, card: Mapping[str, Any]) -> Path:
    """Check a card with the product's own reader and put it in place of the one before."""
    from enroll.card import parse_card

    parse_card(card)
    path = folder / "card.json"
    unfinished = path.with_name(f".{path.name}.part")
    with unfinished.open("w", encoding="utf-8") as file:
        json.dump(card, file, indent=2, ensure_ascii=False)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    return path
