"""How an ONNX file keeps its weights: in 32, 16, 8 or 4 bits, always computing in 32.

Small weights are widened by nodes that ONNX Runtime folds into constants when it loads the file, so a file takes less
space and runs as fast as before. `DequantizeLinear`, made for this, is not folded (ONNX Runtime 1.32 leaves one before
each convolution and dequantises at every run), hence Cast, and Mul for 8 bits.
"""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from train.errors import RecipeInvalid

STORAGES = ("float32", "float16", "int8", "int4")
SMALLEST = 256  # tensors with fewer numbers stay in 32 bits
WIDE = 1_000_000  # linear layers with as many weights are what `int4` keeps in 4 bits
LEVELS = 127
NIBBLES = 8  # -8 to 7
REACH = 3.0  # standard deviations; what 4 bits lose is least where they reach so far
ROUNDS = 5
INT8_WEIGHTS = {"Conv": 0, "Gemm": 0, "MatMul": 1}
"""Operators whose second input is kept in 8 bits, and the axis of its output channels (Gemm: transposed, see below)."""

PLAIN = {"alpha": 1.0, "beta": 1.0, "transA": 0, "transB": 0}
"""What a Gemm does that is told nothing else."""
QUANTISERS = ("QuantizeLinear", "DequantizeLinear")


def check_storage(storage: str) -> None:
    """Raise RecipeInvalid for a name that is none of STORAGES."""
    if storage not in STORAGES:
        raise RecipeInvalid("storage", f"unknown storage {storage!r}; expected one of {', '.join(STORAGES)}")


def store_weights(path: Path, storage: str, *, learnt: Collection[str] | None = None) -> None:
    """Rewrite the ONNX file with its large float32 initialisers in `storage`.

    `int8` keeps the weights of convolutions and linear layers in 8 bits with one scale an output channel, and what else
    is large in 16: of the weights those alone that are named in `learnt`, for a fixed warp is a matrix, too. What
    layers computed in integers are told stays as it is. `int4` does the same, but keeps linear layers that are WIDE in
    4 bits, with a scale for each output and one for each input.
    """
    check_storage(storage)
    if storage == "float32":
        return
    import onnx

    model = onnx.load(path)
    axes = _channel_axes(model.graph) if storage in {"int8", "int4"} else {}
    scales = {name for node in model.graph.node if node.op_type in QUANTISERS for name in node.input}
    nodes: list[Any] = []
    for tensor in list(model.graph.initializer):
        values = onnx.numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < SMALLEST or tensor.name in scales:
            continue
        if tensor.name in axes and (learnt is None or tensor.name in learnt):
            wide = _wide_layer(model.graph, tensor.name, values) if storage == "int4" else None
            if wide is not None:
                nodes += _to_int4(model.graph, tensor, values, wide)
            else:
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
        elif name.endswith("_int4") and values.dtype == np.uint8:
            stem = name.removesuffix("_int4")
            halves = np.concatenate([values & 15, values >> 4], axis=1).astype(np.float32) - NIBBLES
            weights[stem] = halves * found[f"{stem}_rows"].T * found[f"{stem}_columns"]
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


def _wide_layer(graph: Any, name: str, values: np.ndarray) -> Any | None:
    """The linear layer that the weights (out, in) are of, where 4 bits are for it."""
    reads = next(node for node in graph.node if name in node.input)
    options = {each.name: each.f or each.i for each in reads.attribute}
    fits = reads.op_type == "Gemm" and PLAIN | options == PLAIN | {"transB": 1}
    return reads if fits and values.size >= WIDE and values.shape[1] % 2 == 0 else None


def _to_int4(graph: Any, tensor: Any, values: np.ndarray, layer: Any) -> list[Any]:
    """Pack the weights; what `layer` is given and gives is multiplied by their scales.

    So the weights are widened in as many steps as those of 8 bits are: each takes their room in 32 bits when the file
    is loaded.
    """
    from onnx import TensorProto, helper, numpy_helper

    name, (source, _, *bias), (made,) = tensor.name, layer.input, layer.output
    whole, rows, columns = quantised_by_both(values)
    lower, upper = np.hsplit((whole + NIBBLES).astype(np.uint8), 2)
    tensor.CopyFrom(numpy_helper.from_array(lower | upper << 4, f"{name}_int4"))
    kept = {
        "mask": np.uint8(15),
        "bits": np.uint8(4),
        "middle": np.float32(NIBBLES),
        "rows": rows.T,
        "columns": columns,
    }
    graph.initializer.extend(numpy_helper.from_array(np.asarray(each), f"{name}_{of}") for of, each in kept.items())
    place = list(graph.node).index(layer)
    graph.node.remove(layer)
    scaled = f"{made}_scaled" if bias else made
    after = [
        helper.make_node("Mul", [source, f"{name}_columns"], [f"{made}_given"]),
        helper.make_node("Gemm", [f"{made}_given", name], [f"{made}_whole"], transB=1),
        helper.make_node("Mul", [f"{made}_whole", f"{name}_rows"], [scaled]),
        *([helper.make_node("Add", [scaled, *bias], [made])] if bias else []),
    ]
    for node in reversed(after):
        graph.node.insert(place, node)
    return [
        helper.make_node("BitwiseAnd", [f"{name}_int4", f"{name}_mask"], [f"{name}_lower"]),
        helper.make_node("BitShift", [f"{name}_int4", f"{name}_bits"], [f"{name}_upper"], direction="RIGHT"),
        helper.make_node("Concat", [f"{name}_lower", f"{name}_upper"], [f"{name}_halves"], axis=1),
        helper.make_node("Cast", [f"{name}_halves"], [f"{name}_raised"], to=TensorProto.FLOAT),
        helper.make_node("Sub", [f"{name}_raised", f"{name}_middle"], [name]),
    ]


def quantised_by_both(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights (out, in) as int8 in -8..7, scales (out, 1) and (1, in): `values` is about the product of all three.

    Inputs differ by as much as outputs do. With a scale for either, found in turns, a step is two fifths of a standard
    deviation all over; with one for each output alone it would be made for the largest inputs.
    """
    rows, columns = np.ones((values.shape[0], 1)), np.ones((1, values.shape[1]))
    for _ in range(ROUNDS):
        rows = _spread(values / columns, 1)
        columns = _spread(values / rows, 0)
    rows *= REACH / (NIBBLES - 0.5)
    whole = np.clip(np.round(values / (rows * columns)), -NIBBLES, NIBBLES - 1)
    return whole.astype(np.int8), rows.astype(np.float32), columns.astype(np.float32)


def _spread(values: np.ndarray, axis: int) -> np.ndarray:
    """Root mean squares along an axis, which stays; 1 where all is zero."""
    found = np.sqrt(np.square(values).mean(axis=axis, keepdims=True))
    return np.where(found > 0, found, 1.0)
