"""The key file of a home: 32 bytes in hexadecimal, readable for its owner alone."""

import os
import secrets
from pathlib import Path

from gallery.errors import GalleryReadOnly, KeyExposed, KeyMissing, KeyWrong
from gallery.files import new_private_file, sync_folder

KEY, WAITING = "key", "key.new"
"""The key in use, and the one that takes its place when everything is sealed anew with it."""
KEY_BYTES = 32
_OTHERS = 0o077


def _check_mode(path: Path) -> None:
    mode = path.stat().st_mode
    if os.name == "posix" and mode & _OTHERS:
        raise KeyExposed(str(path), f"its mode is {mode & 0o777:04o}, expected 0600")


def _read_key(path: Path) -> bytes:
    _check_mode(path)
    return _parsed(path)


def _parsed(path: Path) -> bytes:
    try:
        key = bytes.fromhex(path.read_text("ascii"))
    except ValueError as error:
        raise KeyWrong(str(path), "it is not the hexadecimal text of a key") from error
    if len(key) != KEY_BYTES:
        raise KeyWrong(str(path), f"expected {KEY_BYTES} bytes in hexadecimal, got {len(key)}")
    return key


def _write_key(path: Path) -> None:
    try:
        with new_private_file(path) as temporary:
            temporary.write_bytes(key_text(new_key()))
    except FileExistsError:
        return  # another process was faster: its key counts
    except OSError as error:
        raise GalleryReadOnly(str(path.parent), f"the key cannot be written: {error.strerror}") from error


def load_key(home: Path, *, create: bool) -> bytes:
    """The 32 bytes in `<home>/key`; where there is none, a fresh one if `create` holds.

    Raises KeyMissing, KeyExposed (mode other than for the owner alone), KeyWrong (malformed).
    """
    path = home / KEY
    try:
        if create and not path.exists():
            _write_key(path)
        return _read_key(path)
    except FileNotFoundError as error:
        raise KeyMissing(str(path), "no such file, and templates sealed with it are stored") from error
    except OSError as error:
        raise KeyMissing(str(path), f"it cannot be read: {error.strerror}") from error


def read_copy(path: Path) -> bytes:
    """The 32 bytes in a copy of a key file, of whatever mode: it may lie on a stick that knows none.

    Raises KeyMissing, KeyWrong (malformed).
    """
    try:
        return _parsed(path)
    except OSError as error:
        raise KeyMissing(str(path), f"it cannot be read: {error.strerror}") from error


def new_key() -> bytes:
    """32 bytes for a home that has no key yet."""
    return secrets.token_bytes(KEY_BYTES)


def key_text(key: bytes) -> bytes:
    """What a key file holds."""
    return key.hex().encode("ascii") + b"\n"


def waiting_key(home: Path) -> bytes | None:
    """The key that waits to take its place, or None; one that was not written to its end is none."""
    try:
        return _read_key(home / WAITING)
    except (OSError, KeyExposed, KeyWrong):
        return None


def write_waiting(home: Path) -> bytes:
    """A fresh key beside the one in use, over one that an interrupted rotation left; raises GalleryReadOnly."""
    path = home / WAITING
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise GalleryReadOnly(str(home), f"the key cannot be written: {error.strerror}") from error
    _write_key(path)
    return _read_key(path)


def put_in_place(home: Path) -> None:
    """Let the waiting key be the one in use."""
    (home / WAITING).replace(home / KEY)
    sync_folder(home)
