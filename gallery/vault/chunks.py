"""A file sealed in chunks, so that one of any size is written and opened in little memory.

The construction is STREAM of Hoang, Reyhanitabar, Rogaway and Vizar, "Online Authenticated-Encryption and its
Nonce-Reuse Misuse-Resistance" (CRYPTO 2015), over AES-256-GCM: the nonce of a chunk is its number (11 bytes,
big-endian) and one byte that tells the last chunk from all others, so that none can be cut off, added, repeated or
moved. What stands before the chunks (the head of the file) is bound to each as associated data. Such a nonce asks
for a key that seals one file and never another: derive it with a salt of that file's own.
"""

from collections.abc import Iterator
from types import TracebackType
from typing import BinaryIO, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gallery.errors import BackupInvalid

CHUNK = 1 << 16
"""Plain bytes of a chunk; the last has 1 to this many."""
TAG = 16
_NUMBER = 11


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(_NUMBER, "big") + bytes([last])


class ChunkWriter:
    """Seals what is written to it into `file`; the last chunk goes out where its `with` ends well.

    `key` (32 bytes) must be that of this file alone; `head` is bound to every chunk.
    """

    def __init__(self, file: BinaryIO, key: bytes, head: bytes) -> None:
        self._file, self._cipher, self._head = file, AESGCM(key), head
        self._waiting = bytearray()
        self._number = 0

    def write(self, data: bytes) -> None:
        """Add plain bytes."""
        self._waiting += data
        while len(self._waiting) > CHUNK:  # a full one waits: it may be the last
            self._put(bytes(self._waiting[:CHUNK]), last=False)
            del self._waiting[:CHUNK]

    def _put(self, plain: bytes, *, last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, last=last), plain, self._head))
        self._number += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._put(bytes(self._waiting), last=True)


def opened_chunks(file: BinaryIO, key: bytes, head: bytes, where: str) -> Iterator[bytes]:
    """The plain chunks of the rest of `file`, each as soon as it proves genuine.

    That the file is whole is known when the iterator ends. Raises BackupInvalid, which names `where`.
    """
    cipher, number = AESGCM(key), 0
    sealed = file.read(CHUNK + TAG)
    while sealed:
        following = file.read(CHUNK + TAG)
        yield _opened(cipher, _nonce(number, last=not following), sealed, head, where)
        sealed, number = following, number + 1
    if number == 0:
        raise BackupInvalid(where, "it was cut short")


def _opened(cipher: AESGCM, nonce: bytes, sealed: bytes, head: bytes, where: str) -> bytes:
    try:
        return cipher.decrypt(nonce, sealed, head)
    except (InvalidTag, ValueError) as error:
        raise BackupInvalid(where, "it was cut short or changed") from error
