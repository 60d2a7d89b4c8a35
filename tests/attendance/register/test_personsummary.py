"""The person's copy as pages, what they agreed to, and that no table that tells of somebody is left out of it."""

import io
import json
import sys
from datetime import timedelta

import pytest
from pypdf import PdfReader

from attendance import Attendance
from attendance.access import Actor
from attendance.register.personfile import PersonFile
from gallery.columns import Base
from gallery.portability import everything
from gallery.privacytables import ConsentFormRow, ConsentRow, ConsentTextRow, ErasureRow, HoldRow
from gallery.repositories import rules

TEACHER = Actor("teacher")
ASKED = "May the school recognise your face?"


def files_of(app: Attendance, person: str) -> dict[str, bytes]:
    """What the person is handed now."""
    found = everything(app.store, app.gallery.vault, app.people.find(person).id)
    return PersonFile(found, app.clock.utc(), app.zone, "teacher").files()


def printed(data: bytes) -> str:
    """The text of a PDF, in one line."""
    return " ".join(" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(data)).pages)


@pytest.fixture
def ada(app, draw) -> Attendance:
    """Ada, whose guardian Greta Hartmann said yes, and then she herself no; Bob; and a form for each."""
    app.enroll(draw("ada.png", (1,)), name="Ada", external_id="E-100", groups=["7b"])
    app.enroll(draw("bob.png", (2,)), name="Bob", external_id="E-200")
    now, one, two = app.clock.utc(), app.people.find("Ada").id, app.people.find("Bob").id
    later = now + timedelta(days=30)
    with app.store.atomic() as step:
        asked = ConsentTextRow(version="1", language="en", body=ASKED, sha256="ab" * 32, entered=now, by="t")
        step.add(asked)
        step.flush()
        said = {"purpose": "face", "basis": "consent", "text_id": asked.id, "at": now, "entered": now, "by": "t"}
        step.add(ConsentRow(person_id=one, granted=True, given_by="guardian", giver="Greta Hartmann", method="paper",
                            document_sha256="cd" * 32, until=later, reason="Greta Hartmann called; Bob was there",
                            **said))  # fmt: skip
        step.add(ConsentRow(person_id=one, granted=False, given_by="self", giver="Ada", method="page", **said))
        step.add(ConsentRow(person_id=two, granted=True, given_by="self", method="page", **said))
        for person in (one, two):
            step.add(ConsentFormRow(person_id=person, digest=f"{person:064d}", text_id=asked.id, purposes=["face"],
                                    given_by="guardian", created=now, by="t", ends=later, used=now))  # fmt: skip
            step.add(HoldRow(person_id=person, reason="a lawsuit against Greta", begun=now, by="t"))
            step.add(ErasureRow(person_key=person, what="face", at=now))
        step.add(HoldRow(person_id=None, reason="inspection", begun=now, by="t", lifted=later, lifted_by="t"))
    return app


def test_what_they_agreed_to(ada):
    """Words come with text, SHA-256, paper and end; forms, holds and erasures with their times; none of Bob's."""
    told = json.loads(files_of(ada, "Ada")["consent.json"])
    assert [(True, "a guardian", "paper", "cd" * 32), (False, "this person", "page", None)] == [
        (each["granted"], each["given_by"], each["how"], each["paper_sha256"]) for each in told["words"]
    ]
    text = {"version": "1", "language": "en", "sha256": "ab" * 32}
    assert [text, text] == [each["text"] for each in told["words"]]
    assert [{**text, "text": ASKED}] == told["texts"]
    assert ("2026-04-01", None) == (told["words"][0]["until"][:10], told["words"][1]["until"])
    assert [(["face"], "a guardian")] == [(each["purposes"], each["answers"]) for each in told["forms"]]
    assert [("this person", True), ("everybody", False)] == [(each["of"], each["to"] is None) for each in told["holds"]]
    assert ["face"] == [each["what"] for each in told["erased"]]


def test_a_guardian_is_not_named(ada):
    """The guardian's name is that of another person, in every text; why something is on hold is not told."""
    files = files_of(ada, "Ada")
    texts = [printed(files.pop("summary.pdf")), *(data.decode(errors="replace") for data in files.values())]
    for name in ("Greta", "Hartmann", "Bob", "lawsuit", "inspection"):
        assert [] == [text for text in texts if name in text]
    assert "another person called; another person was there" == json.loads(files["consent.json"])["words"][0]["reason"]


def test_pages_for_people(ada):
    """The pages tell the person, the answers, and what was done, without a key of JSON."""
    ada.mark("Ada")
    text = printed(files_of(ada, "Ada")["summary.pdf"])
    for told in ("What is kept of Ada (E-100)", "being marked by face", "a guardian", "Erasing is on hold", "mark.add"):
        assert told in text
    assert "{" not in text
    assert "person_id" not in text


def test_without_the_printing_library(ada, monkeypatch):
    """Without it the copy has everything but the pages, and says so."""
    with_pages = files_of(ada, "Ada")
    monkeypatch.setitem(sys.modules, "reportlab.lib.pagesizes", None)
    without = files_of(ada, "Ada")
    assert {"summary.pdf"} == with_pages.keys() - without.keys()
    assert b"summary.pdf     is not here" in without["README.txt"]
    assert with_pages["consent.json"] == without["consent.json"]


# Every table that tells of somebody

IN_THE_COPY = {
    "alias.person_id": "person.json: internal_ids",
    "answer.person_id": "person.json: answers",
    "consent.person_id": "consent.json: words",
    "consent_form.person_id": "consent.json: forms",
    "correction.person_id": "marks.json, sightings.json: corrections",
    "credential.person_id": "person.json: credentials",
    "erasure.person_key": "consent.json: erased",
    "excuse.person_id": "excuses.json",
    "foreign_id.person_id": "person.json: other_ids",
    "hold.person_id": "consent.json: holds",
    "lookalike.first_id": "person.json: lookalikes",
    "lookalike.second_id": "person.json: lookalikes",
    "mark.person_id": "marks.json",
    "membership.person_id": "person.json: groups",
    "membership_change.person_id": "person.json: memberships",
    "news.person_id": "news.json",
    "person_site.person_id": "person.json: sites",
    "rule.person_id": "timetable.json",
    "sighting.person_id": "sightings.json",
    "template.person_id": "templates.json",
    "template_change.person_id": None,  # that an index is to look at somebody's templates again: nothing of theirs
}
"""Where the copy tells what a column knows of a person; a new column belongs here, and into the copy."""
HANGING = {
    "approval": "marks.json, excuses.json: approval",
    "consent_text": "consent.json: texts",
    "correction": "marks.json, sightings.json: corrections",
    "crop": "photos/",
    "delivery": None,  # how news travel to receivers: the news are in news.json, the receivers are others' business
    "event": "events.json",
    "rule_version": "timetable.json: versions",
    "sighting_crop": "faces/",
    "withdrawal": "excuses.json: withdrawn",
}
"""What hangs on these tables, or names people in its details; None with the reason why it is not in the copy."""


def columns_of_people() -> set[str]:
    """Every column that refers to a person, or is called after a person's key."""
    return {
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        if any(key.column.table.name == "person" for key in column.foreign_keys) or "person" in column.name
    }


def tables_hanging_on(names: set[str]) -> set[str]:
    """The tables that refer to one of these, or to one that does."""
    found = {
        table.name
        for table in Base.metadata.tables.values()
        if any(key.column.table.name in names for key in table.foreign_keys)
    }
    return names | found if found <= names else tables_hanging_on(names | found)


def test_every_table_that_tells_of_somebody_is_in_the_copy():
    """Whatever column refers to a person is in the copy; whoever adds one says where."""
    assert IN_THE_COPY.keys() == columns_of_people()


def test_what_hangs_on_them_is_too():
    """So is whatever refers to such a row; whoever adds a table says where it is, or why it is not."""
    own = {each.partition(".")[0] for each in IN_THE_COPY}
    assert HANGING.keys() - {"event", "consent_text"} - own == tables_hanging_on(own) - own


def test_each_is_a_file_with_that_key(ada, draw, tmp_path):
    """What the lists say is there: each file, and each key in it."""
    now = ada.clock.utc()
    ada.mark("Ada")
    list(ada.checks.run(TEACHER, [draw("door.png", (1, 25))], ada.scope()))
    ada.excuses.add(TEACHER, "Ada", "2026-03-02", "2026-03-02", reason="ill")
    ada.archives.person(TEACHER, "Ada", tmp_path / "ada.zip")
    with ada.store.atomic() as step:
        own = rules.insert(step, "Ada's shift", at=now, person=ada.people.find("Ada").id)
        rules.add_version(step, own, from_day=now.date(), spec=None, reason="", at=now, by="t")
    files = files_of(ada, "Ada")
    for told in filter(None, (*IN_THE_COPY.values(), *HANGING.values())):
        names, _, key = told.partition(": ")
        for name in names.split(", "):
            assert any(each.startswith(name) for each in files)
            assert not key or f'"{key}"'.encode() in files[name]
