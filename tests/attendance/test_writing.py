"""Result files: whole or not at all, and never in the place of a file that is there."""

import os

import numpy as np
import pytest
from PIL import Image

from attendance.errors import OutputFailed
from attendance.film import Film
from attendance.outlet import Outlet
from attendance.sources import Source
from attendance.writing import TAKEN, free_name, new_file, write_numbered

PIXELS = np.full((40, 60, 3), 120, np.uint8)


@pytest.fixture
def photo(tmp_path):
    """A source in a folder of its own."""
    path = tmp_path / "photos" / "pic.png"
    path.parent.mkdir()
    Image.fromarray(PIXELS).save(path)
    return path


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_file_is_whole_or_absent(tmp_path):
    """What was written takes its name at the end; after an error nothing is left, not even the hidden file."""
    with new_file(tmp_path / "a.txt") as hidden:
        hidden.write_text("whole")
        assert [hidden.name] == names(tmp_path)
    assert "whole" == (tmp_path / "a.txt").read_text()
    with pytest.raises(ZeroDivisionError), new_file(tmp_path / "b.txt") as hidden:  # noqa: PT012 - both lines matter
        hidden.write_text("half")
        raise ZeroDivisionError
    assert ["a.txt"] == names(tmp_path)


@pytest.mark.parametrize("links", [True, False])
def test_a_name_taken_meanwhile_is_not_replaced(tmp_path, monkeypatch, links):
    """Where another program takes the name while a file is being written, that program's file stays."""
    if not links:

        def without(*_):
            raise OSError(95, "no hard links here")

        monkeypatch.setattr(os, "link", without)
    with pytest.raises(OutputFailed, match=TAKEN), new_file(tmp_path / "a.txt") as hidden:  # noqa: PT012 - likewise
        hidden.write_text("ours")
        (tmp_path / "a.txt").write_text("theirs")
    assert ("theirs", ["a.txt"]) == ((tmp_path / "a.txt").read_text(), names(tmp_path))


def test_without_hard_links_files_are_written_all_the_same(tmp_path, monkeypatch):
    """A file system without hard links (FAT, many network drives) gets its files by renaming."""

    def without(*_):
        raise PermissionError(1, "no hard links here")

    monkeypatch.setattr(os, "link", without)
    assert tmp_path / "a.txt" == write_numbered(tmp_path, "a", ".txt", lambda path: path.write_text("whole"))
    assert ["a.txt"] == names(tmp_path)


def test_a_dangling_link_is_a_name_that_is_taken(tmp_path):
    """A link that leads nowhere is left alone: what would be written there lies somewhere else."""
    (tmp_path / "a.txt").symlink_to(tmp_path / "gone")
    assert tmp_path / "a-2.txt" == free_name(tmp_path, "a", ".txt")
    with pytest.raises(OutputFailed), new_file(tmp_path / "a.txt"):
        pytest.fail("nothing may be written")


@pytest.mark.parametrize("target", ["photos/pic.png", "photos/../photos/pic.png", "link.png", "hard.png"])
def test_the_photo_itself_is_refused(photo, tmp_path, target):
    """A drawing is never written over its own photo, by whatever name that is called."""
    (tmp_path / "link.png").symlink_to(photo)
    (tmp_path / "hard.png").hardlink_to(photo)
    before = photo.read_bytes()
    with pytest.raises(OutputFailed, match="the photo itself"):
        Outlet(tmp_path / target, [photo])
    assert before == photo.read_bytes()


def test_a_file_of_somebody_else_is_refused_at_once(photo, tmp_path):
    """A file of the wanted name is refused before anything is judged, and stays."""
    other = tmp_path / "other.jpg"
    other.write_bytes(b"precious")
    with pytest.raises(OutputFailed, match=TAKEN):
        Outlet(other, [photo])
    assert b"precious" == other.read_bytes()


def test_a_name_that_is_no_picture_is_refused_at_once(photo, tmp_path):
    """A suffix that no picture has is refused before anything is judged."""
    with pytest.raises(OutputFailed, match=r"not written as \.xyz"):
        Outlet(tmp_path / "out.xyz", [photo])


def test_in_a_folder_no_file_is_touched(photo):
    """In the photos' own folder every drawing gets a name of its own: photos, others' files and links stay."""
    folder = photo.parent
    for name in ("pic.jpg", "pic-2.jpg"):
        (folder / name).write_bytes(b"precious")
    outlet = Outlet(folder, [folder])
    for _ in range(2):
        outlet.picture(Source(photo, "picture"), PIXELS, [])
    assert ["pic-2.jpg", "pic-3.jpg", "pic-4.jpg", "pic.jpg", "pic.png"] == names(folder)
    assert [b"precious"] * 2 == [(folder / name).read_bytes() for name in ("pic.jpg", "pic-2.jpg")]


def test_a_film_replaces_nothing(tmp_path):
    """A film, its stills and the sheet of a missing codec never take the place of a file."""
    for name in ("door.mp4", "seen-track1-present.png"):
        (tmp_path / name).write_bytes(b"precious")
    with pytest.raises(OutputFailed, match=TAKEN):
        Film(tmp_path / "door.mp4", 10.0)
    with Film(tmp_path / "seen.mp4", 10.0) as film:
        film.add(PIXELS, 0.0)
        assert "seen-track1-present-2.png" == film.still(PIXELS, "track1-present").name
    assert [b"precious"] * 2 == [(tmp_path / name).read_bytes() for name in ("door.mp4", "seen-track1-present.png")]


def test_a_film_in_a_folder_takes_the_next_name(tmp_path):
    """A second film in the same folder lies beside the first."""
    for _ in range(2):
        with Film(tmp_path, 10.0) as film:
            film.add(PIXELS, 0.0)
    assert ["attendance-2.mp4", "attendance.mp4"] == names(tmp_path)


def test_without_the_codec_the_sheet_replaces_nothing(tmp_path, monkeypatch):
    """Where the codec is missing, the sheet in the film's place takes a free name."""
    monkeypatch.setattr("attendance.film.CODECS", {".mp4": "ZZZZ"})
    (tmp_path / "out.png").write_bytes(b"precious")
    with Film(tmp_path / "out.mp4", 10.0) as film:
        film.add(PIXELS, 0.0)
    assert (tmp_path / "out-2.png", b"precious") == (film.path, (tmp_path / "out.png").read_bytes())
