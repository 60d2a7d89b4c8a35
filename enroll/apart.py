"""Decoding in a process of its own: what breaks the decoder of a rare format breaks no more than that one photo.

Run as a module it is the child: one line of orders and the file's bytes on stdin, one line of answer and the
pixels on stdout.
"""

import contextlib
import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import numpy as np

from enroll import errors
from enroll.face import Pixels

if TYPE_CHECKING:
    from enroll.decoding import PhotoLimits

TIMEOUT_S: Final = 120.0
_COMMAND: Final = (sys.executable, "-P", "-m", "enroll.apart")
_IMPORT_ROOT: Final = str(Path(__file__).resolve().parents[1])
# Each thread of a library reserves addresses, which count against the bound.
_FEW_THREADS: Final = {"MALLOC_ARENA_MAX": "2", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
_THREADS: Final = 4
# Beside what the limits allow: libraries that load late, threads, the answer.
_SPARE_BYTES: Final = 400_000_000


def decode_apart(data: bytes, source: str, limits: "PhotoLimits") -> tuple[Pixels, str]:
    """Decode a photo in a child process; gives its pixels and format. Raises a `PhotoError`."""
    orders = json.dumps({"source": source, "limits": dataclasses.asdict(limits)}).encode()
    paths = [_IMPORT_ROOT, *filter(None, [os.environ.get("PYTHONPATH")])]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and module
            _COMMAND,
            input=b"".join((orders, b"\n", data)),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=TIMEOUT_S,
            check=False,
            env={**os.environ, **_FEW_THREADS, "PYTHONPATH": os.pathsep.join(paths)},
        )
    except subprocess.TimeoutExpired as problem:
        raise errors.PhotoDamaged(source, f"its decoder did not end within {TIMEOUT_S:.0f} seconds") from problem
    except OSError as problem:
        raise errors.PhotoUnreadable(source, f"its decoder cannot be started ({problem.strerror})") from problem
    head, _, body = done.stdout.partition(b"\n")
    if done.returncode != 0 or not head:
        raise errors.PhotoDamaged(source, "the picture cannot be decoded (its decoder broke down)")
    return _answer(json.loads(head), body, source)


def _answer(answer: dict[str, Any], body: bytes, source: str) -> tuple[Pixels, str]:
    if "error" in answer:
        raise getattr(errors, answer["error"])(source, answer["detail"])
    return np.frombuffer(body, np.uint8).reshape(answer["shape"]), answer["format"]


def main(read: BinaryIO, write: BinaryIO) -> None:
    """Decode one photo for the parent; its memory is bounded where the system can do that."""
    from PIL import AvifImagePlugin

    from enroll.decoding import PhotoLimits, decode_here

    AvifImagePlugin.DEFAULT_MAX_THREADS = _THREADS  # of this process alone
    orders, _, data = read.read().partition(b"\n")
    order = json.loads(orders)
    limits = PhotoLimits(**order["limits"])
    _bound_memory(limits.max_decode_bytes + _SPARE_BYTES)
    try:
        pixels, kind = decode_here(data, order["source"], limits)
    except errors.PhotoError as problem:
        write.write(json.dumps({"error": type(problem).__name__, "detail": problem.detail}).encode() + b"\n")
        return
    write.write(json.dumps({"shape": pixels.shape, "format": kind}).encode() + b"\n")
    write.write(np.ascontiguousarray(pixels).tobytes())


def _bound_memory(more: int) -> None:
    """Let the process grow by so many bytes from here."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        most = pages * resource.getpagesize() + more
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer)
