"""Pages of consent: the list, a person's page, withdrawing, and the page that a form's code leads to."""

import io
import re

import pytest
from pypdf import PdfReader

from attendance.privacy.phrases import phrases
from attendance.services.consents import Agreed
from attendance.settings import load

YES = {"face": "yes", "photo": "yes", "unknown": "yes"}


@pytest.fixture
def pupils(app, draw):
    """Ada and Bob of 7a; a photo of Ada is enrolled, with her consent."""
    app.edits.add(app.actor, "Bob Byron", external_id="B", groups=["7a"])
    app.edits.add(app.actor, "Ada Lovelace", external_id="A", groups=["7a"])
    app.consents.give(app.actor, "A", Agreed(("face", "photo")))
    app.photos.add(app.actor, "A", draw("a.png", (1,)).read_bytes(), "a.png")
    return {each.external_id: each.id for each in app.people.all()}


def words(answer) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


def face(app, person: str = "A") -> str:
    return app.consents.of(person)[0].state("face")


def code_of(app, person: str = "B", **more) -> str:
    return app.consent_forms.make(app.actor, [person], **more)[0].code


# Those who administer


@pytest.mark.usefixtures("pupils")
def test_the_list_tells_who_has_not_answered(signed_in):
    """Filtered by group and answer; whoever agrees is not among those who are still to be asked."""
    shown = words(signed_in().get("/consents?group=7a&state=unanswered"))

    assert ("Bob Byron" in shown, "Ada Lovelace" in shown) == (True, False)
    assert "agrees 1" in shown


def test_teachers_see_nothing_of_consent(pupils, signed_in):
    """Neither the list nor a person's page of it, nor a word on the page of the person."""
    teacher = signed_in("teacher", ["7a"])

    for path in ("/consents", f"/people/{pupils['A']}/consent", f"/people/{pupils['A']}/consent/withdraw"):
        assert 403 == teacher.get(path).status_code, path
    assert "Consent" not in teacher.get(f"/people/{pupils['A']}").text
    assert 403 == teacher.form(f"/people/{pupils['A']}/consent/withdraw").status_code


def test_a_yes_is_recorded_with_its_paper(app, pupils, signed_in):
    """Who agrees, until when, for what, and the hash of the paper that was sent along."""
    admin, path = signed_in(), f"/people/{pupils['B']}/consent"
    fields = {"form_token": admin.token, "consent": "guardian", "giver": "Grace", "until": "2027-07-31", "for": "photo"}
    answer = admin.post(path, data=fields, files={"paper": ("paper.pdf", b"signed", "application/pdf")})

    standing, said = app.consents.of("B")
    assert (303, path) == (answer.status_code, answer.headers["location"])
    assert ["yes", "yes", "unanswered"] == [standing.state(each) for each in ("face", "photo", "unknown")]
    assert {("Grace", "paper", 64)} == {(each.giver, each.method, len(each.document_sha256)) for each in said}
    assert "until the end of 31 July 2027" in words(admin.get(path))


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "say who has agreed"),
        ({"consent": "aunt"}, "neither self nor guardian"),
        ({"consent": "self", "until": "2020-01-01"}, "over already"),
        ({"consent": "self", "until": "soon"}, "no day"),
        ({"consent": "self", "for": "marks"}, "nothing that is asked for"),
    ],
)
def test_what_cannot_be_meant_is_told(app, pupils, signed_in, fields, told):
    """The page comes again and says what is wrong; nothing is recorded."""
    answer = signed_in().form(f"/people/{pupils['B']}/consent", **fields)

    assert (422, True) == (answer.status_code, told in words(answer))
    assert "unanswered" == face(app, "B")


def test_withdrawing_says_what_happens_and_offers_another_way(app, pupils, signed_in):
    """The page tells what goes and stays; afterwards the face is gone, and whoever has no PIN is given one."""
    admin, path = signed_in(), f"/people/{pupils['A']}/consent/withdraw"
    asked = words(admin.get(path))
    answer = admin.form(path, reason="moves away")

    assert all(each in asked for each in ("1 template, by which", "they refused", "next page gives them one"))
    assert (303, f"/people/{pupils['A']}/ways") == (answer.status_code, answer.headers["location"])
    assert ("no", 0, "moves away") == (face(app), app.gallery.find("A").templates, app.consents.of("A")[1][-1].reason)
    assert "Erased: 1 template, 0 kept faces." in words(admin.get(answer.headers["location"]))
    assert 409 == admin.form(path).status_code


def test_a_part_alone_can_be_withdrawn(app, pupils, signed_in):
    """The photo goes, and the face is still recognised."""
    signed_in().form(f"/people/{pupils['A']}/consent/withdraw", **{"for": "photo"})

    assert ("yes", [False]) == (face(app), [each.has_crop for each in app.gallery.templates_of("A")])


@pytest.mark.usefixtures("pupils")
def test_forms_of_a_group_are_pages(app, signed_in):
    """Those who have not answered get a page each, in the language chosen, that leads to this service."""
    answer = signed_in().form("/consents/forms", group="7a", language="de")

    assert (200, "application/pdf") == (answer.status_code, answer.headers["content-type"])
    (page,) = PdfReader(io.BytesIO(answer.content)).pages
    assert all(each in page.extract_text() for each in ("Bob Byron", "Widerruf"))
    assert 1 == len(app.consent_forms.of("B"))


def test_a_paper_of_somebody_else_is_refused(app, pupils, signed_in):
    """Its code must be of the person on whose page it is entered."""
    code, admin = code_of(app, "B"), signed_in()
    answer = admin.form(f"/people/{pupils['A']}/consent/enter", code=code, **YES)
    assert (410, True) == (answer.status_code, "somebody else" in words(answer))
    assert 303 == admin.form(f"/people/{pupils['B']}/consent/enter", code=code, **YES).status_code

    assert ("yes", "paper") == (face(app, "B"), app.consents.of("B")[1][0].method)


# Adding people


@pytest.fixture
def asking(app):
    """A home that asks."""
    app.configuration.set(app.actor, "site_kind", "school")
    return app


def test_somebody_is_added_with_their_consent(asking, draw, signed_in):
    """The form asks who agrees; without that the photo is refused with what to do, and nobody is entered."""
    admin = signed_in()
    photo = ("photos", ("a.png", draw("a.png", (1,)).read_bytes(), "image/png"))
    assert "Who agrees" in admin.get("/people/add").text
    refused = admin.post("/people/add", data={"form_token": admin.token, "name": "Ada"}, files=[photo])
    names = [each.name for each in asking.people.all()]
    fields = {"form_token": admin.token, "name": "Ada", "consent": "self", "for": "photo"}
    done = admin.post("/people/add", data=fields, files=[photo])

    assert (422, []) == (refused.status_code, names)
    assert "They have not agreed" in words(refused)
    assert (303, 1, "yes") == (done.status_code, asking.gallery.find("Ada").templates, face(asking, "Ada"))


def test_many_are_added_with_their_consent(asking, draw, signed_in):
    """The tick holds for all of them; without it each is left out and listed."""
    admin = signed_in()
    for fields in ({}, {"consent": "guardian", "on_paper": "1"}):
        photo = ("files", ("Ada.png", draw("a.png", (1,)).read_bytes(), "image/png"))
        answer = admin.post("/people/bulk", data={"form_token": admin.token, **fields}, files=[photo])
        job = asking.jobs.wait(int(answer.headers["location"].rpartition("/")[2]))
        assert ({"refused": 1} if not fields else {"enrolled": 1}) == job.told
    asking.jobs.close()

    assert ("guardian", "paper") == (asking.consents.of("Ada")[1][0].given_by, asking.consents.of("Ada")[1][0].method)


# Guardians


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.usefixtures("pupils")
def test_a_guardian_answers_without_a_sign_in(app, client, language):
    """The page has the text of the form's language, names no more than "Bob B.", and sets no cookie."""
    path = f"/consent/{code_of(app, language=language)}"
    shown = client.get(path)
    answer = client.post(path, data={**YES, "photo": "no", "name": "Grace Byron"})

    assert f'lang="{language}"' in shown.text
    assert ("Bob B." in shown.text, "Byron" in shown.text, "<script" in shown.text) == (True, False, False)
    assert (200, True) == (answer.status_code, phrases(language)["thanks"] in words(answer))
    assert [None, None] == [each.headers.get("set-cookie") for each in (shown, answer)]
    assert ["yes", "no", "yes"] == [app.consents.of("B")[0].state(each) for each in YES]
    assert "no-store" == shown.headers["cache-control"]


@pytest.mark.usefixtures("pupils")
def test_a_guardian_may_read_the_other_language(app, client):
    """What they were shown is what their answer is noted with."""
    path = f"/consent/{code_of(app)}"
    assert "Widerruf" in client.get(f"{path}?language=de").text
    client.post(path, data={**YES, "name": "Grace", "language": "de"})

    assert "de" == app.consent_texts.numbered(app.consents.of("B")[1][0].text).language


@pytest.mark.usefixtures("pupils")
def test_an_answer_is_to_the_text_that_was_shown(app, client):
    """Where a new text counts since the page was shown, it is shown instead of taking the answer for it."""
    path = f"/consent/{code_of(app)}"
    shown = client.get(f"{path}?language=de").text
    said = {**YES, "name": "Grace", "language": "de", "text": re.search(r'name="text" value="(\d+)"', shown)[1]}
    app.consent_texts.add(app.actor, "2", "de", "# Etwas anderes")
    asked = client.post(path, data=said)

    assert (422, "unanswered") == (asked.status_code, face(app, "B"))
    assert "Etwas anderes" in asked.text
    again = {**said, "text": re.search(r'name="text" value="(\d+)"', asked.text)[1]}
    assert (200, "yes") == (client.post(path, data=again).status_code, face(app, "B"))


@pytest.mark.parametrize(
    ("fields", "told"),
    [({}, "missing"), ({"face": "yes"}, "missing"), (YES, "missing_name"), ({**YES, "name": " \x07"}, "missing_name")],
)
@pytest.mark.usefixtures("pupils")
def test_half_an_answer_is_asked_again(app, client, fields, told):
    """With what was chosen still chosen; the form still holds."""
    path = f"/consent/{code_of(app)}"
    answer = client.post(path, data=fields)

    assert (422, True) == (answer.status_code, phrases("en")[told] in words(answer))
    assert len(fields.keys() & YES.keys()) == len(re.findall(r" checked[ >]", answer.text))
    assert 200 == client.post(path, data={**YES, "name": "Grace"}).status_code


def over(app, _code: str) -> None:
    app.clock.forward(days=31)


def used(app, code: str) -> None:
    app.consent_forms.answer(code, dict.fromkeys(YES, True), "Grace")


def revoked(app, _code: str) -> None:
    app.consent_forms.revoke(app.actor, "B")


def gone(app, _code: str) -> None:
    app.edits.remove(app.actor, "B", expected=None)


@pytest.mark.parametrize("spoil", [over, used, revoked, gone])
@pytest.mark.usefixtures("pupils")
def test_a_form_that_does_not_hold_is_like_none(app, client, spoil):
    """Used, over, taken back, of somebody who is gone, or never made: the same page, word for word."""
    code = code_of(app)
    spoil(app, code)
    before = app.consents.counts()
    for fields in (None, {**YES, "name": "Grace"}):
        answers = [
            client.get(f"/consent/{each}") if fields is None else client.post(f"/consent/{each}", data=fields)
            for each in (code, "A" * 26)
        ]
        assert [410, 410] == [each.status_code for each in answers]
        assert answers[0].text == answers[1].text
    assert before == app.consents.counts()


@pytest.mark.usefixtures("pupils")
def test_codes_are_not_guessed_for_long(app, client):
    """After some tries in vain an address must wait, for a right code, too; later it holds."""
    path = f"/consent/{code_of(app)}"
    told = [client.get(f"/consent/{number:026d}").status_code for number in range(21)]
    waiting = client.get(path)
    app.clock.forward(seconds=11)

    assert ([410] * 20, 429) == (told[:20], told[20])
    assert (429, True) == (waiting.status_code, "Retry-After" in waiting.headers)
    assert 200 == client.get(path).status_code


@pytest.mark.usefixtures("pupils")
def test_another_sites_page_cannot_answer(app, client):
    """Not even with the code."""
    path = f"/consent/{code_of(app)}"
    assert 403 == client.post(path, data={**YES, "name": "M"}, headers={"Origin": "https://x.example"}).status_code
    assert "unanswered" == face(app, "B")


# The first setup


@pytest.mark.parametrize(("kind", "asks"), [("school", True), ("firm", True), ("trial", False)])
def test_the_setup_says_what_it_is_for(app, client, kind, asks):
    """A school and a firm ask from that moment on; whoever tries it out is not asked for anything."""
    secret = app.tokens.begin_setup(app.actor)
    fields = {"name": "Ada", "password": "correct horse battery", "again": "correct horse battery", "token": secret}
    undecided = client.post("/setup", data=fields)
    assert (422, []) == (undecided.status_code, app.accounts.all())
    assert 303 == client.post("/setup", data={**fields, "kind": kind}).status_code

    assert asks == app.consents.asks
    assert (kind if asks else None) == load(app.home).values.site_kind


# Programs


def test_a_program_is_told_what_is_missing(asking, client, draw):
    """A photo of somebody who has not agreed is refused as problem+json; entered with consent, it is filed."""
    secret = asking.tokens.add(asking.actor, "HR", ["people:write"]).secret
    headers = {"Authorization": f"Bearer {secret}"}
    photo, kind = draw("a.png", (1,)).read_bytes(), {"Content-Type": "image/png"}
    client.post("/api/v1/people", json={"name": "Ada", "id": "A"}, headers=headers)
    refused = client.post("/api/v1/people/A/photos", content=photo, headers=headers | kind)
    consent = {"given_by": "guardian", "giver": "Grace", "purposes": ["face"], "until": "2027-07-31"}
    made = client.post("/api/v1/people", json={"name": "Bob", "id": "B", "consent": consent}, headers=headers)
    filed = client.post("/api/v1/people/B/photos", content=photo, headers=headers | kind)

    assert (409, "consent.missing") == (refused.status_code, refused.json()["id"])
    assert (201, 201, "yes") == (made.status_code, filed.status_code, face(asking, "B"))
    assert "application/problem+json" == refused.headers["content-type"]
