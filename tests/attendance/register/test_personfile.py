"""One person's data as files: all that is theirs, in plain words, and no byte of anybody else's name or id."""

import base64
import csv
import io
import json
import tempfile
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from servers import wipe

from attendance import Attendance
from attendance.access import Actor
from attendance.register.personfile import MARK_COLUMNS, PersonFile
from gallery.portability import everything
from gallery.repositories import (
    answers,
    approvals,
    credentials,
    excuses,
    foreign_ids,
    marks,
    news,
    places,
    rules,
    sightings,
    tokens,
)
from gallery.repositories.events import APPROVED, excuse_subject, record
from gallery.values import ScoredKey, Sighting

UNSURE = 25
TEACHER = Actor("teacher")


def files_of(app: Attendance, person: str | int) -> dict[str, bytes]:
    """The person's files as the app's own account would hand them over now."""
    found = everything(app.store, app.gallery.vault, app.people.find(person).id)
    return PersonFile(found, app.clock.utc(), app.zone, "teacher").files()


def document(app: Attendance, name: str, person: str | int = "Ada"):
    return json.loads(files_of(app, person)[name])


def printed(data: bytes) -> str:
    """The text of a PDF, in one line."""
    from pypdf import PdfReader

    return " ".join(" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(data)).pages)


@pytest.fixture
def people(app, draw) -> Attendance:
    """Ada, in two groups, Bob and Cid are enrolled."""
    app.enroll(draw("ada.png", (1,)), name="Ada", external_id="E-100", groups=["choir", "7b"])
    app.enroll(draw("bob.png", (2,)), name="Bob", external_id="E-200")
    app.enroll(draw("cid.png", (3,)), name="Cid", external_id="E-300")
    return app


def test_the_person(people, clock):
    """Name, id, numbers, groups, and from when to when the person was active or not, on the site's clock."""
    begun = clock.now
    clock.forward(days=40)
    people.leaving.set_active(TEACHER, "Ada", False, since=date(2026, 4, 1))
    clock.forward(days=1)
    people.leaving.set_active(TEACHER, "Ada", True)
    people.gallery.remember_lookalike("Ada", "Bob", 0.3, at=clock.now, by="t")
    told = document(people, "person.json")
    again = clock.now.isoformat(timespec="milliseconds")
    assert [
        {"active": True, "from": begun.isoformat(timespec="milliseconds"), "to": "2026-04-01T00:00:00.000+00:00"},
        {"active": False, "from": "2026-04-01T00:00:00.000+00:00", "to": again},
        {"active": True, "from": again, "to": None},
    ] == told.pop("periods")
    assert {
        "name": "Ada",
        "id": "E-100",
        "internal_ids": [1],
        "note": "",
        "groups": ["7b", "choir"],
        "enrolled": "2026-03-02T07:58:11.204+00:00",
        "active": True,
        "memberships": [],
        "other_ids": [],
        "credentials": [],
        "lookalikes": "1 other person",
        "sites": [],
        "arrivals": [],
        "answers": "0 answers to programs",
    } == told


def test_the_groups_of_then_and_the_ids_elsewhere(people, clock):
    """From which day on the person belonged to a group or left it, and what other systems call them, is told."""
    people.people.put_in(TEACHER, "Ada", ["7b", "chess"])
    with people.store.atomic() as transaction:
        foreign_ids.add(transaction, "oneroster", "u-17", 1)
        foreign_ids.add(transaction, "oneroster", "u-18", 2)
    told = document(people, "person.json")
    said = {"from": "2026-03-02", "entered": clock.now.isoformat(timespec="milliseconds"), "by": "teacher"}
    assert [{"group": "chess", "member": True, **said}] == told["memberships"]
    assert (["7b", "chess"], [{"system": "oneroster", "id": "u-17"}]) == (told["groups"], told["other_ids"])


def test_the_other_ways_in_and_the_news(people, clock):
    """Which other ways in there are and since when, without what opens them; which news tell of the person, where."""
    made = {"at": clock.now, "by": "desk"}
    with people.store.atomic() as step:
        door = places.insert(step, None, "Door of Bob", "kiosk", at=clock.now).id
        credentials.insert(step, 1, "pin", "1001-handle", "$argon2id$", **made)
        credentials.insert(step, 1, "badge", "keyed-digest", None, **made)
        credentials.insert(step, 2, "qr", "of-bob", None, **made)
        token = tokens.insert(step, "api", "timesheet", "d", scopes=[], **made).id
        answers.keep(
            step, people.gallery.sealer, token, "k", request="r", status=201, body=b"{}", person=1, at=clock.now
        )
        last = news.latest(step)
        news.add(step, [news.New(clock.now, news.MARK_MADE, f"m{person}", person, door) for person in (1, 2)])
    files = files_of(people, "Ada")
    told, news_told = json.loads(files["person.json"]), json.loads(files["news.json"])
    when = clock.now.isoformat(timespec="milliseconds")

    assert [{"kind": kind, "made": when, "by": "desk"} for kind in ("pin", "badge")] == told["credentials"]
    assert "1 answer to programs" == told["answers"]
    assert {"at": when, "what": "mark.made", "about": "m1", "place": "Door of another person"} == news_told[-1]
    assert [("person.changed", "this person")] * (len(news_told) - 1) == [
        (each["what"], each["about"]) for each in news_told[:-1]
    ]
    assert 3 == last
    assert b"news of this person (2)" in files["README.txt"]
    files["summary.pdf"] = printed(files["summary.pdf"]).encode()
    assert [] == [name for name, data in files.items() if b"1001-handle" in data or b"argon2" in data or b"m2" in data]


def test_the_templates(people, draw):
    """The numbers are the template's own, the picture is what is kept, and a sentence says what they are."""
    told = document(people, "templates.json")
    (one,) = told["templates"]
    vector = np.frombuffer(base64.b64decode(one["vector"]), "<f4")
    expected, (info,) = people.gallery.load().vectors[0], people.gallery.templates_of("Ada")
    assert np.array_equal(expected, vector)
    assert (str(draw("ada.png", (1,))), info.pipeline_id, len(expected)) == (
        one["photo"],
        one["pipeline"],
        one["numbers"],
    )
    assert "float32" in told["about"]
    assert people.gallery.crop(one["template"]) == files_of(people, "Ada")[one["picture"]]


def test_the_marks(people, draw, clock):
    """Each mark tells session, time, how it came about, who entered it, and why it does not count, in both files."""
    list(people.checks.run(TEACHER, [draw("door.png", (1,), seed=3)], people.scope()))
    clock.forward(minutes=2)
    people.by_hand.void(TEACHER, "Ada", reason="=ill, Bob saw it")
    clock.forward(minutes=1)
    people.by_hand.enter(TEACHER, "Ada", at="08:00", note="came late")
    first, second = document(people, "marks.json")
    assert ("2026-03-02", "2026-03-02", "UTC", "file", "teacher", False) == tuple(
        first[key] for key in ("session", "day", "zone", "how", "by", "counts")
    )
    assert ("2026-03-02T07:58:11.204+00:00", "2026-03-02T08:00:11.204+00:00") == (first["at"], first["voided"])
    assert [("void", "teacher", "=ill, another person saw it")] == [
        (each["what"], each["by"], each["reason"]) for each in first["corrections"]
    ]
    assert ("manual", "2026-03-02T08:00:00.000+00:00", {"note": "came late"}, True) == (
        second["how"],
        second["at"],
        second["details"],
        second["counts"],
    )
    rows = list(csv.DictReader(io.StringIO(files_of(people, "Ada")["marks.csv"].decode("utf-8-sig"))))
    assert list(MARK_COLUMNS) == list(rows[0])
    assert ["'=ill, another person saw it", ""] == [row["void_reason"] for row in rows]
    assert ["", "came late"] == [row["note"] for row in rows]


def awaited(app: Attendance, person: int, session: str) -> str:
    """A mark by hand that somebody else is to approve."""
    now = app.clock.utc()
    where = app.sessions.for_marks(session, now).id
    with app.store.atomic() as transaction:
        more = {"method": "manual", "details": {"awaits": "approval"}, "direction": "out", "unless": "none"}
        return marks.add(transaction, person, where, at=now, entered=now, by="t", **more).id


def test_marks_that_need_a_second_look(people, clock):
    """A mark that waits does not count, one that was granted does, one that was refused does not; who said so is in."""
    for name in ("one", "two", "three"):
        people.session_book.open(TEACHER, name)
    waiting, granted, refused = (awaited(people, 1, name) for name in ("one", "two", "three"))
    with people.store.atomic() as transaction:
        for mark, said in ((granted, True), (refused, False)):
            approvals.add(transaction, granted=said, at=clock.now, by="head", reason="Bob saw", mark=mark)
    told = {each["mark"]: each for each in document(people, "marks.json")}
    rows = list(csv.DictReader(io.StringIO(files_of(people, "Ada")["marks.csv"].decode("utf-8-sig"))))
    at = clock.now.isoformat(timespec="milliseconds")
    by = {"at": at, "by": "head", "reason": "another person saw"}

    assert {waiting: (False, True, None), granted: (True, False, {"granted": True, **by})} == {
        mark: (told[mark]["counts"], told[mark]["waits"], told[mark]["approval"]) for mark in (waiting, granted)
    }
    assert (False, False, {"granted": False, **by}) == tuple(
        told[refused][key] for key in ("counts", "waits", "approval")
    )
    assert {"out"} == {each["direction"] for each in told.values()}
    assert {waiting: ("True", "", ""), granted: ("False", "True", "head"), refused: ("False", "False", "head")} == {
        row["mark"]: (row["waits"], row["approved"], row["approved_by"]) for row in rows
    }


def test_the_excuses(people, clock):
    """Each tells span, reason, document, who approved it and who took it back; those of others are not in."""
    begins, ends = datetime(2026, 3, 2, 7, tzinfo=UTC), datetime(2026, 3, 3, 12, tzinfo=UTC)
    who = {"at": clock.now, "by": "t"}
    with people.store.atomic() as transaction:
        first = excuses.insert(
            transaction, 1, begins, ends, reason="ill, says Bob", document="a" * 64, awaits=True, **who
        )
        second = excuses.insert(transaction, 1, begins, ends, reason="", **who)
        excuses.insert(transaction, 2, begins, ends, reason="secret", **who)
        approvals.add(transaction, granted=True, at=clock.now, by="head", reason="seen", excuse=first.id)
        excuses.withdraw(transaction, second.id, at=clock.now, by="head", reason="Cid, not Ada")
    now = clock.now.isoformat(timespec="milliseconds")
    told = document(people, "excuses.json")

    assert [
        {
            "excuse": 1,
            "begins": "2026-03-02T07:00:00.000+00:00",
            "ends": "2026-03-03T12:00:00.000+00:00",
            "reason": "ill, says another person",
            "document_sha256": "a" * 64,
            "entered": now,
            "by": "t",
            "counts": True,
            "waits": False,
            "approval": {"granted": True, "at": now, "by": "head", "reason": "seen"},
            "withdrawn": None,
        }
    ] == told[:1]
    assert (False, None, {"at": now, "by": "head", "reason": "another person, not Ada"}) == (
        told[1]["counts"],
        told[1]["document_sha256"],
        told[1]["withdrawn"],
    )
    assert 2 == len(told)


def test_the_own_timetable(people, clock):
    """The lines for this person alone are told with all that they said and from when on; those of others are not."""
    with people.store.atomic() as transaction:
        own = rules.insert(transaction, "Ada's shift", at=clock.now, person=1)
        rules.insert(transaction, "everybody", at=clock.now)
        rules.insert(transaction, "of Bob", at=clock.now, person=2)
        who = {"at": clock.now, "by": "t"}
        rules.add_version(transaction, own, from_day=date(2026, 3, 2), spec={"begins": "09:00"}, **who)
        rules.add_version(transaction, own, from_day=date(2026, 4, 1), spec=None, reason="Bob does it", **who)
    said = {"entered": clock.now.isoformat(timespec="milliseconds"), "by": "t"}

    assert [
        {
            "rule": 1,
            "name": "Ada's shift",
            "created": said["entered"],
            "versions": [
                {"from": "2026-03-02", "says": {"begins": "09:00"}, "reason": "", **said},
                {"from": "2026-04-01", "says": None, "reason": "another person does it", **said},
            ],
        }
    ] == document(people, "timetable.json")


def test_times_are_of_the_zone_of_the_session(people, draw, clock):
    """A mark's time is that of the clock of its session's zone, whatever the site's is by now."""
    with Attendance.open(people.home, clock=clock, pipeline=people.pipeline, flags={"time_zone": "Asia/Tokyo"}) as east:
        list(east.checks.run(TEACHER, [draw("door.png", (1,), seed=3)], east.scope()))
    (mark,) = document(people, "marks.json")
    (seen,) = document(people, "sightings.json")["sightings"]
    assert ("Asia/Tokyo", "2026-03-02T16:58:11.204+09:00") == (mark["zone"], mark["at"])
    assert ("Asia/Tokyo", "2026-03-02T16:58:11.204+09:00") == (seen["zone"], seen["at"])


def test_a_time_that_is_not_known_is_none(people, clock):
    """Where nobody knows when the person was there, no time is made up."""
    people.by_hand.enter(TEACHER, "Ada", session="2026-03-01")
    (mark,) = document(people, "marks.json")
    assert (None, False, "2026-03-01") == (mark["at"], mark["time_known"], mark["day"])
    assert clock.now.isoformat(timespec="milliseconds") == mark["entered"]


def test_a_sighting_names_nobody_else(people, draw):
    """A sighting comes with its numbers, reasons and face; who else was compared is another person."""
    list(people.checks.run(TEACHER, [draw("door.png", (1, UNSURE))], people.scope()))
    told = document(people, "sightings.json")
    (seen,) = told["sightings"]
    assert ("review", ["close_call"], "this person") == (seen["ruling"], seen["reasons"], seen["person"])
    assert ["this person", "another person", "another person"] == [each["person"] for each in seen["candidates"]]
    assert seen["score"] < seen["threshold"]
    with Image.open(io.BytesIO(files_of(people, "Ada")[seen["picture"]])) as picture:
        assert ("PNG", (112, 112)) == (picture.format, picture.size)
    assert "0 other faces" in told["others"]
    assert "1 other face " in document(people, "sightings.json", "Bob")["others"]


def test_a_review_that_was_settled(people, draw):
    """What somebody said of a sighting is in: given to another it names nobody, given to this person it does so."""
    list(people.checks.run(TEACHER, [draw("door.png", (1, UNSURE))], people.scope()))
    people.reviews.reassign(TEACHER, 1, "Bob", reason="it is Bob, not Ada")
    (of_ada,) = document(people, "sightings.json")["sightings"]
    (of_bob,) = document(people, "sightings.json", "Bob")["sightings"]
    assert ("this person", "another person") == (of_ada["person"], of_ada["corrections"][0]["to"])
    assert ("another person", "this person") == (of_bob["person"], of_bob["corrections"][0]["to"])
    assert "it is another person, not Ada" == of_ada["corrections"][0]["reason"]
    assert "it is Bob, not another person" == of_bob["corrections"][0]["reason"]
    assert [] == [name for name in files_of(people, "Ada") if name.startswith("faces/")]


def test_the_events(people):
    """What was done is told by whom, with this person and others told apart and without a number of others."""
    people.gallery.remember_lookalike("Bob", "Cid", 0.3, at=people.clock.utc(), by="t")
    people.gallery.remember_lookalike("Bob", "Ada", 0.3, at=people.clock.utc(), by="t")
    people.gallery.merge("Cid", "Bob", at=people.clock.utc(), by="t")
    told = {each["what"]: (each["about"], each["details"]) for each in document(people, "events.json", "Bob")}
    assert ("this person", {"other": "this person"}) == told["lookalike.add"] or (
        ("another person", {"other": "this person"}) == told["lookalike.add"]
    )
    assert ("this person", {"from": "this person"}) == told["person.merge"]
    (of_ada,) = [each for each in document(people, "events.json") if each["what"] == "lookalike.add"]
    assert ("this person", {"other": "another person"}) == (of_ada["about"], of_ada["details"])


def test_the_readme_says_what_there_is(people, draw):
    """It names the person, the time it covers, and every file; its lines fit a screen."""
    list(people.checks.run(TEACHER, [draw("door.png", (1, UNSURE))], people.scope()))
    files = files_of(people, "Ada")
    text = files["README.txt"].decode()
    assert text.startswith("What is kept of Ada (E-100)\n===========================\n")
    assert "2026-03-02T07:58:11.204Z, by the account teacher" in text
    assert {"README.txt"} == {name for name in files if name.split("/")[0] not in text}
    assert max(map(len, text.splitlines())) <= 120
    assert "{" not in text


def test_what_does_not_open_is_said(people):
    """A damaged template is named as such, without numbers and picture, beside all the rest."""
    with people.store.atomic() as session:
        wipe(session, "template", "vector")
        wipe(session, "crop", "picture")
    (one,) = document(people, "templates.json")["templates"]
    assert (None, None, None) == (one["vector"], one["numbers"], one["picture"])
    assert "does not open" in one["damaged"]
    assert "Ada" == document(people, "person.json")["name"]


# Nothing of other people

LETTERS = st.characters(categories=["Lu", "Ll", "Lo", "Nd"], max_codepoint=0x24F)
CALLED = st.lists(st.text(LETTERS, min_size=2, max_size=6).map("Qz{}".format), min_size=1, max_size=3)
NAMES = CALLED.flatmap(lambda words: st.sampled_from([" ".join(words), "-".join(words), ". ".join(words)]))


def crowded(app: Attendance, called: list[str]) -> None:
    """Other people's names and ids stand wherever somebody can have typed them in what is Ada's."""
    now, everybody = app.clock.utc(), " and ".join(called)
    vector = np.eye(64, dtype=np.float32)
    app.gallery.enroll(
        "Ada Byron",
        vector[0],
        0.0,
        quality={"score": 80},
        source=f"photos/{everybody}/{called[0]}_2.JPG",
        source_sha256="0" * 64,
        at=now,
        by="teacher",
        external_id="E-100",
        groups=[f"class of {called[0]}"],
        note=f"sits beside {everybody}; not {called[1]}!",
    )
    keys = [
        app.gallery.add_person(
            name, external_id=identifier, groups=[f"only {name}"], note=f"{name} is ill", at=now, by="teacher"
        ).id
        for name, identifier in zip(called[::2], called[1::2], strict=True)
    ]
    app.session_book.open(TEACHER, f"Talk with {called[0]}")
    app.session_book.open(TEACHER, f"Private {called[1]}")
    app.by_hand.enter(TEACHER, "Ada Byron", session=f"Talk with {called[0]}", note=f"seen by {everybody.upper()}")
    app.by_hand.void(TEACHER, "Ada Byron", session=f"Talk with {called[0]}", reason=f"that was {called[1]}")
    app.by_hand.enter(TEACHER, keys[0], session=f"Private {called[1]}")
    app.gallery.remember_lookalike("Ada Byron", keys[0], 0.3, at=now, by="teacher")
    place(app, keys, called)
    decide(app, keys, called)
    app.reviews.reassign(TEACHER, 1, "Ada Byron", reason=f"not {called[0]} ({called[1]})")


def place(app: Attendance, keys: list[int], called: list[str]) -> None:
    """A place with a name and a site of others, and two reviews there: one that names another, one that names Ada."""
    now, door = app.clock.utc(), f"door of {called[0]}"
    compared = tuple(ScoredKey(key, 0.2, 0.2) for key in (*keys, 1))
    session = app.sessions.by_hand(f"Talk with {called[0]}", now).id
    with app.store.atomic() as transaction:
        there = places.insert(transaction, None, door, "camera", at=now, site=f"house of {called[1]}").id
        review = Sighting(now, "camera", door, "review", "fake-1", session, place=there, candidates=compared)
        sightings.add(transaction, [replace(review, person=key) for key in (keys[0], 1)])


def decide(app: Attendance, keys: list[int], called: list[str]) -> None:
    """Excuses, approvals, timetable, groups and ids elsewhere of Ada and of others, with others in every text."""
    now, day = app.clock.utc(), app.clock.utc().date()
    who, later = {"at": now, "by": "teacher"}, now.replace(hour=23)
    with app.store.atomic() as transaction:
        mark = awaited(app, 1, f"Talk with {called[0]}")
        for person, text in ((1, f"{called[0]} says so; ask {called[1]}"), *((key, "x " + called[2]) for key in keys)):
            excused = excuses.insert(transaction, person, now, later, reason=text, awaits=True, **who)
            approvals.add(transaction, granted=True, reason=f"as {called[3]} says", excuse=excused.id, **who)
            record(transaction, action=APPROVED, subject=excuse_subject(excused.id), details={"person": person}, **who)
            excuses.withdraw(transaction, excused.id, reason=f"no, {called[1]}", **who)
            own = rules.insert(transaction, f"{person}, with {called[0]}", at=now, person=person)
            spec = {"site": f"house of {called[1]}", "begins": "09:00"}
            rules.add_version(transaction, own, from_day=day, spec=spec, reason=f"for {called[2]}", **who)
            foreign_ids.add(transaction, f"register of {called[3]}", f"{person} of {called[0]}", person)
        approvals.add(transaction, granted=False, reason=f"{called[0]} was it", mark=mark, **who)
    app.people.put_in(TEACHER, 1, [f"chess with {called[2]}"])
    app.people.put_in(TEACHER, keys[0], [f"chess of {called[1]}"])


class Still:
    """A clock that stands."""

    def utc(self) -> datetime:
        return datetime(2026, 3, 2, 9, tzinfo=UTC)

    def monotonic(self) -> float:
        return 0.0


@settings(max_examples=20)
@given(called=st.lists(NAMES, min_size=4, max_size=4, unique_by=str.casefold))
def test_no_byte_of_other_people(fake, called):
    """Wherever other people's names and ids stand, none of them is in any file that a person is handed, or its name."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Attendance.open(Path(folder) / "home", clock=Still(), pipeline=fake.FakePipeline()) as app,
    ):
        crowded(app, called)
        files = files_of(app, "Ada Byron")
    pages = printed(files.pop("summary.pdf"))
    texts = [*files, pages] + [data.decode() for data in files.values()]
    left = [(each, text) for each in called for text in texts if each.casefold() in text.casefold()]
    assert [] == left
    assert 2 == len(json.loads(files["sightings.json"])["sightings"])
    assert [1, 1] == [len(json.loads(files[name])) for name in ("excuses.json", "timetable.json")]
    assert sum(text.count("another person") for text in texts) >= 12
