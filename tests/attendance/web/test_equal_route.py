"""Whoever does not use their face: nothing that teachers and programs see tells so, and nothing treats them worse."""

import json
import re

import pytest

from attendance.access import Actor
from attendance.services.statusreports import AskedStatuses
from attendance.timetable.ruleparts import Parts
from attendance.web import api, routes
from attendance.web.admits import Admits
from gallery.privacytables import ConsentRow

CLERK = Actor("clerk")
ENDLESS = ("/events", "/live", "/stream", "/picture.jpg")
"""What goes on for ever, or shows what a camera sees at the moment."""
ANN, BOB = "E-100", "E-200"
LESSON = Parts(weekly="MO", begins="08:00", ends="08:45")


@pytest.fixture
def both(app, draw, clock):
    """Ann, marked by a check of her face, and Bob without a photo, marked by his PIN; both of 7b, and expected."""
    app.enroll(draw("ann.png", (1,)), name="Ann Arbor", external_id=ANN, groups=["7b"])
    app.gallery.add_person("Bob Bobson", external_id=BOB, groups=["7b"], at=clock.utc(), by="clerk")
    app.timetables.add(CLERK, "Lesson", LESSON, group="7b")
    list(app.check(draw("door.png", (1,), seed=4)))
    app.places.add(CLERK, "Hall", kind="kiosk")
    given = app.credentials.give_pin(CLERK, BOB)
    app.mark(BOB)
    clock.forward(hours=3)
    assert given
    return app


def say(app, person: str, purpose: str, *, granted: bool) -> None:
    """A word of consent."""
    now = app.clock.utc()
    with app.store.atomic() as step:
        step.add(ConsentRow(person_id=app.people.find(person).id, purpose=purpose, granted=granted, basis="consent",
                            given_by="self", method="page", at=now, entered=now, by="clerk"))  # fmt: skip


def admitted(app, role: str) -> list[str]:
    """The address of every page and every part of the API that this role may read, of Bob and of all."""
    bob, found = str(app.people.find(BOB).id), set()
    for router in (*routes.all_routers(), *api.all_routers()):
        for route in router.routes:
            admits = [each.call for each in route.dependant.dependencies if isinstance(each.call, Admits)]
            if not admits or "GET" not in route.methods or admits[0].anyone or role not in admits[0].roles:
                continue
            path = re.sub(r"\{(number|person)[^}]*\}", bob, route.path)
            path = path.replace("{group}", "7b").replace("{id}", BOB).replace("{day}", "2026-03-02")
            if "{" not in path and not any(each in path for each in ENDLESS):
                found.add(path)
    return sorted(found)


def test_no_page_and_no_answer_tells_who_refused(both, signed_in):
    """Every page of a teacher and every part of the API is the same, byte for byte, whatever somebody answered."""
    teacher, admin = signed_in("teacher", ["7b"]), signed_in("admin", name="Ida")
    paths = [(teacher, path) for path in (*admitted(both, "teacher"), "/?group=7b", "/reports?group=7b")]
    paths += [(admin, path) for path in admitted(both, "admin") if path.startswith("/api/")]
    assert {"/people", "/reports", "/api/v1/people", "/api/v1/reports"} <= {path for _, path in paths}
    before = [who.get(path) for who, path in paths]
    assert 30 < sum(answer.status_code == 200 for answer in before)
    assert 5 < sum("Bob Bobson" in answer.text for answer in before)
    for purpose in ("face", "photo", "unknown"):
        say(both, ANN, purpose, granted=True)
        say(both, BOB, purpose, granted=False)
    after = [who.get(path).content for who, path in paths]
    told = zip(paths, before, after, strict=True)
    assert [] == [path for (_, path), was, now in told if was.content != now]


def test_an_admin_sees_who_answered(both, signed_in):
    """The page of an officer tells how many have refused; a teacher is not let in."""
    say(both, ANN, "face", granted=True)
    say(both, BOB, "face", granted=False)
    for role in ("admin", "auditor"):
        text = " ".join(re.sub(r"<[^>]+>", " ", signed_in(role, name=role).get("/settings/privacy").text).split())
        assert "Being marked by face 1 1 0" in text
    assert 403 == signed_in("teacher", ["7b"], name="t").get("/settings/privacy").status_code


def shape(value):
    """What a value is made of, without its texts and numbers."""
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items()}
    return [shape(each) for each in value] if isinstance(value, list) else type(value).__name__


def test_both_have_the_same_rows(both, signed_in):
    """Of one who uses the face and one who does not, rows of reports have the same parts, order and status."""
    report = both.status_reports.report(AskedStatuses(first=None, last=None, group="7b"))
    ann, bob = sorted(report.rows, key=lambda each: report.facts.people[each.person].name)
    assert (ann.status, ann.late_s, ann.reasons, bool(ann.arrived)) == (
        bob.status, bob.late_s, bob.reasons, bool(bob.arrived),
    )  # fmt: skip
    admin = signed_in()
    found = {each["id"]: each for each in admin.get("/api/v1/people").json()["items"]}
    assert shape(found[ANN]) == shape(found[BOB])


@pytest.mark.usefixtures("both")
def test_a_row_of_today_is_the_same(signed_in):
    """On the day's board both stand with the same words and buttons, in the order of their names."""
    text = signed_in("teacher", ["7b"]).get("/?group=7b").text
    rows = re.findall(r"<(?:tr|li)[^>]*>(?:(?!</(?:tr|li)>).)*(?:Ann Arbor|Bob Bobson).*?</(?:tr|li)>", text, re.DOTALL)
    assert 2 == len(rows)
    told = [re.sub(r"\d+", "0", re.sub(r"Ann Arbor|Bob Bobson|E-[12]00|AA|BB|/marks/\w+", "X", each)) for each in rows]
    assert told[0] == told[1]


def test_a_closed_month_is_the_same(both, clock):
    """The sum over a closed month does not change by what somebody answers."""
    from gallery.repositories import months

    clock.forward(days=40)
    both.months.close(CLERK, "2026-03")
    both.months.open(CLERK, "2026-03", reason="again")
    say(both, BOB, "face", granted=False)
    both.months.close(CLERK, "2026-03")
    with both.store.reading() as view:
        digests = {each.digest for each in months.history(view) if each.closed}
    assert 1 == len(digests)
    assert json.dumps(sorted(digests))
