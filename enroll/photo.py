"""The one door for bytes that claim to be a photo; what they may be is checked before they are decoded."""

import hashlib
import os
import stat
from pathlib import Path

from enroll.decoder import DECODER
from enroll.errors import (
    PhotoEmpty,
    PhotoError,
    PhotoIsDirectory,
    PhotoMissing,
    PhotoTooManyBytes,
    PhotoUnreadable,
)
from enroll.face import Photo
from enroll.facts import Facts
from enroll.folders import walk
from enroll.kinds import PHOTO_SUFFIXES
from enroll.photolimits import DEFAULT_LIMITS, PhotoLimits


def read_photo(path: str | os.PathLike[str], *, limits: PhotoLimits = DEFAULT_LIMITS) -> Photo:
    """Read and decode one file, whatever its name says it is; raises a `PhotoError`."""
    return decode_photo(_read_bytes(Path(path), limits), os.fspath(path), limits=limits)


def decode_photo(data: bytes, source: str, *, limits: PhotoLimits = DEFAULT_LIMITS) -> Photo:
    """Decode the bytes of a photo to upright RGB; `source` names them in errors. Raises a `PhotoError`.

    Animations give their first frame, transparency lies on white, 16 bits are scaled to 8, and pictures with
    a longer side above `limits.reduce_to` are reduced to it.
    """
    if not data:
        raise PhotoEmpty(source, "the file is empty")
    if len(data) > limits.max_bytes:
        raise PhotoTooManyBytes(source, f"more than {limits.max_bytes} bytes")
    pixels, kind = DECODER.decode(data, source, limits)
    return Photo(pixels, source, hashlib.sha256(data).hexdigest(), kind)


def photo_facts(path: str | os.PathLike[str]) -> Facts:
    """What a picture's file tells beside its pixels; nothing where it is none, or cannot be read."""
    try:
        if not stat.S_ISREG(Path(path).stat().st_mode):  # reading a pipe or device may never return
            return Facts()
        with Path(path).open("rb") as file:
            data = file.read(DEFAULT_LIMITS.max_bytes)
        return DECODER.facts(data, os.fspath(path), DEFAULT_LIMITS)
    except (OSError, ValueError, PhotoError):  # ValueError: a zero byte
        return Facts()


def is_photo_name(path: Path) -> bool:
    """Whether the file's name is that of a photo: a known suffix, not hidden."""
    return path.suffix.lower() in PHOTO_SUFFIXES and not path.name.startswith(".")


def find_photos(folder: str | os.PathLike[str]) -> list[Path]:
    """List the photos in `folder` and below, sorted by path; hidden files and what systems make are left out.

    Links to folders are not followed. Raises `PhotoMissing` or `PhotoUnreadable` for the folder itself.
    """
    try:
        found = walk(Path(folder)).files
    except (FileNotFoundError, NotADirectoryError, ValueError) as problem:
        raise PhotoMissing(str(folder), "there is no such folder") from problem
    except OSError as problem:
        raise PhotoUnreadable(str(folder), _reason(problem)) from problem
    return [path for path in found if is_photo_name(path)]


def _read_bytes(path: Path, limits: PhotoLimits) -> bytes:
    where = str(path)
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise PhotoIsDirectory(where, "this is a folder")
        if not stat.S_ISREG(status.st_mode):  # reading a pipe or device may never return
            raise PhotoUnreadable(where, "this is no ordinary file")
        if status.st_size > limits.max_bytes:
            raise PhotoTooManyBytes(where, f"{status.st_size} bytes, at most {limits.max_bytes} are read")
        with path.open("rb") as file:
            return file.read(limits.max_bytes + 1)
    except (FileNotFoundError, NotADirectoryError, ValueError) as problem:  # ValueError: a zero byte
        raise PhotoMissing(where, "there is no such file") from problem
    except OSError as problem:
        raise PhotoUnreadable(where, _reason(problem)) from problem


def _reason(problem: OSError) -> str:
    return (problem.strerror or type(problem).__name__).lower()
