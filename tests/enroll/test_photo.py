"""The one door for photos: every format becomes upright RGB, every bad file its own error."""

import contextlib
import hashlib
import io
import os
import struct
import subprocess
import sys
import threading
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from enroll import errors
from enroll.decoding import decode_here
from enroll.errors import PhotoError
from enroll.kinds import PHOTO_SUFFIXES
from enroll.photo import decode_photo, find_photos, read_photo
from enroll.photolimits import PhotoLimits

SEED_PICTURE = np.random.default_rng(7).integers(0, 255, (48, 40, 3), np.uint8)


def png_claiming(width: int, height: int) -> bytes:
    """Return a small PNG whose header promises any number of pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("kind", "options"),
    [("PNG", {}), ("BMP", {}), ("PPM", {}), ("WEBP", {"lossless": True}), ("TIFF", {}), ("TGA", None)],
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
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
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
    options = {"PNG": {}, "TIFF": {"compression": "tiff_lzw"}, "WEBP": {"lossless": True}}.get(kind, {"quality": 95})
    # pillow-heif takes bytes, writes the turn that HEIF knows, and leaves the tag in: it must not count twice.
    options["exif"] = exif.tobytes() if kind == "HEIF" else exif
    photo = decode_photo(encoded(stored, kind, **options), "x")
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
        (b"\0\0\0\x18ftypisom", "a video"),
        (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", "a camera's raw format"),
        (b"II*\0\x10\0\0\0CR\2\0", "a camera's raw format"),
        (b"IIU\0\x18\0\0\0", "a camera's raw format"),
        (b"FUJIFILMCCD-RAW 0201", "a camera's raw format"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"\0\0\0\x18ftyphevc\0\0\0\0msf1hevc\0\0\0\x6cmoov", "a burst of HEIC pictures"),
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


@pytest.mark.parametrize("kind", ["PNG", "PPM", "TIFF", "HEIF"])
def test_sixteen_bits_are_scaled_not_clipped(encoded, kind):
    """A 16-bit grey picture keeps its shades from black to white."""
    values = np.tile(np.linspace(0, 65535, 64), (64, 1))
    photo = decode_photo(encoded(grey_16(values), kind), "x")
    assert (6 if kind == "HEIF" else 2) > np.abs(photo.pixels[..., 0].astype(float) - values / 257).max()


def deep_png(values: np.ndarray, suffix: str) -> bytes:
    """Encode 16-bit grey or RGB values, which Pillow cannot write in colour."""
    import cv2

    done, data = cv2.imencode(suffix, values if values.ndim == 2 else values[..., ::-1])
    assert done
    return data.tobytes()


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("colour", [False, True])
def test_bits_that_a_camera_leaves_unused_do_not_darken(hopper, suffix, bits, colour):
    """A picture of 8 to 14 bits in a 16-bit file looks as its 8-bit copy, grey or in colour."""
    values = hopper if colour else hopper[..., 0]
    deep = values.astype(np.uint16) << (bits - 8)
    deep[0, 0] = (1 << bits) - 1
    expected = np.broadcast_to(values if colour else values[..., None], hopper.shape)
    pixels = decode_photo(deep_png(deep, suffix), "x").pixels
    assert 0 == np.abs(pixels.astype(int) - expected)[1:].max()


@pytest.mark.parametrize("greatest", [40_000, 65_535])
def test_full_range_pictures_are_not_brightened(greatest):
    """A picture that uses all 16 bits, be it dark for the most part, is scaled by 16 bits."""
    values = np.full((64, 64), 3_000, np.uint16)
    values[0, 0] = greatest
    assert 3_000 >> 8 == decode_photo(deep_png(values, ".png"), "x").pixels[5, 5, 0]


def test_black_stays_black():
    """The noise of a black picture is not blown up: 8 bits of it are the least that are shown."""
    values = np.random.default_rng(3).integers(0, 12, (64, 64)).astype(np.uint16)
    assert 12 > decode_photo(deep_png(values, ".png"), "x").pixels.max()


def test_ten_bit_pgm_is_scaled_by_its_own_white():
    """A PGM that counts to 1023 is white at 1023."""
    row = np.linspace(0, 1023, 64).astype(">u2")
    data = b"P5\n64 64\n1023\n" + np.tile(row, (64, 1)).tobytes()
    pixels = decode_photo(data, "x").pixels
    assert (0, 255) == (pixels[0, 0, 0], pixels[0, -1, 0])
    assert 3 > abs(int(pixels[0, 32, 0]) - 128)


def test_a_dark_ten_bit_pgm_stays_dark():
    """What a PGM says of its white counts, not the greatest value that happens to be in it."""
    data = b"P5\n64 64\n1023\n" + np.full((64, 64), 100, ">u2").tobytes()
    assert 25 == decode_photo(data, "x").pixels[0, 0, 0]


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


@pytest.mark.parametrize("chroma", [420, 444])
def test_heic_of_ten_bits_is_read(chroma):
    """A HEIC of 10 bits a colour, as cameras write it, comes out with the same look."""
    import pillow_heif

    values = np.broadcast_to(np.uint16([60_000, 20_000, 9_000]), (64, 96, 3))
    buffer = io.BytesIO()
    pillow_heif.from_bytes("RGB;16", (96, 64), values.tobytes()).save(buffer, quality=95, chroma=chroma)
    photo = decode_photo(buffer.getvalue(), "x")
    assert ("HEIF", (64, 96, 3)) == (photo.format, photo.pixels.shape)
    assert 6 > np.abs(photo.pixels.astype(int) - values // 257).max()


@pytest.mark.parametrize("mode", ["L", "RGBA", "RGB"])
@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
def test_phone_formats_keep_the_look(encoded, hopper, mode, kind):
    """HEIC and AVIF, grey, in colour or transparent, look as what was encoded, also when reduced."""
    image = Image.fromarray(hopper).convert(mode)
    photo = decode_photo(encoded(image, kind, quality=90), "x", limits=PhotoLimits(reduce_to=200))
    small = np.asarray(image.convert("RGB").resize(photo.pixels.shape[1::-1], Image.Resampling.BOX)).astype(int)
    assert (kind, 200) == (photo.format, max(photo.pixels.shape))
    assert 4 > np.abs(photo.pixels - small).mean()


@pytest.mark.parametrize("options", [{"compression": "jpeg"}, {"compression": "tiff_adobe_deflate"}, {}])
@pytest.mark.parametrize("mode", ["RGB", "CMYK", "L", "1", "P"])
def test_tiff_of_all_sorts_is_read(encoded, hopper, mode, options):
    """TIFF is read in every colour model and compression that scanners use."""
    image = Image.fromarray(hopper).convert(mode)
    data = encoded(image, "TIFF", **({} if mode in ("1", "P") else options))
    assert 3 > np.abs(decode_photo(data, "x").pixels.astype(int) - np.asarray(image.convert("RGB"))).mean()


@pytest.mark.parametrize("brand", [b"hevc", b"msf1", b"mif1", b"heix"])
def test_a_burst_with_a_still_picture_gives_it(encoded, brand):
    """A HEIC whose brand says sequence is read as the picture that it holds."""
    data = encoded(Image.new("RGB", (96, 64), (250, 20, 20)), "HEIF", quality=95)
    photo = decode_photo(data[:8] + brand + data[12:], "x")
    assert 8 > np.abs(photo.pixels.astype(int) - [250, 20, 20]).max()


def test_of_several_pages_the_first_is_read(encoded, ramp):
    """A TIFF of several pages gives its first."""
    data = encoded(ramp, "TIFF", save_all=True, append_images=[Image.new("RGB", (64, 64))])
    np.testing.assert_array_equal(ramp, decode_photo(data, "x").pixels)


@pytest.mark.parametrize(
    ("tags", "name"),
    [({50706: b"\1\4\0\0"}, "x.dng"), ({254: 1}, "x.tif"), ({}, "photo.NEF"), ({}, "photo.arw")],
)
def test_the_preview_of_a_raw_file_is_not_read(encoded, ramp, tags, name):
    """A camera's raw file is refused as such, though the TIFF on its outside shows a small picture."""
    from PIL.TiffImagePlugin import ImageFileDirectory_v2

    directory = ImageFileDirectory_v2()
    for tag, value in tags.items():
        directory[tag] = value
    with pytest.raises(errors.PhotoUnknownFormat, match="raw format"):
        decode_photo(encoded(ramp, "TIFF", tiffinfo=directory), name)


@pytest.mark.parametrize("mode", ["F", "LAB"])
def test_tiff_without_colours_to_show_is_refused(encoded, mode):
    """A TIFF of floating-point numbers or in Lab colours is of no format that is read."""
    with pytest.raises(errors.PhotoUnknownFormat, match="is not read"):
        decode_photo(encoded(Image.new(mode, (64, 64)), "TIFF"), "x")


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(500), errors.PhotoDamaged),
        (b"\0\0\0\x18ftypmsf1\0\0\0\0msf1hevc", errors.PhotoDamaged),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic\0\0\x10\0meta", errors.PhotoTruncated),
        (b"\0\0\0\x18ftypavif\0\0\0\0avifmif1" + bytes(200), errors.PhotoDamaged),
        (b"II*\0\x08\0\0\0" + bytes(90), errors.PhotoDamaged),
    ],
)
def test_broken_files_of_rare_formats_are_damaged(data, error):
    """A HEIC, AVIF or TIFF that does not open is damaged or truncated, not of an unknown format."""
    with pytest.raises(error) as caught:
        decode_photo(data, "x")
    assert error is type(caught.value)


def test_a_heic_that_tells_a_wrong_depth_harms_one_photo(encoded):
    """A HEIC whose header makes decoders write behind their buffer is read or refused, and this process goes on."""
    data = bytearray(encoded(SEED_PICTURE, "HEIF", chroma=444))
    record = data.index(b"hvcC") + 4  # ISO 14496-15, 8.3.3.1.2: colours at byte 16, depth of light at byte 17
    data[record + 16 : record + 18] = b"\xfc\xff"
    with contextlib.suppress(PhotoError):
        assert (48, 40, 3) == decode_photo(bytes(data), "x").pixels.shape


def test_the_size_that_a_heic_tells_is_the_one_it_has(encoded):
    """A HEIC whose header tells far fewer pixels than its stream holds is refused, not decoded."""
    data = bytearray(encoded(Image.new("RGB", (1200, 900)), "HEIF"))
    for at in [place for place in range(len(data)) if data.startswith(b"ispe", place)]:
        data[at + 8 : at + 16] = struct.pack(">II", 64, 48)
    with pytest.raises(errors.PhotoDamaged):
        decode_photo(bytes(data), "x")


@pytest.mark.parametrize("kind", ["HEIF", "AVIF", "TIFF"])
def test_pixels_of_rare_formats_are_counted_too(encoded, kind):
    """HEIC, AVIF and TIFF are refused by their headers as well."""
    with pytest.raises(errors.PhotoTooManyPixels):
        decode_photo(encoded(SEED_PICTURE, kind), "x", limits=PhotoLimits(max_pixels=1000))


def tiled_tiff(side: int) -> bytes:
    """Return a grey TIFF of 64x64 pixels whose one tile has this side, packed."""
    packed = zlib.compress(bytes(64))
    tags = {256: 64, 257: 64, 258: 8, 259: 8, 262: 1, 277: 1, 322: side, 323: side, 324: 200, 325: len(packed)}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    head = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)
    return head.ljust(200, b"\0") + packed


@pytest.mark.parametrize(("side", "error"), [(60_000, errors.PhotoTooManyPixels), (64, errors.PhotoDamaged)])
def test_a_tile_larger_than_its_picture_counts(side, error):
    """A TIFF of few pixels whose one tile holds very many is refused by that."""
    with pytest.raises(error) as caught:
        decode_photo(tiled_tiff(side), "x")
    assert error is type(caught.value)


def peak_of(path: Path) -> tuple[int, str]:
    """Read a photo in a process of its own: by how many bytes its memory grew, and what came of it."""
    code = (
        "import re, sys\n"
        "from pathlib import Path\n"
        "from enroll.errors import PhotoError\n"
        "from enroll.decoding import decode_here\n"
        "from enroll.photolimits import DEFAULT_LIMITS\n"
        "import pi_heif\n"
        "def told(key): return 1024 * int(re.search(key + r':\\s+(\\d+)', Path('/proc/self/status').read_text())[1])\n"
        "before = told('VmRSS')\n"
        "try: result = str(decode_here(Path(sys.argv[1]).read_bytes(), 'x', DEFAULT_LIMITS)[0].shape)\n"
        "except PhotoError as problem: result = problem.id\n"
        "print(told('VmHWM') - before, result)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    grown, _, result = done.stdout.strip().partition(" ")
    return int(grown), result


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not tell the peak of memory")
@pytest.mark.parametrize(
    ("kind", "options", "size", "result"),
    [
        ("JPEG", {}, (16_320, 12_240), "(1500, 2000, 3)"),
        ("JPEG", {"progressive": True}, (9_000, 7_000), "(1556, 2000, 3)"),
        ("JPEG", {"progressive": True, "subsampling": 0}, (12_000, 9_000), "photo.too_many_pixels"),
        ("HEIF", {"quality": 10, "enc_params": {"preset": "ultrafast"}}, (8_064, 6_048), "(1500, 2000, 3)"),
        ("AVIF", {"quality": 10, "speed": 10}, (5_000, 4_000), "(1600, 2000, 3)"),
        ("TIFF", {"compression": "tiff_lzw"}, (6_000, 4_000), "(1333, 2000, 3)"),
        ("PNG", {}, (6_000, 4_000), "(1333, 2000, 3)"),
    ],
)
def test_photos_of_phones_are_read_within_three_hundred_megabytes(tmp_path, encoded, kind, options, size, result):
    """Photos as large as phones make them are read, or refused by their headers, within 300 MB."""
    path = tmp_path / "photo"
    ramp = Image.linear_gradient("L").resize(size)
    path.write_bytes(encoded(Image.merge("RGB", (ramp, ramp, ramp)), kind, **options))
    grown, found = peak_of(path)
    assert result == found
    assert 300_000_000 > grown


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


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "PPM", "HEIF", "AVIF"])
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
        decode_here(encoded(SEED_PICTURE, "JPEG"), "x", PhotoLimits(max_pixels=1000))


def test_bytes_are_counted_before_reading(tmp_path):
    """A file above the limit is refused by its size, and bytes above it as well."""
    path = tmp_path / "big.jpg"
    with path.open("wb") as file:
        file.truncate(65_000_000)
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


def test_nothing_of_this_process_is_changed(encoded, ramp):
    """Reading a photo, a broken one as well, leaves Pillow's settings and the warning filters of this process alone."""
    data = encoded(ramp, "JPEG")
    before = (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, list(warnings.filters))
    decode_photo(data, "x")
    with pytest.raises(PhotoError):
        decode_photo(data[:200], "x")
    assert before == (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, list(warnings.filters))


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


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(["HEIF", "AVIF", "TIFF"]),
    changes=st.lists(st.tuples(st.floats(0, 0.999), st.binary(min_size=1, max_size=8)), max_size=5),
    keep=st.floats(0.02, 1.0),
)
def test_mutated_photos_of_rare_formats_raise_photo_errors(encoded, kind, changes, keep):
    """The same holds for the rarer formats."""
    test_mutated_photos_decode_or_raise_photo_errors.hypothesis.inner_test(encoded, kind, changes, keep)


def test_systems_litter_is_no_photo(tmp_path):
    """Thumbnails and recycle bins of a NAS and the shadows of a Mac are not among a folder's photos."""
    for name in ["a.jpg", "@eaDir/a.jpg/SYNOPHOTO_THUMB_M.jpg", "#recycle/b.jpg", "__MACOSX/a.jpg", "Recycle/c.jpg"]:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert ["Recycle/c.jpg", "a.jpg"] == [str(p.relative_to(tmp_path)) for p in find_photos(tmp_path)]


def test_suffixes_are_lower_case():
    """The suffixes are given as they are compared: in lower case with their dot."""
    assert sorted(PHOTO_SUFFIXES) == sorted("." + suffix.strip(".").lower() for suffix in PHOTO_SUFFIXES)


@pytest.mark.parametrize("values", [{"max_bytes": 0}, {"min_side": 0}, {"reduce_to": 8}])
def test_limits_are_checked(values):
    """Limits that no photo can keep are refused when made."""
    with pytest.raises(ValueError, match="expected"):
        PhotoLimits(**values)
