"""The wrapping keys that this process has been given, so that each is asked for, derived or fetched once."""

import hashlib
import os
import threading
from functools import cache
from time import monotonic
from typing import Final

from gallery.errors import GalleryUnusable, KeyPassphrase, KeySource
from gallery.vault.envelope import KEY_BYTES, Envelope, Wrapper, parsed, plain_text
from gallery.vault.passphrases import checked_new, to_bytes
from gallery.vault.sources import COMMAND, KEY, Sources

AGAIN_S: Final = 60.0
"""For how long a source that failed is not asked again: others wait for the database meanwhile."""


class Keyring:
    """Opens and makes what key files hold; may be used by several threads at once."""

    def __init__(self, sources: Sources | None = None) -> None:
        self._sources = sources or Sources()
        self._wrapping: dict[bytes, bytes] = {}  # by the name of the envelope, which a rotation keeps
        self._opened: dict[bytes, bytes] = {}  # by the digest of the file
        # By the file and what the source was given.
        self._failed: dict[tuple[bytes, str], tuple[float, GalleryUnusable]] = {}
        self._lock = threading.RLock()

    def opened(self, data: bytes, where: str) -> bytes:
        """The data key in the content of the key file ``where``.

        Raises KeyWrong (malformed), KeySource (nothing gives the wrapping key), KeyPassphrase (it is wrong).
        """
        found = parsed(data, where)
        if isinstance(found, bytes):
            return found
        digest = hashlib.sha256(data).digest()
        with self._lock:
            if digest not in self._opened:
                self._opened[digest] = self._tried(found, where, (digest, self._sources.given(found.by)))
            return self._opened[digest]

    def _tried(self, envelope: Envelope, where: str, attempt: "tuple[bytes, str]") -> bytes:
        """As `_unwrapped`; the same attempt that failed just now fails again without a try."""
        until, before = self._failed.get(attempt, (0.0, None))
        if before is not None and monotonic() < until:
            raise type(before)(before.where, before.detail)
        try:
            return self._unwrapped(envelope, where)
        except GalleryUnusable as error:
            self._failed[attempt] = (monotonic() + AGAIN_S, error)
            raise

    def _unwrapped(self, envelope: Envelope, where: str) -> bytes:
        known = self._wrapping.get(envelope.name)
        key = None if known is None else envelope.opened(known)
        if key is not None:
            return key
        wrapping = envelope.wrapping_key(self._sources.secret(envelope.by, where))
        key = envelope.opened(wrapping)
        if key is None:
            raise _wrong(envelope.by, where)
        self._wrapping[envelope.name] = wrapping
        return key

    def fresh(self, like: bytes | None, where: str) -> bytes:
        """The content of a key file with a new random data key, which the wrapping key of the content ``like`` wraps.

        Without ``like`` it is that of a new home: wrapped by whichever source the environment names. Raises as
        `opened`, and PassphraseShort.
        """
        if like is None:
            by = self._sources.wanted()
            return self.holding(os.urandom(KEY_BYTES), None if by is None else self.wrapper(by, where))
        self.opened(like, where)
        envelope = parsed(like, where)
        return self.holding(os.urandom(KEY_BYTES), envelope if isinstance(envelope, Envelope) else None)

    def wrapper(self, by: Wrapper, where: str, *, passphrase: str | None = None) -> Envelope:
        """An empty envelope with a salt of its own, whose wrapping key is known here from now on.

        Without ``passphrase`` what wraps comes from its source. Raises KeySource, PassphraseShort.
        """
        secret = to_bytes(passphrase) if passphrase is not None else self._sources.secret(by, where)
        if by == "passphrase":
            checked_new(secret.decode("utf-8", "surrogateescape"), where)
        envelope = Envelope.new(by)
        wrapping = envelope.wrapping_key(secret)
        with self._lock:
            self._wrapping[envelope.name] = wrapping
        return envelope

    def holding(self, key: bytes, envelope: Envelope | None) -> bytes:
        """The content of a key file with this data key, wrapped as an envelope of this ring is; None: plain."""
        if envelope is None:
            return plain_text(key)
        with self._lock:
            data = envelope.holding(key, self._wrapping[envelope.name]).text
            self._opened[hashlib.sha256(data).digest()] = key
            return data


def _wrong(by: Wrapper, where: str) -> GalleryUnusable:
    if by == "passphrase":
        return KeyPassphrase(where, "the passphrase is wrong, or the file was changed")
    source = KEY if by == "environment" else f"what {COMMAND} prints"
    return KeySource(where, f"{source} is not the key that it was wrapped with, or the file was changed")


@cache
def of_process() -> Keyring:
    """The one of this process: environment, commands and its terminal."""
    return Keyring()
