"""Made the home in this folder, and what the program of its time told of it; it does not run any more (README.md)."""

import contextlib
import dataclasses
import importlib.util
import io
import shutil
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from attendance import Attendance
from attendance.access import Actor
from attendance.cli import run

ROOT = Path(__file__).resolve().parents[4]
ENCODER, FINDER = "default-2026.5", "yunet-2026.1+landmarks-2026.4"
ZONE, BY = "Europe/Berlin", "warden"
PEOPLE = (  # name, id, groups, number of the face
    ("Ada Lovelace", "E-1", ("first", "choir"), 1),
    ("Bob Ólafsson", "E-2", ("first",), 2),
    ("Cid", None, ("choir",), 3),
    ("Dot", "E-4", (), 4),
    ("Eve Old-Name", "E-5", ("first",), 5),
    ("Eve Twice", "E-6", ("twins",), 6),
)


class HandClock:
    """A clock that stands still until it is told."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 7, 58, 11, 204_321, tzinfo=UTC)

    def utc(self) -> datetime:
        return self.now

    def monotonic(self) -> float:
        return self.now.timestamp()

    def until(self, *when: int) -> None:
        self.now = datetime(*when, 11, 204_321, tzinfo=UTC)


def fake():
    """The module of the pipeline without models."""
    path = ROOT / "tests" / "attendance" / "fake_pipeline.py"
    spec = importlib.util.spec_from_file_location("fake_pipeline", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["fake_pipeline"] = module
    spec.loader.exec_module(module)
    return module


def told(home: Path, *arguments: str) -> str:
    """What a command writes to its standard output."""
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()):
        assert run([*arguments, "--home", str(home)]) == 0, arguments
    return out.getvalue()


def live(app: Attendance, pipeline, *faces: tuple[int, int], track: int = 1, place=None, session=None) -> list:
    """What a camera finds, recorded: one track a face."""
    found = [pipeline._face(number, who, likeness, 0) for number, (who, likeness) in enumerate(faces)]
    scope = app.scope(session, place=place)
    decided = app.desk.judge(found, scope, source="rtsp://camera.example/door", frame=40 * track, track=True)
    numbered = [dataclasses.replace(each, track=track + number) for number, each in enumerate(decided)]
    crops = [face.crop for face in found]
    return [app.desk.record(each, scope, means="camera", crop=crop) for each, crop in zip(numbered, crops, strict=True)]


def fill(app: Attendance, clock: HandClock, pipeline, draw, folder: Path) -> None:
    """What happened in this home."""
    for number, (name, ref, groups, face) in enumerate(PEOPLE):
        app.enroll(draw(folder / f"{name}.png", (face,), seed=number), name=name, external_id=ref, groups=groups)
    app.enroll(draw(folder / "Ada again.png", (1,), seed=50), name="Ada Lovelace", external_id="E-1")
    app.gallery.remember_lookalike("E-1", "E-2", 0.31, at=clock.now, by=BY)
    app.sessions.open("Maths", at=clock.now, group="first")
    app.places.add(app.actor, "Front door", "rtsp://user:pass@camera.example/1", site="North", target_fpir=0.01)
    app.places.add(app.actor, "Yard", "rtsp://camera.example/2", group="first")
    app.places.add(app.actor, "Desk", None, kind="kiosk")
    app.places.retire(app.actor, "Yard")
    door = app.places.find("Front door").place
    # Monday: a picture of several, a camera at a place, reviews, by hand
    list(app.check(draw(folder / "class.png", (1, 91), (2, 88), (5, 77), (9,), seed=1)))
    clock.until(2026, 3, 2, 8, 12)
    live(app, pipeline, (3, 80), (6, 70), (12, 60), place=door)
    live(app, pipeline, (1, 20), (2, 22), (5, 21), track=11, session="Maths")
    live(app, pipeline, (2, 20), track=21, session="Maths")
    first, second, third, _ = (each.sighting.id for each in app.reviews.waiting())
    app.reviews.confirm(app.actor, first, reason="it is her")
    app.reviews.reassign(app.actor, second, "E-5", reason="her cap")
    app.reviews.dismiss(app.actor, third, reason="a poster")
    app.enter("E-4", session=None, at="08:05", note="forgot her \u201cbadge\u201d")
    app.void("E-1", session="Maths", reason="a photo on a phone")
    clock.until(2026, 3, 2, 9, 1)
    app.sessions.close("Maths", at=clock.now)
    app.enter("E-2", session="Maths", at=None, note="")
    # Tuesday: a recording of Monday without a time, a void mark made again by hand, one voided twice
    clock.until(2026, 3, 3, 7, 40)
    list(app.check(draw(folder / "no time.png", (4, 85), (3, 90), seed=4), session="2026-03-01"))
    live(app, pipeline, (1, 80), (2, 75), (5, 60), track=7, place=door)
    app.void("E-1", reason="that was her sister")
    app.void("E-2", reason="wrong")
    clock.until(2026, 3, 3, 8, 0)
    app.enter("E-1", session=None, at="07:55", note="she was there")
    app.enter("E-2", session=None, at=None, note="")
    app.void("E-2", reason="wrong after all")
    # Sunday in March: an hour that the clock does not show; a session of its own for the choir
    clock.until(2026, 3, 29, 10, 0)
    app.enter("Cid", session="2026-03-29", at="02:30", note="night of the clocks")
    app.sessions.open("Choir", at=clock.now, group="choir")
    list(app.check(draw(folder / "choir.png", (3, 90), (1, 55), seed=5), session="Choir"))
    # People change: another name, two that were one, other groups, one who left, one who was removed
    clock.now += timedelta(days=2)
    app.gallery.rename("E-5", "Eve New-Name", at=clock.now, by=BY)
    app.people.merge(app.actor, "E-6", "E-5")
    app.people.put_in(app.actor, "E-2", ["choir"])
    gone = app.enroll(draw(folder / "gone.png", (7,), seed=70), name="Gone Soon", external_id="E-7").person
    list(app.check(draw(folder / "last.png", (7, 90), (1, 90), seed=6)))
    app.people.remove(app.actor, gone.id)
    app.leaving.set_active(app.actor, "E-4", False, since=date(2026, 3, 15))


def main(target: Path) -> None:
    module = fake()
    pipeline = module.FakePipeline(module.FakeEncoder(module.card(ENCODER)), FINDER)
    target.mkdir(parents=True)
    home, clock = target / "home", HandClock()
    home.mkdir(mode=0o700)
    (home / "config.toml").write_text(f'time_zone = "{ZONE}"\n')
    settings = {"guard_people": 0}
    with Attendance.open(home, clock=clock, pipeline=pipeline, flags=settings, actor=Actor(BY)) as app:
        with contextlib.chdir(target):
            fill(app, clock, pipeline, module.picture, Path("photos"))
        names = [each.name for each in app.sessions.all()]
    home = Path(shutil.copytree(home, target / "read"))  # whoever reads leaves an empty log beside the database
    span = ("--from", "2026-03-01", "--to", "2026-03-31")
    (target / "report.csv").write_text(told(home, "report", *span, "--format", "csv"))
    (target / "report.json").write_text(told(home, "report", *span, "--json"))
    (target / "people.json").write_text(told(home, "gallery", "list", "--all", "--json"))
    (target / "places.json").write_text(told(home, "place", "list", "--json"))
    (target / "reviews.json").write_text(told(home, "review", "list", "--json"))
    for name in names:
        shown = told(home, "session", "show", name, "--json", "--evidence")
        (target / f"session {name}.json").write_text(shown)
    shutil.rmtree(home)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
