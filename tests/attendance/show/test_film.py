"""Annotated films: at their source's pace, whole or not there, never in the place of a file."""

import numpy as np
import pytest
from PIL import Image

from attendance.cameras import VideoReader
from attendance.clock import SystemClock
from attendance.errors import OutputFailed
from attendance.show.film import SHEET_PICTURES, Film


def write(path, frames=10, fps=10.0, size=(48, 64), times=None):
    with Film(path, fps) as film:
        for number in range(frames):
            film.add(np.full((*size, 3), 20 * number % 250, np.uint8), number / fps if times is None else times[number])
    return film.path


def count(path):
    with VideoReader(path, SystemClock()) as reader:
        return sum(1 for _ in reader)


@pytest.mark.parametrize("name", ["out.mp4", "out.avi", "out.mkv"])
def test_a_film_has_every_frame(tmp_path, name):
    """Each frame added is in the film, which appears under its name alone."""
    path = write(tmp_path / name)
    assert (tmp_path / name, 10) == (path, count(path))
    assert [name] == [each.name for each in tmp_path.iterdir()]


@pytest.mark.parametrize("size", [(47, 63), (1, 1), (3, 200)])
def test_odd_sizes(tmp_path, size):
    """Pictures whose sides the codec does not take are fitted, not refused."""
    assert 4 == count(write(tmp_path / "out.mp4", 4, size=size))


def test_a_film_keeps_the_pace(tmp_path):
    """Frames of an irregular camera are repeated or left out so that the film runs in real time."""
    path = write(tmp_path / "out.mp4", 4, fps=10.0, times=[0.0, 0.01, 0.02, 1.0])
    assert 11 == count(path)


def test_other_suffixes(tmp_path):
    """A name without a film's suffix gets .mp4, a folder a file inside; missing folders are made."""
    (tmp_path / "there").mkdir()
    names = [write(tmp_path / "new" / "door"), write(tmp_path / "there")]
    assert [tmp_path / "new" / "door.mp4", tmp_path / "there" / "attendance.mp4"] == names


@pytest.mark.parametrize("frames", [1, 5, 12, 13, 100])
def test_a_sheet_of_pictures(tmp_path, frames):
    """A picture's suffix gives one sheet of at most twelve frames, spread over the whole run."""
    path = write(tmp_path / "sheet.png", frames, size=(30, 40))
    with Image.open(path) as sheet:
        tiles = (sheet.width // 40) * (sheet.height // 30)
    assert 1 <= tiles <= SHEET_PICTURES
    if frames >= SHEET_PICTURES:
        assert tiles >= SHEET_PICTURES // 2


def test_without_the_codec_a_sheet(tmp_path, monkeypatch):
    """Where the codec is missing, a sheet takes the film's place."""
    monkeypatch.setattr("attendance.show.film.CODECS", {".mp4": "ZZZZ"})
    assert tmp_path / "out.png" == write(tmp_path / "out.mp4")


def test_a_still(tmp_path):
    """A picture of a moment lies beside the film."""
    with Film(tmp_path / "door.mp4", 10.0) as film:
        path = film.still(np.full((20, 30, 3), 7, np.uint8), "track3-present")
    with Image.open(path) as picture:
        assert ("door-track3-present.png", (30, 20), (7, 7, 7)) == (path.name, picture.size, picture.getpixel((5, 5)))


def test_a_place_that_cannot_be_written(tmp_path):
    """A folder that is a file is output.failed, one line, and nothing is left behind."""
    (tmp_path / "file").touch()
    with pytest.raises(OutputFailed):
        Film(tmp_path / "file" / "out.mp4", 10.0)
    assert ["file"] == [each.name for each in tmp_path.iterdir()]


def test_nothing_added_writes_nothing(tmp_path):
    """A film without frames leaves no file."""
    with Film(tmp_path / "out.mp4", 10.0):
        pass
    assert [] == list(tmp_path.iterdir())
