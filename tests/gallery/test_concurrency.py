"""Several processes at one home: nobody is marked twice, nobody enrolled twice, no write is lost."""

import json
import os
import subprocess
import sys
from pathlib import Path

from sqlalchemy import select

from gallery import Gallery, history
from gallery.events import MARK_ADDED
from gallery.schema import MarkRow, SessionRow

ROOT = Path(__file__).resolve().parents[2]
PROCESSES = 8

MARK = """
import json, random, sys
from datetime import UTC, datetime
from pathlib import Path
from sqlalchemy import select
from gallery import Store, record
from gallery.schema import MarkRow

def mark(store, person, at):
    with store.atomic() as session:
        known = session.scalar(select(MarkRow.id).where(MarkRow.person_id == person, MarkRow.session_id == 1))
        if known is not None:
            return False
        row = MarkRow(person_id=person, session_id=1, at=at, how="camera", evidence={})
        session.add(row)
        session.flush()
        record(session, at=at, by=sys.argv[2], action="mark.add", subject=row.id)
        return True

with Store.open(Path(sys.argv[1]), busy_timeout_s=60) as store:
    print("ready", flush=True)
    sys.stdin.readline()
    order = [person for person in range(1, 6) for _ in range(8)]
    random.Random(int(sys.argv[2])).shuffle(order)
    print(json.dumps([person for person in order if mark(store, person, datetime.now(UTC))]))
"""

ENROL = """
import hashlib, json, sys
from datetime import UTC, datetime
from pathlib import Path
import numpy as np
from gallery import Gallery, Store

with Store.open(Path(sys.argv[1]), busy_timeout_s=60) as store:
    gallery = Gallery(store, "e")
    print("ready", flush=True)
    sys.stdin.readline()
    told = []
    for number in range(5):
        values = np.random.default_rng(number).normal(size=16)
        told.append(gallery.enroll(
            f"p{number}", values / np.linalg.norm(values), 0.1, quality={}, source="x", groups=["g"],
            source_sha256=hashlib.sha256(bytes([number])).hexdigest(), at=datetime.now(UTC), by="t",
        ).outcome)
    print(json.dumps(told))
"""


def _together(code: str, home: Path) -> list[list]:
    """Run the code in eight processes that all start at the same moment; their answers."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
    children = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(home), str(number)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
        )
        for number in range(PROCESSES)
    ]  # fmt: skip
    for child in children:
        assert child.stdout.readline() == "ready\n"
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()
    results = [child.communicate(timeout=120) for child in children]
    assert [""] * PROCESSES == [err for _, err in results]
    return [json.loads(out) for out, _ in results]


def test_eight_processes_mark_each_person_once(home, store, enrol, now):
    """Eight processes with forty tries each at five people: five marks, five events, one process each."""
    gallery = Gallery(store, "e")
    for seed in range(5):
        enrol(gallery, f"p{seed}", seed)
    with store.atomic() as session:
        session.add(SessionRow(id=1, name="x", kind="named", opens=now, zone="UTC"))
    told = _together(MARK, home)
    with store.reading() as session:
        marks = {mark.id: mark.person_id for mark in session.scalars(select(MarkRow))}
        events = [event.subject for event in history(session, action=MARK_ADDED)]

    assert [1, 2, 3, 4, 5] == sorted(marks.values()) == sorted(person for each in told for person in each)
    assert sorted(marks) == sorted(events)
    assert [] == gallery.verify()


def test_eight_processes_enrol_each_person_once(home, store):
    """Eight processes enrolling the same folder at once: five people, one template each, no error."""
    told = _together(ENROL, home)
    gallery = Gallery(store, "e")

    assert 5 == sum(outcome == "enrolled" for each in told for outcome in each)
    assert {"enrolled", "unchanged"} == {outcome for each in told for outcome in each}
    assert [(f"p{n}", 1, ("g",)) for n in range(5)] == [(p.name, p.templates, p.groups) for p in gallery.people()]
    assert [] == gallery.verify()
