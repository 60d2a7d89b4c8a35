"""The card beside an encoder's file: written once all of it is known, and never left with another network's figures."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from train.errors import FiguresForeign
from train.files import save_json, whole
from train.score.openset import Level


def sha256_of(path: Path) -> str:
    """The file's sha256 in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_card(
    folder: Path,
    facts: Mapping[str, Any],
    *,
    cohort: np.ndarray,
    k: int,
    mirror: bool,
    cohort_source: str,
    cameras: int = 0,
    level: Level | None = None,
) -> Path:
    """Write `cohort.npy` and `card.json` for the `encoder.onnx` in `folder`; `facts` come from training.

    The last `cameras` rows of the cohort are centroids of degraded faces. Cohort means are measured from `level`.

    The card is checked by the product's own reader before it replaces the one before.
    """
    _save_cohort(folder / "cohort.npy", cohort)
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
            "cameras": cameras,
            **_level(level),
        },
        **facts,
    }
    return _replace_card(folder, card)


def record_figures(folder: Path, figures: Mapping[str, Any]) -> Path:
    """Put an evaluation's figures into the card of the encoder's folder that they were measured on.

    `figures["measured"]` names the file and the cohort; raises FiguresForeign where the folder now holds others.
    """
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    present = sealed(card)
    if figures.get("measured") != present:
        raise FiguresForeign(str(folder), f"measured on {figures.get('measured')}, here is {present}")
    return _replace_card(folder, {**card, "figures": dict(figures)})


def sealed(card: Mapping[str, Any]) -> dict[str, str]:
    """What decides an encoder's figures: its files and its score model, as sha256."""
    model = json.dumps(card["score_model"], sort_keys=True)
    return {
        "encoder": card["encoder"]["sha256"],
        "cohort": card["cohort"]["sha256"],
        "score_model": hashlib.sha256(model.encode()).hexdigest(),
    }


def install(made: Path, to: Path, files: Sequence[str] = ("encoder.onnx", "cohort.npy")) -> None:
    """Put `files` and their card, made in one folder, into another: first the former card goes, last the new comes.

    Broken off half way the folder holds no card, and so no network: never one file with another's figures.
    """
    to.mkdir(parents=True, exist_ok=True)
    (to / "card.json").unlink(missing_ok=True)
    for name in (*files, "card.json"):
        (made / name).replace(to / name)


def _level(level: Level | None) -> dict[str, Any]:
    """The fields of the card's cohort; none where there is no level."""
    if level is None:
        return {}
    return {"floor": level.floor, "centre": {"rows": level.rows, "share": level.share}}


def _save_cohort(path: Path, cohort: np.ndarray) -> None:
    with whole(path) as unfinished, unfinished.open("wb") as file:
        np.save(file, cohort.astype(np.float16))


def _replace_card(folder: Path, card: Mapping[str, Any]) -> Path:
    """Check a card with the product's own reader and put it in place of the one before."""
    from enroll.card import parse_card

    parse_card(card)
    path = folder / "card.json"
    save_json(path, card)
    return path
