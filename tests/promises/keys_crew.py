"""Run by test_keys_rotate.py as a program of its own: it writes to a home until a file appears, and tells what it did.

keys_crew.py HOME NUMBER STOP
"""

import hashlib
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from gallery import Gallery, open_database

ENOUGH = 40


def main(home: Path, number: int, stop: Path) -> None:
    done, opened = [], 0
    with open_database(home, busy_timeout_s=120) as store:
        gallery = Gallery(store, "crew")
        while not (stop.exists() and done) and len(done) < ENOUGH:
            name = f"p{number}-{len(done)}"
            enrol(gallery, name, number * 1000 + len(done))
            done.append(name)
            opened = len(gallery.load().ids)
    print(json.dumps({"enrolled": done, "opened": opened}))  # noqa: T201 - its answer


def enrol(gallery: Gallery, name: str, seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=16)
    gallery.enroll(
        name, values / np.linalg.norm(values), 0.2, quality={}, source="x", crop=b"crop", groups=["g"],
        source_sha256=hashlib.sha256(str(seed).encode()).hexdigest(), at=datetime.now(UTC), by="t",
    )  # fmt: skip


main(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
