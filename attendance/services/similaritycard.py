"""`SimilarityCard`: what the folder of an exported run of the workbench says of its networks, checked when it is read.

`attendance train export` writes such a folder: `model.onnx`, `head.onnx` where a pair head measures, and `card.json`.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from attendance.service_errors import SimilarityUnusable

CARD: Final = "card.json"
MODEL: Final = "model.onnx"
HEAD: Final = "head.onnx"
SCHEMA: Final = 1
TASKS: Final = ("pairs", "three")
DISTANCES: Final = ("euclidean", "unit", "fused", "pair-head")
RESIZES: Final = ("crop", "stretch")
SIDES: Final = range(8, 1025)
MOST_PARTS: Final = 1_000_000
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)
_SHA256: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Measure:
    """How far two embeddings are apart, by `kind`; `fused` has the members' lengths and scales."""

    kind: str
    dims: tuple[int, ...] = ()
    scales: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class SimilarityCard:
    """Pictures of `side` px square and `channels` become embeddings of `embedding` numbers.

    A distance at or below `threshold` means alike; `how` it was chosen, and how often it was right on `points` balanced
    test points: `accuracy`, its 95 % `interval`, and `chance`. `task` is `pairs` or `three`; `files` sha256 by name.
    """

    name: str
    task: str
    side: int
    channels: int
    resize: str
    embedding: int
    measure: Measure
    threshold: float
    how: str
    accuracy: float
    interval: tuple[float, float]
    chance: float
    points: int
    data: str
    classes: int
    unseen: bool
    method: str
    initial: str
    """Whose weights it started from; empty for none."""
    files: Mapping[str, str]

    def to_dict(self) -> dict[str, Any]:
        """What programs are told."""
        return {
            "name": self.name,
            "task": self.task,
            "side": self.side,
            "channels": self.channels,
            "distance": self.measure.kind,
            "threshold": self.threshold,
            "how": self.how,
            "accuracy": self.accuracy,
            "interval": list(self.interval),
            "chance": self.chance,
            "points": self.points,
            "data": self.data,
            "classes": self.classes,
            "unseen": self.unseen,
            "method": self.method,
            "initial": self.initial,
        }


def read_card(folder: Path) -> SimilarityCard:
    """The card of a folder. Raises SimilarityUnusable with what is missing, foreign or wrong."""
    try:
        raw = json.loads((folder / CARD).read_text(encoding="utf-8"))
    except OSError as error:
        raise SimilarityUnusable(str(folder), f"{CARD} cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise SimilarityUnusable(str(folder), f"{CARD} is damaged") from error
    if not isinstance(raw, dict) or raw.get("kind") != "similarity":
        raise SimilarityUnusable(str(folder), f"{CARD} is of something else, not of a run of the workbench")
    if raw.get("schema") != SCHEMA:
        raise SimilarityUnusable(str(folder), f"{CARD} is of schema {raw.get('schema')!r}, this program reads {SCHEMA}")
    try:
        return _parsed(raw)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        told = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise SimilarityUnusable(str(folder), f"{CARD}: {told}") from error


def _parsed(raw: Mapping[str, Any]) -> SimilarityCard:
    shape, figures, data = raw["input"], raw["figures"], raw["data"]
    embedding = _whole("embedding", raw["embedding"], range(1, MOST_PARTS))
    measure = _measure(raw["distance"], embedding)
    low, high = (_share("interval", each) for each in figures["interval"])
    return SimilarityCard(
        name=_name(raw["name"]),
        task=_one_of("task", raw["task"], TASKS),
        side=_whole("side", shape["side"], SIDES),
        channels=_one_of("channels", shape["channels"], (1, 3)),
        resize=_one_of("resize", shape["resize"], RESIZES),
        embedding=embedding,
        measure=measure,
        threshold=_number("threshold", raw["threshold"]["value"]),
        how=_text("how", raw["threshold"]["how"]),
        accuracy=_share("accuracy", figures["accuracy"]),
        interval=(low, high),
        chance=_share("chance", figures["chance"]),
        points=_whole("points", figures["points"], range(1, 2**31)),
        data=_text("data", data["kind"]),
        classes=_whole("classes", data["classes"], range(1, 2**31)),
        unseen=_one_of("test_classes_unseen", data["test_classes_unseen"], (False, True)),
        method=_text("method", raw["run"]["method"]),
        initial=_text("initial", raw["run"]["initial"]),
        files=_files(raw["files"], head=measure.kind == "pair-head"),
    )


def _measure(raw: Mapping[str, Any], embedding: int) -> Measure:
    kind = _one_of("distance", raw["kind"], DISTANCES)
    if kind != "fused":
        return Measure(kind)
    dims = tuple(_whole("dims", each, range(1, MOST_PARTS)) for each in raw["dims"])
    scales = tuple(_number("scales", each) for each in raw["scales"])
    if sum(dims) != embedding or len(dims) != len(scales) or min(scales, default=0) <= 0:
        raise ValueError(f"dims and scales: expected as many of both, that add to {embedding}")
    return Measure(kind, dims, scales)


def _files(raw: Mapping[str, Any], *, head: bool) -> dict[str, str]:
    expected = {MODEL, HEAD} if head else {MODEL}
    if set(raw) != expected:
        raise ValueError(f"files: expected {', '.join(sorted(expected))}, got {', '.join(sorted(raw)) or 'none'}")
    for name, digest in raw.items():
        if not isinstance(digest, str) or not _SHA256.fullmatch(digest):
            raise ValueError(f"files: {name} has no sha256")
    return dict(raw)


def _name(value: Any) -> str:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise ValueError(f"name: expected small letters, digits, '-', '.' and '_', got {value!r}")
    return value


def _text(what: str, value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{what}: expected a text, got {value!r}")
    return value


def _one_of(what: str, value: Any, known: tuple[Any, ...]) -> Any:
    for each in known:
        if type(value) is type(each) and value == each:
            return each
    raise ValueError(f"{what}: expected one of {', '.join(map(str, known))}, got {value!r}")


def _whole(what: str, value: Any, known: range) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value not in known:
        raise ValueError(f"{what}: expected a whole number from {known[0]} to {known[-1]}, got {value!r}")
    return value


def _number(what: str, value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise ValueError(f"{what}: expected a number, got {value!r}")
    return float(value)


def _share(what: str, value: Any) -> float:
    number = _number(what, value)
    if not 0 <= number <= 1:
        raise ValueError(f"{what}: expected a share from 0 to 1, got {value!r}")
    return number
