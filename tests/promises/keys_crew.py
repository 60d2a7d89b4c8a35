"""Run by test_keys_rotate.py as a program of its own: its forks write to a home until a file appears.

keys_crew.py HOME WRITERS STOP

It writes once itself, which has statements compiled for all of them, and then prints what each did as one line of JSON.
"""

import hashlib
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from compiled_once import compiled_once

from gallery import Gallery, open_database

ENOUGH = 40


def write(home: Path, number: int, stop: Path, enough: int = ENOUGH) -> list[str]:
    """Enrol some, opening all templates after each; who they are."""
    done = []
    with open_database(home, busy_timeout_s=120) as store:
        gallery = Gallery(store, "crew")
        while not (stop.exists() and done) and len(done) < enough:
            name = f"p{number}-{len(done)}"
            enrol(gallery, name, number * 1000 + len(done))
            done.append(name)
            assert len(done) <= len(gallery.load().ids)
    return done


def fork(home: Path, number: int, stop: Path) -> tuple[int, int]:
    """A process that writes; its number, and the end of the pipe where it tells what it did."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.write(writer, json.dumps(write(home, number, stop)).encode())
            status = 0
        finally:
            os._exit(status)
    os.close(writer)
    return child, reader


def main(home: Path, writers: int, stop: Path) -> None:
    told = [(0, write(home, writers, stop, 1))]
    for child, reader in [fork(home, number, stop) for number in range(writers)]:
        with os.fdopen(reader, "rb") as pipe:
            done = json.loads(pipe.read() or b"[]")
        told.append((os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), done))
    print(json.dumps(told))  # noqa: T201 - its answer


def enrol(gallery: Gallery, name: str, seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=16)
    gallery.enroll(
        name, values / np.linalg.norm(values), 0.2, quality={}, source="x", crop=b"crop", groups=["g"],
        source_sha256=hashlib.sha256(str(seed).encode()).hexdigest(), at=datetime.now(UTC), by="t",
    )  # fmt: skip


with compiled_once():
    main(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
