"""Run by test_marks_survive.py as a program of its own: processes that mark, enrol, and are killed.

    marking_crew.py crowd  HOME PHOTOS SEED    eight processes mark the same few people at once
    marking_crew.py marks  HOME PHOTOS TRIES DRAWN    a marking run, killed at that many of its statements
    marking_crew.py enrols HOME PHOTOS TRIES DRAWN    a bulk enrolment, killed likewise
    marking_crew.py decisions HOME PHOTOS TRIES DRAWN    rules, days off, excuses and the like, killed likewise
    marking_crew.py clerks HOME PHOTOS SEED    processes that decide the same things at once

What is heavy is imported once, and statements are compiled once; then each victim is a fork. Prints one line of JSON.
"""

import json
import os
import random
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "attendance"))

import fake_pipeline
from compiled_once import compiled_once
from kill_points import counted, spread
from servers import discard, twin
from sqlalchemy import text

from attendance import Attendance
from attendance.access import Actor
from attendance.errors import ApprovalUnknown, MonthClosed, MonthState
from attendance.services.calendars import Days
from attendance.services.enrolment import Enrolled
from attendance.services.excuses import Excuses
from attendance.services.markimport import MarksWanted
from attendance.timetable.ruleparts import Parts
from enroll import Entry
from gallery import history

PROCESSES, TRIES, PEOPLE = 8, 16, 2


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
        except Exception:
            traceback.print_exc()
            sys.stderr.flush()
            raise
        finally:
            os._exit(code)
    return child


def entries(photos: Path) -> list[Entry]:
    return [Entry(path, path.stem, f"E-{path.stem}") for path in sorted(photos.glob("*.png"))]


def enrol_all(home: Path, photos: Path) -> None:
    with opened(home) as app:
        for outcome in app.enroll_many(entries(photos), workers=1):
            assert isinstance(outcome, Enrolled), outcome


def at_once(home: Path, work: Callable[[Path, int], None]) -> list[int]:
    """How the processes ended that did this at the same time, after it was done once elsewhere, for its statements."""
    other = twin(home, home.with_name("other"))
    work(other, PROCESSES)
    discard(other)
    children = [forked(lambda number=number: work(home, number)) for number in range(PROCESSES)]
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def crowd(home: Path, photos: Path, seed: int) -> dict[str, object]:
    enrol_all(home, photos)

    def work(home: Path, number: int) -> None:
        choice = random.Random(seed * 100 + number)  # noqa: S311 - only an order
        with opened(home) as app:
            people = [each.external_id for each in app.gallery.people()]
            for _ in range(TRIES):
                app.mark(choice.choice(people))
                app.note_check("camera")

    codes = at_once(home, work)
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


def victims(
    home: Path,
    work: Callable[[Attendance, Callable[[str], None]], None],
    judge: Callable[[set[str]], str],
    tries: int,
    drawn: int,
) -> dict[str, object]:
    """Let the work get through, then kill it at some of its steps; judge what is left each time."""
    pristine, told, faults, codes = home.with_name("pristine"), [], [], []
    twin(home, pristine)
    with counted() as steps, opened(home) as app:
        steps.begin(0)
        work(app, told.append)
    if fault := judge(set(told)):
        faults.append(f"nobody killed: {fault}")
    for fatal in spread(steps.count, tries, drawn):
        discard(home)
        twin(pristine, home)
        receive, send = os.pipe()

        def run(send: int = send, fatal: int = fatal) -> None:
            with counted() as steps, opened(home) as app:
                steps.begin(fatal)
                work(app, lambda text: os.write(send, f"{text}\n".encode()) and None)

        child = forked(run)
        os.close(send)
        with os.fdopen(receive) as pipe:
            reported = set(pipe.read().split())
        codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        if fault := judge(reported):
            faults.append(f"kill {fatal}: {fault}")
    return {"steps": steps.count, "codes": codes, "faults": faults, "acknowledged": len(told)}


def marks(home: Path, photos: Path, tries: int, drawn: int) -> dict[str, object]:
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

    return victims(home, work, judge, tries, drawn)


def enrols(home: Path, photos: Path, tries: int, drawn: int) -> dict[str, object]:
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

    return victims(home, work, judge, tries, drawn)


DECIDED = ("rule", "rule_version", "calendar_entry", "excuse", "withdrawal", "approval", "month", "coverage", "mark")
CLERK, HEAD = Actor("clerk"), Actor("head")
MONTH, FIRST = "2026-02", date(2026, 2, 2)


def whole(app: Attendance) -> dict[str, int]:
    """How many rows each table of decisions has."""
    with app.store.reading() as transaction:
        return {name: transaction.scalar(text(f"SELECT count(*) FROM {name}")) for name in DECIDED}  # noqa: S608


def deciding(app: Attendance, listed: Path) -> Iterator[str]:
    """One decision after another, each told when it has returned."""
    lesson = Parts(weekly="MO,WE", begins="08:00", ends="08:45")
    excuses = Excuses(app.gallery, app.sessions, app.clock, app.statuses, second_approval=True)
    app.timetables.add(CLERK, "Maths", lesson, first=FIRST)
    yield "add"
    app.timetables.change(CLERK, "Maths", Parts(begins="08:15", ends="09:00"), first=date(2026, 3, 2))
    yield "change"
    app.timetables.skip(CLERK, "Maths", date(2026, 3, 4))
    yield "skip"
    app.calendars.add(CLERK, Days("closed", FIRST, FIRST, "day off"))
    yield "close"
    number = excuses.add(CLERK, "E-1", "2026-02-04", "2026-02-04", reason="ill").stored.id
    yield "excuse"
    app.approvals.approve(HEAD, [str(number)])
    yield "approve"
    excuses.withdraw(CLERK, number, reason="well")
    yield "withdraw"
    app.coverings.add(CLERK, begins="07:00", ends="09:00", day=date(2026, 2, 9), reason="watched")
    yield "cover"
    app.mark_import.take_in(CLERK, MarksWanted(listed))
    yield "import"
    app.leaving.set_active(CLERK, "E-2", False, since=date(2026, 2, 20))
    yield "leave"
    app.months.close(CLERK, MONTH)
    yield "month"


def decisions(home: Path, photos: Path, tries: int, drawn: int) -> dict[str, object]:
    enrol_all(home, photos)
    listed = photos / "list.csv"
    listed.write_text("person,at\nE-1,2026-02-09 08:02\nE-1,2026-02-11 08:02\n")
    steps = [dict.fromkeys(DECIDED, 0)]
    twin(home, home.with_name("model"))
    with opened(home.with_name("model")) as app:
        names = []
        for name in deciding(app, listed):
            names.append(name)
            steps.append(whole(app))

    def work(app: Attendance, report: Callable[[str], None]) -> None:
        for name in deciding(app, listed):
            report(name)

    def judge(reported: set[str]) -> str:
        with opened(home) as app:
            if (found := whole(app)) not in (allowed := steps[len(reported) : len(reported) + 2]):
                return f"{found}, expected one of {allowed}"
            if app.months.closed() and not app.months.verify(MONTH).same:
                return "the month that was closed is another"
            return f"{problems}" if (problems := app.gallery.verify()) else ""

    return victims(home, work, judge, tries, drawn)


def clerks(home: Path, photos: Path, seed: int) -> dict[str, object]:
    enrol_all(home, photos)
    listed = photos / "list.csv"
    listed.write_text("".join(["person,at\n", *(f"E-1,2026-03-{day:02} 08:02\n" for day in range(2, 22))]))
    with opened(home) as app:
        app.timetables.add(CLERK, "Maths", Parts(weekly="MO,WE", begins="08:00", ends="08:45"), first=FIRST)
        excuses = Excuses(app.gallery, app.sessions, app.clock, app.statuses, second_approval=True)
        number = excuses.add(CLERK, "E-1", "2026-03-04", "2026-03-04", reason="ill").stored.id

    def work(home: Path, clerk: int) -> None:
        def mark(app: Attendance) -> None:
            app.mark("E-2", at=f"2026-02-{9 + clerk:02}T08:0{clerk}Z")

        chores = [
            # Another grace each, none of them what holds already: such a change is no version.
            lambda app: app.timetables.change(CLERK, "Maths", Parts(late_grace=10 + clerk), first=date(2026, 4, 1)),
            lambda app: app.approvals.approve(Actor(f"head {clerk}"), [str(number)]),
            lambda app: app.mark_import.take_in(CLERK, MarksWanted(listed)),
            lambda app: app.months.close(CLERK, MONTH),
            mark,
        ]
        random.Random(seed * 100 + clerk).shuffle(chores)  # noqa: S311 - only an order
        with opened(home) as app:
            for chore in chores:
                with suppress(ApprovalUnknown, MonthClosed, MonthState):
                    chore(app)

    codes = at_once(home, work)
    with opened(home) as app:
        found = whole(app)
        with app.store.reading() as transaction:
            told = Counter(each.action for each in history(transaction))
        return {
            "codes": codes,
            "versions": found["rule_version"],
            "approvals": (found["approval"], told["approval.grant"]),
            "months": (found["month"], told["month.close"]),
            "imported": len([each for each in told_marks(app) if each == "E-1"]),
            "marks equal events": found["mark"] == told["mark.add"],
            "same": app.months.verify(MONTH).same,
            "problems": [each.id for each in app.gallery.verify()],
        }


def told_marks(app: Attendance) -> list[str]:
    """Whose each mark is."""
    known = {each.id: each.external_id for each in app.gallery.people()}
    return [known[mark.person] for session in app.sessions.all() for mark in app.marks.of_session(session.id)]


def main() -> None:
    what, home, photos, *rest = sys.argv[1:]
    run = {"crowd": crowd, "marks": marks, "enrols": enrols, "decisions": decisions, "clerks": clerks}[what]
    sys.stdout.write(json.dumps(run(Path(home), Path(photos), *map(int, rest))) + "\n")


with compiled_once():
    main()
