"""A teacher, everywhere: of people, sessions, rules, places and files of others no route tells or does a thing."""

import io
import re
from datetime import date

import pytest
from fastapi.routing import APIRoute
from pypdf import PdfReader

from attendance import Attendance
from attendance.access import Actor
from attendance.services.calendars import Days
from attendance.timetable.ruleparts import Parts
from attendance.web.admits import Admits
from attendance.web.build import build

ADMIN = Actor("an admin")
MARK = "Zq"
"""What every name of what is not the teacher's begins with."""
ENDLESS = ("/events", "/live", "/sign-out")
UNSURE = 25


@pytest.fixture
def app(home, clock, pipeline):
    """A home that keeps the faces of strangers for a day."""
    flags = {"guard_people": 0, "keep_unknown_days": 1}
    with Attendance.open(home, clock=clock, pipeline=pipeline, flags=flags) as opened:
        yield opened
        opened.jobs.close()


@pytest.fixture
def world(app, draw):
    """Group 7b with Ada, who is the teacher's; all else is of another group: what it is called begins with `MARK`."""
    app.enroll(draw("ada.png", (1,), seed=1), name="Ada", external_id="A", groups=["7b"])
    for number, name in ((2, "ZqBob"), (3, "ZqCid")):
        app.enroll(draw(f"{name}.png", (number,), seed=number), name=name, external_id=f"{name}-id", groups=["Zq8a"])
    app.session_book.open(ADMIN, "ZqChoir", group="Zq8a")
    parts = Parts(weekly="MO,TU,WE,TH,FR", begins="08:00", ends="08:45")
    app.timetables.add(ADMIN, "ZqLesson", parts, group="Zq8a", first=date(2026, 2, 2))
    app.timetables.add(ADMIN, "ZqHelp", parts, person="ZqBob-id", first=date(2026, 2, 2))
    app.timetables.add(ADMIN, "Lesson", parts, group="7b", first=date(2026, 2, 2))
    app.excuses.add(ADMIN, "ZqBob-id", "2026-03-02", "2026-03-02", reason="ZqReason")
    app.calendars.add(ADMIN, Days("closed", date(2026, 3, 3), date(2026, 3, 3), "ZqTrip"), group="Zq8a")
    app.places.add(ADMIN, "ZqCamera", "rtsp://zq.example/1", group="Zq8a")
    app.places.add(ADMIN, "ZqHall", kind="kiosk", group="Zq8a")
    app.check(draw("bob.png", (2,), seed=9), draw("unsure.png", (2, UNSURE), seed=9), draw("who.png", (40, 90)))
    app.check(draw("cid.png", (3,), seed=9), session="ZqChoir")
    app.credentials.give_pin(ADMIN, app.people.find("ZqBob-id").id)
    job = app.jobs.begin(ADMIN, "report", lambda progress: {"n": progress.file("Zq.csv").write_text("ZqBob")})
    app.jobs.wait(job.id)
    return app


def walked(router) -> list:
    found = []
    for each in router.routes:
        inner = getattr(each, "original_router", None)
        found += [each] if inner is None else walked(inner)
    return found


def admits_of(route: APIRoute) -> frozenset:
    waiting = [route.dependant]
    while waiting:
        each = waiting.pop()
        if isinstance(each.call, Admits):
            return each.call.roles
        waiting += each.dependencies
    return frozenset()


def asked(app, site) -> list[tuple[str, str]]:
    """Every way to ask a route that admits teachers of anything by its number."""
    marks = [
        each.mark.id for person in app.people.all() if person.name != "Ada" for each in app.day_marks.latest(person.id)
    ]
    numbers = [str(each) for each in range(1, 7)]
    found = []
    for route in walked(build(site)):
        if not isinstance(route, APIRoute) or "teacher" not in admits_of(route) or route.path.endswith(ENDLESS):
            continue
        if route.path.startswith("/api/v1"):
            continue
        given = marks if "{mark}" in route.path else numbers if "{" in route.path else [""]
        found += [(method, _path(route.path, each)) for each in given for method in sorted(route.methods - {"HEAD"})]
    return found


def _path(path: str, number: str) -> str:
    others = {"how": "skip", "form": "svg", "name": "Zq.csv"}
    return re.sub(r"\{(\w+)[^}]*\}", lambda part: others.get(part[1], number), path)


def state(app) -> list:
    """All that is not the teacher's to change."""
    bob, cid = app.people.find("ZqBob-id"), app.people.find("ZqCid-id")
    with app.store.reading():
        return [
            *(bob, cid, app.gallery.groups()[-1]),
            *([each.mark for each in app.day_marks.latest(person.id)] for person in (bob, cid)),
            *(app.timetables.all(ended_too=True)[number].stored for number in (0, 1)),
            *(app.excuses.all(), app.session_book.find("ZqChoir").session, app.credentials.of(bob.id)),
            *(app.calendars.every(), [each.place for each in app.places.all()], len(app.people.all(gone_too=True))),
        ]


QUERIES = (
    {"q": "zq", "state": "all", "page": "1", "words": "zq", "all": "1", "ended": "1"},
    {"from": "2026-02-01", "to": "2026-03-31", "by": "sessions", "all": "1", "form": "csv"},
    {"person": "A", "by": "sessions", "form": "json", "whose": "A", "day": "2026-03-02"},
    {"from": "2026-02-23", "to": "2026-03-04", "kind": "totals", "form": "txt", "rule": "Lesson"},
)


def test_no_route_tells_a_teacher_of_others(world, site, signed_in):
    """Neither by a number, nor by a search, a filter or a file."""
    teacher, told = signed_in("teacher", ["7b"]), []
    for method, path in asked(world, site):
        if method == "GET":
            for query in QUERIES:
                answer = teacher.get(path, params=query)
                assert answer.status_code < 500
                shown = text_of(answer)
                if MARK in shown:
                    told.append((path, query, shown[max(0, shown.index(MARK) - 150) :][:220]))
    assert [] == told


def text_of(answer) -> str:
    """What is read in an answer; a PDF's text, as its bytes hold any letters by chance."""
    if not answer.content.startswith(b"%PDF"):
        return answer.text
    return "\n".join(each.extract_text() for each in PdfReader(io.BytesIO(answer.content)).pages)


def test_no_route_does_a_thing_to_others_for_a_teacher(world, site, signed_in):
    """Whatever number is sent: all that is not theirs stays, and no answer names it."""
    teacher, before, told = signed_in("teacher", ["7b"]), state(world), []
    bob = str(world.people.find("ZqBob-id").id)
    sent = {
        "name": "New", "groups": ["7b"], "group": "7b", "reason": "x", "active": "false", "step": "apply",
        "say": "void", "numbers": ["1", "2", "3", "4"], "in": bob, "other": bob, "person": bob, "at": "09:00",
        "day": "2026-03-03", "first": "2026-03-03", "begins": "09:00", "ends": "10:00", "id": "mark 1", "text": "1",
        "session": "ZqChoir", "place": "ZqCamera", "whom": "person", "kind": "closed", "version": "",
    }  # fmt: skip
    for method, path in asked(world, site):
        if method == "POST" and "/account" not in path:
            answer = teacher.form(path, **sent)
            assert answer.status_code < 500
            shown = text_of(answer).replace("ZqChoir", "").replace("ZqCamera", "")
            if MARK in shown or "Zq" in answer.headers.get("set-cookie", ""):
                told.append((path, answer.status_code, shown[max(0, shown.find(MARK) - 150) :][:220]))
    assert [] == told
    after = state(world)
    kept = [number for number, (one, other) in enumerate(zip(before[:-3], after[:-3], strict=True)) if one != other]
    assert [] == kept
