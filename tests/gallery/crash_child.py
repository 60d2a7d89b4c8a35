"""Dies by SIGKILL at the n-th step of a run, for one n after the other until a run gets through; not a test itself.

Called as `crash_child.py start|enrol|mark HOME FOLDER EVERY`. Each run is a forked child with a copy of the home of its
own, which tells what it acknowledged through a pipe after the call returned. The parent then opens that home and prints
one line of JSON: how it died and what is there. Of the steps every EVERYth is tried.
"""
# ruff: noqa: T201  its output is its answer

import hashlib
import json
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from sqlalchemy import Engine, Pool, event, func, select

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from servers import discard, twin

from gallery import Database, Gallery, GalleryError, history, open_database, record
from gallery.repositories import deliveries, marks, news, receivers, sightings
from gallery.repositories.events import MARK_ADDED
from gallery.schema import MarkRow, Person, SessionRow
from gallery.values import Sighting, Soundness

AT = datetime(2026, 3, 2, tzinfo=UTC)
PEOPLE = {"start": 0, "enrol": 2, "mark": 3}
LIMIT = 400


class Countdown:
    """Kills this very process when it has been called `steps` times."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def __call__(self, *_: object) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def arm(steps: int) -> None:
    """Die before the n-th statement, before or after a commit; what comes after a statement comes before the next."""
    countdown = Countdown(steps)
    for name in ("before_cursor_execute", "commit"):
        event.listen(Engine, name, countdown)
    event.listen(Pool, "checkin", countdown)


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
                session.add(SessionRow(id=1, name="x", kind="named", opens=AT, zone="UTC"))
                receivers.insert(
                    session, Gallery(store, "e").sealer, "hook", "webhook", address="https://x", secret=None,
                    kinds=[news.MARK_MADE], allow_private=False, at=AT, by="t",
                )  # fmt: skip


def run(what: str, home: Path, acknowledge: int) -> None:
    with open_database(home) as store:
        for number in range(1, PEOPLE[what] + 1):
            enrol(Gallery(store, "e"), number) if what == "enrol" else mark(store, number)
            os.write(acknowledge, bytes([number]))


def child(what: str, home: Path, steps: int) -> tuple[bool, list[int]]:
    """Whether the run was killed, and what it had acknowledged."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.close(reader)
            arm(steps)
            run(what, home, writer)
            status = 0
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        acknowledged = sorted(set(pipe.read()))
    _, status = os.waitpid(pid, 0)
    if not os.WIFSIGNALED(status) and os.WEXITSTATUS(status):
        raise SystemExit("the run failed by itself")
    return os.WIFSIGNALED(status), acknowledged


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


def main(what: str, ready: Path, folder: Path, every: int) -> None:
    if what != "start":
        prepare(what, ready)
    for steps in range(1, LIMIT, every):
        home = twin(ready, folder / f"home-{steps}")
        killed, acknowledged = child(what, home, steps)
        print(json.dumps({"steps": steps, "killed": killed, "acknowledged": acknowledged, **look(home)}))
        discard(home)
        if not killed:
            return
    raise SystemExit("no run got through")


main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
