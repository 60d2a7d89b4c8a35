"""What a file is: a picture, a video or neither, by its name, and where the name says nothing by its first bytes."""

import stat
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

# What the first bytes of a file have to hold to tell what it is; an MPEG transport stream repeats after 188.
HEAD_BYTES: Final = 512

# Pillow's names of the formats that are read, HEIF apart; PPM covers PGM, PBM and PNM. Nothing else is even tried.
FORMATS: Final = ("JPEG", "PNG", "WEBP", "BMP", "PPM", "GIF", "AVIF", "TIFF")
PHOTO_SUFFIXES: Final = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".bmp", ".dib", ".pgm", ".ppm", ".pbm", ".pnm", ".gif"}
    | {".heic", ".heif", ".heics", ".heifs", ".hif", ".avif", ".avifs", ".tif", ".tiff"}
)
RAW_SUFFIXES: Final = frozenset(
    {".dng", ".nef", ".nrw", ".cr2", ".cr3", ".crw", ".arw", ".sr2", ".srf", ".srw", ".raf", ".orf", ".rw2", ".rwl"}
    | {".pef", ".x3f", ".3fr", ".fff", ".erf", ".mef", ".mos", ".mrw", ".kdc", ".dcr", ".iiq", ".gpr", ".raw"}
)
# Pictures of formats that are not read: named so, they are refused by name rather than passed over.
_OTHER_PICTURES: Final = frozenset({".jp2", ".j2k", ".jpx", ".jpf", ".jxl", ".jxr", ".hdp", ".psd", ".tga", ".exr"})
# What lies beside pictures and videos and may begin as they do: small copies, edits, sound.
_SIDECARS: Final = frozenset(
    {".aae", ".lrv", ".thm", ".xmp", ".aac", ".flac", ".m4a", ".m4b", ".mka", ".mp3", ".oga", ".ogg", ".opus"}
    | {".wav", ".wma"}
)


class Sort(StrEnum):
    """The three sorts of file."""

    PICTURE = "picture"
    VIDEO = "video"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Content:
    """What the first bytes say: the sort and a name for messages; `format` is that of a picture that can be read."""

    sort: Sort
    name: str
    format: str | None = None


UNKNOWN: Final = Content(Sort.OTHER, "unknown")
_RAW: Final = Content(Sort.PICTURE, "a camera's raw format")
_VIDEO: Final = Content(Sort.VIDEO, "a video")
_TIFF: Final = Content(Sort.PICTURE, "TIFF", "TIFF")

# (place, bytes, what it is), the first that fits.
_STARTS: Final = (
    (0, b"\xff\xd8\xff", Content(Sort.PICTURE, "JPEG", "JPEG")),
    (0, b"\x89PNG\r\n\x1a\n", Content(Sort.PICTURE, "PNG", "PNG")),
    (0, b"GIF87a", Content(Sort.PICTURE, "GIF", "GIF")),
    (0, b"GIF89a", Content(Sort.PICTURE, "GIF", "GIF")),
    (8, b"WEBP", Content(Sort.PICTURE, "WebP", "WEBP")),
    (8, b"CR\2\0", _RAW),
    (8, b"IIII", _RAW),
    (0, b"II*\0", _TIFF),
    (0, b"MM\0*", _TIFF),
    (0, b"II+\0", _TIFF),
    (0, b"MM\0+", _TIFF),
    (0, b"IIRO", _RAW),
    (0, b"IIRS", _RAW),
    (0, b"MMOR", _RAW),
    (0, b"IIU\0", _RAW),
    (0, b"II\x1a\0\0\0HEAPCCDR", _RAW),
    (0, b"FUJIFILMCCD-RAW", _RAW),
    (0, b"FOVb", _RAW),
    (0, b"\0MRM", _RAW),
    (0, b"\0\0\0\x0cjP  ", Content(Sort.PICTURE, "JPEG 2000")),
    (0, b"\0\0\0\x0cJXL ", Content(Sort.PICTURE, "JPEG XL")),
    (0, b"8BPS", Content(Sort.PICTURE, "a Photoshop document")),
    (0, b"\x1aE\xdf\xa3", _VIDEO),
    (8, b"AVI ", _VIDEO),
    (0, b"FLV\1", _VIDEO),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", _VIDEO),
    (0, b"\0\0\1\xba", _VIDEO),
    (0, b"\0\0\1\xb3", _VIDEO),
    (4, b"moov", _VIDEO),
    (4, b"mdat", _VIDEO),
    (4, b"wide", _VIDEO),
    (0, b"%PDF", Content(Sort.OTHER, "PDF")),
    (0, b"PK\x03\x04", Content(Sort.OTHER, "a ZIP archive or office document")),
    (0, b"<", Content(Sort.OTHER, "a web page or SVG")),
)
# ISO 23008-12, annex B and below: brands of files that hold pictures; HEIC is HEIF with HEVC inside.
_HEIF_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
_CONTAINER_BRANDS: Final = frozenset({b"mif1", b"msf1", b"mif2", b"miaf"})
_AVIF_BRANDS: Final = frozenset({b"avif", b"avis"})
_SOUND_BRANDS: Final = frozenset({b"M4A ", b"M4B ", b"M4P "})
_BMP_HEADERS: Final = frozenset({12, 16, 40, 52, 56, 64, 108, 124})
_TS_SYNC: Final = 0x47


def sort_of(path: Path) -> Sort:
    """Tell picture, video and other apart: by a suffix that is a picture's, else by the file's first bytes."""
    suffix = path.suffix.lower()
    if suffix in PHOTO_SUFFIXES or suffix in RAW_SUFFIXES or suffix in _OTHER_PICTURES:
        return Sort.PICTURE
    if suffix in _SIDECARS:
        return Sort.OTHER
    return content_of(_head(path)).sort


def content_of(head: bytes) -> Content:
    """Tell what a file is by its first `HEAD_BYTES` or more."""
    if head[4:8] == b"ftyp":
        return _boxed(head)
    for place, start, content in _STARTS:
        if head[place : place + len(start)] == start:
            return content
    if head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return Content(Sort.PICTURE, "BMP", "BMP")
    if (
        head[:1] == b"P"
        and head[1:2] in b"123456"
        and head[2:3].isspace()
        and (head[3:4].isdigit() or head[3:4] == b"#")
    ):
        return Content(Sort.PICTURE, "PGM/PPM", "PPM")
    return _VIDEO if _is_transport_stream(head) else UNKNOWN


def brands(head: bytes) -> tuple[bytes, ...]:
    """List the brands of an ISO media file, the major one first; none when it is no such file."""
    if head[4:8] != b"ftyp":
        return ()
    end = min(int.from_bytes(head[:4], "big"), len(head))
    return head[8:12], *(head[at : at + 4] for at in range(16, end - 3, 4))


def _boxed(head: bytes) -> Content:
    major, *others = brands(head)
    if major in _AVIF_BRANDS or (major in _CONTAINER_BRANDS and _is_avif(others)):
        return Content(Sort.PICTURE, "AVIF", "AVIF")
    if major in _HEIF_BRANDS or major in _CONTAINER_BRANDS:
        return Content(Sort.PICTURE, "HEIC", "HEIF")
    if major == b"crx ":
        return _RAW
    return Content(Sort.OTHER, "sound") if major in _SOUND_BRANDS else _VIDEO


def _is_avif(others: list[bytes]) -> bool:
    return not _AVIF_BRANDS.isdisjoint(others) and _HEIF_BRANDS.isdisjoint(others)


def _is_transport_stream(head: bytes) -> bool:
    starts = ((0, 188), (4, 192))  # the second with a time stamp before each packet, as camcorders write
    return any(
        len(head) > first + step and head[first] == _TS_SYNC and head[first + step] == _TS_SYNC
        for first, step in starts
    )


def _head(path: Path) -> bytes:
    """Return the file's first bytes; none when it is no ordinary file or cannot be read."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # reading a pipe or device may never return
            return b""
        with path.open("rb") as file:
            return file.read(HEAD_BYTES)
    except (OSError, ValueError):
        return b""
