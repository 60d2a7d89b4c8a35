"""What a picture's file tells beside its pixels, read apart from this process; what is broken tells nothing."""

import os
import warnings

import pytest
from PIL import Image

from enroll.facts import Facts
from enroll.photo import photo_facts


def stamped(at: str, offset: str) -> Image.Exif:
    exif = Image.Exif()
    exif[0x8769] = {0x9003: at, 0x9011: offset}
    return exif


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_time_of_taking_is_told(tmp_path, encoded, ramp, kind):
    """The time that a camera wrote, and its offset from UTC where it wrote one, come as they stand there."""
    path = tmp_path / "a"
    path.write_bytes(encoded(ramp, kind, exif=stamped("2026:03:02 08:00:00", "+01:00")))
    assert Facts("2026:03:02 08:00:00", "+01:00") == photo_facts(path)


def test_a_gif_of_several_frames_moves(tmp_path, ramp):
    """A GIF of several frames moves, one of a single frame does not; a WebP that moves is a photo all the same."""
    first, second = Image.fromarray(ramp), Image.new("RGB", (64, 64))
    first.save(tmp_path / "one.gif")
    for name in ("two.gif", "two.webp"):
        first.save(tmp_path / name, save_all=True, append_images=[second.resize(first.size)])
    assert [False, True, False] == [photo_facts(tmp_path / each).moves for each in ("one.gif", "two.gif", "two.webp")]


@pytest.mark.parametrize("content", [b"", b"\0" * 99, b"GIF89a", b"\xff\xd8\xff\xe1\0\x20Exif\0\0MM\0*" + b"\xff" * 40])
def test_what_is_broken_tells_nothing(tmp_path, content):
    """A file that is no picture, or a broken one, tells nothing, and this process hears no warning of it."""
    (tmp_path / "a.gif").write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Facts() == photo_facts(tmp_path / "a.gif")


def test_what_is_no_file_tells_nothing(tmp_path):
    """A folder, a pipe and a name that nothing has tell nothing, at once."""
    os.mkfifo(tmp_path / "pipe")
    assert [Facts()] * 4 == [photo_facts(each) for each in (tmp_path, tmp_path / "pipe", tmp_path / "no", "a\0b")]
