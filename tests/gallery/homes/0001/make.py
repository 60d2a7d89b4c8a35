"""Made the home in this folder, and what the program of its time told of it; it does not run any more (README.md)."""

import contextlib
import dataclasses
import importlib.util
import io
import shutil
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from PIL import Image

from attendance import Attendance
from attendance.cli import run

ROOT = Path(__file__).resolve().parents[4]
ENCODER, ZONE, BY = "default-2026.5", "Europe/Berlin", "warden"
PEOPLE = (  # name, id, groups, number of the face
    ("Ada Lovelace", "E-1", ("first", "choir"), 1),
    ("Bob Ólafsson", "E-2", ("first",), 2),
    ("Cid", None, ("choir",), 3),
    ("Dot", "E-4", (), 4),
    ("Eve Old-Name", "E-5", ("first",), 5),
    ("Eve Twice", "E-6", (), 6),
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


def live(app: Attendance, pipeline, *faces: tuple[int, int], track: int = 1) -> list:
    """Decisions of tracks before a camera."""
    found = [pipeline._face(place, number, likeness, 0) for place, (number, likeness) in enumerate(faces)]
    decided = app.judge(found, source="rtsp://camera.example/door", frame=40 * track, track=True)
    return [dataclasses.replace(each, track=track + place) for place, each in enumerate(decided)]


def photo(draw, folder: Path, name: str, *faces: tuple[int, ...], seed: int = 0, taken: str | None = None) -> Path:
    path = draw(folder / name, *faces, seed=seed)
    if taken is not None:
        with Image.open(path) as picture:
            picture.load()
            exif = picture.getexif()
            exif[0x8769] = {0x9003: taken}
            picture.save(path, exif=exif)
    return path


def fill(app: Attendance, clock: HandClock, pipeline, draw, folder: Path) -> None:
    """What happened in this home."""
    for number, (name, ref, groups, face) in enumerate(PEOPLE):
        app.enroll(photo(draw, folder, f"{name}.png", (face,), seed=number), name=name, external_id=ref, groups=groups)
    app.enroll(photo(draw, folder, "Ada again.png", (1,), seed=50), name="Ada Lovelace", external_id="E-1")
    app.gallery.remember_lookalike("E-1", "E-2", 0.31, at=clock.now, by=BY)
    app.gallery.remember_lookalike("E-4", "E-5", 0.22, at=clock.now, by=BY)
    app.sessions.open("Maths", at=clock.now, group="first")
    # Monday: a picture of several, a camera, a stranger, by hand
    list(app.check(photo(draw, folder, "class.png", (1, 91), (2, 88), (5, 77), (9,), seed=1)))
    clock.until(2026, 3, 2, 8, 12)
    for decision in live(app, pipeline, (3, 80), (6, 70), (12, 60)):
        app.record(decision, how="camera")
    list(app.check(photo(draw, folder, "maths.png", (2, 95), (5, 90), seed=2), session="Maths"))
    app.note_check("camera", "Maths")
    app.enter("E-4", session=None, at="08:05", note="forgot her \u201cbadge\u201d")
    app.void("E-2", session="Maths", reason="a photo on a phone")
    clock.until(2026, 3, 2, 9, 1)
    app.sessions.close("Maths", at=clock.now)
    app.enter("E-1", session="Maths", at=None, note="")
    # Tuesday: recordings of Monday, a void mark restored by hand, one voided twice
    clock.until(2026, 3, 3, 7, 40)
    list(app.check(photo(draw, folder, "late.png", (6, 85), seed=3, taken="2026:03:02 08:30:00"), session="2026-03-02"))
    list(app.check(photo(draw, folder, "no time.png", (4, 85), (3, 90), seed=4), session="2026-03-01"))
    for decision in live(app, pipeline, (1, 80), (2, 75), (5, 60), track=7):
        app.record(decision, how="camera")
    app.void("E-1", reason="that was her sister")
    app.void("E-2", reason="wrong")
    clock.until(2026, 3, 3, 8, 0)
    app.enter("E-1", session=None, at="07:55", note="she was there")
    app.enter("E-2", session=None, at=None, note="")
    app.void("E-2", reason="wrong after all")
    app.void("E-6", session="2026-03-02", reason="=2+5 is no formula")
    # Sunday in March: an hour that the clock does not show; a session of its own for the choir
    clock.until(2026, 3, 29, 10, 0)
    app.enter("Cid", session="2026-03-29", at="02:30", note="night of the clocks")
    app.sessions.open("Choir", at=clock.now, group="choir")
    list(app.check(photo(draw, folder, "choir.png", (3, 90), (1, 55), seed=5), session="Choir"))
    # People change: another name, two that were one, one who left, one who was removed
    clock.now += timedelta(days=2)
    app.gallery.rename("E-5", "Eve New-Name", at=clock.now, by=BY)
    app.gallery.merge("E-6", "E-5", at=clock.now, by=BY)
    gone = app.enroll(photo(draw, folder, "gone.png", (7,), seed=70), name="Gone Soon", external_id="E-7").person
    list(app.check(photo(draw, folder, "last.png", (7, 90), (1, 90), seed=6)))
    app.gallery.remove(gone.id, at=clock.now, by=BY)
    app.set_active("E-4", False, since=date(2026, 3, 15))


def main(target: Path) -> None:
    module = fake()
    pipeline = module.FakePipeline(module.FakeEncoder(module.card(ENCODER)))
    target.mkdir(parents=True)
    home, clock = target / "home", HandClock()
    home.mkdir(mode=0o700)
    (home / "config.toml").write_text(f'time_zone = "{ZONE}"\n')
    with Attendance.open(home, clock=clock, pipeline=pipeline, flags={"guard_people": 0}) as app:
        app.by = BY
        with contextlib.chdir(target):
            fill(app, clock, pipeline, module.picture, Path("photos"))
        names = [each.name for each in app.sessions.all()]
    home = Path(shutil.copytree(home, target / "read"))  # whoever reads leaves an empty log beside the database
    span = ("--from", "2026-03-01", "--to", "2026-03-31")
    (target / "report.csv").write_text(told(home, "report", *span, "--format", "csv"))
    (target / "report.json").write_text(told(home, "report", *span, "--json"))
    (target / "people.json").write_text(told(home, "gallery", "list", "--all", "--json"))
    for name in names:
        shown = told(home, "session", "show", name, "--json", "--evidence")
        (target / f"session {name}.json").write_text(shown)
    shutil.rmtree(home)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
