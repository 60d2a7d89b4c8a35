"""Folders as `attendance train export` writes them, of networks so small that every distance is told beforehand.

An embedding is the mean colour of the picture (one number for grey), so that the Euclidean distance of a black and a
white picture is 255 grey steps.
"""

import hashlib
import io
import json
import struct
from pathlib import Path
from typing import Any

from PIL import Image

FLOAT, UINT8, INT64 = 1, 2, 7

FIGURES = {"accuracy": 0.875, "interval": [0.8, 0.93], "chance": 0.5, "points": 320, "roc_auc": 0.93}
HOW = "best balanced accuracy on 1,000 validation pairs"


def tower(side: int, channels: int) -> bytes:
    """A network of pictures (n, side, side, channels) uint8 whose embedding (n, channels) is the mean colour."""
    nodes = [
        _node("Cast", ["pictures"], "numbers", to=FLOAT),
        _node("ReduceMean", ["numbers", "axes"], "embedding", keepdims=0),
    ]
    asked = [_shaped("pictures", UINT8, side, side, channels)]
    return _model(nodes, [_axes(1, 2)], asked, _shaped("embedding", FLOAT, channels))


def head(channels: int) -> bytes:
    """A pair head (n,) of embeddings (n, channels): the mean difference of their colours, in parts of 255."""
    nodes = [
        _node("Sub", ["first", "second"], "less"),
        _node("Abs", ["less"], "size"),
        _node("ReduceMean", ["size", "axes"], "mean", keepdims=0),
        _node("Div", ["mean", "white"], "distance"),
    ]
    constants = [_axes(1), _field(2, FLOAT) + _field(8, "white") + _field(9, struct.pack("<f", 255))]
    asked = [_shaped(name, FLOAT, channels) for name in ("first", "second")]
    return _model(nodes, constants, asked, _shaped("distance", FLOAT))


# The messages of onnx.proto3 as far as these networks need them, by the numbers of their fields: the package onnx is
# not among what the tests of the service need.


def _model(nodes: list[bytes], constants: list[bytes], asked: list[bytes], told: bytes) -> bytes:
    parts = [(1, each) for each in nodes] + [(5, each) for each in constants] + [(11, each) for each in asked]
    graph = _field(2, "made") + b"".join(_field(number, each) for number, each in [*parts, (12, told)])
    return _field(1, 8) + _field(8, _field(2, 18)) + _field(7, graph)


def _node(kind: str, takes: list[str], makes: str, **numbers: int) -> bytes:
    told = b"".join(_field(1, each) for each in takes) + _field(2, makes) + _field(4, kind)
    attributes = (_field(1, name) + _field(3, number) + _field(20, 2) for name, number in numbers.items())
    return told + b"".join(_field(5, each) for each in attributes)


def _axes(*numbers: int) -> bytes:
    return (
        _field(1, len(numbers))
        + _field(2, INT64)
        + _field(8, "axes")
        + _field(9, struct.pack(f"<{len(numbers)}q", *numbers))
    )


def _shaped(name: str, kind: int, *sizes: int) -> bytes:
    """What goes in or out: any number of rows, then these sizes."""
    shape = b"".join(_field(1, each) for each in (_field(2, "n"), *(_field(1, size) for size in sizes)))
    return _field(1, name) + _field(2, _field(1, _field(1, kind) + _field(2, shape)))


def _field(number: int, value: int | str | bytes) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    data = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + _varint(rest) if rest else bytes([low])


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
