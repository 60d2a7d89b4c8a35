"""Eight processes that do the same at one home at the same moment; not a test itself.

Called as `crowd_child.py start|mark|enrol HOME`. Forks eight children that wait for one signal, then prints what
each of them answered, as one line of JSON.
"""
# ruff: noqa: T201  its output is its answer

import hashlib
import json
import os
import random
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from gallery import Database, Gallery, open_database, record
from gallery.repositories import marks
from gallery.repositories.events import MARK_ADDED

PROCESSES, PEOPLE, TRIES = 8, 5, 8


def start(home: Path, _: int) -> list[str]:
    """Open a home that nobody has made yet, and ask for its key."""
    with open_database(home, busy_timeout_s=60) as store:
        _ = Gallery(store, "e").sealer
        return [store.meta("home_id"), (home / "key").read_text()]


def mark(home: Path, number: int) -> list[int]:
    """Mark five people eight times each, in an order of one's own; who was marked here."""
    order = [person for person in range(1, PEOPLE + 1) for _ in range(TRIES)]
    random.Random(number).shuffle(order)  # noqa: S311
    with open_database(home, busy_timeout_s=60) as store:
        return [person for person in order if _mark(store, person, str(number))]


def _mark(store: Database, person: int, by: str) -> bool:
    now = datetime.now(UTC)
    with store.atomic() as session:
        made = marks.add(session, person, 1, at=now, entered=now, by=by, method="face")
        if made is None:
            return False
        record(session, at=now, by=by, action=MARK_ADDED, subject=made.id)
        return True


def enrol(home: Path, _: int) -> list[str]:
    """Enrol the same five people; what became of each."""
    with open_database(home, busy_timeout_s=60) as store:
        gallery = Gallery(store, "e")
        return [_enrol(gallery, person) for person in range(PEOPLE)]


def _enrol(gallery: Gallery, person: int) -> str:
    values = np.random.default_rng(person).normal(size=16)
    return gallery.enroll(
        f"p{person}", values / np.linalg.norm(values), 0.1, quality={}, source="x", groups=["g"],
        source_sha256=hashlib.sha256(bytes([person])).hexdigest(), at=datetime.now(UTC), by="t",
    ).outcome  # fmt: skip


def fork(number: int, home: Path, gate: tuple[int, int]) -> int:
    """A child that waits for the gate to close, acts, and answers; the end of the pipe to read from."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        status = 1
        try:
            os.close(gate[1])
            os.read(gate[0], 1)
            answer = {"start": start, "mark": mark, "enrol": enrol}[sys.argv[1]](home, number)
            os.write(writer, json.dumps(answer).encode())
            status = 0
        finally:
            os._exit(status)
    os.close(writer)
    return reader


def main(home: Path) -> None:
    gate = os.pipe()
    readers = [fork(number, home, gate) for number in range(PROCESSES)]
    os.close(gate[1])
    answers = []
    for reader in readers:
        with os.fdopen(reader, "rb") as pipe:
            answers.append(json.loads(pipe.read() or b"null"))
    print(json.dumps(answers))


main(Path(sys.argv[2]))
