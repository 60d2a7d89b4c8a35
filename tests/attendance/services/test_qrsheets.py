"""Sheets of QR cards: codes that there are stay, everybody gets a card, and what is printed opens the kiosk."""

import io
import sys

import numpy as np
import pytest
from PIL import Image
from pypdf import PdfReader

from attendance import Attendance
from attendance.access import Actor
from attendance.errors import GroupUnknown, OutputFailed, ReportsMissing
from attendance.register.reportform import Paper
from attendance.service_errors import CredentialInvalid, RequestInvalid
from attendance.services.kioskwatch import codes_in
from gallery import history
from gallery.privacytables import ConsentRow

TEACHER = Actor("teacher", frozenset({"teacher"}), door="web")


@pytest.fixture
def classes(app) -> Attendance:
    """Ada with a code and Bob without, of 7b; Cid of 7c."""
    for name, group in (("Ada", "7b"), ("Bob", "7b"), ("Cid", "7c")):
        app.gallery.add_person(name, external_id=f"E-{name}", groups=[group], at=app.clock.utc(), by="t")
    app.credentials.give_qr(TEACHER, "Ada")
    return app


def printed(pdf: bytes) -> list[str]:
    """What the codes on the pages say, in order."""
    found = []
    for page in PdfReader(io.BytesIO(pdf)).pages:
        for each in page.images:
            found += codes_in(np.asarray(Image.open(io.BytesIO(each.data)).convert("RGB")))
    return found


def text(pdf: bytes) -> str:
    """What is written on the pages, in one line."""
    return " ".join(" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(pdf)).pages)


def codes(app) -> dict[str, str]:
    """What the codes say that there are, by name."""
    held = [each for each in app.credentials.all() if each.kind == "qr"]
    return {each.person.name: app.credentials.qr_text(each) for each in held}


def test_only_those_without_a_code_get_a_new_one(classes):
    """The card that Ada has goes on; Bob gets a code; Cid of another class gets none."""
    before = codes(classes)
    made = classes.qr_sheets.of(TEACHER, group="7b")
    after = codes(classes)
    assert (2, 1, {"Ada", "Bob"}) == (made.cards, made.new, set(after))
    assert before["Ada"] == after["Ada"]
    assert sorted(after.values()) == sorted(printed(made.pdf))
    assert {"Ada", "E-Bob"} <= set(text(made.pdf).split())


def test_the_same_sheet_again(classes):
    """Printed again, it shows the same codes, and nothing is given."""
    first = classes.qr_sheets.of(TEACHER)
    again = classes.qr_sheets.of(TEACHER)
    assert (3, 2, 3, 0) == (first.cards, first.new, again.cards, again.new)
    assert printed(first.pdf) == printed(again.pdf)


def test_renewed(classes):
    """All codes are new, and the old ones open nothing."""
    before = codes(classes)["Ada"]
    made = classes.qr_sheets.of(TEACHER, group="7b", renew=True)
    assert 2 == made.new
    with pytest.raises(CredentialInvalid):
        classes.credentials.whose("qr", before, where="k")
    assert {"Ada", "Bob"} == {classes.credentials.whose("qr", each, where="k").name for each in printed(made.pdf)}


def test_whoever_refused_gets_the_same_card(classes):
    """A no to the face changes nothing of the sheet."""
    before = classes.qr_sheets.of(TEACHER)
    now = classes.clock.utc()
    with classes.store.atomic() as step:
        step.add(ConsentRow(person_id=classes.people.find("Bob").id, purpose="face", granted=False, basis="consent",
                            given_by="self", method="page", at=now, entered=now, by="t"))  # fmt: skip
    assert before.pdf == classes.qr_sheets.of(TEACHER).pdf


def test_a_teacher_prints_those_of_their_groups(classes):
    """Nobody else is on the sheet, or given a code."""
    made = classes.qr_sheets.of(TEACHER, groups={"7c"})
    assert (1, True, {"Ada", "Cid"}) == (made.cards, "Cid" in text(made.pdf), set(codes(classes)))


@pytest.mark.parametrize("paper", Paper)
def test_sixteen_on_a_page(app, paper):
    """Sixteen cards fill one page of either paper, and the seventeenth begins another."""
    for number in range(17):
        app.gallery.add_person(f"{'Maximiliane ' * (number % 9)} P{number}", external_id=f"E-{number}",
                               groups=["big", *(["full"] if number else [])], at=app.clock.utc(), by="t")  # fmt: skip
    sizes = [len(PdfReader(io.BytesIO(app.qr_sheets.of(TEACHER, group=name, paper=paper).pdf)).pages)
             for name in ("full", "big")]  # fmt: skip
    assert [1, 2] == sizes


def test_it_stands_in_the_log(classes):
    """How many cards were printed, and by whom; each new code has its own entry."""
    classes.qr_sheets.of(TEACHER, group="7b")
    with classes.store.reading() as view:
        told = [(each.by, each.details) for each in history(view, action="credential.sheet")]
        given = [each.by for each in history(view, action="credential.add")]
    assert ([("teacher", {"cards": 2, "new": 1})], ["teacher", "teacher"]) == (told, given)


def test_what_is_refused_gives_no_code(classes, tmp_path, monkeypatch):
    """An unknown group, nobody, a file that is there, a missing library: one clear refusal, and no new code."""
    (tmp_path / "there.pdf").write_text("mine")
    with pytest.raises(GroupUnknown):
        classes.qr_sheets.of(TEACHER, group="9z")
    with pytest.raises(RequestInvalid, match="nobody"):
        classes.qr_sheets.of(TEACHER, groups=set())
    with pytest.raises(OutputFailed):
        classes.qr_sheets.write(TEACHER, tmp_path / "there.pdf")
    monkeypatch.setitem(sys.modules, "reportlab.lib.pagesizes", None)
    with pytest.raises(ReportsMissing):
        classes.qr_sheets.of(TEACHER)
    assert {"Ada"} == set(codes(classes))
