"""`attendance consent`, and what `enroll` and `import` say of it."""

import json
import re

import pytest
from pypdf import PdfReader


@pytest.fixture
def school(command):
    """A home of a school."""
    assert 0 == command("config", "set", "site_kind", "school")[0]
    return command


@pytest.fixture
def ada(school, draw):
    """Ada is enrolled with her guardian's consent to template and photo."""
    photo = draw("ada.png", (1,))
    told = ("--consent", "guardian", "--giver", "Grace", "--for", "face", "--for", "photo", "--until", "2027-07-31")
    assert 0 == school("enroll", photo, "--name", "Ada", "--id", "A", "--group", "7a", *told)[0]
    return school


def test_enrolling_asks_for_consent(school, draw):
    """Without it the photo is refused with what to do, and nobody is entered; with it the word stands."""
    photo = draw("ada.png", (1,))
    code, _, err = school("enroll", photo, "--name", "Ada")
    assert (1, True, True) == (code, "error[consent.missing]" in err, "'enroll --consent self'" in err)
    code, _, _ = school("enroll", photo, "--name", "Ada", "--consent", "self", "--paper", photo)
    assert 0 == code

    (row,) = [json.loads(each) for each in school("consent", "list", "--json")[1].splitlines()]
    assert ("Ada", "yes", "unanswered", 1) == (row["name"], row["face"], row["photo"], row["templates"])
    words = json.loads(school("consent", "show", "Ada", "--json")[1])["words"]
    assert [("paper", "self", 64)] == [
        (each["method"], each["given_by"], len(each["document_sha256"])) for each in words
    ]


@pytest.mark.parametrize("flag", [("--giver", "Grace"), ("--until", "2027-07-31"), ("--for", "photo")])
def test_what_goes_with_consent_is_refused_alone(school, draw, flag):
    """Nobody thinks that they have recorded consent when they have not."""
    code, _, err = school("enroll", draw("ada.png", (1,)), "--name", "Ada", *flag)

    assert (2, True) == (code, "--consent" in err)


def test_a_list_may_tell_who_agrees(school, draw, tmp_path):
    """By a column consent; a word in it that says neither refuses its row, and empty ones are not enrolled."""
    for number, name in enumerate(("Ada", "Bob", "Cid"), 1):
        draw(f"{name}.png", (number,))
    rows = "photo,name,consent\nAda.png,Ada,guardian\nBob.png,Bob,\nCid.png,Cid,perhaps\n"
    (tmp_path / "photos" / "list.csv").write_text(rows)
    code, out, err = school("enroll", tmp_path / "photos" / "list.csv", "--json")

    told = {each["name"]: (each["outcome"], each["error"]) for each in map(json.loads, out.splitlines())}
    assert 1 == code
    assert (("enrolled", None), ("refused", "consent.missing")) == (told["Ada"], told["Bob"])
    assert "consent is self, guardian or empty, not 'perhaps'" in err


def test_withdrawing_is_as_easy_as_giving(ada):
    """One command each; it says what was erased, and how to give another way in."""
    code, _, err = ada("consent", "withdraw", "Ada", "--yes", "--reason", "moves away")
    assert (0, True, True) == (code, "erased: templates 1, faces 0" in err, "attendance credential pin A" in err)
    again, _, told = ada("consent", "withdraw", "Ada", "--yes")
    assert (1, True) == (again, "consent.unknown" in told)
    assert (0, "recorded: Ada (A) agrees to face\n") == ada("consent", "give", "Ada")[::2]


def test_nobody_answered_is_listed(ada):
    """Those of a group who have said nothing, and what that means here."""
    code, out, err = ada("consent", "list", "--missing")

    assert (0, "no template is made before a person agrees\n") == (code, err)
    assert "Ada" not in out


def test_forms_are_printed_and_entered(ada, tmp_path):
    """A page a person; a paper is entered for its person alone, once, and what is not named is a no."""
    file = tmp_path / "forms.pdf"
    code, out, err = ada("consent", "form", file, "--group", "7a", "--address", "https://x.example", "--json")
    form = json.loads(out)
    assert (0, 1, "A") == (code, len(PdfReader(file).pages), form["id"])
    assert f"written: 1 form to {file}" in err
    assert (1, True) == ((told := ada("consent", "form", file, "Ada"))[0], "gallery.not_empty" in told[2])

    assert (0, True) == ((told := ada("consent", "enter", "A", form["code"], "--yes-to", "face"))[0], "face" in told[2])
    assert (1, True) == ((told := ada("consent", "enter", "A", form["code"]))[0], "answered before" in told[2])
    row = json.loads(ada("consent", "list", "--json")[1])
    assert ("yes", "no", "no") == (row["face"], row["photo"], row["unknown"])


def test_forms_that_are_taken_back(ada, tmp_path):
    """They can be entered no more."""
    form = json.loads(ada("consent", "form", tmp_path / "f.pdf", "Ada", "--json")[1])
    assert (0, "taken back: 1 form\n") == ada("consent", "form", tmp_path / "g.pdf", "Ada", "--revoke")[::2]
    code, _, err = ada("consent", "enter", "A", form["code"])

    assert (1, True, False) == (code, "taken back" in err, (tmp_path / "g.pdf").exists())


def test_texts(ada, tmp_path):
    """The shipped one is printed, an own one takes its place and is listed, and is not entered twice."""
    assert "# Dürfen wir Ihr Gesicht erkennen?" in ada("consent", "text", "show", "--language", "de")[1]
    (tmp_path / "own.md").write_text("# Ours\n\nMay we?\n", encoding="utf-8")
    assert 0 == ada("consent", "text", "add", "2026-1", tmp_path / "own.md")[0]
    assert "# Ours\n\nMay we?\n" == ada("consent", "text", "show")[1]
    assert 2 == ada("consent", "text", "add", "2026-1", tmp_path / "own.md")[0]
    assert "2026-1" in ada("consent", "texts")[1]


def test_somebody_without_a_photo_can_be_asked(school, draw, tmp_path):
    """Entered without a photo, they get a form, agree, and are enrolled; what is told on the way leads there."""
    photo = draw("ada.png", (1,))
    code, _, err = school("enroll", photo, "--name", "Ada", "--id", "A")
    assert (1, True) == (code, "'attendance gallery add NAME'" in err)
    code, _, err = school("gallery", "add", "Ada", "--id", "A", "--group", "7a")
    assert (0, "entered: Ada (A), 7a, without a photo") == (code, err.splitlines()[-1])

    assert 0 == school("consent", "form", tmp_path / "forms.pdf", "--group", "7a")[0]
    assert 1 == len(PdfReader(tmp_path / "forms.pdf").pages)
    assert 0 == school("consent", "give", "A", "--by", "guardian")[0]
    assert 0 == school("enroll", photo, "--name", "Ada", "--id", "A")[0]


@pytest.mark.parametrize("again", [("Ada",), ("Bob", "--id", "A")])
def test_nobody_is_entered_twice(school, again):
    """The name without an id, and an id that is taken, are refused; an id of their own tells namesakes apart."""
    assert 0 == school("gallery", "add", "Ada", "--id", "A")[0]
    code, _, err = school("gallery", "add", *again)

    assert (1, True) == (code, "error[gallery.duplicate_id]" in err)
    assert 0 == school("gallery", "add", "Ada", "--id", "B")[0]


@pytest.mark.usefixtures("ada")
def test_until_is_told_as_the_last_day(school):
    """Whoever has typed a last day reads the same day; programs read the instant after it."""
    shown = school("consent", "show", "A")[1].splitlines()
    listed = school("consent", "list")[1].splitlines()

    assert [True, True] == [",2027-07-31," in each for each in (shown[-1], listed[-1])]
    assert json.loads(school("consent", "list", "--json")[1])["until"] > "2027-07-31T"


@pytest.mark.usefixtures("ada")
def test_who_has_not_agreed_is_no_defect(school):
    """Nobody is told to enrol somebody who has refused, or not answered; who has agreed and has no photo is named."""
    for each in ("B", "C", "D"):
        assert 0 == school("gallery", "add", f"Person {each}", "--id", each)[0]
    assert 0 == school("consent", "withdraw", "A", "--yes")[0]
    assert 0 == school("consent", "withdraw", "B", "--yes")[0]
    assert 0 == school("consent", "give", "C")[0]
    code, out, _ = school("gallery", "verify")

    assert (1, ["C cannot be recognised"]) == (code, [line.split(",")[1] for line in out.splitlines()[1:]])
    full = school("doctor", "--full", "--json")[1]
    assert ["C cannot be recognised"] == re.findall(r"\w+ cannot be recognised", full)
