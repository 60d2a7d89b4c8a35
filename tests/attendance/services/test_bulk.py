"""Many people at once."""

import csv
import io
import shutil
import zipfile

import pytest

from attendance.access import Actor
from attendance.service_errors import GroupsRefused, RequestInvalid, UploadLarge
from attendance.services import bulk
from attendance.services.bulk import RESULT, SentFile

ME = Actor("Grace")


@pytest.fixture
def begin(app):
    """Send files by name, wait for the job, and tell it with the rows of its result."""

    def run(*, groups=(), scope=None, **files: bytes):
        sent = [SentFile(name.replace("__dot__", "."), io.BytesIO(data)) for name, data in files.items()]
        job = app.jobs.wait(app.bulk.begin(ME, sent, groups, scope).id)
        rows = []
        if any(each.name == RESULT for each in app.jobs.files(job.id)):
            rows = list(csv.DictReader(io.StringIO(app.jobs.file(job.id, RESULT).read_text(encoding="utf-8-sig"))))
        return job, rows

    yield run
    app.jobs.close()


def packed(**members: bytes) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return data.getvalue()


def outcomes(rows) -> dict[str, str]:
    return {row["name"]: row["outcome"] for row in rows}


def left(app) -> list:
    return list((app.home / "jobs" / "incoming").iterdir())


def test_a_zip_of_named_photos_enrols_people(app, begin, draw) -> None:
    """Photos are named after who is on them; what was sent is gone afterwards."""
    ada, bob = draw("a.png", (7,)).read_bytes(), draw("b.png", (8,)).read_bytes()
    job, rows = begin(people__dot__zip=packed(**{"people/Ada.png": ada, "people/Bob.png": bob}), groups=("7a",))
    assert ("done", {"enrolled": 2}) == (job.state, job.told)
    assert {"Ada": "enrolled", "Bob": "enrolled"} == outcomes(rows)
    assert [("7a",), ("7a",)] == [each.groups for each in app.people.all()]
    assert [] == left(app)


def test_a_list_tells_who_is_on_photos_beside_it(app, begin, draw) -> None:
    """A CSV names the photos that were sent with it, with ids and groups."""
    job, _ = begin(
        list__dot__csv=b"photo,name,id,group\n1.png,Ada Lovelace,E-1,7b\n2.png,Bob,E-2,\n",
        **{"1__dot__png": draw("a.png", (7,)).read_bytes(), "2__dot__png": b"no photo"},
    )
    assert {"enrolled": 1, "refused": 1} == job.told
    assert ("Ada Lovelace", ("7b",)) == (app.people.find("E-1").name, app.people.find("E-1").groups)


def test_folders_are_people(app, begin, draw) -> None:
    """In a zip each folder is a person, whatever folder they lie in together."""
    members = {f"all/Ada/{n}.png": draw(f"{n}.png", (7,), seed=n).read_bytes() for n in (1, 2)}
    members["all/Bob/1.png"] = draw("b.png", (8,)).read_bytes()
    begin(x__dot__zip=packed(**members))
    assert [("Ada", 2), ("Bob", 1)] == [(each.name, each.templates) for each in app.people.all()]


def test_what_leads_out_of_the_folder_is_left_out(app, begin, draw, home) -> None:
    """No member of a zip is written anywhere else."""
    photo = draw("a.png", (7,)).read_bytes()
    begin(x__dot__zip=packed(**{"../../../out.png": photo, "/out.png": photo, "..\\out.png": photo, "Ada.png": photo}))
    assert [] == list(home.parent.glob("out*")) + list(home.glob("out*")) + list(home.glob("jobs/out*"))
    assert "Ada" in [each.name for each in app.people.all()]


def test_a_zip_that_unpacks_to_too_much_is_refused(app, begin, monkeypatch) -> None:
    """A bomb is refused by what its members promise, and nothing is left of it."""
    monkeypatch.setattr(bulk, "MOST_UNPACKED", 1000)
    job, _ = begin(x__dot__zip=packed(**{"Ada.png": b"\0" * 2000}))
    assert ("failed", {"error": "request.invalid"}) == (job.state, job.told)
    assert [] == left(app)


BROKEN = [b"PK\x03\x04 and no more", packed(**{"Ada.png": b"x"})[:-30], b"text"]


@pytest.mark.parametrize("data", BROKEN, ids=["head", "cut", "text"])
def test_a_broken_zip_is_one_clear_refusal(begin, data) -> None:
    """A zip whose end is missing fails with the id of a bad request."""
    job, _ = begin(x__dot__zip=data)
    assert ("failed", "request.invalid") == (job.state, job.told["error"])


def test_too_many_bytes_are_refused_at_once(app, begin, monkeypatch) -> None:
    """Nothing is begun, and nothing kept."""
    monkeypatch.setattr(bulk, "MOST_BYTES", 10)
    with pytest.raises(UploadLarge):
        begin(Ada__dot__png=b"x" * 11)
    assert ([], []) == (app.jobs.all(), left(app))


def test_nothing_sent_is_refused(begin) -> None:
    """A form without files begins no job."""
    with pytest.raises(RequestInvalid):
        begin()


def test_a_teacher_changes_nobody_beyond_their_groups(app, begin, draw) -> None:
    """Somebody of this name in another group stays as they are, and is not named as the double."""
    app.enroll(draw("ada.png", (7,)), name="Ada", groups=["7b"])
    photo = draw("again.png", (7,), seed=3).read_bytes()
    _, rows = begin(groups=("7a",), scope={"7a"}, Ada__dot__png=photo, Bea__dot__png=photo)
    assert {"Ada": "refused", "Bea": "refused"} == outcomes(rows)
    assert "Ada" not in "".join(row["why"] for row in rows)
    assert 1 == app.people.find("Ada").templates
    with pytest.raises(GroupsRefused):
        begin(groups=("7b",), scope={"7a"}, Ada__dot__png=photo)


def test_cells_of_the_result_are_no_formulas(begin) -> None:
    """A name that begins as a formula stands as text in the result."""
    _, rows = begin(**{"=cmd__dot__png": b"no photo"})
    assert ["refused"] == [row["outcome"] for row in rows]
    assert not any(cell.startswith("=") for row in rows for cell in row.values())


def test_a_list_reaches_no_other_file_of_this_computer(app, begin, draw) -> None:
    """A photo that was not sent is none, be it named by a whole path or by one that leads out of the folder."""
    other = draw("other.png", (7,))
    shutil.copy(other, app.home / "jobs.png")
    names = [str(other.resolve()), "../../../jobs.png", "../../../missing.png", "mine.png"]
    lines = "".join(f"{name},P{number}\n" for number, name in enumerate(names))
    job, rows = begin(list__dot__csv=f"photo,name\n{lines}".encode(), mine__dot__png=draw("m.png", (8,)).read_bytes())
    assert ("done", {"refused": 3, "enrolled": 1}) == (job.state, job.told)
    assert {"P0": "refused", "P1": "refused", "P2": "refused", "P3": "enrolled"} == outcomes(rows)
    assert {"the list names a photo that is not among what was sent", ""} == {each["why"] for each in rows}
    assert ["P3"] == [each.name for each in app.people.all()]


def spoilt(method: int) -> bytes:
    """A zip whose content does not unpack, though its lists are whole."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as archive:
        archive.writestr("Ada.png", bytes(range(256)) * 40)
    whole = data.getvalue()
    return whole[:60] + bytes(each ^ 0x5A for each in whole[60:100]) + whole[100:]


@pytest.mark.parametrize(
    "data",
    [
        packed(**{"a": b"x", "a/Ada.png": b"y"}),
        packed(**{"c/Ada.png": b"y", "c": b"x"}),
        packed(**{"/".join(["d" * 100] * 60) + "/Ada.png": b"x", "b/Bob.png": b"x"}),
        spoilt(zipfile.ZIP_LZMA),
        spoilt(zipfile.ZIP_BZIP2),
        spoilt(zipfile.ZIP_DEFLATED),
        packed(),
    ],
    ids=["file and folder", "folder and file", "deep", "lzma", "bzip2", "deflated", "empty"],
)
def test_a_zip_that_is_odd_is_refused_in_words(app, begin, data) -> None:
    """It is no failure of the program, and nobody is told where the service keeps its files."""
    job, _ = begin(odd__dot__zip=data)
    assert "failed" == job.state
    assert job.told["error"] in {"request.invalid", "roster.empty"}
    told = app.jobs.problem(job.id)
    assert str(app.home) not in told
    assert told.startswith(("odd.zip", "what was sent"))
    assert [] == left(app)


def test_what_was_sent_is_for_this_account_alone(app, begin) -> None:
    """Nobody else of the computer may look into the folder of jobs."""
    begin(odd__dot__zip=packed())
    assert {0o700} == {each.stat().st_mode & 0o777 for each in (app.home / "jobs", app.home / "jobs" / "incoming")}
