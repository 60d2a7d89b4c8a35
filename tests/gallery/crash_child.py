"""Dies by SIGKILL at some steps of a run, after it has got through once; not a test itself.

Called as `crash_child.py start|enrol|mark HOME FOLDER TRIES DRAWN`. Each run that dies is a forked child with a copy of
the home of its own, which tells what it acknowledged through a pipe after the call returned. The parent then opens that
home and prints one line of JSON: how it died and what is there; the last line is of the run that got through. How many
steps are tried, and where they begin, is as `kill_points.spread` takes it.
"""
# ruff: noqa: T201  its output is its answer

import hashlib
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from sqlalchemy import func, select

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from compiled_once import compiled_once
from kill_points import counted, spread
from servers import discard, twin

from gallery import Database, Gallery, GalleryError, history, open_database, record
from gallery.repositories import deliveries, marks, news, receivers, sightings
from gallery.repositories.events import MARK_ADDED
from gallery.schema import MarkRow, Person, SessionRow
from gallery.values import Sighting, Soundness

AT = datetime(2026, 3, 2, tzinfo=UTC)
PEOPLE = {"start": 0, "enrol": 2, "mark": 3}


def enrol(gallery: Gallery, number: int) -> None:
    values = np.random.default_rng(number).normal(size=16)
    gallery.enroll(
        f"p{number}", values / np.linalg.norm(values), 0.2, quality={}, source="x", crop=b"crop", groups=["g"],
        source_sha256=hashlib.sha256(bytes([number])).hexdigest(), at=AT, by="t",
    )  # fmt: skip


def mark(store: Database, person: int) -> None:
    with store.atomic() as session:
        query = select(MarkRow.id).where(MarkRow.person_id == person, MarkRow.session_id == 1)
        if session.scalar(query) is None:
            (seen,) = sightings.add(session, [Sighting(AT, "camera", "door", "present", "e", session=1, person=person)])
            row = marks.add(session, person, 1, at=AT, entered=AT, by="t", method="face", sighting=seen)
            record(session, at=AT, by="t", action=MARK_ADDED, subject=row.id)


def prepare(what: str, home: Path) -> None:
    """A new home; for the marking run with people and an open session."""
    with open_database(home) as store:
        if what == "mark":
            for number in range(1, PEOPLE["mark"] + 1):
                enrol(Gallery(store, "e"), number)
            with store.atomic() as session:
                session.add(SessionRow(name="x", kind="named", opens=AT, zone="UTC"))
                receivers.insert(
                    session, Gallery(store, "e").sealer, "hook", "webhook", address="https://x", secret=None,
                    kinds=[news.MARK_MADE], allow_private=False, at=AT, by="t",
                )  # fmt: skip


def run(what: str, home: Path, acknowledge: int) -> None:
    with open_database(home) as store:
        for number in range(1, PEOPLE[what] + 1):
            enrol(Gallery(store, "e"), number) if what == "enrol" else mark(store, number)
            os.write(acknowledge, bytes([number]))


def child(what: str, home: Path, fatal: int) -> tuple[bool, list[int]]:
    """Whether the run was killed, and what it had acknowledged."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.close(reader)
            with counted() as steps:
                steps.begin(fatal)
                run(what, home, writer)
            status = 0
        finally:
            os._exit(status)
    os.close(writer)
    acknowledged = told(reader)
    _, status = os.waitpid(pid, 0)
    if not os.WIFSIGNALED(status) and os.WEXITSTATUS(status):
        raise SystemExit("the run failed by itself")
    return os.WIFSIGNALED(status), acknowledged


def told(reader: int) -> list[int]:
    with os.fdopen(reader, "rb") as pipe:
        return sorted(set(pipe.read()))


def get_through(what: str, home: Path) -> tuple[int, list[int]]:
    """How many steps the run has that nobody kills, and what it acknowledges."""
    reader, writer = os.pipe()
    with counted() as steps, os.fdopen(writer, "wb"):
        run(what, home, writer)
    return steps.count, told(reader)


def look(home: Path) -> dict[str, object]:
    """What is there after the crash."""
    try:
        with open_database(home) as store:
            gallery = Gallery(store, "e")
            with store.reading() as session:
                told = history(session)
                return {
                    "sound": store.check() == Soundness((), ()),
                    "people": sorted(int(person.name[1:]) for person in gallery.people()),
                    "whole": [person.templates for person in gallery.people()],
                    "crops": gallery.stats().crops,
                    "groups": [list(person.groups) for person in gallery.people()],
                    "enrolments": sum(event.action == "person.enroll" for event in told),
                    "marked": sorted(session.scalars(select(MarkRow.person_id))),
                    "told": sorted(each.person for each in news.after(session, 0) if each.kind == news.MARK_MADE),
                    "due": sorted(each.news.person for each in deliveries.due(session, AT)),
                    "mark_events": sum(event.action == MARK_ADDED for event in told),
                    "rows": session.scalar(select(func.count()).select_from(Person)),
                    "problems": [problem.id for problem in gallery.verify()],
                }
    except GalleryError as error:
        return {"error": f"{error.id} {error}"}


def main(what: str, ready: Path, folder: Path, tries: int, drawn: int) -> None:
    if what != "start":
        prepare(what, ready)
    through = twin(ready, folder / "through")
    steps, acknowledged = get_through(what, through)
    for fatal in spread(steps, tries, drawn):
        home = twin(ready, folder / f"home-{fatal}")
        killed, before = child(what, home, fatal)
        print(json.dumps({"step": fatal, "killed": killed, "acknowledged": before, **look(home)}))
        discard(home)
    print(json.dumps({"step": steps + 1, "killed": False, "acknowledged": acknowledged, **look(through)}))
    discard(through)


with compiled_once():
    main(sys.argv[1], *map(Path, sys.argv[2:4]), *map(int, sys.argv[4:]))
