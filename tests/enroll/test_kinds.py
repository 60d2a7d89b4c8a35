"""What a file is: by its name, and where the name says nothing by its first bytes."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enroll.kinds import Sort, content_of, sort_of

HEADS = {
    b"\xff\xd8\xff\xe0": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"RIFF\x24\0\0\0WEBPVP8 ": "WEBP",
    b"BM\x36\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0": "BMP",
    b"P5\n64 64\n255\n": "PPM",
    b"P2\n# a comment\n": "PPM",
    b"II*\0\x08\0\0\0": "TIFF",
    b"\0\0\0\x18ftypheic\0\0\0\0mif1heic": "HEIF",
    b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic": "HEIF",
    b"\0\0\0\x18ftypmsf1\0\0\0\0msf1hevc": "HEIF",
    b"\0\0\0\x18ftyphevc\0\0\0\0msf1hevc": "HEIF",
    b"\0\0\0\x18ftypavif\0\0\0\0avifmif1": "AVIF",
    b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif": "AVIF",
}
VIDEOS = [
    b"\0\0\0\x18ftypisom\0\0\0\0isom",
    b"\0\0\0\x18ftyp3gp4\0\0\0\0isom",
    b"\x1aE\xdf\xa3\x01\0\0\0",
    b"RIFF\x24\0\0\0AVI LIST",
    b"FLV\1\5\0\0\0",
    b"G" + bytes(187) + b"G" + bytes(187),
    b"\0\0\0\1G" + bytes(187) + b"\0\0\0\2G" + bytes(80) + bytes(100),
]
OTHERS = [b"", b"BMW drives by", b"P1 bring cake", b"RIFF\x24\0\0\0WAVEfmt ", b"\0\0\0\x18ftypM4A \0\0\0\0", b"Ada"]


@pytest.mark.parametrize(("head", "name"), HEADS.items())
def test_pictures_are_told_by_their_first_bytes(head, name):
    """Each format that is read is known by how its files begin."""
    assert (Sort.PICTURE, name) == (content_of(head).sort, content_of(head).format)


@pytest.mark.parametrize(("heads", "sort"), [(VIDEOS, Sort.VIDEO), (OTHERS, Sort.OTHER)])
def test_videos_and_others_are_told_by_their_first_bytes(heads, sort):
    """Videos, and files that only begin a little like pictures, are no pictures."""
    assert [sort] * len(heads) == [content_of(head).sort for head in heads]


@pytest.mark.parametrize(
    ("name", "head", "sort"),
    [
        ("a.JPG", b"Ada", Sort.PICTURE),
        ("a.nef", b"", Sort.PICTURE),
        ("a.jp2", b"", Sort.PICTURE),
        ("a", b"\xff\xd8\xff", Sort.PICTURE),
        ("a.part", b"\xff\xd8\xff", Sort.PICTURE),
        ("a", VIDEOS[0], Sort.VIDEO),
        ("a.thm", b"\xff\xd8\xff", Sort.OTHER),
        ("a.lrv", VIDEOS[0], Sort.OTHER),
        ("a.txt", b"Ada", Sort.OTHER),
    ],
)
def test_a_name_that_says_nothing_leaves_it_to_the_content(tmp_path, name, head, sort):
    """A picture's suffix counts, side files are no pictures, and all else is told by its content."""
    (tmp_path / name).write_bytes(head)
    assert sort is sort_of(tmp_path / name)


def test_what_is_no_file_is_other(tmp_path):
    """Pipes are not waited for, and what is missing is nothing."""
    os.mkfifo(tmp_path / "pipe")
    assert [Sort.OTHER] * 2 == [sort_of(tmp_path / name) for name in ("pipe", "no")]


@given(st.binary(max_size=64))
def test_any_bytes_are_of_some_sort(head):
    """No bytes make the question fail."""
    assert content_of(head).sort in Sort
