"""Other programs at a home, for tests of withdrawals; not a test itself.

`watch HOME PHOTO`: judge the photo whenever a line comes in, and print what it is taken for.
`kill FOLDER TRIES DRAWN`: withdraw in copies of a home, dying by SIGKILL at some steps as `kill_points.spread` takes
them, after one has got through; one JSON line a run, of that one the last.
`claim HOME CODE`: answer a form when a line comes in, and print what came of it.
"""
# ruff: noqa: T201  its output is its answer

import importlib.util
import json
import os
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text

from attendance import Attendance
from enroll.photo import read_photo
from gallery import Store, history
from gallery.repositories import erasures
from refusal import Refusal

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from compiled_once import compiled_once
from kill_points import counted, spread

TESTS = Path(__file__).resolve().parents[1]


def fake():
    """The module of the pipeline without models."""
    spec = importlib.util.spec_from_file_location("fake_pipeline", TESTS / "fake_pipeline.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["fake_pipeline"] = module
    spec.loader.exec_module(module)
    return module


def opened(home: Path) -> Attendance:
    return Attendance.open(home, pipeline=fake().FakePipeline(), flags={"guard_people": 0})


def watch(home: Path, photo: Path) -> None:
    with opened(home) as app:
        for _ in sys.stdin:
            (decision,) = app.judge(app.pipeline.faces(read_photo(photo).pixels), source="camera")
            print(json.dumps([decision.decision, decision.person and decision.person.name]), flush=True)


def claim(home: Path, code: str) -> None:
    with opened(home) as app:
        print("ready", flush=True)
        sys.stdin.readline()
        try:
            app.consent_forms.answer(code, {"face": True, "photo": False, "unknown": False}, "Grace")
        except Refusal as error:
            print(error.id, flush=True)
        else:
            print("answered", flush=True)


def withdraw(home: Path, fatal: int = 0) -> int:
    """How many steps it took, which dies at the fatal one."""
    with counted() as steps, opened(home) as app:
        _ = app.gallery, app.consents
        steps.begin(fatal)
        app.consents.withdraw(app.actor, "A")
    return steps.count


def run(home: Path, fatal: int) -> bool:
    """Withdraw in a forked child that dies at that step; whether it died."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            withdraw(home, fatal)
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(pid, 0)
    if not os.WIFSIGNALED(status) and os.WEXITSTATUS(status):
        raise SystemExit("the run failed by itself")
    return os.WIFSIGNALED(status)


def kill(folder: Path, tries: int, drawn: int) -> None:
    through = folder / "through"
    shutil.copytree(folder / "ready", through)
    steps = withdraw(through)
    for fatal in spread(steps, tries, drawn):
        home = folder / f"home-{fatal}"
        shutil.copytree(folder / "ready", home)
        print(json.dumps({"step": fatal, "killed": run(home, fatal), **look(home)}))
        shutil.rmtree(home)
    print(json.dumps({"step": steps + 1, "killed": False, **look(through)}))


def look(home: Path) -> dict[str, object]:
    """What is there after the kill, and after the next start has finished it."""
    sealed = json.loads((home / "sealed.json").read_text())
    with Store.open(home, at=datetime.now(UTC)) as store, store.reading() as session:
        counts = {
            table: session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()  # noqa: S608 - names from below
            for table in ("template", "crop", "sighting_crop", "consent", "lookalike", "person")
        }
        told = [each.action for each in history(session)].count("consent.withdraw")
        erased = len(erasures.all_erasures(session))
        sound = session.execute(text("PRAGMA integrity_check")).scalar_one()
    data = b"".join(each.read_bytes() for each in home.rglob("attendance.db*"))
    found = sum(bytes.fromhex(each) in data for each in sealed)
    return {**counts, "events": told, "erasures": erased, "integrity": sound, "found": found}


DO = {
    "watch": lambda home, photo: watch(Path(home), Path(photo)),
    "kill": lambda folder, tries, drawn: kill(Path(folder), int(tries), int(drawn)),
    "claim": lambda home, code: claim(Path(home), code),
}
with compiled_once():
    DO[sys.argv[1]](*sys.argv[2:])
