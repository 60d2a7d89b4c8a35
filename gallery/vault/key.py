"""The key file of a home: its data key, plain or in an envelope, readable for its owner alone."""

import hashlib
import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from gallery.errors import GalleryFull, GalleryReadOnly, KeyExposed, KeyMissing
from gallery.files import NO_ROOM, new_private_file, sync_folder
from gallery.vault.envelope import LIMIT, Envelope, Wrapper, parsed, plain_text
from gallery.vault.keyring import Keyring, of_process

KEY, WAITING = "key", "key.new"
"""The key in use, and the one that takes its place when everything is sealed anew with it."""
_OTHERS = 0o077


def _check_mode(path: Path) -> None:
    mode = path.stat().st_mode
    if os.name == "posix" and mode & _OTHERS:
        raise KeyExposed(str(path), f"its mode is {mode & 0o777:04o}, expected 0600")


def read_private(path: Path) -> bytes:
    """What a key file holds; raises KeyMissing, KeyExposed (mode other than for the owner alone)."""
    try:
        _check_mode(path)
        return _content(path)
    except FileNotFoundError as error:
        raise KeyMissing(str(path), "no such file, and what is stored was sealed with it") from error
    except OSError as error:
        raise KeyMissing(str(path), f"it cannot be read: {error.strerror}") from error


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(LIMIT + 1)


def write_new(path: Path, data: bytes) -> None:
    """A private key file; raises FileExistsError, GalleryFull, GalleryReadOnly."""
    try:
        with new_private_file(path) as temporary:
            temporary.write_bytes(data)
    except FileExistsError:
        raise
    except OSError as error:
        raise _unwritable(path.parent, error) from error


def _unwritable(home: Path, error: OSError) -> GalleryFull | GalleryReadOnly:
    wanted = GalleryFull if error.errno in NO_ROOM else GalleryReadOnly
    return wanted(str(home), f"the key cannot be written: {error.strerror}")


def load_key(home: Path, *, create: bool, keyring: Keyring | None = None) -> bytes:
    """The 32 bytes in `<home>/key`; where there is none, a fresh one if `create` holds.

    Raises KeyMissing, KeyExposed (mode other than for the owner alone), KeyWrong (malformed), KeySource and
    KeyPassphrase where it is wrapped and does not open.
    """
    path, ring = home / KEY, keyring or of_process()
    if create and not path.exists():
        with suppress(FileExistsError):  # another process was faster: its key counts
            write_new(path, ring.fresh(None, str(path)))
    return ring.opened(read_private(path), str(path))


def read_copy(path: Path, keyring: Keyring | None = None) -> bytes:
    """The 32 bytes in a copy of a key file, of whatever mode: it may lie on a stick that knows none.

    Raises KeyMissing, KeyWrong (malformed), KeySource, KeyPassphrase.
    """
    return (keyring or of_process()).opened(copy_content(path), str(path))


def copy_content(path: Path) -> bytes:
    """What a copy of a key file holds; raises KeyMissing."""
    try:
        return _content(path)
    except OSError as error:
        raise KeyMissing(str(path), f"it cannot be read: {error.strerror}") from error


def wrapper_of(home: Path) -> Wrapper | None:
    """What wraps the key in its file; None where it lies plain. Raises KeyMissing, KeyExposed, KeyWrong."""
    path = home / KEY
    found = parsed(read_private(path), str(path))
    return found.by if isinstance(found, Envelope) else None


def key_text(key: bytes) -> bytes:
    """What a key file holds that nothing wraps."""
    return plain_text(key)


def fingerprint(data: bytes) -> str:
    """By which the database knows the key file that belongs to it; nothing of the key can be told from it."""
    return hashlib.sha256(data).hexdigest()


def waiting(home: Path) -> bytes | None:
    """What the key file holds that waits to take its place; None where there is none that others cannot read."""
    try:
        return read_private(home / WAITING)
    except (KeyMissing, KeyExposed):
        return None


def write_waiting(home: Path, data: bytes) -> None:
    """A key file beside the one in use, over one that was left there; raises GalleryFull, GalleryReadOnly."""
    drop_waiting(home)
    write_new(home / WAITING, data)


def drop_waiting(home: Path) -> None:
    """Delete the one that waits; raises GalleryReadOnly."""
    try:
        (home / WAITING).unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(home, error) from error


def put_in_place(home: Path) -> None:
    """Let the waiting key be the one in use; raises GalleryFull, GalleryReadOnly."""
    try:
        (home / WAITING).replace(home / KEY)
        sync_folder(home)
    except OSError as error:
        raise _unwritable(home, error) from error


def set_aside(home: Path, at: datetime) -> None:
    """Keep a copy of the file that lies where the key was, as backups may open with it; raises as `write_new`."""
    path = home / KEY
    if not path.exists():
        return
    with suppress(FileExistsError):  # of an attempt in the same second
        write_new(home / f"{KEY}.lost-{at.astimezone(UTC):%Y%m%dT%H%M%SZ}", copy_content(path))
