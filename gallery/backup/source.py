"""A backup to be read: its head at once, then as often as needed what is sealed in it."""

import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from gallery.backup.head import LIMIT, Head
from gallery.errors import BackupInvalid
from gallery.vault.chunks import opened_chunks

_STEP = 1 << 20
"""Most bytes that are unpacked at once."""


class Source:
    """The file `path`; raises BackupInvalid where it is no backup, GalleryNewer where it is of a later version."""

    def __init__(self, path: Path) -> None:
        self.where = str(path)
        self._path = Path(path)
        with self._open() as file:
            self.head = Head.read(file, self.where)

    @contextmanager
    def _open(self) -> Iterator[BinaryIO]:
        try:
            if self._path.exists() and not self._path.is_file():
                raise BackupInvalid(self.where, "it is no file")
            with self._path.open("rb") as file:
                yield file
        except OSError as error:
            raise BackupInvalid(self.where, f"it cannot be read: {error.strerror}") from error

    def _chunks(self, file: BinaryIO, sealing: bytes) -> Iterator[bytes]:
        line = file.readline(LIMIT)
        return opened_chunks(file, sealing, line, self.where)

    def prove(self, sealing: bytes) -> None:
        """Raise BackupInvalid unless the whole file is as it was written, with this key that sealed it."""
        with self._open() as file:
            for _ in self._chunks(file, sealing):
                pass

    def lines(self, sealing: bytes) -> Iterator[bytes]:
        """The lines that are sealed in it, each with its end; raises BackupInvalid."""
        with self._open() as file:
            yield from _lines(self._unpacked(self._chunks(file, sealing)))

    def _unpacked(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        unpacker = zlib.decompressobj()
        try:
            for chunk in chunks:
                left = chunk
                while left:
                    yield unpacker.decompress(left, _STEP)
                    left = unpacker.unconsumed_tail
            yield unpacker.flush()
        except zlib.error as error:
            raise BackupInvalid(self.where, "what is sealed in it cannot be unpacked") from error


def _lines(parts: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for part in parts:
        *whole, rest = (rest + part).split(b"\n")
        for line in whole:
            yield line + b"\n"
    if rest:
        yield rest
