"""People are added by upload."""

import io
import re
import zipfile

import pytest
from PIL import Image


@pytest.fixture
def photo(draw):
    """A file for a form: ``photo(7)`` shows the face of that number."""

    def make(*face: int, seed: int = 0, name: str = "photo.png"):
        return ("photos", (name, draw(f"{face}-{seed}.png", face, seed=seed).read_bytes(), "image/png"))

    return make


@pytest.fixture
def send(signed_in):
    """Send a form with files as an admin, or as whom is given."""
    made = {}

    def run(path: str, *files, who=None, **fields):
        browser = who or made.setdefault("admin", None) or signed_in()
        made["admin"] = made.get("admin") or browser
        return browser.post(path, data={"form_token": browser.token, **fields}, files=list(files) or None)

    return run


def words(answer) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text).split())


def names(app) -> list[str]:
    return [each.name for each in app.people.all(gone_too=True)]


def test_an_upload_enrols(app, send, photo) -> None:
    """Name, groups and photos make a person, who is shown next."""
    answer = send("/people/add", photo(7), photo(7, seed=1), name="Ada", external_id="E-1", groups=["7a"])
    ada = app.people.find("E-1")
    assert (303, f"/people/{ada.id}") == (answer.status_code, answer.headers["location"])
    assert (2, ("7a",)) == (ada.templates, ada.groups)


def test_reasons_are_said_at_once_with_what_to_do(app, send, photo) -> None:
    """The form comes again with what stood in it, and nobody is entered."""
    answer = send("/people/add", photo(7, 100, 1, name="holiday.png"), name="Ada", external_id="E-1")
    assert 422 == answer.status_code
    assert "holiday.png was not taken. The face is blurred. Hold still" in words(answer)
    assert 'value="E-1"' in answer.text
    assert [] == names(app)


def polyglot() -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (64, 64)).save(data, "GIF")
    return data.getvalue() + b"<script>alert(1)</script>"


def huge() -> bytes:
    """A PNG whose header promises 50,000 x 50,000 pixels."""
    data = io.BytesIO()
    Image.new("RGB", (8, 8)).save(data, "PNG")
    told = bytearray(data.getvalue())
    told[16:24] = (50_000).to_bytes(4, "big") * 2
    return bytes(told)


@pytest.mark.parametrize(
    "data", [b"no image", b"", polyglot(), huge(), b"\x89PNG\r\n\x1a\n", b"%PDF-1.7", b"\xff\xd8\xff\xe0"]
)
def test_what_is_no_photo_is_one_clear_line(app, send, data) -> None:
    """Text, nothing, two kinds at once, a promise of 2.5 thousand million pixels: refused, and nobody is entered."""
    answer = send("/people/add", ("photos", ("../../x<b>.png", data, "image/png")), name="Ada")
    assert 422 == answer.status_code
    assert "was not taken" in words(answer)
    assert "x<b>" not in answer.text
    assert [] == names(app)


def test_more_bytes_than_are_taken_in_are_refused(app, send) -> None:
    """A file of 50 MB is refused before anything looks at it."""
    answer = send("/people/add", ("photos", ("big.jpg", b"\xff\xd8\xff" + bytes(50_000_000), "image/jpeg")), name="Ada")
    assert 413 == answer.status_code
    assert [] == names(app)


def test_a_double_is_explained_and_decided(app, send, photo) -> None:
    """It says who they look like; both enrolled, or the photo to who is there, as somebody decides."""
    send("/people/add", photo(7), name="Ada")
    asked = send("/people/add", photo(7, seed=1), name="Bea", groups=["7b"])
    assert (409, ["Ada"]) == (asked.status_code, names(app))
    assert "looks like Ada" in words(asked)
    there = re.search(r"/people/held/[\w-]+", asked.text)[0]
    assert 303 == send(there, choice="two").status_code
    assert ["Ada", "Bea"] == names(app)
    again = re.search(r"/people/held/[\w-]+", send("/people/add", photo(7, seed=2), name="Cleo").text)[0]
    assert 303 == send(again, choice="same").status_code
    assert ["Ada", "Bea"] == names(app)
    assert 3 == sum(each.templates for each in app.people.all())


def test_a_photo_waits_for_whoever_sent_it_alone(app, send, photo, signed_in) -> None:
    """Nobody else sees or settles it, and once it is settled it is gone."""
    send("/people/add", photo(7), name="Ada")
    there = re.search(r"/people/held/[\w-]+", send("/people/add", photo(7, seed=1), name="Bea").text)[0]
    other = signed_in(name="somebody else")
    assert 404 == other.get(there).status_code
    assert "/people/add" == other.form(there, choice="two").headers["location"]
    assert ["Ada"] == names(app)
    send(there, choice="two")
    assert "/people/add" == send(there, choice="two").headers["location"]
    assert ["Ada", "Bea"] == names(app)


def test_a_teacher_is_not_told_who_the_double_is(signed_in, send, photo) -> None:
    """Of people beyond their groups no name is shown, and no photo is added to them."""
    send("/people/add", photo(7), name="Ada", groups=["7b"])
    teacher = signed_in("teacher", ["7a"])
    asked = send("/people/add", photo(7, seed=1), who=teacher, name="Bea", groups=["7a"])
    assert 409 == asked.status_code
    assert "Ada" not in asked.text
    assert 'value="same"' not in asked.text


def test_a_teacher_adds_into_their_own_groups(app, signed_in, send, photo) -> None:
    """Without one of them, or into another, nobody is entered."""
    teacher = signed_in("teacher", ["7a"])
    for groups in ([], ["7b"]):
        assert 422 == send("/people/add", photo(7), who=teacher, name="Ada", groups=groups).status_code
    assert [] == names(app)
    assert 303 == send("/people/add", photo(7), who=teacher, name="Ada", groups=["7a"]).status_code


def test_a_namesake_is_asked_for_an_id(send, photo) -> None:
    """Nobody new gets into the place of somebody of the same name."""
    send("/people/add", photo(7), name="Ada")
    answer = send("/people/add", photo(8), name="Ada")
    assert (409, True) == (answer.status_code, "give an id" in words(answer))
    assert 303 == send("/people/add", photo(8), name="Ada", external_id="A-2").status_code


def test_further_photos_are_of_the_same_face(app, send, photo) -> None:
    """Another face is asked about first."""
    send("/people/add", photo(7), name="Ada")
    ada = app.people.find("Ada")
    assert 303 == send(f"/people/{ada.id}/photos", photo(7, seed=1)).status_code
    asked = send(f"/people/{ada.id}/photos", photo(8))
    assert (409, 2) == (asked.status_code, app.people.find("Ada").templates)
    assert 303 == send(re.search(r"/people/held/[\w-]+", asked.text)[0], choice="two").status_code
    assert 3 == app.people.find("Ada").templates


def test_a_zip_becomes_a_job(app, send, photo) -> None:
    """Many people come as a job, whose page is shown next."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("Ada.png", photo(7)[1][1])
    answer = send("/people/bulk", ("files", ("x.zip", data.getvalue(), "application/zip")), groups=["7a"])
    number = int(answer.headers["location"].removeprefix("/jobs/"))
    assert "done" == app.jobs.wait(number).state
    app.jobs.close()
    assert ["Ada"] == names(app)


def test_a_bulk_form_of_nobody_is_not_read(app, client) -> None:
    """What somebody sends who is not signed in begins no job."""
    answer = client.post("/people/bulk", files=[("files", ("x.zip", b"PK", "application/zip"))])
    assert 401 == answer.status_code
    assert [] == app.jobs.all()
