"""Rosters as a service: who is meant by photos, folders and lists, before any photo is opened."""

from pathlib import Path

import pytest

from attendance.services.rosters import Wanted, is_many, of_photo, of_sources
from enroll.errors import NameInvalid, RosterEmpty, RosterMissing


def names(found: Wanted) -> list[tuple[str, str | None, tuple[str, ...]]]:
    return [(each.name, each.external_id, each.groups) for each in found.entries]


def test_one_photo(tmp_path):
    """One photo is of who is named, though nobody looks whether it is there."""
    found = of_photo(tmp_path / "x.jpg", " Ada  Lovelace ", "E-1", ["7b"])
    assert ([("Ada Lovelace", "E-1", ("7b",))], (), "", 1) == (
        names(found), found.refused, found.passed_over, len(found),
    )  # fmt: skip


def test_a_name_that_is_none(tmp_path):
    """One photo of nobody is refused."""
    with pytest.raises(NameInvalid):
        of_photo(tmp_path / "x.jpg", "", None)


@pytest.mark.parametrize(
    ("source", "many"), [("list.csv", True), ("LIST.TXT", True), ("a.tsv", True), ("a.jpg", False), ("folder", True)]
)
def test_what_names_its_people(tmp_path, source, many):
    """Lists and folders name their people themselves, a photo does not."""
    (tmp_path / "folder").mkdir()
    assert many == is_many(tmp_path / source)


def test_several_sources(draw, tmp_path):
    """A photo, a folder and a list come together, each joined to the groups asked for as well as its own."""
    photo, inside = draw("Ada.png", (1,)), draw("class/Bob.png", (2,))
    (inside.parent / "notes.pdf").write_bytes(b"%PDF-1.4")
    (tmp_path / "list.csv").write_text(f"photo,name,id,group\n{draw('c.png', (3,))},Cid,C,choir\nx.png,,,\n")
    found = of_sources([photo, inside.parent, tmp_path / "list.csv"], ["7b"])
    assert {("Ada", None, ("7b",)), ("Bob", None, ("7b",)), ("Cid", "C", ("choir", "7b"))} == set(names(found))
    assert (["roster.row"], "notes.pdf", 4) == (
        [each.problem.id for each in found.refused], found.passed_over, len(found),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda folder: folder / "nowhere.csv", RosterMissing),
        (lambda folder: folder, RosterEmpty),
    ],
)
def test_no_people_at_all(tmp_path, make, error):
    """A list that is not there and a folder without a photo are refused as a whole."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(error):
        of_sources([make(tmp_path / "empty")])


def test_no_photo_among_files(tmp_path: Path):
    """Files given one by one of which none is a picture are refused by the first one's name."""
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.4")
    with pytest.raises(RosterEmpty, match=r"a\.pdf"):
        of_sources([tmp_path / "a.pdf"])
