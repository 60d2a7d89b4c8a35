"""Archives as a service: people from one home to another, templates with a passphrase alone; one person's own data."""

import errno
import json
import stat
import zipfile

import pytest
from servers import wipe

from attendance import Attendance
from attendance.access import Actor
from gallery import (
    DuplicateId,
    GalleryFull,
    GalleryLocked,
    GalleryReadOnly,
    ImportInvalid,
    NotEmpty,
    PersonUnknown,
    Store,
    history,
)
from gallery.repositories import groups

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


def test_who_is_here_joins_today(there, here, tmp_path, clock):
    """Somebody who is here already joins the archive's groups on the site's day; who is new belongs from ever."""
    clock.forward(hours=12)
    there.archives.export(tmp_path / "people.zip")
    with Attendance.open(
        tmp_path / "here", clock=clock, pipeline=here.pipeline, flags={"time_zone": "Asia/Tokyo"}
    ) as east:
        east.gallery.add_person("Ada", external_id="A", at=clock.utc(), by="t")
        east.archives.take_in(TEACHER, tmp_path / "people.zip")
        with east.store.reading() as view:
            assert [("7b", "2026-03-03")] == [(each.group, each.from_day.isoformat()) for each in groups.turns(view)]


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


# One person's data


def exports(app) -> list[tuple[str, str]]:
    with app.store.reading() as transaction:
        return [(each.subject, each.by) for each in history(transaction, action="person.export")]


def test_one_person_is_handed_over(there, tmp_path):
    """One new file for its owner alone holds what is kept of the person, and the log tells who made it."""
    done = there.archives.person(TEACHER, "Ada", tmp_path / "ada.zip")
    with zipfile.ZipFile(tmp_path / "ada.zip") as archive:
        assert archive.testzip() is None
        events = json.loads(archive.read("events.json"))
        assert ["README.txt", "summary.pdf", "person.json", "templates.json"] == archive.namelist()[:4]
    assert ("Ada", 1, 0, 0, 0, 0) == (
        done.person.name,
        done.templates,
        done.marks,
        done.sightings,
        done.waiting,
        done.damaged,
    )
    assert 0o600 == stat.S_IMODE((tmp_path / "ada.zip").stat().st_mode)
    assert [("1", "teacher")] == exports(there)
    assert ("person.export", "teacher") == (events[-1]["what"], events[-1]["by"])


def test_faces_that_wait_are_counted(there, tmp_path, draw):
    """How many faces nobody has looked at is told, as they may show somebody else."""
    list(there.check(draw("door.png", (1, 25))))
    assert 1 == there.archives.person(TEACHER, "Ada", tmp_path / "ada.zip").waiting
    there.reviews.dismiss(TEACHER, 1)
    assert 0 == there.archives.person(TEACHER, "Ada", tmp_path / "again.zip").waiting


def test_damage_is_counted(there, tmp_path):
    """A template that does not open is told, and the rest is handed over."""
    with there.store.atomic() as session:
        wipe(session, "template", "vector")
    assert 1 == there.archives.person(TEACHER, "Ada", tmp_path / "ada.zip").damaged


def test_who_left_is_handed_over_and_who_is_gone_is_unknown(there, tmp_path):
    """Somebody inactive has a right to their data; of somebody removed there is none, and no file."""
    there.leaving.set_active(TEACHER, "Ada", False)
    assert not there.archives.person(TEACHER, "Ada", tmp_path / "ada.zip").person.active
    there.people.remove(TEACHER, "Ada")
    with pytest.raises(PersonUnknown):
        there.archives.person(TEACHER, "A", tmp_path / "again.zip")
    assert ["ada.zip"] == sorted(each.name for each in tmp_path.glob("*.zip"))


def test_nobody_looks_without_a_trace(there, tmp_path):
    """Where the home is opened for reading alone, nothing is handed over: it could not be recorded."""
    there.close()
    with (
        Attendance.open(there.home, clock=there.clock, pipeline=there.pipeline, read_only=True) as reading,
        pytest.raises(GalleryReadOnly, match="is recorded"),
    ):
        reading.archives.person(TEACHER, "Ada", tmp_path / "ada.zip")
    assert not (tmp_path / "ada.zip").exists()


def test_no_person_takes_the_place_of_a_file(there, tmp_path):
    """A file that is there stays as it is, and nothing is recorded."""
    (tmp_path / "ada.zip").write_text("mine")
    with pytest.raises(NotEmpty):
        there.archives.person(TEACHER, "Ada", tmp_path / "ada.zip")
    assert ("mine", []) == ((tmp_path / "ada.zip").read_text(), exports(there))


def test_a_full_disk_leaves_neither_file_nor_event(there, tmp_path, monkeypatch):
    """A file that cannot be written whole is not there at all, and the log does not tell of one."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "writestr", full)
    with pytest.raises(GalleryFull):
        there.archives.person(TEACHER, "Ada", tmp_path / "ada.zip")
    assert ([], []) == ([*tmp_path.glob("*.zip"), *tmp_path.glob(".*")], exports(there))


def test_no_file_before_its_trace(there, tmp_path, monkeypatch):
    """Where the log cannot be written in the end, there is no file either."""
    with Store.open(there.home, busy_timeout_s=0.1) as other, other.atomic():
        monkeypatch.setattr(there.gallery, "store", Store.open(there.home, busy_timeout_s=0.1))
        with pytest.raises(GalleryLocked):
            there.archives.person(TEACHER, "Ada", tmp_path / "ada.zip")
        there.gallery.store.close()
    assert [] == [*tmp_path.glob("*.zip"), *tmp_path.glob(".*")]


def test_what_is_corrected_is_told(there, tmp_path):
    """A new name, other groups, a mark taken back and one at its right time are entries, and in the person's copy."""
    there.people.rename(TEACHER, "A", "Ada Lovelace")
    there.people.put_in(TEACHER, "A", ["7c"])
    there.mark("A")
    there.by_hand.void(TEACHER, "A", reason="it was her sister")
    there.archives.person(TEACHER, "A", tmp_path / "ada.zip")
    with zipfile.ZipFile(tmp_path / "ada.zip") as archive:
        events = {each["what"]: each for each in json.loads(archive.read("events.json"))}
        (mark,) = json.loads(archive.read("marks.json"))
    assert {"person.rename", "person.groups", "mark.void", "person.export"} <= events.keys()
    assert {"teacher"} == {events[each]["by"] for each in ("person.rename", "person.groups", "mark.void")}
    assert (False, "it was her sister", "teacher") == (mark["counts"], mark["void_reason"], mark["voided_by"])
    with there.store.reading() as view:
        assert "Lovelace" not in str([(each.subject, each.details) for each in history(view)])


def test_who_has_looked_is_told(there, tmp_path):
    """Whoever saw a mark's evidence, a session's or a photo is in the copy of those concerned, and of nobody else."""
    there.mark("A")
    (mark,) = there.marks.of_session(there.sessions.of_day(there.clock.utc()).id)
    session = there.sessions.known(there.sessions.of_day(there.clock.utc()).name).id
    there.looks.note(TEACHER, "evidence.look", f"mark {mark.id}")
    there.looks.at_session(TEACHER, session)
    there.looks.note(TEACHER, "photo.look", there.people.find("A").id)
    found = {}
    for person in ("A", "B"):
        there.archives.person(TEACHER, person, tmp_path / f"{person}.zip")
        with zipfile.ZipFile(tmp_path / f"{person}.zip") as archive:
            events = json.loads(archive.read("events.json"))
        found[person] = [(each["what"], each["about"]) for each in events if each["what"].endswith(".look")]
    looks = [("evidence.look", f"mark {mark.id}"), ("evidence.look", f"session {session}")]
    assert {"A": [*looks, ("photo.look", "this person")], "B": []} == found
