"""The idx files of MNIST, plain or gzipped: http://yann.lecun.com/exdb/mnist/ describes them."""

import gzip
import zlib
from math import prod
from pathlib import Path

import numpy as np

from train.errors import DataMissing, ManifestInvalid

UNSIGNED_BYTE = 8
GZIP_MAGIC = b"\x1f\x8b"


def read_idx(path: Path) -> np.ndarray:
    """The array of one idx file of unsigned bytes; raises DataMissing and ManifestInvalid."""
    if not path.is_file():
        raise DataMissing(str(path), "no such file")
    try:
        raw = path.read_bytes()
        data = gzip.decompress(raw) if raw[:2] == GZIP_MAGIC else raw
    except (OSError, EOFError, zlib.error) as error:
        raise ManifestInvalid(str(path), f"cannot be unpacked: {error}") from error
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] != UNSIGNED_BYTE:  # noqa: PLR2004 - the magic number's length
        raise ManifestInvalid(str(path), "not an idx file of unsigned bytes")
    body = 4 + 4 * data[3]
    shape = tuple(int(extent) for extent in np.frombuffer(data[4:body], dtype=">u4"))
    if len(data) - body != prod(shape):
        raise ManifestInvalid(str(path), f"expected {prod(shape)} values of shape {shape}, got {len(data) - body}")
    return np.frombuffer(data, dtype=np.uint8, offset=body).reshape(shape)
