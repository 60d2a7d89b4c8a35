"""Checkpoints: written whole or not at all, and never loaded into another recipe's run."""

import pickle
import struct
from pathlib import Path
from typing import Any, cast

import torch

from train.errors import CheckpointRefused, CheckpointUnwritten
from train.files import whole

FORMAT = 1
UNREADABLE = (OSError, RuntimeError, EOFError, ValueError, KeyError, pickle.UnpicklingError, struct.error)
"""What PyTorch raises for files that are not its own."""


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write to a temporary name, sync, replace; raises CheckpointUnwritten and leaves the former file untouched."""
    try:
        with whole(path) as unfinished, unfinished.open("wb") as file:
            torch.save({"format": FORMAT, **state}, file)
    except (OSError, RuntimeError) as error:  # torch reports a full disk as RuntimeError
        raise CheckpointUnwritten(str(path), str(error).splitlines()[0]) from error


def load_checkpoint(path: Path, digest: str) -> dict[str, Any]:
    """The state that a run of the same recipe saved; raises CheckpointRefused otherwise."""
    try:
        state = cast("dict[str, Any]", torch.load(path, map_location="cpu", weights_only=True))
    except UNREADABLE as error:
        raise CheckpointRefused(str(path), f"cannot be read: {str(error).splitlines()[0]}") from error
    if state.get("format") != FORMAT:
        raise CheckpointRefused(str(path), f"expected format {FORMAT}, got {state.get('format')}")
    if state.get("digest") != digest:
        raise CheckpointRefused(
            str(path), f"written by recipe {state.get('recipe')!r} ({state.get('digest')}), not by {digest}"
        )
    return state
