"""Forms lead an answer to their person, once and in time, and never to anybody else."""

import io
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pypdf import PdfReader

from attendance.privacy_errors import ConsentFormInvalid, ConsentTextUnknown
from attendance.service_errors import RequestInvalid
from attendance.services.consentforms import INVALID, called, folded
from attendance.services.consents import Agreed
from attendance.services.kioskwatch import codes_in
from gallery.errors import GalleryError

ROOT = Path(__file__).resolve().parents[3]
CHILD = Path(__file__).with_name("withdrawal_child.py")
YES = {"face": True, "photo": True, "unknown": True}
NO = dict.fromkeys(YES, False)


@pytest.fixture
def pupils(app):
    """Ada and Bob of 7a."""
    for name, ident in (("Ada Lovelace", "A"), ("Bob Byron", "B")):
        app.edits.add(app.actor, name, external_id=ident, groups=["7a"])
    return app


def made(app, *people: str, **more) -> list:
    return app.consent_forms.make(app.actor, people or ["A"], **more)


def face(app, person: str = "A") -> str:
    return app.consents.of(person)[0].state("face")


def test_an_answer_finds_its_person(pupils):
    """Yes and no of a guardian are written down for whom the form was made, with text, name and way."""
    ada, bob = made(pupils, "A", "B")
    pupils.consent_forms.answer(bob.code, {**YES, "photo": False}, "Grace Byron")

    standing, words = pupils.consents.of("B")
    assert ["yes", "no", "yes"] == [standing.state(each) for each in YES]
    assert {("guardian", "Grace Byron", "page", bob.text.id)} == {
        (each.given_by, each.giver, each.method, each.text) for each in words
    }
    assert ("unanswered", 26) == (face(pupils, "A"), len(ada.code))


def test_a_form_is_answered_once(pupils):
    """A second answer is refused, and the first one stands."""
    (form,) = made(pupils)
    pupils.consent_forms.answer(form.code, YES, "Grace")
    with pytest.raises(ConsentFormInvalid, match=INVALID):
        pupils.consent_forms.answer(form.code, NO, "Mallory")
    with pytest.raises(ConsentFormInvalid, match=INVALID):
        pupils.consent_forms.shown(form.code)

    assert "yes" == face(pupils)


def test_a_form_is_over_in_time(pupils):
    """At the last instant it is answered, at the next one no more."""
    first, second = made(pupils, "A", "B", days=2)
    pupils.clock.forward(days=2, microseconds=-1)
    pupils.consent_forms.answer(first.code, YES, "Grace")
    pupils.clock.forward(microseconds=1)
    with pytest.raises(ConsentFormInvalid, match=INVALID):
        pupils.consent_forms.answer(second.code, YES, "Grace")

    assert ("yes", "unanswered") == (face(pupils, "A"), face(pupils, "B"))


def test_a_form_that_is_taken_back_is_not_answered(pupils):
    """Nor is one in whose place there is another."""
    (old,), (new,) = made(pupils), made(pupils)
    with pytest.raises(ConsentFormInvalid):
        pupils.consent_forms.answer(old.code, YES, "Grace")
    assert 1 == pupils.consent_forms.revoke(pupils.actor, "A")
    with pytest.raises(ConsentFormInvalid):
        pupils.consent_forms.answer(new.code, YES, "Grace")

    assert "unanswered" == face(pupils)


@pytest.mark.parametrize("code", ["", "A" * 26, "x" * 10_000, "\x00", "' OR 1=1", "é" * 26])
def test_a_code_of_no_form_opens_nothing(pupils, code):
    """It is refused in the same words as one that was used."""
    with pytest.raises(ConsentFormInvalid, match=INVALID):
        pupils.consent_forms.shown(code)


@pytest.mark.parametrize("answers", [{}, {"face": True}, {**YES, "marks": True}])
def test_half_an_answer_is_none(pupils, answers):
    """Every question must be answered; until then the form can be answered still."""
    (form,) = made(pupils)
    with pytest.raises(RequestInvalid):
        pupils.consent_forms.answer(form.code, answers, "Grace")
    with pytest.raises(RequestInvalid):
        pupils.consent_forms.answer(form.code, YES, "  ")

    assert "unanswered" == face(pupils)
    pupils.consent_forms.answer(form.code, YES, "Grace")


def test_a_paper_is_entered_for_its_person_alone(pupils):
    """Code and person must belong together: the form of somebody else enters nothing for either, and still holds."""
    ada, bob = made(pupils, "A", "B")
    with pytest.raises(ConsentFormInvalid, match="somebody else"):
        pupils.consent_forms.enter(pupils.actor, "A", bob.code, YES)
    assert ("unanswered", "unanswered") == (face(pupils, "A"), face(pupils, "B"))
    typed = ada.shown_code.lower().replace("o", "0")
    pupils.consent_forms.enter(pupils.actor, "A", typed, YES, giver="Grace", document_sha256="a" * 64)

    assert ("paper", "a" * 64) == (pupils.consents.of("A")[1][0].method, pupils.consents.of("A")[1][0].document_sha256)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda app, form: app.consent_forms.answer(form.code, YES, "Grace"), "answered before"),
        (lambda app, _form: app.consent_forms.revoke(app.actor, "A"), "taken back"),
        (lambda app, _form: app.clock.forward(days=30), "over"),
        (lambda app, _form: app.edits.remove(app.actor, "A", expected=None), "nobody"),
    ],
)
def test_whoever_enters_a_paper_is_told_what_is_wrong(pupils, spoil, told):
    """Used, taken back, over, or of somebody who is gone."""
    (form,) = made(pupils)
    spoil(pupils, form)
    before = pupils.consents.counts()
    with pytest.raises((ConsentFormInvalid, GalleryError), match=told):
        pupils.consent_forms.enter(pupils.actor, "A", form.code, NO)

    assert before == pupils.consents.counts()


def test_a_no_of_a_guardian_erases_at_once(pupils, draw):
    """Template and crop of before go in the step that writes the answer down."""
    pupils.consents.give(pupils.actor, "A", Agreed(("face", "photo")))
    pupils.photos.add(pupils.actor, "A", draw("a.png", (1,)).read_bytes(), "a.png")
    (form,) = made(pupils)
    done = pupils.consent_forms.answer(form.code, NO, "Grace")

    assert (1, 0, "no") == (done.templates, pupils.gallery.find("A").templates, face(pupils))


def test_forms_go_with_who_is_merged(pupils):
    """The form of whoever becomes somebody else is answered for who stays."""
    (form,) = made(pupils, "B")
    pupils.people.merge(pupils.actor, "B", "A")
    pupils.consent_forms.answer(form.code, YES, "Grace")

    assert "yes" == face(pupils, "A")


def test_no_code_is_kept(pupils, home):
    """Neither the code nor its bytes lie in the home; its digest does."""
    import hashlib

    (form,) = made(pupils)
    data = b"".join(each.read_bytes() for each in home.rglob("*") if each.is_file())

    assert (False, True) == (
        form.code.encode() in data,
        hashlib.sha256(form.code.encode()).hexdigest().encode() in data,
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="starts programs")
def test_of_two_who_answer_at_once_one_does(pupils, home):
    """Two programs take the answer of one form at the same moment: one writes it down, the other is refused."""
    pupils.clock.now = datetime.now(UTC)  # that of the others
    (form,) = made(pupils)
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, str(CHILD), "claim", str(home), form.code]
    both = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        for _ in range(2)
    ]
    assert ["ready\n"] * 2 == [each.stdout.readline() for each in both]
    for each in both:
        each.stdin.write("\n")
        each.stdin.flush()
    told = sorted(each.communicate()[0].strip() for each in both)

    assert ["answered", "consent.form"] == told
    assert 3 == len(pupils.consents.of("A")[1])


# Texts and pages


LANGUAGES = [("en", "How to withdraw", "1 April 2026"), ("de", "Widerruf", "01.04.2026")]


@pytest.mark.parametrize(("language", "words", "day"), LANGUAGES)
def test_one_page_a_person(pupils, language, words, day):
    """The PDF has a page for each with name, code, last day, the text of its language, and the site's zone."""
    forms = made(pupils, "A", "B", language=language)
    pages = PdfReader(io.BytesIO(pupils.consent_forms.pdf(forms, "https://school.example"))).pages

    assert 2 == len(pages)
    for page, form in zip(pages, forms, strict=True):
        text = page.extract_text()
        assert all(each in text for each in (form.person.name, form.shown_code, words, day, pupils.zone))


def test_the_qr_code_leads_to_the_page_of_the_answer():
    """What a telephone reads is the address of the service, and the code."""
    import numpy as np
    from PIL import Image

    from attendance.register.consentpdf import _qr

    drawing = _qr("https://school.example/consent/ABC")
    picture = Image.new("L", (920, 920), 255)
    for each in drawing.contents:
        box = [each.x * 10, 920 - (each.y + each.height) * 10, (each.x + each.width) * 10, 920 - each.y * 10]
        picture.paste(0, [round(side) for side in box])

    assert "https://school.example/consent/ABC" == codes_in(np.array(picture.convert("RGB")))[0]


def test_a_text_says_what_the_settings_say(home, clock, pipeline):
    """Days of reviews and strangers stand in it, and another setting makes another version."""
    from attendance import Attendance

    bodies = []
    for flags in ({}, {"keep_review_days": 7, "keep_unknown_days": 3, "site_name": "Lise-Meitner-Schule"}):
        with Attendance.open(home, clock=clock, pipeline=pipeline, flags=flags) as app:
            bodies.append((app.consent_texts.now("de"), app.consent_texts.now("de")))

    (first, again), (second, _) = bodies
    assert ("1", "1.2", first) == (first.version, second.version, again)
    assert "innerhalb von 30 Tagen" in first.body
    assert all(each in second.body for each in ("Lise-Meitner-Schule", "innerhalb von 7 Tagen", "nach 3 Tagen"))
    assert "$" not in first.body + second.body


def test_a_text_of_ones_own_is_used_and_never_changed(pupils):
    """The newest own text of a language is what people are asked by; its version is not given to another."""
    own = pupils.consent_texts.add(pupils.actor, "2026-1", "fr", "# Consentement\n\nOui ?")
    assert own == pupils.consent_texts.now("fr")
    with pytest.raises(RequestInvalid, match="no text is changed"):
        pupils.consent_texts.add(pupils.actor, "2026-1", "fr", "autre")
    with pytest.raises(ConsentTextUnknown, match="no text in 'it'"):
        made(pupils, language="it")


@pytest.mark.parametrize(
    ("name", "told"),
    [("Ada Lovelace", "Ada L."), ("Lovelace, Ada", "Ada L."), ("Ada", "Ada"), ("Ada Byron King", "Ada K.")],
)
def test_a_guardian_is_shown_a_first_name_and_a_letter(name, told):
    """Enough to know one's own child by, and no more."""
    assert told == called(name)


def test_a_code_is_read_however_it_was_typed():
    """Spaces, dashes, small letters, and digits that look like letters."""
    assert "ABOIB234" == folded("ab-0 18 234")
