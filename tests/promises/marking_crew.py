"""Run by test_marks_survive.py as a program of its own: processes that mark, enrol, and are killed.

    marking_crew.py crowd  HOME PHOTOS SEED    eight processes mark the same few people at once
    marking_crew.py marks  HOME PHOTOS         a marking run, killed at every statement
    marking_crew.py enrols HOME PHOTOS         a bulk enrolment, killed at every statement

Everything heavy is imported once, then each victim is a fork. Prints one line of JSON.
"""

import json
import os
import random
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "attendance"))

import fake_pipeline
from sqlalchemy import event

from attendance import Attendance
from attendance.services.enrolment import Enrolled
from enroll import Entry
from gallery import history

PROCESSES, TRIES, PEOPLE = 8, 40, 2


def opened(home: Path) -> Attendance:
    return Attendance.open(home, pipeline=fake_pipeline.FakePipeline())


def forked(work: Callable[[], None]) -> int:
    """The process id of a child that does the work and leaves without clean-up."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return child


def entries(photos: Path) -> list[Entry]:
    return [Entry(path, path.stem, f"E-{path.stem}") for path in sorted(photos.glob("*.png"))]


def enrol_all(home: Path, photos: Path) -> None:
    with opened(home) as app:
        for outcome in app.enroll_many(entries(photos), workers=1):
            assert isinstance(outcome, Enrolled), outcome


def crowd(home: Path, photos: Path, seed: int) -> dict[str, object]:
    enrol_all(home, photos)

    def work(number: int) -> None:
        choice = random.Random(seed * 100 + number)  # noqa: S311 - only an order
        with opened(home) as app:
            people = [each.external_id for each in app.gallery.people()]
            for _ in range(TRIES):
                app.mark(choice.choice(people))
                app.note_check("camera")

    children = [forked(lambda number=number: work(number)) for number in range(PROCESSES)]
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    with opened(home) as app, app.store.reading() as transaction:
        return {
            "codes": codes,
            "people": len(app.gallery.people()),
            "sessions": len(app.sessions.all()),
            "opened": len(history(transaction, action="session.open")),
            "marks": app.gallery.stats().marks,
            "told": len(history(transaction, action="mark.add")),
            "checks": len(history(transaction, action="session.check")),
            "problems": [each.id for each in app.gallery.verify()],
        }


def kill_at(app: Attendance, wanted: int) -> None:
    """Kill this process before its n-th statement, or right after the n-th commit, counted together."""
    count = 0

    def step(*_: object) -> None:
        nonlocal count
        count += 1
        if count == wanted:
            os.kill(os.getpid(), signal.SIGKILL)

    engine = app.store._engine
    event.listen(engine, "before_cursor_execute", step)
    event.listen(engine, "commit", step)


def victims(
    home: Path, work: Callable[[Attendance, Callable[[str], None]], None], judge: Callable[[set[str]], str]
) -> dict[str, object]:
    """Kill at 1, 2, 3, ... until the work gets through; judge what is left each time."""
    pristine, wanted, faults, acknowledged = home.with_name("pristine"), 0, [], set()
    shutil.copytree(home, pristine)
    while True:
        wanted += 1
        shutil.rmtree(home)
        shutil.copytree(pristine, home)
        receive, send = os.pipe()

        def run(send: int = send, wanted: int = wanted) -> None:
            with opened(home) as app:
                kill_at(app, wanted)
                work(app, lambda text: os.write(send, f"{text}\n".encode()) and None)

        child = forked(run)
        os.close(send)
        with os.fdopen(receive) as pipe:
            reported = set(pipe.read().split())
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        acknowledged |= reported
        fault = judge(reported)
        if fault:
            faults.append(f"kill {wanted}: {fault}")
        if code != -signal.SIGKILL:
            return {"kills": wanted - 1, "code": code, "faults": faults, "acknowledged": len(acknowledged)}


def marks(home: Path, photos: Path) -> dict[str, object]:
    enrol_all(home, photos)

    def work(app: Attendance, report: Callable[[str], None]) -> None:
        for decision in app.check(photos, workers=1):
            assert decision.mark
            report(decision.mark)

    def judge(reported: set[str]) -> str:
        with opened(home) as app:
            with app.store.reading() as transaction:
                there = {mark.id for session in app.sessions.all() for mark in app.marks.of_session(session.id)}
                told = {each.subject for each in history(transaction, action="mark.add")}
                problems = app.gallery.verify()
            if not reported <= there:
                return f"reported but gone: {reported - there}"
            if there != told:
                return f"marks {len(there)}, events {len(told)}"
            again = list(app.check(photos, workers=1))
            if {decision.decision for decision in again} - {"present", "already"}:
                return "not repeatable"
            return f"{problems}" if problems or app.gallery.stats().marks != PEOPLE else ""

    return victims(home, work, judge)


def enrols(home: Path, photos: Path) -> dict[str, object]:
    with opened(home):
        pass

    def work(app: Attendance, report: Callable[[str], None]) -> None:
        for outcome in app.enroll_many(entries(photos), workers=1):
            assert isinstance(outcome, Enrolled)
            report(outcome.person.id)

    def judge(reported: set[str]) -> str:
        with opened(home) as app, app.store.reading() as transaction:
            found = app.gallery.people(active=None)
            told = {int(each.subject) for each in history(transaction, action="person.enroll")}
            if not reported <= {each.external_id for each in found}:
                return f"reported but gone: {reported}"
            if {each.id for each in found} != told or any(each.templates != 1 for each in found):
                return f"people {len(found)}, events {len(told)}"
            if problems := app.gallery.verify():
                return f"{problems}"
        enrol_all(home, photos)
        with opened(home) as app:
            return "" if len(app.gallery.people()) == PEOPLE else "not repeatable"

    return victims(home, work, judge)


def main() -> None:
    what, home, photos, *rest = sys.argv[1:]
    run = {"crowd": crowd, "marks": marks, "enrols": enrols}[what]
    sys.stdout.write(json.dumps(run(Path(home), Path(photos), *map(int, rest))) + "\n")


main()
