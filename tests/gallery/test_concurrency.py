"""Several processes at one home: nobody is marked twice, nobody enrolled twice, no write is lost."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from gallery import Gallery, history
from gallery.locations import POINTER
from gallery.repositories.events import MARK_ADDED
from gallery.schema import MarkRow, SessionRow
from gallery.sqlite.home import DATABASE

ROOT = Path(__file__).resolve().parents[2]
CHILD = Path(__file__).with_name("crowd_child.py")
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def _together(what: str, home: Path) -> list[list]:
    """What eight processes answered that did the same at the same moment."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
    command = [sys.executable, str(CHILD), what, str(home)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=300)
    answers = json.loads(result.stdout)
    assert (0, "", 8) == (result.returncode, result.stderr, len(answers) - answers.count(None))
    return answers


def test_eight_processes_mark_each_person_once(home, store, enrol, now):
    """Eight processes with forty tries each at five people: five marks, five events, one process each."""
    gallery = Gallery(store, "e")
    for seed in range(5):
        enrol(gallery, f"p{seed}", seed)
    with store.atomic() as session:
        session.add(SessionRow(id=1, name="x", kind="named", opens=now, zone="UTC"))
    told = _together("mark", home)
    with store.reading() as session:
        marks = {mark.id: mark.person_id for mark in session.scalars(select(MarkRow))}
        events = [event.subject for event in history(session, action=MARK_ADDED)]

    assert [1, 2, 3, 4, 5] == sorted(marks.values()) == sorted(person for each in told for person in each)
    assert sorted(marks) == sorted(events)
    assert [] == gallery.verify()


def test_eight_processes_enrol_each_person_once(home, store):
    """Eight processes enrolling the same folder at once: five people, one template each, no error."""
    told = _together("enrol", home)
    gallery = Gallery(store, "e")

    assert 5 == sum(outcome == "enrolled" for each in told for outcome in each)
    assert {"enrolled", "unchanged"} == {outcome for each in told for outcome in each}
    assert [(f"p{n}", 1, ("g",)) for n in range(5)] == [(p.name, p.templates, p.groups) for p in gallery.people()]
    assert [] == gallery.verify()


def test_eight_first_starts_make_one_home(home, engine):
    """Processes that all find no home make one database and one key between them."""
    told = _together("start", home)

    assert 1 == len({tuple(each) for each in told})
    assert {DATABASE if engine == "sqlite" else POINTER, "key"} == {path.name for path in home.iterdir()}
