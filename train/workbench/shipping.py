"""A finished run of the workbench as a folder for the page Similarity of `attendance serve`: networks and card.

`model.onnx` makes embeddings (n, d) float32 of `pictures` (n, side, side, channels) uint8, normalised inside;
`head.onnx`, where a pair head measures, makes distances (n,) of embeddings `first` and `second` (n, d). The card has
the threshold with how it was chosen, and how often it was right.
"""

import datetime as dt
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from enroll.telemetry import onnx_runtime
from train.errors import ExportUnequal, RecipeInvalid
from train.files import save_json
from train.fit.losses import PairHead
from train.nets.export import OPSET, TOLERANCE
from train.nets.pretrained import members_of
from train.recipe import Model
from train.ship.cards import install, sha256_of
from train.tensors import PIXEL_MEAN, PIXEL_STD
from train.workbench.distance import Fused, HeadDistance
from train.workbench.questions import asking
from train.workbench.report import read_metrics
from train.workbench.run import FinishedRun, open_run
from train.workbench.towers import InputShape, dim_of

MODEL, HEAD = "model.onnx", "head.onnx"
KIND = "similarity"
SCHEMA = 1
SAMPLES = 6
NAME = "abcdefghijklmnopqrstuvwxyz0123456789-._"
LONGEST_NAME = 64
STRETCHED = frozenset({"att"})
"""Kinds of data whose pictures are made square without cutting."""


class PictureTower(nn.Module):
    """A network of the workbench on pictures (n, S, S, C) uint8, as they are decoded."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, pictures: Tensor) -> Tensor:
        planes = pictures.permute(0, 3, 1, 2).contiguous().float()
        return torch.as_tensor(self.network((planes - PIXEL_MEAN) / PIXEL_STD))


class PairDistance(nn.Module):
    """The distance (n,) that a pair head gives to embeddings `first` and `second` (n, d)."""

    def __init__(self, head: PairHead) -> None:
        super().__init__()
        self.head = head

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        return 1 - torch.sigmoid(self.head.logits(first, second))


def ship_similarity(run: Path, to: Path, identifier: str) -> str:
    """Export a finished run into `to` with its card, named `identifier`; returns what to tell the user.

    Raises RecipeInvalid for a name that no address can have, DataMissing for a run that is not finished, ExportUnequal
    where ONNX Runtime and PyTorch differ; then nothing is written.
    """
    check_name(identifier)
    opened, metrics = open_run(run), read_metrics(run)
    to.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{to.name}.", dir=to.parent) as made:
        off = export_networks(opened, Path(made))
        files = [name for name in (MODEL, HEAD) if Path(made, name).is_file()]
        save_json(Path(made, "card.json"), card(opened, metrics, identifier, Path(made), files))
        install(Path(made), to, files)
    return f"{to}: {identifier}, differs from PyTorch by {off:.1e}, threshold {opened.threshold:.4g}"


def check_name(identifier: str) -> None:
    """Raise RecipeInvalid unless the name can stand in an address: small letters, digits, `-`, `.` and `_`."""
    plain = identifier and not set(identifier) - set(NAME) and identifier[0].isalnum()
    if not plain or len(identifier) > LONGEST_NAME:
        raise RecipeInvalid("--id", f"expected small letters, digits, '-', '.' and '_', got {identifier!r}")


def export_networks(opened: FinishedRun, made: Path) -> float:
    """Write `model.onnx`, and `head.onnx` where there is one, into a folder; the largest difference to PyTorch.

    Embeddings and distances are compared on generated pictures, one alone and several at once; a difference counts
    in parts of the largest value where that is above 1. Raises ExportUnequal above 1e-4.
    """
    pictures = sample_pictures(opened.shape)
    with torch.random.fork_rng(devices=[]):
        _export(PictureTower(opened.model).eval(), (torch.from_numpy(pictures[:2]),), made / MODEL, ["embedding"])
        expected, actual = opened.embed(pictures), _run(made / MODEL, pictures=pictures)
        alone = _run(made / MODEL, pictures=pictures[:1])
        off = [_off(expected, actual), _off(expected[:1], alone)]
        if isinstance(opened.distance, HeadDistance):
            off.append(_export_head(opened.distance, expected, made / HEAD))
        else:
            off.append(_off(opened.distance(*_pairs(expected)), opened.distance(*_pairs(actual))))
    most = float(np.max(off))  # unlike max() it keeps what is no number
    if not most <= TOLERANCE:
        raise ExportUnequal(MODEL, f"PyTorch and ONNX Runtime differ by {most:.1e}, allowed is {TOLERANCE:.0e}")
    return most


def sample_pictures(shape: InputShape) -> np.ndarray:
    """Generated pictures (SAMPLES, side, side, channels) uint8: patches of noise, each another one."""
    random = np.random.default_rng(1)
    patches = -(-shape.side // 4)
    coarse = random.integers(0, 256, (SAMPLES, patches, patches, shape.channels), dtype=np.uint8)
    return np.ascontiguousarray(coarse.repeat(4, 1).repeat(4, 2)[:, : shape.side, : shape.side])


def card(
    opened: FinishedRun, metrics: Mapping[str, Any], identifier: str, made: Path, files: Sequence[str]
) -> dict[str, Any]:
    """What `card.json` says of the files in a folder."""
    figures, recipe = metrics["figures"], opened.recipe
    return {
        "schema": SCHEMA,
        "kind": KIND,
        "name": identifier,
        "task": recipe.task,
        "input": {
            "side": opened.shape.side,
            "channels": opened.shape.channels,
            "resize": "stretch" if recipe.data.kind in STRETCHED else "crop",
        },
        "embedding": dim_of(opened.model),
        "distance": _distance(opened),
        "threshold": dict(figures["threshold"]),
        "figures": {name: figures[name] for name in ("accuracy", "interval", "chance", "points", "roc_auc")},
        "data": {
            "kind": metrics["data"]["kind"],
            "classes": metrics["data"]["classes"],
            "test_classes_unseen": metrics["data"]["test_classes_unseen"],
        },
        "run": {
            **{name: metrics[name] for name in ("recipe", "digest", "seed", "method", "model")},
            "initial": _initial(recipe.model),
        },
        "created": dt.datetime.now(tz=dt.UTC).date().isoformat(),
        "files": {name: sha256_of(made / name) for name in files},
    }


def _initial(model: Model) -> str:
    """The weights that a network, or each of an ensemble's, started from; empty where they were drawn."""
    networks = members_of(model) if model.kind == "ensemble" else [model]
    return " and ".join(dict.fromkeys(Path(one.initial).name for one in networks if one.initial))


def _distance(opened: FinishedRun) -> dict[str, Any]:
    if isinstance(opened.distance, Fused):
        return {"kind": "fused", "dims": list(opened.distance.dims), "scales": list(opened.distance.scales)}
    return {"kind": asking(opened.recipe).distance}


def _export_head(distance: HeadDistance, embeddings: np.ndarray, path: Path) -> float:
    """Write the pair head; the largest difference of its distances to PyTorch's."""
    first, second = _pairs(embeddings)
    example = (torch.from_numpy(first[:2]), torch.from_numpy(second[:2]))
    _export(PairDistance(distance.head).eval(), example, path, ["distance"])
    return _off(distance(first, second), _run(path, first=first, second=second))


def _export(network: nn.Module, example: tuple[Tensor, ...], path: Path, outputs: list[str]) -> None:
    """Write a network for any number of rows; its inputs are named as `forward` names them."""
    names = ["pictures"] if len(example) == 1 else ["first", "second"]
    rows = torch.export.Dim("n")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns about its own deprecated calls
        program = torch.onnx.export(
            network,
            example,
            input_names=names,
            output_names=outputs,
            dynamic_shapes={name: {0: rows} for name in names},
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
    assert program is not None  # noqa: S101 - for the type checker: the exporter of TorchDynamo always returns one
    program.save(path, external_data=False)


def _run(path: Path, **inputs: np.ndarray) -> np.ndarray:
    session = onnx_runtime().InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, inputs)[0])


def _pairs(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    first, second = np.triu_indices(len(rows), 1)
    return rows[first], rows[second]


def _off(expected: np.ndarray, actual: np.ndarray) -> float:
    """The largest difference, in parts of the largest value where that is above 1."""
    return float(np.abs(actual - expected).max() / max(1.0, float(np.abs(expected).max())))
