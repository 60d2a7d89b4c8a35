"""What is sent as a photo and is none, or more than one wants."""

import io
import struct
import zlib

import pytest
from PIL import Image

PATHS = ("/decisions", "/people/a/photos")


@pytest.fixture(autouse=True)
def ada(api):
    """Whose photos they are said to be."""
    return api.post("/people", json={"name": "Ada", "id": "a"})


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def huge_png(side: int) -> bytes:
    """A file of some bytes whose header says that it is very large."""
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    )


def polyglot() -> bytes:
    """A page with a script that begins as a picture does."""
    return b"GIF89a/*" + b"\0" * 20 + b"*/=1;<html><script>alert(1)</script></html>"


ODD = {
    "no picture": b"hello, this is text",
    "a page": b"<!doctype html><script>alert(1)</script>",
    "a picture that is a page": polyglot(),
    "50,000 x 50,000": huge_png(50_000),
    "a cut PNG": huge_png(100)[:60],
    "an SVG": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "a zip": b"PK\x03\x04" + b"\0" * 100,
    "a PDF": b"%PDF-1.7\n",
    "zeros": b"\0" * 5000,
}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("what", ODD)
def test_what_is_no_photo_is_refused(api, path, what):
    """It is told what is wrong with it, nothing is kept of it, and nothing fails."""
    refused = api.post(path, content=ODD[what], headers={"Content-Type": "image/png"})

    assert 422 == refused.status_code
    assert "application/problem+json" == refused.headers["Content-Type"]
    assert refused.json()["id"].startswith("photo.")
    assert [] == api.get("/people/a/photos").json()["items"]


@pytest.mark.parametrize("path", PATHS)
def test_fifty_megabytes_are_too_many(api, path):
    """More than the service takes in is refused as soon as that is known, in a form as well."""
    data = b"\xff\xd8\xff" + b"\0" * 50_000_000
    plain = api.post(path, content=data, headers={"Content-Type": "image/jpeg"})
    form = api.post(path, files={"photo": ("a.jpg", data, "image/jpeg")})
    trickled = api.post(
        path,
        content=(data[at : at + 1_000_000] for at in range(0, len(data), 1_000_000)),
        headers={"Content-Type": "image/jpeg"},
    )

    assert [(413, "upload.large")] * 3 == [(each.status_code, each.json()["id"]) for each in (plain, form, trickled)]


@pytest.mark.parametrize("path", PATHS)
def test_a_form_has_the_photo_and_nothing_else(api, path):
    """A form without the photo, with more, with text in its place, or that is cut short is refused by what is wrong."""
    picture = ("a.png", b"x", "image/png")
    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    refused = [
        api.post(path, files={"picture": picture}),
        api.post(path, files={"photo": picture, "other": picture}),
        api.post(path, files={"photo": picture}, data={"session": "x"}),
        api.post(path, files={"photo": ("a.png", b"", "image/png")}),
        api.post(path, files={"photo": (None, b"text")}),
        api.post(path, content=b"--b\r\nContent-Disp", headers=kind),
        api.post(path, content=b"", headers=kind),
        api.post(path, content=b"x", headers={"Content-Type": "multipart/form-data"}),
        api.post(path, content=b"", headers={"Content-Type": "image/png"}),
        api.post(path, content=b"x", headers={"Content-Type": "text/html"}),
        api.post(path, content=b"x"),
        api.post(path, json={"photo": "x"}),
    ]

    assert [(422, "request.invalid")] * len(refused) == [(each.status_code, each.json()["id"]) for each in refused]


def test_a_name_of_a_file_leads_nowhere(api, photo, home):
    """The name of an uploaded file is neither a path nor kept."""
    api.post("/people/a/photos", content=photo((7,), seed=9), headers={"Content-Type": "image/png"})
    before = {each for each in home.rglob("*") if each.is_file()}
    sent = api.post("/people/a/photos", files={"photo": ("../../../etc/passwd\0.png", photo((7,)), "image/png")})

    assert 201 == sent.status_code
    assert before == {each for each in home.rglob("*") if each.is_file()}
    assert ["API", "API"] == [each["source"] for each in api.get("/people/a/photos").json()["items"]]


def test_a_photo_lies_in_no_temporary_file(api, monkeypatch):
    """A photo of some megabytes is read from the form in memory."""
    import tempfile

    def refuse(*_args, **_told):
        raise AssertionError("a file was made")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    noise = io.BytesIO()
    pixels = Image.effect_noise((2000, 1500), 100).convert("RGB")
    pixels.paste((0, 0, 0), (0, 0, 2000, 1))  # no face
    pixels.save(noise, "PNG")
    assert 2_000_000 < len(noise.getvalue())

    sent = api.post("/people/a/photos", files={"photo": ("a.png", noise.getvalue(), "image/png")})
    assert (422, "face.none") == (sent.status_code, sent.json()["id"])
