"""How an ONNX file keeps its weights: 32-bit, 16-bit or 8-bit, always computing in 32 bits.

Small weights are widened by nodes that ONNX Runtime folds into constants when it loads the file, so a file takes less
space and runs as fast as before. `DequantizeLinear`, made for this, is not folded (ONNX Runtime 1.32 leaves one before
each convolution and dequantises at every run), hence Cast, and Mul for 8 bits.
"""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from train.errors import RecipeInvalid

STORAGES = ("float32", "float16", "int8")
SMALLEST = 256  # tensors with fewer numbers stay in 32 bits
LEVELS = 127
INT8_WEIGHTS = {"Conv": 0, "Gemm": 0, "MatMul": 1}
"""Operators whose second input is kept in 8 bits, and the axis of its output channels (Gemm: transposed, see below)."""

QUANTISERS = ("QuantizeLinear", "DequantizeLinear")


def check_storage(storage: str) -> None:
    """Raise RecipeInvalid for a name that is none of STORAGES."""
    if storage not in STORAGES:
        raise RecipeInvalid("storage", f"unknown storage {storage!r}; expected one of {', '.join(STORAGES)}")


def store_weights(path: Path, storage: str, *, learnt: Collection[str] | None = None) -> None:
    """Rewrite the ONNX file with its large float32 initialisers in `storage`.

    `int8` keeps the weights of convolutions and linear layers in 8 bits with one scale an output channel, and what else
    is large in 16: of the weights those alone that are named in `learnt`, for a fixed warp is a matrix, too. What
    layers computed in integers are told stays as it is.
    """
    check_storage(storage)
    if storage == "float32":
        return
    import onnx

    model = onnx.load(path)
    axes = _channel_axes(model.graph) if storage == "int8" else {}
    scales = {name for node in model.graph.node if node.op_type in QUANTISERS for name in node.input}
    nodes: list[Any] = []
    for tensor in list(model.graph.initializer):
        values = onnx.numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < SMALLEST or tensor.name in scales:
            continue
        if tensor.name in axes and (learnt is None or tensor.name in learnt):
            nodes += _to_int8(model.graph, tensor, values, axes[tensor.name])
        elif np.abs(values).max() <= np.finfo(np.float16).max:
            nodes += _to_half(tensor, values)
    nodes += model.graph.node
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    del model.graph.value_info[:]
    onnx.checker.check_model(model)
    onnx.save(model, path)


def stored_weights(path: Path) -> dict[str, np.ndarray]:
    """The large weights of a file and its small ones by the names they had before `store_weights`, as float32."""
    import onnx

    found = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in onnx.load(path).graph.initializer}
    weights = {}
    for name, values in found.items():
        if name.endswith("_int8") and values.dtype == np.int8:
            stem = name.removesuffix("_int8")
            weights[stem] = values.astype(np.float32) * found[f"{stem}_scale"]
        elif name.endswith("_quantized"):
            weights[name.removesuffix("_quantized")] = _of_integers(name, values, found)
        elif name.endswith("_half") and values.dtype == np.float16:
            weights[name.removesuffix("_half")] = values.astype(np.float32)
        elif values.dtype == np.float32:
            weights[name] = values
    return weights


def _of_integers(name: str, values: np.ndarray, found: Mapping[str, np.ndarray]) -> np.ndarray:
    """A weight or a bias of a layer computed in integers; its first axis is that of the output channels."""
    own = f"{name}_scale"  # a bias's scale is named after what it is kept as, a weight's after the weight
    scale = found[own] if own in found else found[f"{name.removesuffix('_quantized')}_scale"]
    return np.asarray(values.astype(np.float32) * scale.reshape(-1, *[1] * (values.ndim - 1)))


def _channel_axes(graph: Any) -> dict[str, int]:
    """The axis of output channels of each initialiser that is some layer's weight, and nothing else's input."""
    axes: dict[str, int] = {}
    used: dict[str, int] = {}
    for node in graph.node:
        for name in node.input:
            used[name] = used.get(name, 0) + 1
        if node.op_type in INT8_WEIGHTS and len(node.input) > 1:
            axis = INT8_WEIGHTS[node.op_type]
            if node.op_type == "Gemm" and not any(a.name == "transB" and a.i for a in node.attribute):
                axis = 1
            axes[node.input[1]] = axis
    return {name: axis for name, axis in axes.items() if used[name] == 1}


def _to_half(tensor: Any, values: np.ndarray) -> list[Any]:
    from onnx import TensorProto, helper, numpy_helper

    name = tensor.name
    tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
    return [helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT)]


def _to_int8(graph: Any, tensor: Any, values: np.ndarray, axis: int) -> list[Any]:
    from onnx import TensorProto, helper, numpy_helper

    name = tensor.name
    whole, scale = quantised(values, axis)
    tensor.CopyFrom(numpy_helper.from_array(whole, f"{name}_int8"))
    graph.initializer.append(numpy_helper.from_array(scale, f"{name}_scale"))
    return [
        helper.make_node("Cast", [f"{name}_int8"], [f"{name}_whole"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{name}_whole", f"{name}_scale"], [name]),
    ]


def quantised(values: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights as int8 in -127..127 and scales that broadcast: `values` is about their product, exactly symmetric."""
    others = tuple(i for i in range(values.ndim) if i != axis % values.ndim)
    largest = np.abs(values).max(axis=others, keepdims=True)
    scale = np.where(largest > 0, largest / LEVELS, 1.0).astype(np.float32)
    return np.round(values / scale).astype(np.int8), scale
