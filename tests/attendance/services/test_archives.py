"""Archives as a service: people go out of one home and into another, templates with a passphrase alone."""

import pytest

from attendance import Attendance
from attendance.access import Actor
from gallery import DuplicateId, ImportInvalid, NotEmpty

TEACHER = Actor("teacher")
PHRASE = "correct horse battery staple"


@pytest.fixture
def there(app, draw):
    """The home that people come from: Ada of 7b, and Bob."""
    app.enroll(draw("a.png", (1,)), name="Ada", external_id="A", groups=["7b"])
    app.enroll(draw("b.png", (2,)), name="Bob", external_id="B")
    return app


@pytest.fixture
def here(tmp_path, clock, pipeline):
    """An empty home that they go to."""
    with Attendance.open(tmp_path / "here", clock=clock, pipeline=pipeline) as opened:
        yield opened


def test_without_a_passphrase(there, here, tmp_path):
    """Without a passphrase people and groups go over, and no template."""
    out = there.archives.export(tmp_path / "people.zip")
    done = here.archives.take_in(TEACHER, tmp_path / "people.zip")
    assert (2, 0, 2, 0) == (out.people, out.templates, done.people_added, done.templates_added)
    assert [("A", ("7b",), 0), ("B", (), 0)] == [(p.external_id, p.groups, p.templates) for p in here.people.all()]


def test_with_a_passphrase(there, here, tmp_path, draw):
    """With one, whoever was recognised there is recognised here."""
    there.archives.export(tmp_path / "all.zip", passphrase=PHRASE)
    assert 2 == here.archives.take_in(TEACHER, tmp_path / "all.zip", passphrase=PHRASE).templates_added
    assert ["present"] == [each.decision for each in here.check(draw("door.png", (1,), seed=9))]


def test_twice(there, here, tmp_path):
    """What is here already stays as it is."""
    there.archives.export(tmp_path / "people.zip")
    here.archives.take_in(TEACHER, tmp_path / "people.zip")
    again = here.archives.take_in(TEACHER, tmp_path / "people.zip")
    assert (0, 2) == (again.people_added, again.people_unchanged)


def test_no_file_is_written_over(there, tmp_path):
    """An archive never takes the place of a file that is there."""
    (tmp_path / "people.zip").write_text("mine")
    with pytest.raises(NotEmpty):
        there.archives.export(tmp_path / "people.zip")
    assert "mine" == (tmp_path / "people.zip").read_text()


@pytest.mark.parametrize("passphrase", [None, "another"])
def test_the_wrong_passphrase(there, here, tmp_path, passphrase):
    """A sealed archive opens by its own passphrase alone, and nobody is taken in otherwise."""
    there.archives.export(tmp_path / "all.zip", passphrase=PHRASE)
    with pytest.raises(ImportInvalid):
        here.archives.take_in(TEACHER, tmp_path / "all.zip", passphrase=passphrase)
    assert [] == here.people.all(gone_too=True)


def test_an_id_of_somebody_else(there, here, tmp_path, draw):
    """Where an id of the archive is somebody else's here, nobody is taken in."""
    here.enroll(draw("z.png", (9,)), name="Zoe", external_id="B")
    there.archives.export(tmp_path / "people.zip")
    with pytest.raises(DuplicateId):
        here.archives.take_in(TEACHER, tmp_path / "people.zip")
    assert ["Zoe"] == [each.name for each in here.people.all(gone_too=True)]
