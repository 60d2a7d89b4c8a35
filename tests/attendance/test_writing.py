"""Result files: whole or not at all, nothing is lost for them, and no file that is there is replaced."""

import os
import stat
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from attendance.errors import OutputFailed
from attendance.show.film import Film
from attendance.show.outlet import Outlet
from attendance.sources import Source
from attendance.writing import TAKEN, free_name, new_file, write_new, write_numbered, write_over
from gallery import files

PIXELS = np.full((40, 60, 3), 120, np.uint8)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def photo(tmp_path):
    """A source in a folder of its own."""
    path = tmp_path / "photos" / "pic.png"
    path.parent.mkdir()
    Image.fromarray(PIXELS).save(path)
    return path


@pytest.fixture
def umask():
    before = os.umask(0o027)
    yield
    os.umask(before)


@pytest.mark.parametrize("data", ["Zoë\n", b"\x00\xff"])
def test_new_file(tmp_path, data):
    """Text is written as UTF-8, bytes as they are, and nothing else is left in the folder."""
    write_new(tmp_path / "a", data)
    assert (data.encode() if isinstance(data, str) else data) == (tmp_path / "a").read_bytes()
    assert ["a"] == names(tmp_path)


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
@pytest.mark.usefixtures("umask")
def test_modes(tmp_path):
    """A new file has the mode that the umask leaves, a private one 0600, and one written over keeps its own."""
    write_new(tmp_path / "a", "x")
    write_new(tmp_path / "b", "x", private=True)
    (tmp_path / "c").write_text("old")
    (tmp_path / "c").chmod(0o664)
    write_over(tmp_path / "c", "new", lambda _: True)
    assert [0o640, 0o600, 0o664] == [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in "abc"]


@pytest.mark.parametrize("links", [True, False])
def test_nothing_is_replaced(tmp_path, monkeypatch, links):
    """A file, a folder and a link that leads nowhere keep their places, also where there are no hard links."""
    if not links:
        monkeypatch.setattr(files.os, "link", refuse)
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("file", "folder", "link"):
        with pytest.raises(OutputFailed, match="there is a file of this name already"):
            write_new(tmp_path / name, "new")
    assert ("mine", True) == ((tmp_path / "file").read_text(), (tmp_path / "link").is_symlink())
    assert ["file", "folder", "link"] == names(tmp_path)


def refuse(*_):
    raise PermissionError("no hard links here")


@pytest.mark.parametrize("links", [True, False])
def test_one_of_many_wins(tmp_path, monkeypatch, links):
    """Of several that write the same new file at once, one does, and the others are told."""
    if not links:
        monkeypatch.setattr(files.os, "link", refuse)
    start, told = threading.Barrier(8), []

    def write(number: int) -> None:
        start.wait()
        try:
            write_new(tmp_path / "a", str(number) * 1000)
        except OutputFailed:
            told.append(number)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    (winner,) = set(range(8)) - set(told)
    assert str(winner) * 1000 == (tmp_path / "a").read_text()
    assert ["a"] == names(tmp_path)


def test_long_names(tmp_path):
    """A name as long as the file system allows is no hindrance."""
    write_new(tmp_path / ("n" * 251 + ".csv"), "x")
    write_new(tmp_path / ("ö" * 120), "x")
    assert 2 == len(names(tmp_path))


def test_no_such_folder(tmp_path):
    """A place that is not there is named."""
    for action in (lambda path: write_new(path, "x"), lambda path: write_over(path, "x", lambda _: True)):
        with pytest.raises(OutputFailed, match="No such file"):
            action(tmp_path / "none" / "a.csv")


def test_written_over_on_purpose(tmp_path):
    """What may go is replaced whole; a link to it stays a link; what may not go stays."""
    (tmp_path / "a").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    write_over(tmp_path / "link", "new", lambda path: path.read_text() == "old")
    assert ("new", True) == ((tmp_path / "a").read_text(), (tmp_path / "link").is_symlink())
    with pytest.raises(OutputFailed, match="no earlier report"):
        write_over(tmp_path / "a", "newer", lambda _: False)
    assert ("new", ["a", "link"]) == ((tmp_path / "a").read_text(), names(tmp_path))
    write_over(tmp_path / "b", "first", lambda _: False)
    assert "first" == (tmp_path / "b").read_text()


def test_changed_meanwhile(tmp_path):
    """A file that somebody writes to while it is looked at is not replaced."""
    target = tmp_path / "a"
    target.write_text("old")

    def look(path) -> bool:
        path.write_text("somebody's work")
        return True

    with pytest.raises(OutputFailed, match="somebody is changing"):
        write_over(target, "new", look)
    assert ("somebody's work", ["a"]) == (target.read_text(), names(tmp_path))


@pytest.mark.parametrize("name", ["fifo", "folder"])
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are POSIX's")
def test_only_files_are_written_over(tmp_path, name):
    """A pipe or a folder is never replaced, and never read."""
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputFailed):
        write_over(tmp_path / name, "x", lambda _: pytest.fail("it was looked into"))


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


def test_several_pictures_need_a_folder(photo, tmp_path):
    """A file in the place of the folder for several pictures is refused before anything is judged, and stays."""
    other = tmp_path / "other.jpg"
    other.write_bytes(b"precious")
    with pytest.raises(OutputFailed, match="several pictures are drawn into a folder"):
        Outlet(other, [photo, photo])
    assert b"precious" == other.read_bytes()


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
    monkeypatch.setattr("attendance.show.film.CODECS", {".mp4": "ZZZZ"})
    (tmp_path / "out.png").write_bytes(b"precious")
    with Film(tmp_path / "out.mp4", 10.0) as film:
        film.add(PIXELS, 0.0)
    assert (tmp_path / "out-2.png", b"precious") == (film.path, (tmp_path / "out.png").read_bytes())
