"""The one door for photos: every format becomes upright RGB, every bad file its own error."""

import hashlib
import io
import os
import struct
import threading
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from enroll import errors
from enroll.errors import PhotoError
from enroll.photo import PHOTO_SUFFIXES, PhotoLimits, decode_photo, find_photos, read_photo

SEED_PICTURE = np.random.default_rng(7).integers(0, 255, (48, 40, 3), np.uint8)


def png_claiming(width: int, height: int) -> bytes:
    """Return a small PNG whose header promises any number of pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("kind", "options"),
    [("PNG", {}), ("BMP", {}), ("PPM", {}), ("WEBP", {"lossless": True}), ("TGA", None)],
)
def test_lossless_formats_keep_every_pixel(encoded, ramp, kind, options):
    """A photo in a lossless format comes out as it went in; a format off the list is refused."""
    if options is None:
        with pytest.raises(errors.PhotoUnknownFormat):
            decode_photo(encoded(ramp, kind), "x")
        return
    photo = decode_photo(encoded(ramp, kind, **options), "x")
    assert photo.format == kind
    np.testing.assert_array_equal(ramp, photo.pixels)


@pytest.mark.parametrize("suffix", ["jpg", "png", "txt", "gif"])
def test_content_decides_not_the_name(tmp_path, encoded, ramp, suffix):
    """A renamed file is read by its content, and its sha256 is that of the file's bytes."""
    data = encoded(ramp, "PNG")
    path = tmp_path / f"photo.{suffix}"
    path.write_bytes(data)
    photo = read_photo(path)
    assert ("PNG", str(path)) == (photo.format, photo.source)
    assert hashlib.sha256(data).hexdigest() == photo.sha256


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_exif_orientation_is_undone(encoded, orientation, kind):
    """Whatever way the camera stored the picture, it is upright in the end."""
    upright = np.zeros((64, 96, 3), np.uint8)
    upright[:32, :48] = (250, 20, 20)
    upright[32:, :48] = (20, 250, 20)
    store = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: np.rot90,
        7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
        8: lambda a: np.rot90(a, -1),
    }
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = np.ascontiguousarray(store[orientation](upright))
    options = {"JPEG": {"quality": 95}, "PNG": {}, "WEBP": {"lossless": True}}[kind]
    photo = decode_photo(encoded(stored, kind, exif=exif, **options), "x")
    assert (64, 96, 3) == photo.pixels.shape
    assert 40 > np.abs(photo.pixels[8:24, 8:40].astype(int) - [250, 20, 20]).max()
    assert 40 > np.abs(photo.pixels[40:56, 8:40].astype(int) - [20, 250, 20]).max()


def test_phone_pictures_with_a_second_picture_behind_are_jpeg(encoded, ramp):
    """A JPEG that carries further pictures (MPO) is read as the JPEG that it begins with, also when reduced."""
    for limits, shape in ((PhotoLimits(), ramp.shape), (PhotoLimits(reduce_to=60), (40, 60, 3))):
        first = Image.fromarray(ramp)
        data = encoded(first, "MPO", save_all=True, append_images=[Image.new("RGB", (64, 64))])
        photo = decode_photo(data, "x", limits=limits)
        assert ("JPEG", shape) == (photo.format, photo.pixels.shape)


@pytest.mark.parametrize(
    ("start", "name"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1", "HEIC"),
        (b"\0\0\0\x18ftypisom", "a video"),
        (b"II*\0\x08\0\0\0", "TIFF"),
        (b"%PDF-1.7", "PDF"),
        (b"<!doctype html>", "a web page"),
    ],
)
def test_formats_that_are_not_read_are_named(start, name):
    """What people send instead of a photo is named in the message."""
    with pytest.raises(errors.PhotoUnknownFormat, match=name):
        decode_photo(start + bytes(100), "x")


def test_broken_exif_does_not_spoil_the_photo(encoded, ramp):
    """A photo with nonsense for metadata is read all the same."""
    photo = decode_photo(encoded(ramp, "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\xff\xff\xff\xff"), "x")
    assert ramp.shape == photo.pixels.shape


def grey_16(values: np.ndarray) -> Image.Image:
    return Image.fromarray(values.astype(np.uint16))


@pytest.mark.parametrize("kind", ["PNG", "PPM"])
def test_sixteen_bits_are_scaled_not_clipped(encoded, kind):
    """A 16-bit grey picture keeps its shades from black to white."""
    values = np.tile(np.linspace(0, 65535, 64), (64, 1))
    photo = decode_photo(encoded(grey_16(values), kind), "x")
    assert 2 > np.abs(photo.pixels[..., 0].astype(float) - values / 257).max()


def test_ten_bit_pgm_is_scaled_by_its_own_white():
    """A PGM that counts to 1023 is white at 1023."""
    row = np.linspace(0, 1023, 64).astype(">u2")
    data = b"P5\n64 64\n1023\n" + np.tile(row, (64, 1)).tobytes()
    pixels = decode_photo(data, "x").pixels
    assert (0, 255) == (pixels[0, 0, 0], pixels[0, -1, 0])
    assert 3 > abs(int(pixels[0, 32, 0]) - 128)


def half_transparent(mode: str) -> Image.Image:
    image = Image.new("RGBA", (64, 64), (200, 40, 40, 255))
    image.paste((200, 40, 40, 0), (32, 0, 64, 64))
    if mode == "P":
        indexed = Image.new("P", (64, 64), 1)
        indexed.putpalette([9, 9, 9, 200, 40, 40])
        indexed.paste(0, (32, 0, 64, 64))
        indexed.info["transparency"] = 0
        return indexed
    return image.convert(mode)


@pytest.mark.parametrize(
    ("mode", "kind"), [("RGBA", "PNG"), ("RGBA", "WEBP"), ("LA", "PNG"), ("P", "PNG"), ("P", "GIF")]
)
def test_transparency_lies_on_white(encoded, mode, kind):
    """What is transparent becomes white, what is not keeps its colour."""
    pixels = decode_photo(encoded(half_transparent(mode), kind), "x").pixels.astype(int)
    assert 3 > np.abs(pixels[:, 40:] - 255).max()
    expected = [87, 87, 87] if mode == "LA" else [200, 40, 40]
    assert 6 > np.abs(pixels[:, :24] - expected).max()


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK"])
def test_other_colour_models_become_rgb(encoded, ramp, mode):
    """Grey, black-and-white, palette and CMYK pictures become RGB of the same look."""
    image = Image.fromarray(ramp).convert(mode)
    data = encoded(image, "JPEG" if mode == "CMYK" else "PNG", **({"quality": 95} if mode == "CMYK" else {}))
    difference = np.abs(decode_photo(data, "x").pixels.astype(int) - np.asarray(image.convert("RGB")))
    assert (12 if mode == "CMYK" else 1) > difference.mean()


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_animations_give_their_first_frame(encoded, kind):
    """Of an animated picture the first frame counts."""
    frames = [Image.new("RGB", (64, 64), colour) for colour in ("red", "lime", "blue")]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=50)
    pixels = decode_photo(data, "x").pixels
    assert 6 > np.abs(pixels.astype(int) - [255, 0, 0]).max()


@pytest.mark.parametrize("size", [(800, 600), (600, 800), (1200, 420), (401, 399)])
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_large_photos_are_reduced(encoded, kind, size):
    """A longer side above the limit is reduced to it, shape and look kept."""
    width, height = size
    image = Image.fromarray(SEED_PICTURE[:8, :8]).resize(size, Image.Resampling.BILINEAR)
    pixels = decode_photo(encoded(image, kind), "x", limits=PhotoLimits(reduce_to=400)).pixels
    shrink = 400 / max(size)
    assert (round(height * shrink), round(width * shrink), 3) == pixels.shape
    small = np.asarray(image.resize((pixels.shape[1], pixels.shape[0]), Image.Resampling.BOX)).astype(int)
    assert 3 > np.abs(pixels - small).mean()


def test_a_phones_photo_is_reduced_to_two_thousand_pixels(encoded):
    """By default the longer side of a photo is at most 2,000 pixels."""
    assert (1500, 2000, 3) == decode_photo(encoded(Image.new("RGB", (4000, 3000)), "JPEG"), "x").pixels.shape


def sized(width: int, height: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", errors.PhotoEmpty),
        (b"\0" * 500, errors.PhotoUnknownFormat),
        (b"%PDF-1.7 no picture", errors.PhotoUnknownFormat),
        (b"RIFF\x24\0\0\0WAVEfmt ", errors.PhotoUnknownFormat),
        (b"\xff\xd8\xff\xe0", errors.PhotoTruncated),
        (b"\x89PNG\r\n\x1a\n", errors.PhotoTruncated),
        (sized(1, 1), errors.PhotoTooSmall),
        (sized(2000, 20), errors.PhotoTooSmall),
        (sized(5000, 60), errors.PhotoTooSmall),
        (png_claiming(20_000, 20_000), errors.PhotoTooManyPixels),
        (png_claiming(10_000, 10_000), errors.PhotoTooManyPixels),
        (png_claiming(6_000, 5_000), errors.PhotoTooManyPixels),
        (png_claiming(100, 100), errors.PhotoTruncated),
        (b"Pf\n64 64\n-1.0\n" + b"\0" * 64 * 64 * 4, errors.PhotoUnknownFormat),
    ],
)
def test_bad_bytes_have_their_own_error(data, error):
    """Every kind of bad file is told apart by its error, and the error names the source."""
    with pytest.raises(error) as caught:
        decode_photo(data, "door.jpg")
    assert error is type(caught.value)
    assert str(caught.value).startswith("door.jpg: ")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "PPM"])
def test_cut_files_are_truncated(encoded, kind):
    """A file of which the second half is missing is called truncated, in every format."""
    data = encoded(SEED_PICTURE, kind)
    with pytest.raises(errors.PhotoTruncated):
        decode_photo(data[: len(data) // 2], "x")


def test_garbled_files_are_damaged(encoded):
    """A whole file with nonsense in its middle is called damaged, not truncated."""
    data = bytearray(encoded(SEED_PICTURE, "PNG"))
    data[60:200] = bytes(140)
    with pytest.raises(errors.PhotoDamaged):
        decode_photo(bytes(data), "x")


def test_pixels_are_counted_before_decoding(encoded, monkeypatch):
    """A picture with too many pixels is refused by its header: its decoder is never called."""

    def never(*_: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(ImageFile.ImageFile, "load", never)
    with pytest.raises(errors.PhotoTooManyPixels):
        decode_photo(encoded(SEED_PICTURE, "JPEG"), "x", limits=PhotoLimits(max_pixels=1000))


def test_bytes_are_counted_before_reading(tmp_path):
    """A file above the limit is refused by its size, and bytes above it as well."""
    path = tmp_path / "big.jpg"
    with path.open("wb") as file:
        file.truncate(41_000_000)
    with pytest.raises(errors.PhotoTooManyBytes):
        read_photo(path)
    with pytest.raises(errors.PhotoTooManyBytes):
        decode_photo(b"x" * 11, "x", limits=PhotoLimits(max_bytes=10))


def test_things_that_are_no_files(tmp_path):
    """Missing files, folders, paths through files, pipes and impossible names each have their error."""
    (tmp_path / "a.jpg").write_bytes(b"")
    os.mkfifo(tmp_path / "pipe.jpg")
    for path, error in {
        tmp_path / "no.jpg": errors.PhotoMissing,
        tmp_path / "a.jpg" / "b.jpg": errors.PhotoMissing,
        tmp_path / "a\0.jpg": errors.PhotoMissing,
        tmp_path / ("x" * 300): errors.PhotoUnreadable,
        tmp_path: errors.PhotoIsDirectory,
        tmp_path / "pipe.jpg": errors.PhotoUnreadable,
        tmp_path / "a.jpg": errors.PhotoEmpty,
    }.items():
        with pytest.raises(error):
            read_photo(path)


def test_forbidden_files_are_unreadable(tmp_path, monkeypatch):
    """A file that the system does not hand out is told apart from a damaged one."""

    def forbidden(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "secret.jpg"
    path.write_bytes(b"x")
    monkeypatch.setattr(Path, "open", forbidden)
    with pytest.raises(errors.PhotoUnreadable, match="permission denied"):
        read_photo(path)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400))
def test_random_bytes_only_raise_photo_errors(data):
    """Random bytes never raise anything but a `PhotoError`."""
    with pytest.raises(PhotoError):
        decode_photo(data, "x")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(["JPEG", "PNG", "WEBP", "GIF", "BMP", "PPM"]),
    changes=st.lists(st.tuples(st.floats(0, 0.999), st.binary(min_size=1, max_size=8)), max_size=5),
    keep=st.floats(0.02, 1.0),
)
def test_mutated_photos_decode_or_raise_photo_errors(encoded, kind, changes, keep):
    """A photo with changed bytes and a cut end is either read as RGB or refused with a `PhotoError`."""
    data = bytearray(encoded(SEED_PICTURE, kind))
    for place, patch in changes:
        start = int(place * len(data))
        data[start : start + len(patch)] = patch
    try:
        photo = decode_photo(bytes(data[: max(1, int(keep * len(data)))]), "x")
    except PhotoError:
        return
    assert np.uint8 == photo.pixels.dtype
    assert 3 == photo.pixels.shape[2]


def test_nothing_of_pillow_is_changed(encoded, ramp):
    """Reading a photo leaves Pillow's process-wide settings alone."""
    before = (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)
    decode_photo(encoded(ramp, "JPEG"), "x")
    assert before == (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)


def test_photos_may_be_read_by_many_threads(encoded, ramp):
    """Eight threads that read at once get the same pixels."""
    data = encoded(ramp, "PNG")
    results: list[np.ndarray] = []
    threads = [
        threading.Thread(target=lambda: results.extend(decode_photo(data, "x").pixels for _ in range(5)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [True] * 40 == [np.array_equal(ramp, pixels) for pixels in results]


def test_find_photos_lists_photos_only(tmp_path):
    """A folder's photos are found at any depth, sorted; hidden files, hidden folders and others are not."""
    for name in ["b.JPG", "a.png", "sub/c.webp", ".hidden.jpg", ".git/d.jpg", "notes.txt", "Thumbs.db"]:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")
    assert ["a.png", "b.JPG", "sub/c.webp"] == [str(p.relative_to(tmp_path)) for p in find_photos(tmp_path)]


def test_find_photos_needs_a_folder(tmp_path):
    """A folder that does not exist is an error, not an empty list."""
    with pytest.raises(errors.PhotoMissing):
        find_photos(tmp_path / "no")


def test_suffixes_are_lower_case():
    """The suffixes are given as they are compared: in lower case with their dot."""
    assert sorted(PHOTO_SUFFIXES) == sorted("." + suffix.strip(".").lower() for suffix in PHOTO_SUFFIXES)


@pytest.mark.parametrize("values", [{"max_bytes": 0}, {"min_side": 0}, {"reduce_to": 8}])
def test_limits_are_checked(values):
    """Limits that no photo can keep are refused when made."""
    with pytest.raises(ValueError, match="expected"):
        PhotoLimits(**values)
