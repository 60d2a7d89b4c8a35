"""The process that decodes photos: what breaks a decoder, or takes hold of it, breaks no more than this process.

Run as a module. One photo after another comes on stdin: a line of orders, then the file's bytes. For each a line of
answer, and where they are asked for the pixels, go to stdout. It ends when stdin does.
"""

import contextlib
import dataclasses
import json
import os
import signal
import sys
import warnings
from typing import Any, BinaryIO, Final

import numpy as np
from PIL import Image

from enroll.children import bound_computing, bound_memory, leave_no_core, write_no_file
from enroll.decoding import decode_here
from enroll.errors import PhotoError
from enroll.facts import facts_here
from enroll.photolimits import PhotoLimits

# Beside what the limits allow: libraries that load late, threads, the answer.
_SPARE_BYTES: Final = 400_000_000
_THREADS: Final = 4
_LONGEST_DETAIL: Final = 300


def serve(read: BinaryIO, write: BinaryIO) -> None:
    """Decode photo after photo until no more orders come."""
    while line := read.readline():
        order = json.loads(line)
        limits = PhotoLimits(**order["limits"])
        bound_memory(limits.max_decode_bytes + _SPARE_BYTES)
        bound_computing(_THREADS * (int(limits.max_seconds) + 1))
        data = read.read(order["size"])
        if order["ask"] == "facts":
            _tell(write, dataclasses.asdict(facts_here(data)))
        else:
            _answer(data, order["name"], limits, write)
        write.flush()


def _answer(data: bytes, name: str, limits: PhotoLimits, write: BinaryIO) -> None:
    try:
        pixels, kind = decode_here(data, name, limits)
    except PhotoError as problem:
        _tell(write, {"error": problem.id, "detail": problem.detail[:_LONGEST_DETAIL]})
        return
    _tell(write, {"shape": pixels.shape, "format": kind})
    write.write(np.ascontiguousarray(pixels).data)


def _tell(write: BinaryIO, answer: dict[str, Any]) -> None:
    write.write(json.dumps(answer).encode() + b"\n")


def quiet() -> None:
    """Silence the warnings of Pillow for this whole process; that of far too many pixels becomes an error."""
    warnings.simplefilter("ignore")
    warnings.simplefilter("error", Image.DecompressionBombWarning)


def main() -> None:
    """Entry of the process."""
    from PIL import AvifImagePlugin

    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then closes the pipe
    leave_no_core()
    write_no_file()
    quiet()
    AvifImagePlugin.DEFAULT_MAX_THREADS = _THREADS
    Image.preinit()
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no part of an answer
    serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
