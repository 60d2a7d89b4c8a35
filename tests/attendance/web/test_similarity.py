"""The page Similarity: pictures compared, what is wrong said in plain words, and nothing kept."""

import logging

import numpy as np
import pytest
from similarity_world import exported, picture

from attendance import Attendance
from attendance.web.admits import FORM
from attendance.web.headers import POLICY

PATH = "/similarity/colours"


@pytest.fixture
def folders(tmp_path):
    """One model, by whose distance black and white lie far apart."""
    return [exported(tmp_path / "colours")]


@pytest.fixture
def app(home, clock, pipeline, folders):
    """A home that names the folders in its setting."""
    flags = {"guard_people": 0, "similarity": ", ".join(map(str, folders))}
    with Attendance.open(home, clock=clock, pipeline=pipeline, flags=flags) as opened:
        yield opened


def send(browser, *files, path=PATH, proof=None):
    """Send pictures (name and bytes) as the form does."""
    told = [("picture", (name, data, "application/octet-stream")) for name, data in files]
    return browser.post(path, data={FORM: browser.token if proof is None else proof}, files=told)


def three(*greys):
    return [(f"{grey}.png", picture(grey)) for grey in greys]


def test_the_page_tells_of_the_model_before_anything_is_sent(signed_in):
    """The threshold, how it was chosen, chance, and the accuracy with its interval stand beside the form."""
    page = signed_in("teacher").get("/similarity")
    assert 200 == page.status_code
    text = " ".join(page.text.split())
    for told in ("100.0000", "1,000 validation pairs", "87.5 %", "80.0", "93.0 %", "320 balanced test pairs", "50 %"):
        assert told in text
    assert "nothing of them is stored" in text
    assert 'from the weights of <bdi class="name">lite0</bdi>' in text
    assert 'href="/similarity"' in text


@pytest.mark.parametrize(
    ("greys", "told"),
    [
        ((0, 9), "Same class"),
        ((0, 255), "Different classes"),
        ((0, 255, 9), "At least two of the three are of one class"),
        ((0, 255, 128), "All three are of different classes"),
    ],
)
def test_the_answer_has_distances_and_decision(signed_in, greys, told):
    """Every pair with its distance, the decision in words, and the pictures as the network saw them."""
    page = send(signed_in(), *three(*greys))
    assert 200 == page.status_code
    assert told in page.text
    assert len(greys) == page.text.count('src="data:image/png;base64,')
    apart = np.linalg.norm(np.full(3, greys[0] - greys[1], np.float32))
    assert f"{float(apart):.4f}" in page.text
    assert "no-store" == page.headers["Cache-Control"]
    assert f"{POLICY}; img-src 'self' data:" == page.headers["Content-Security-Policy"]


def large(megabytes):
    return [("a.png", picture(0)), ("b.png", picture(9) + bytes(megabytes * 1_000_000))]


WRONG = {
    "one": (three(5), 422, "Give two or three pictures; one picture came."),
    "none": ([], 422, "Give two or three pictures; no picture came."),
    "four": (three(1, 2, 3, 4), 422, "Give two or three pictures; 4 pictures came."),
    "PDF": ([*three(5), ("plan.pdf", b"%PDF-1.7\n%\xe2\xe3")], 422, "It is no photo that can be read."),
    "damaged": ([*three(5), ("cut.png", picture(5)[:70])], 422, "Its end is missing."),
    "empty": ([*three(5), ("empty.png", b"")], 422, "The file is empty."),
    "tiny": ([*three(5), ("dot.png", picture(5, size=(4, 4)))], 422, "It has too few pixels."),
    "too large": (large(21), 413, "more than 20 MB"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_said_in_plain_words(signed_in, what):
    """Nothing is compared, and the page says why and what to do, without commands."""
    files, status, told = WRONG[what]
    page = send(signed_in("teacher"), *files)
    assert status == page.status_code
    assert told in page.text
    assert "data:image" not in page.text
    assert "attendance " not in page.text.replace("Attendance", "")


def test_every_wrong_picture_is_named(signed_in):
    """Two that cannot be used are both told, by their place in the form and their name."""
    page = send(signed_in(), ("a.pdf", b"%PDF-1.7\n"), *three(5), ("b<b>.txt", b"hello"))
    assert 422 == page.status_code
    assert "First picture (a.pdf)" in page.text
    assert "Third picture (b&lt;b&gt;.txt)" in page.text


@pytest.mark.parametrize("role", ["auditor", None])
def test_others_may_not(site, signed_in, client, role):
    """An auditor changes and sends nothing, and whoever is not signed in is asked to; neither sees the page."""
    browser = client if role is None else signed_in(role)
    assert {303 if role is None else 403} == {browser.get(each).status_code for each in ("/similarity", PATH)}
    assert (401 if role is None else 403) == send(browser, *three(1, 2)).status_code
    if role is not None:
        assert 'href="/similarity"' not in browser.get("/").text
    assert site.app.similarity.cards


def test_a_form_of_another_sign_in_is_refused(signed_in):
    """The page's token is asked for as on every page."""
    assert 403 == send(signed_in(), *three(1, 2), proof="other").status_code


def contents(folder):
    """Every file below a folder with its bytes; a database's working files left out, whose content is in the tables."""
    return {each: each.read_bytes() for each in folder.rglob("*") if each.is_file() and each.suffix != ".db-shm"}


def test_nothing_of_the_pictures_is_kept(app, signed_in, tmp_path, monkeypatch, caplog):
    """No file of the home or among temporary ones is another afterwards, and no line of the log tells of a picture."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    monkeypatch.setattr("tempfile.SpooledTemporaryFile.rollover", lambda _: pytest.fail("a file went to the disk"))
    browser = signed_in()
    send(browser, *three(1, 2))
    noise = bytes(range(256)) * 8000  # of more than a megabyte forms usually go to a temporary file
    before = contents(app.home)
    with caplog.at_level(logging.DEBUG):
        assert 200 == send(browser, ("secret.png", picture(7) + noise), *three(9)).status_code
        assert 422 == send(browser, ("secret.pdf", noise), *three(9)).status_code
    assert before == contents(app.home)
    assert [] == list(temporary.iterdir())
    assert "secret" not in caplog.text


class TestSeveral:
    """Two models, and a folder that cannot be used."""

    @pytest.fixture
    def folders(self, tmp_path):
        """The broken one comes first."""
        exported(tmp_path / "broken", name="broken")
        (tmp_path / "broken" / "model.onnx").write_bytes(b"")
        return [
            tmp_path / "broken",
            exported(tmp_path / "colours"),
            exported(
                tmp_path / "greys", name="greys", task="three", input={"side": 8, "channels": 1, "resize": "crop"}
            ),
        ]

    def test_each_model_has_its_address(self, signed_in):
        """Links lead from one to the other, and what is sent goes to the one that is open."""
        browser = signed_in()
        page = browser.get("/similarity/greys")
        assert 'href="/similarity/colours"' in page.text
        assert 'action="/similarity/greys"' in page.text
        assert "broken" not in page.text
        assert f"{9:.4f}" in send(browser, *three(0, 9), path="/similarity/greys").text

    def test_another_name_is_no_page(self, signed_in):
        """It says so in plain words."""
        page = signed_in().get("/similarity/broken")
        assert 404 == page.status_code
        assert "there is no model of this name" in page.text


class TestWithout:
    """A home that names no model."""

    @pytest.fixture
    def folders(self):
        """None."""
        return []

    def test_the_page_is_not_there(self, signed_in):
        """The menu does not lead to it, and its address answers in plain words."""
        browser = signed_in()
        assert 'href="/similarity"' not in browser.get("/").text
        page = browser.get("/similarity")
        assert 404 == page.status_code
        assert "no model that compares pictures is set up here" in page.text
        assert 404 == send(browser, *three(1, 2)).status_code


def test_the_bar_leads_to_the_page_from_others(signed_in):
    """A site with a model shows the way from every page."""
    assert 'href="/similarity"' in signed_in("teacher").get("/people").text
