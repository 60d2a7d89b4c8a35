"""Folders as `attendance train export` writes them, of networks so small that every distance is told beforehand.

An embedding is the mean colour of the picture (one number for grey), so that the Euclidean distance of a black and a
white picture is 255 grey steps.
"""

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

FIGURES = {"accuracy": 0.875, "interval": [0.8, 0.93], "chance": 0.5, "points": 320, "roc_auc": 0.93}
HOW = "best balanced accuracy on 1,000 validation pairs"


def tower(side: int, channels: int) -> bytes:
    """A network of pictures (n, side, side, channels) uint8 whose embedding (n, channels) is the mean colour."""
    onnx = pytest.importorskip("onnx", reason="the package onnx of the extra `train` is not installed")
    node, info, kind = onnx.helper.make_node, onnx.helper.make_tensor_value_info, onnx.TensorProto
    nodes = [
        node("Cast", ["pictures"], ["numbers"], to=kind.FLOAT),
        node("ReduceMean", ["numbers", "axes"], ["embedding"], keepdims=0),
    ]
    axes = onnx.numpy_helper.from_array(np.array([1, 2], np.int64), "axes")
    asked = [info("pictures", kind.UINT8, ["n", side, side, channels])]
    return _model(onnx, nodes, asked, [info("embedding", kind.FLOAT, ["n", channels])], [axes])


def head(channels: int) -> bytes:
    """A pair head (n,) of embeddings (n, channels): the mean difference of their colours, in parts of 255."""
    onnx = pytest.importorskip("onnx", reason="the package onnx of the extra `train` is not installed")
    node, info, kind = onnx.helper.make_node, onnx.helper.make_tensor_value_info, onnx.TensorProto
    nodes = [
        node("Sub", ["first", "second"], ["less"]),
        node("Abs", ["less"], ["size"]),
        node("ReduceMean", ["size", "axes"], ["mean"], keepdims=0),
        node("Div", ["mean", "white"], ["distance"]),
    ]
    constants = [
        onnx.numpy_helper.from_array(np.array([1], np.int64), "axes"),
        onnx.numpy_helper.from_array(np.array(255, np.float32), "white"),
    ]
    asked = [info(name, kind.FLOAT, ["n", channels]) for name in ("first", "second")]
    return _model(onnx, nodes, asked, [info("distance", kind.FLOAT, ["n"])], constants)


def _model(onnx: Any, nodes: list[Any], asked: list[Any], told: list[Any], constants: list[Any]) -> bytes:
    graph = onnx.helper.make_graph(nodes, "made", asked, told, constants)
    made = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=8)
    return made.SerializeToString()


def exported(folder: Path, **changes: Any) -> Path:
    """Write such a folder; ``changes`` are entries of the card, `distance` by its kind, and `threshold` as a number."""
    told = {"name": "colours", "task": "pairs", "distance": {"kind": "euclidean"}, "threshold": 100.0, **changes}
    shape = told.pop("input", {"side": 16, "channels": 3, "resize": "crop"})
    files = {"model.onnx": tower(shape["side"], shape["channels"])}
    if told["distance"]["kind"] == "pair-head":
        files["head.onnx"] = head(shape["channels"])
    folder.mkdir(parents=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    card = {
        "schema": 1,
        "kind": "similarity",
        "input": shape,
        "embedding": shape["channels"],
        "figures": FIGURES,
        "data": {"kind": "folder", "classes": 8, "test_classes_unseen": True},
        "run": {
            "recipe": "made",
            "digest": "0" * 16,
            "seed": 1,
            "method": "contrastive",
            "model": "mean",
            "initial": "lite0",
        },
        "created": "2026-03-02",
        "files": {name: hashlib.sha256(data).hexdigest() for name, data in files.items()},
        **told,
        "threshold": {"value": told["threshold"], "how": HOW, "balanced_accuracy": 0.9},
    }
    (folder / "card.json").write_text(json.dumps(card), encoding="utf-8")
    return folder


def changed(folder: Path, change: Any) -> None:
    """Change the card of a folder by hand."""
    path = folder / "card.json"
    card = json.loads(path.read_text(encoding="utf-8"))
    change(card)
    path.write_text(json.dumps(card), encoding="utf-8")


def picture(grey: int, form: str = "PNG", size: tuple[int, int] = (40, 32)) -> bytes:
    """A picture of one grey."""
    data = io.BytesIO()
    Image.new("RGB", size, (grey, grey, grey)).save(data, form)
    return data.getvalue()
