"""Files beside a card: read once, proved to be the bytes that the card names, and only then used."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from enroll._onnx import open_session
from enroll.errors import (
    DetectorAltered,
    DetectorError,
    DetectorFailed,
    DetectorMissing,
    EncoderAltered,
    EncoderError,
    EncoderFailed,
    EncoderMissing,
)


@dataclass(frozen=True, slots=True)
class Faults:
    """What is raised where a file is absent, is not the one on its card, or does not load."""

    missing: type[DetectorError] | type[EncoderError]
    altered: type[DetectorError] | type[EncoderError]
    failed: type[DetectorError] | type[EncoderError]


DETECTOR: Final = Faults(DetectorMissing, DetectorAltered, DetectorFailed)
ENCODER: Final = Faults(EncoderMissing, EncoderAltered, EncoderFailed)


def read_bytes(path: Path, faults: Faults) -> bytes:
    """Return a file's bytes; raises the `missing` of `faults`."""
    try:
        return path.read_bytes()
    except OSError as problem:
        raise faults.missing(str(path), (problem.strerror or "cannot be read").lower()) from problem


def sealed_bytes(path: Path, sha256: str, faults: Faults) -> bytes:
    """Return a file's bytes if their sha256 is that of its card; raises `missing` or `altered`."""
    data = read_bytes(path, faults)
    if hashlib.sha256(data).hexdigest() != sha256:
        raise faults.altered(str(path), "the file's sha256 is not the one on its card")
    return data


def sealed_session(path: Path, sha256: str, threads: int, faults: Faults) -> Any:
    """Return a session on a model whose bytes are those of its card; raises any of `faults`."""
    data = sealed_bytes(path, sha256, faults)
    try:
        return open_session(data, threads)
    except Exception as problem:
        raise faults.failed(str(path), str(problem)) from problem
