"""Traces: whatever form somebody's data has in a file is found, wherever it stands; nothing else is."""

import base64
import gzip
import io
import json
import zipfile
import zlib

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gallery.traces import LEAST, Needle, Search, of_bytes, of_text, of_vector, scan

NAME, REF = "Zoë Unmistakable", "E-4711-x"
CHANCE = np.random.default_rng(7)
VECTOR = CHANCE.normal(size=512).astype(np.float32)
PICTURE = CHANCE.bytes(9000)
OTHER = CHANCE.bytes(60_000)


def needles():
    return [*of_text("name", NAME), *of_text("id", REF), *of_vector("template", VECTOR), *of_bytes("face", PICTURE)]


def found(folder, *, chunk=1 << 22) -> dict[str, set[tuple[str, str]]]:
    return {each.path: set(each.hits) for each in scan(folder, needles(), chunk=chunk) if each.hits}


PLANTED = {
    "name utf-8": (NAME.encode(), ("name", "utf-8")),
    "name utf-16-le": (NAME.encode("utf-16-le"), ("name", "utf-16-le")),
    "name utf-16-be": (NAME.encode("utf-16-be"), ("name", "utf-16-be")),
    "name json": (json.dumps({"name": NAME}).encode(), ("name", "json")),
    "name latin-1": (NAME.encode("latin-1"), ("name", "latin-1")),
    "name address": (b"GET /people?q=Zo%C3%AB%20Unmistakable", ("name", "percent")),
    "id": (b"1," + REF.encode() + b",x", ("id", "utf-8")),
    "float32": (VECTOR.tobytes(), ("template", "float32")),
    "float16": (VECTOR.astype("<f2").tobytes(), ("template", "float16")),
    "float64": (VECTOR.astype("<f8").tobytes(), ("template", "float64")),
    "float32 hex": (VECTOR.tobytes().hex().encode(), ("template", "float32 hex")),
    "float16 HEX": (VECTOR.astype("<f2").tobytes().hex().upper().encode(), ("template", "float16 hex")),
    "float32 base64": (base64.b64encode(VECTOR.tobytes()), ("template", "float32 base64")),
    "float32 base64 1": (base64.b64encode(b"x" + VECTOR.tobytes()), ("template", "float32 base64")),
    "float32 base64 2": (base64.b64encode(b"xy" + VECTOR.tobytes()), ("template", "float32 base64")),
    "float32 base64 url": (base64.urlsafe_b64encode(VECTOR.tobytes()), ("template", "float32 base64")),
    "float16 base64": (base64.b64encode(VECTOR.astype("<f2").tobytes()), ("template", "float16 base64")),
    "numbers": (json.dumps(VECTOR.tolist()).encode(), ("template", "numbers")),
    "face": (PICTURE, ("face", "bytes")),
    "a page of the face": (PICTURE[4100:6100], ("face", "bytes")),
    "face hex": (PICTURE.hex().encode(), ("face", "bytes hex")),
    "face base64 2": (base64.b64encode(b"ab" + PICTURE), ("face", "bytes base64")),
}


@pytest.mark.parametrize("planted", PLANTED)
def test_each_form_is_found(tmp_path, planted):
    """A value in the midst of other bytes is found in the form it was written in, and named by it."""
    data, form = PLANTED[planted]
    (tmp_path / "file").write_bytes(OTHER[:30_001] + data + OTHER[30_001:])
    (tmp_path / "other").write_bytes(OTHER)

    hits = found(tmp_path)
    assert {"file"} == set(hits)
    assert form in hits["file"]


@pytest.mark.parametrize("shift", range(-24, 4))
def test_what_lies_across_two_pieces_is_found_once(tmp_path, shift):
    """Files are read some bytes at a time: a name across the border of two pieces counts, and counts once."""
    chunk, data = 4096, NAME.encode()
    (tmp_path / "file").write_bytes(OTHER[: chunk + shift] + data + OTHER[:9000])
    (scanned,) = scan(tmp_path, of_text("name", NAME), chunk=chunk)

    assert {("name", "utf-8"): 1} == scanned.hits


@example(b"abcd", [b"\0\0\0abcd"], 2)
@given(st.binary(max_size=200), st.lists(st.binary(min_size=4, max_size=9), min_size=1, max_size=5), st.integers(1, 40))
def test_a_search_finds_what_a_naive_one_finds(data, wanted, chunk):
    """Counts are those of looking at every place for every needle, whatever the size of the pieces."""
    needles = [Needle(str(number), "x", each) for number, each in enumerate(dict.fromkeys(wanted))]
    data += b"".join(wanted)
    naive = {
        (each.kind, each.form): count
        for each in needles
        if (count := sum(data.startswith(each.data, at) for at in range(len(data))))
    }

    assert naive == dict(Search(needles).count(io.BytesIO(data), chunk=chunk).hits)


def test_what_is_packed_is_unpacked(tmp_path):
    """A name in a zip, in a zip within it, as the name of a member, in gzip and in a stream of a PDF is found."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("a", NAME)
    for name, member, data in (("a.xlsx", "x", NAME.encode()), ("b.zip", NAME, b"x"), ("c.zip", "x", inner.getvalue())):
        with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr(member, data)
    (tmp_path / "d.gz").write_bytes(gzip.compress(NAME.encode()))
    (tmp_path / "e.pdf").write_bytes(
        b"%PDF-1.4\n1 0 obj stream\n" + zlib.compress(NAME.encode()) + b"\nendstream\n%%EOF"
    )
    (tmp_path / "f.zip").write_bytes(b"PK\x03\x04 no zip at all")

    assert {"a.xlsx", "b.zip", "c.zip", "d.gz", "e.pdf"} == set(found(tmp_path))
    (broken,) = [each for each in scan(tmp_path, needles()) if each.problem]
    assert ("f.zip", True) == (broken.path, "cannot be searched" in broken.problem)


def test_folders_and_links(tmp_path):
    """Files in folders are looked at, hidden ones too; a link is named and not followed."""
    deep = tmp_path / "jobs" / "7"
    deep.mkdir(parents=True)
    (deep / ".hidden").write_bytes(NAME.encode())
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.write_bytes(NAME.encode())
    (tmp_path / "link").symlink_to(outside)

    assert {"jobs/7/.hidden"} == set(found(tmp_path))
    assert [("jobs/7/.hidden", None), ("link", "no ordinary file")] == [
        (each.path, each.problem) for each in scan(tmp_path, needles())
    ]


@pytest.mark.parametrize("text", ["", "A", "Ada"])
def test_too_short_a_text_is_no_needle(text):
    """What stands in any file by chance is not looked for as such, in one byte a letter."""
    assert all(len(each.data) >= LEAST for each in of_text("name", text))
    assert "utf-8" not in {each.form for each in of_text("name", text)}


def test_zeros_are_no_needle():
    """A part of a value that is all alike tells of nobody."""
    assert [] == of_bytes("face", bytes(5000))


def test_a_long_text_is_found_by_its_parts(tmp_path):
    """Of a note of a page, any part of a few hundred letters is found."""
    note = " ".join(f"word{number}" for number in range(500))
    (tmp_path / "part").write_text(note[1000:1200], encoding="utf-8")

    assert [{("note", "utf-8")}] == [set(each.hits) for each in scan(tmp_path, of_text("note", note))]
