"""Traces of somebody in files: what their data looks like as bytes, and a search for it in whatever a folder holds.

    needles = [*of_text("name", "Ada Lovelace"), *of_vector("template", vector), *of_bytes("face", picture)]
    for each in scan(home, needles):
        print(each.path, each.hits)

A needle is short (`LEAST` to `WINDOW` bytes, hexadecimal and base64 accordingly longer): a database keeps long values
in pieces. Long values give several needles, from places all over them. What a file has packed (zip, gzip, the streams
of a PDF) is unpacked to be searched; what cannot be is said.
"""

import base64
import gzip
import hashlib
import io
import json
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final, Protocol
from unicodedata import normalize
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from refusal.zips import BROKEN_ZIP

WINDOW: Final = 32
"""Bytes of a long value that one needle is made of."""
LEAST: Final = 4
"""Fewer bytes stand in any file by chance."""
LONG_TEXT: Final = 64
CHUNK: Final = 1 << 22
MOST_UNPACKED: Final = 1 << 30
"""Bytes that are unpacked of one file at most: a small file may hold a thousand times as many."""
_LIVELY: Final = 8
"""Different values that the bytes of a window have at least: zeros are everywhere."""
_HEAD: Final = 640
"""Bytes at the beginning of pictures that all of a kind share."""
_STRIDE: Final = 512
_NUMBERS: Final = 3


@dataclass(frozen=True, slots=True)
class Needle:
    """Bytes to be looked for: what they are of (``kind``), and how it is written (``form``)."""

    kind: str
    form: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Scanned:
    """A file that was looked through: its path within the folder, size, SHA-256, and hits by kind and form.

    ``problem`` says in words what could not be searched, None where all of it was.
    """

    path: str
    bytes: int
    sha256: str
    hits: Mapping[tuple[str, str], int] = field(default_factory=dict)
    problem: str | None = None


# What to look for


def of_text(kind: str, text: str) -> list[Needle]:
    """Text as UTF-8, UTF-16 of both orders, Latin-1, escaped as in JSON, and as in an address; none too short."""
    decomposed = normalize("NFD", text)
    forms = {
        "utf-8": text.encode(),
        "utf-16-le": text.encode("utf-16-le"),
        "utf-16-be": text.encode("utf-16-be"),
        "json": json.dumps(text)[1:-1].encode(),
        "latin-1": text.encode("latin-1", "ignore") if _fits(text) else b"",
        "percent": quote(text).encode(),
        "decomposed": decomposed.encode(),
    }
    seen: dict[bytes, Needle] = {}
    for form, data in forms.items():
        for part in _parts(data):
            if len(part) >= LEAST:
                seen.setdefault(part, Needle(kind, form, part))
    return list(seen.values())


def _fits(text: str) -> bool:
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True


def _parts(data: bytes) -> list[bytes]:
    if len(data) <= LONG_TEXT:
        return [data]
    return [data[at : at + WINDOW] for at in _offsets(len(data), LONG_TEXT)]


def of_vector(kind: str, vector: NDArray[np.floating]) -> list[Needle]:
    """A template (d,) as float32, float16, float64, each as bytes, hexadecimal and base64, and as numbers in JSON."""
    values = np.asarray(vector, dtype="<f4").ravel()
    found = [
        each
        for name, kind_of in (("float32", "<f4"), ("float16", "<f2"), ("float64", "<f8"))
        for each in of_bytes(kind, values.astype(kind_of).tobytes(), form=name, head=0, stride=128)
    ]
    for at in range(0, len(values) - _NUMBERS, 16):
        numbers = [repr(float(each)) for each in values[at : at + _NUMBERS]]
        found += [Needle(kind, "numbers", gap.join(numbers).encode()) for gap in (",", ", ")]
    return found


def of_bytes(kind: str, data: bytes, *, form: str = "bytes", head: int = _HEAD, stride: int = _STRIDE) -> list[Needle]:
    """Windows of a value all over it, as they are, in hexadecimal, and in base64 at each of three alignments.

    ``head`` bytes at its beginning are passed over, as others share them; of a short value the second half counts.
    """
    begin = min(head, len(data) // 2)
    found: list[Needle] = []
    for at in _offsets(len(data) - begin, stride):
        window = data[begin + at : begin + at + WINDOW]
        if len(window) < min(WINDOW, len(data)) or len(set(window)) < min(_LIVELY, len(window)):
            continue
        found += [
            Needle(kind, form, window),
            Needle(kind, f"{form} hex", window.hex().encode()),
            Needle(kind, f"{form} hex", window.hex().upper().encode()),
            *(Needle(kind, f"{form} base64", each) for each in _base64(window)),
        ]
    return [each for each in found if len(each.data) >= LEAST]


def _base64(window: bytes) -> Iterator[bytes]:
    """What of base64 depends on the window alone, whichever of three bytes it begins at, in both alphabets."""
    for before in range(3):
        written = base64.b64encode(bytes(before) + window)
        inner = written[(0, 2, 3)[before] :][: (len(window) * 8 - (0, 4, 2)[before]) // 6]
        yield inner
        if b"+" in inner or b"/" in inner:
            yield inner.translate(bytes.maketrans(b"+/", b"-_"))


def _offsets(length: int, stride: int) -> list[int]:
    """Beginnings of windows all over so many bytes, the last of them at the very end."""
    last = max(length - WINDOW, 0)
    return sorted({*range(0, last + 1, stride), last})


# Looking for it


class Readable(Protocol):
    """What gives bytes until there are none."""

    def read(self, size: int, /) -> bytes:
        """At most so many."""


class Search:
    """Many needles at once: four bytes of each are looked for at every place, the rest around where those are."""

    def __init__(self, needles: Iterable[Needle]) -> None:
        self._by_key: dict[int, list[tuple[int, Needle]]] = {}
        self.longest = 1
        for each in dict.fromkeys(needles):
            if len(each.data) < LEAST:
                raise ValueError(f"a needle has at least {LEAST} bytes, got {len(each.data)}")
            at = _telling(each.data)
            self._by_key.setdefault(int.from_bytes(each.data[at : at + LEAST], "little"), []).append((at, each))
            self.longest = max(self.longest, len(each.data))
        self._keys = np.array(sorted(self._by_key), dtype=np.uint32)
        self._pairs = np.zeros(1 << 16, dtype=bool)
        self._pairs[self._keys & 0xFFFF] = True

    def hits(self, data: bytes) -> Iterator[tuple[int, Needle]]:
        """Where which needle begins in these bytes."""
        if len(data) < LEAST or not self._by_key:
            return
        values = np.frombuffer(data, dtype=np.uint8).astype(np.uint16)
        pairs = values[:-1] | values[1:] << 8
        places = np.flatnonzero(self._pairs[pairs[:-2]])
        keys = pairs[places].astype(np.uint32) | pairs[places + 2].astype(np.uint32) << 16
        for at in places[np.isin(keys, self._keys)]:
            place = int(at)
            for before, each in self._by_key[int.from_bytes(data[place : place + LEAST], "little")]:
                if before <= place and data.startswith(each.data, place - before):
                    yield place - before, each

    def count(self, stream: Readable, *, chunk: int = CHUNK, digest: "hashlib._Hash | None" = None) -> "Counted":
        """Read a stream to its end, some at a time; what lies across two pieces is found, and counted once."""
        found: Counter[tuple[str, str]] = Counter()
        tail, size = b"", 0
        while part := stream.read(chunk):
            size += len(part)
            if digest is not None:
                digest.update(part)
            data = tail + part
            for at, each in self.hits(data):
                if at + len(each.data) > len(tail):
                    found[each.kind, each.form] += 1
            tail = data[-(self.longest - 1) :] if self.longest > 1 else b""
        return Counted(found, size)


def _telling(data: bytes) -> int:
    """Where the first four bytes begin that are unlike each other, or as unlike as any: zeros are everywhere."""
    best = most = 0
    for at in range(len(data) - LEAST + 1):
        unlike = len(set(data[at : at + LEAST]))
        if unlike > most:
            best, most = at, unlike
        if most == LEAST:
            break
    return best


@dataclass(frozen=True, slots=True)
class Counted:
    """Hits by kind and form in so many bytes."""

    hits: Counter[tuple[str, str]]
    bytes: int


def scan(folder: Path, needles: Iterable[Needle], *, chunk: int = CHUNK) -> Iterator[Scanned]:
    """Look through every file of a folder and of those in it, in order of their paths; links are not followed."""
    search = Search(needles)
    for path in sorted(folder.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            continue
        yield scan_file(path, path.relative_to(folder).as_posix(), search, chunk=chunk)


def scan_file(path: Path, called: str, search: Search, *, chunk: int = CHUNK) -> Scanned:
    """Look through one file."""
    if path.is_symlink() or not path.is_file():
        return Scanned(called, 0, "", problem="no ordinary file" if path.exists() or path.is_symlink() else "gone")
    digest = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            found = search.count(stream, chunk=chunk, digest=digest)
            stream.seek(0)
            inside, problem = _inside(stream, search)
    except FileNotFoundError:
        return Scanned(called, 0, "", problem="gone")
    except OSError as error:
        return Scanned(called, 0, "", problem=f"cannot be read: {error.strerror or error}")
    return Scanned(called, found.bytes, digest.hexdigest(), dict(found.hits + inside), problem)


# What is packed


def _inside(stream: IO[bytes], search: Search) -> tuple[Counter[tuple[str, str]], str | None]:
    """Hits in what a file has packed, and what could not be unpacked."""
    head = stream.read(8)
    stream.seek(0)
    found: Counter[tuple[str, str]] = Counter()
    unpack = next((each for sign, each in _PACKED.items() if head.startswith(sign)), None)
    if unpack is None:
        return found, None
    left = MOST_UNPACKED
    try:
        for part in unpack(stream):
            limited = _Limited(part, left)
            found += search.count(limited).hits
            left = limited.left
            if not left:
                return found, "too much is packed in it to be searched"
    except (*BROKEN_ZIP, OSError) as error:
        return found, f"what is packed in it cannot be searched: {error}"
    return found, None


class _Limited:
    """The first bytes of a stream."""

    def __init__(self, stream: Readable, left: int) -> None:
        self._stream, self.left = stream, left

    def read(self, size: int, /) -> bytes:
        """Some of them."""
        found = self._stream.read(min(size, self.left))
        self.left -= len(found)
        return found


def _zipped(stream: IO[bytes]) -> Iterator[Readable]:
    with zipfile.ZipFile(stream) as packed:
        for each in packed.infolist():
            yield io.BytesIO(each.filename.encode())
            with packed.open(each) as member:
                yield member
            with packed.open(each) as member:
                head = member.read(4)
            if head == b"PK\x03\x04" and each.file_size < CHUNK * 16:
                yield from _zipped(io.BytesIO(packed.read(each)))


def _gzipped(stream: IO[bytes]) -> Iterator[Readable]:
    with gzip.open(stream) as packed:
        yield packed


def _streams(stream: IO[bytes]) -> Iterator[Readable]:
    """The streams of a PDF: letters in them may be numbers of a font's own, so that text is not found for sure."""
    for each in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", stream.read(), re.DOTALL):
        data = each[1]
        try:
            if data.endswith(b"~>"):
                data = base64.a85decode(data, adobe=True)
            yield io.BytesIO(zlib.decompressobj().decompress(data, MOST_UNPACKED))
        except (ValueError, zlib.error):
            continue


_PACKED: Final = {b"PK\x03\x04": _zipped, b"\x1f\x8b": _gzipped, b"%PDF": _streams}
UNSEARCHABLE: Final = frozenset({".pdf", ".png", ".jpg", ".jpeg", ".webp", ".svg"})
"""Suffixes of files in which a name may stand as a drawing alone."""
