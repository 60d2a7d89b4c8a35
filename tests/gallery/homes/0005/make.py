"""Made the home in this folder, and what the program of its time told of it; it does not run any more (README.md)."""

import contextlib
import dataclasses
import importlib.util
import io
import shutil
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyotp

from attendance import Attendance
from attendance.access import Actor
from attendance.cli import run
from attendance.service_errors import SignInRefused
from attendance.services.calendars import Days
from attendance.services.consents import Agreed
from attendance.services.idempotency import Told
from attendance.timetable.ruleparts import Parts
from gallery.repositories import watches

ROOT = Path(__file__).resolve().parents[4]
ENCODER, FINDER = "default-2026.5", "yunet-2026.1+landmarks-2026.4"
ZONE, BY = "Europe/Berlin", "warden"
HEAD = Actor("head")
PASSWORD = "made up for this home"  # noqa: S105  on purpose
PEOPLE = (  # name, id, groups, number of the face
    ("Ada Lovelace", "E-1", ("first", "choir"), 1),
    ("Bob Ólafsson", "E-2", ("first",), 2),
    ("Cid", None, ("choir",), 3),
    ("Dot", "E-4", (), 4),
    ("Eve Old-Name", "E-5", ("first",), 5),
    ("Eve Twice", "E-6", ("twins",), 6),
)
COPIES = Path("/media/copies")
"""Where its backups lay: they are gone, as are the disks of most homes that are found again."""
SPAN = ("--from", "2026-03-01", "--to", "2026-03-31")
TOLD = {
    "report.csv": ("report", *SPAN, "--by", "sessions", "--format", "csv"),
    "report.json": ("report", *SPAN, "--by", "sessions", "--json"),
    "statuses.csv": ("report", *SPAN, "--by", "timetable", "--why-excused", "--format", "csv"),
    "statuses.json": ("report", *SPAN, "--by", "timetable", "--why-excused", "--json"),
    "totals.csv": ("report", *SPAN, "--by", "timetable", "--totals", "--format", "csv"),
    "people.json": ("gallery", "list", "--all", "--json"),
    "places.json": ("place", "list", "--json"),
    "reviews.json": ("review", "list", "--json"),
    "timetable.json": ("timetable", "list", "--all", "--json"),
    "calendar.json": ("calendar", "list", "--all", "--json"),
    "excuses.json": ("excuse", "list", "--all", "--json"),
    "coverage.json": ("coverage", "list", *SPAN, "--json"),
    "months.json": ("month", "list", "--json"),
    "month.json": ("month", "verify", "2026-03", "--json"),
    "accounts.json": ("account", "list", "--json"),
    "tokens.json": ("token", "list", "--json"),
    "credentials.json": ("credential", "list", "--json"),
    "receivers.json": ("receiver", "list", "--json"),
    "jobs.json": ("job", "list", "--json"),
    "consent.json": ("consent", "list", "--json"),
    "texts.json": ("consent", "texts", "--json"),
    "holds.json": ("hold", "list", "--all", "--json"),
    "backups.json": ("backups", "list", "--json"),
    "audit.json": ("audit", "verify", "--json"),
}
"""By file, what was asked of the program of then."""


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
    begin(app, clock, draw, folder)
    monday(app, clock, pipeline, draw, folder)
    tuesday(app, clock, pipeline)
    wednesday(app, clock, pipeline, draw, folder)
    later(app, clock, draw, folder)
    clock.until(2026, 4, 10, 9, 0)
    app.months.close(HEAD, "2026-02", reason="")
    app.months.close(HEAD, "2026-03", reason="sent to the office")
    app.months.open(HEAD, "2026-02", reason="holidays were wrong")
    serve(app, clock)
    protect(app, clock, pipeline, draw, folder)


def begin(app: Attendance, clock: HandClock, draw, folder: Path) -> None:
    """People, places, a session, the timetable."""
    for number, (name, ref, groups, face) in enumerate(PEOPLE):
        app.enroll(draw(folder / f"{name}.png", (face,), seed=number), name=name, external_id=ref, groups=groups)
    app.enroll(draw(folder / "Ada again.png", (1,), seed=50), name="Ada Lovelace", external_id="E-1")
    app.gallery.remember_lookalike("E-1", "E-2", 0.31, at=clock.now, by=BY)
    app.sessions.open("Maths", at=clock.now, group="first")
    app.places.add(app.actor, "Front door", "rtsp://user:pass@camera.example/1", site="North", target_fpir=0.01)
    app.places.add(app.actor, "Yard", "rtsp://camera.example/2", group="first")
    app.places.add(app.actor, "Exit", "rtsp://camera.example/3", site="North", direction="out")
    app.places.add(app.actor, "Entry", "rtsp://camera.example/4", site="North", direction="in")
    app.places.add(app.actor, "Desk", None, kind="kiosk")
    app.places.retire(app.actor, "Yard")
    decide(app)


def monday(app: Attendance, clock: HandClock, pipeline, draw, folder: Path) -> None:
    """A picture of several, a camera at a place, reviews, by hand."""
    door = app.places.find("Front door").place
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


def tuesday(app: Attendance, clock: HandClock, pipeline) -> None:
    """In and out and in again, a correction, one who waits for a second person and one who is refused."""
    entry, way_out = (app.places.find(name).place for name in ("Entry", "Exit"))
    clock.until(2026, 3, 3, 6, 55)
    live(app, pipeline, (1, 80), (2, 75), (5, 60), track=7, place=entry)
    clock.until(2026, 3, 3, 11, 4)
    left = live(app, pipeline, (1, 82), (2, 70), track=31, place=way_out)
    clock.until(2026, 3, 3, 11, 49)
    live(app, pipeline, (1, 84), track=41, place=entry)
    clock.until(2026, 3, 3, 15, 10)
    live(app, pipeline, (1, 84), (5, 80), track=51, place=way_out)
    app.correct("E-2", at="12:01", mark=left[1].mark, reason="the clock of the exit was slow")
    app.enter("E-4", session=None, at="08:20", note="bus", direction="in")
    app.enter("Cid", session=None, at="08:21", note="bus", direction="in")
    wait = [each.id for each in app.approvals.waiting()]
    app.approvals.approve(HEAD, wait[:2], reason="seen")
    app.approvals.refuse(HEAD, wait[2:3], reason="nobody saw it")
    app.excuses.add(app.actor, "Cid", "2026-03-05", "2026-03-06", reason="flu")
    app.excuses.add(app.actor, "E-2", "2026-03-09T10:00", "2026-03-09T12:00", reason="dentist")
    app.excuses.add(app.actor, "E-5", "2026-03-10", "2026-03-10", reason="moving house")
    wait = [each.id for each in app.approvals.waiting() if each.kind == "excuse"]
    app.approvals.approve(HEAD, wait[:2], reason="letter")
    app.approvals.refuse(HEAD, wait[2:], reason="no letter")
    app.excuses.withdraw(app.actor, 2, reason="went on another day")


def wednesday(app: Attendance, clock: HandClock, pipeline, draw, folder: Path) -> None:
    """A rule of another time, a lesson moved, one left out, somebody who changes classes."""
    entry = app.places.find("Entry").place
    clock.until(2026, 3, 4, 6, 58)
    app.timetables.change(app.actor, "School", Parts(late_grace=10), first=date(2026, 3, 4), reason="new bus")
    app.timetables.move(app.actor, "Choir", date(2026, 3, 5), date(2026, 3, 6), reason="hall taken")
    app.timetables.skip(app.actor, "Choir", date(2026, 3, 12), reason="concert")
    app.people.put_in(app.actor, "E-4", ["first"], since=date(2026, 3, 4))
    list(app.check(draw(folder / "late.png", (1, 85), (5, 90), seed=4)))
    clock.until(2026, 3, 4, 7, 9)
    live(app, pipeline, (2, 75), (4, 70), track=61, place=entry)
    app.coverings.add(app.actor, begins="09:00", ends="09:45", reason="roll call", day=date(2026, 3, 3), group="choir")


def later(app: Attendance, clock: HandClock, draw, folder: Path) -> None:
    """An hour that the clock does not show; a new name, two that were one, one who left, one who was removed."""
    clock.until(2026, 3, 29, 10, 0)
    app.enter("Cid", session="2026-03-29", at="02:30", note="night of the clocks")
    for day in (5, 6):
        seen = {"begins": "07:30", "ends": "20:00", "reason": "stood at the door", "day": date(2026, 3, day)}
        app.coverings.add(app.actor, **seen)
    clock.now += timedelta(days=2)
    app.foreign_ids.set(app.actor, "E-1", "register", "S-1001")
    app.foreign_ids.set(app.actor, "E-6", "register", "S-1006")
    app.gallery.rename("E-5", "Eve New-Name", at=clock.now, by=BY)
    app.people.merge(app.actor, "E-6", "E-5")
    app.people.put_in(app.actor, "E-2", ["choir"], since=date(2026, 3, 23))
    gone = app.enroll(draw(folder / "gone.png", (7,), seed=70), name="Gone Soon", external_id="E-7").person
    list(app.check(draw(folder / "last.png", (7, 90), (1, 90), seed=6)))
    app.people.remove(app.actor, gone.id)
    app.leaving.set_active(app.actor, "E-4", False, since=date(2026, 3, 15))


def serve(app: Attendance, clock: HandClock) -> None:
    """What the service keeps: who signs in, programs, a kiosk, other ways than the face, a receiver, long work."""
    clock.until(2026, 4, 10, 9, 30)
    head = app.accounts.add(app.actor, "head", PASSWORD, "admin")
    teacher = app.accounts.add(app.actor, "miss.brown", PASSWORD + " too", "teacher", groups=("first",))
    gone = app.accounts.add(app.actor, "mr.gray", PASSWORD + " as well", "teacher", groups=("choir",))
    app.accounts.change(app.actor, gone.id, active=False)
    app.sign_ins.begin(head)
    app.sign_ins.begin(teacher)
    with contextlib.suppress(SignInRefused):
        app.accounts.prove("miss.brown", "not this one", source="192.0.2.7")
    program = app.tokens.add(app.actor, "register", ("people:read", "marks:write"), days=365).token
    app.tokens.revoke(app.actor, app.tokens.add(app.actor, "old register", ("people:read",)).token.id)
    app.tokens.add_kiosk(app.actor, "Desk")
    app.tokens.add_feed(app.actor, "Ada's lessons", "person:E-1")
    app.answers.once(program.id, "key 1", "0" * 64, lambda: Told(201, b'{"id": "E-1"}', person=1))
    app.credentials.give_pin(app.actor, "E-1")
    app.credentials.give_qr(app.actor, "E-2")
    app.credentials.give_badge(app.actor, "Cid", "0004711")
    app.receivers.add(app.actor, "Board", "https://user:pass@127.0.0.1/hook", allow_private=True)
    app.receivers.add(app.actor, "Broker", "mqtts://127.0.0.1/school", allow_private=True)
    door = app.places.find("Front door").place
    with app.store.atomic() as transaction:
        watches.put(transaction, door.id, session=None, at=clock.now, by=BY)
    app.enter("E-1", session=None, at="09:00", note="in the news")
    app.jobs.wait(app.jobs.begin(app.actor, "report", lambda progress: {"rows": progress.step(3, 3) or 3}, 3).id)


def protect(app: Attendance, clock: HandClock, pipeline, draw, folder: Path) -> None:
    """What a data-protection officer asks for: words of consent, holds, erasures, backups, a second factor."""
    clock.until(2026, 4, 11, 8, 0)
    agree(app, clock)
    for number, (name, ref) in enumerate((("Fay Erased", "E-8"), ("Flo Withdrew", "E-9"))):
        app.enroll(draw(folder / f"{name}.png", (8 + 5 * number,), seed=80 + number), name=name, external_id=ref)
        app.consents.give(HEAD, ref, Agreed(purposes=("face", "photo", "unknown"), giver="", method="page"))
    live(app, pipeline, (8, 70), (1, 70), track=81, place=app.places.find("Entry").place)
    clock.until(2026, 4, 11, 8, 30)
    app.consents.withdraw(HEAD, "E-9", reason="does not want it any more")
    app.consents.withdraw(HEAD, "E-2", ("photo",), reason="no pictures")
    app.holds.lift(HEAD, app.holds.add(HEAD, "E-1", reason="a complaint").id)
    app.holds.add(HEAD, "E-5", reason="the court asks")
    app.backups.run(HEAD, COPIES)
    clock.until(2026, 4, 11, 9, 0)
    app.erasing.erase(HEAD, "E-8", Path("receipt.json"))
    app.backups.run(HEAD, COPIES)
    app.backups.test(HEAD)
    clock.until(2026, 4, 11, 9, 30)
    prove_twice(app, clock)
    sites(app)


def agree(app: Attendance, clock: HandClock) -> None:
    """By a text of the home's own, by the shipped one, on paper, by a guardian, for a time; a form that is not back."""
    text = app.consent_texts.add(HEAD, "2026", "en", "May we know you by your face? \u201cYes\u201d or \u201cno\u201d.")
    paper = {"method": "paper", "document_sha256": "5" * 64, "text": text.id}
    app.consents.give(HEAD, "E-1", Agreed(purposes=("face", "photo"), given_by="guardian", giver="Anne Byron", **paper))
    app.consents.give(HEAD, "E-2", Agreed(purposes=("face", "photo"), **paper))
    app.consents.give(HEAD, "E-5", Agreed(until=clock.now + timedelta(days=1), basis="contract"))
    (form,) = app.consent_forms.make(HEAD, ["Cid"], language="de", given_by="self")
    app.consent_forms.answer(form.code, {"face": True, "photo": True, "unknown": False}, "Cid")
    app.consent_forms.make(HEAD, ["E-4"])


def prove_twice(app: Attendance, clock: HandClock) -> None:
    """An auditor, and an admin whose telephone shows digits besides the password."""
    app.accounts.add(HEAD, "auditor", PASSWORD + " besides", "auditor")
    head = next(each for each in app.accounts.all() if each.name == "head")
    acting = dataclasses.replace(HEAD, account=head.id)
    app.second_factors.begin(acting, PASSWORD)
    digits = pyotp.TOTP(app.second_factors.waiting(head.id).secret)
    app.second_factors.confirm(acting, digits.at(clock.now))
    app.sign_ins.begin(head, browser="Firefox on Linux")


def sites(app: Attendance) -> None:
    """Sites that a place, a day of the calendar, and a rule alone name."""
    app.places.add(HEAD, "Branch", "rtsp://camera.example/5", site="Branch office")
    app.calendars.add(HEAD, Days("closed", date(2026, 4, 20), date(2026, 4, 20), "Fair"), site="S\u00fcd")
    early = Parts(weekly="MO", begins="06:00", ends="07:00", site="West")
    app.timetables.add(HEAD, "Early shift", early, person="E-1", first=date(2026, 4, 13))


def decide(app: Attendance) -> None:
    """The timetable and the calendar of this home."""
    week = Parts(weekly="MO,TU,WE,TH,FR", begins="08:00", ends="13:00", breaks=("09:30-09:50",), late_grace=5)
    app.timetables.add(app.actor, "School", week, group="first", first=date(2026, 2, 23), reason="this term's")
    evening = Parts(weekly="TH", begins="18:00", ends="19:30")
    app.timetables.add(app.actor, "Choir", evening, group="choir", first=date(2026, 3, 2))
    night = Parts(weekly="TU", begins="22:00", ends="06:00", pairing="first-last", always=True, site="North")
    app.timetables.add(app.actor, "Watch", night, person="E-5", first=date(2026, 3, 3))
    app.timetables.add(app.actor, "Fire drill", Parts(on="2026-03-06", begins="10:00", ends="10:30"))
    app.timetables.remove(app.actor, "Watch", first=date(2026, 3, 24), reason="no more nights")
    app.calendars.add(app.actor, Days("closed", date(2026, 3, 16), date(2026, 3, 17), "Founders' days"))
    app.calendars.add(app.actor, Days("open", date(2026, 3, 17), date(2026, 3, 17), "Open day"), group="first")
    made = app.calendars.add(
        app.actor, Days("closed", date(2026, 3, 20), date(2026, 3, 20), "Typed wrong"), site="North"
    )
    app.calendars.add(app.actor, Days("term", date(2026, 2, 16), date(2026, 6, 30), "Spring"))
    app.calendars.withdraw(app.actor, made.id, reason="it was another site's")


def main(target: Path) -> None:
    module = fake()
    pipeline = module.FakePipeline(module.FakeEncoder(module.card(ENCODER)), FINDER)
    target.mkdir(parents=True)
    COPIES.mkdir()
    home, clock = target / "home", HandClock()
    home.mkdir(mode=0o700)
    (home / "config.toml").write_text(f'time_zone = "{ZONE}"\n')
    settings = {"guard_people": 0, "second_approval": True}
    with Attendance.open(home, clock=clock, pipeline=pipeline, flags=settings, actor=Actor(BY)) as app:
        with contextlib.chdir(target):
            fill(app, clock, pipeline, module.picture, Path("photos"))
        names = [each.name for each in app.sessions.all()]
    shutil.rmtree(COPIES)
    (target / "receipt.json").unlink()
    home = Path(shutil.copytree(home, target / "read"))  # whoever reads leaves an empty log beside the database
    for name, asked in TOLD.items():
        (target / name).write_text(told(home, *asked))
    for name in names:
        shown = told(home, "session", "show", name, "--json", "--evidence")
        (target / f"session {name}.json").write_text(shown)
    shutil.rmtree(home)
    shutil.rmtree(target / "photos", ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
