"""The published networks that training starts from and is compared with, by name (no PyTorch is needed to ask)."""

import hashlib
from pathlib import Path
from typing import Any

from train.errors import WeightsUnusable

FILES = {
    "mobilefacenet": "weights/foamliu_mobilefacenet.pt",
    "retail-0095": "weights/face-reidentification-retail-0095.xml",
    "sface": "weights/face_recognition_sface_2021dec.onnx",
}
"""Where each network's file lies in the data folder."""

PAIR = ("mobilefacenet", "retail-0095")
TEACHERS = {"published": PAIR, "published-three": tuple(FILES)}
"""What `[data] teacher` may name beside the recipe's own start: published networks side by side, equal shares."""


def read_graph(weights: Path, name: str, sha256: str) -> Any:
    """The graph of an ONNX file; raises WeightsUnusable for one that is absent or not the published one to the byte."""
    import onnx

    try:
        content = weights.read_bytes()
    except OSError as error:
        raise WeightsUnusable(str(weights), f"cannot be read: {error.strerror}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise WeightsUnusable(
            str(weights), f"not {name} as published: expected sha256 {sha256[:12]}…, found {found[:12]}…"
        )
    return onnx.load_from_string(content).graph
