"""What a camera is given as: device number, URL or video file; and how to name it without its password."""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from attendance.errors import CameraAddress, CameraMissing

STREAM_SCHEMES: Final = ("rtsp", "rtsps", "http", "https")
HIDDEN: Final = "***"

_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^\s'\"<>]+", re.IGNORECASE)
_HOST = re.compile(r"\[[0-9a-f:.%]+\]|[^\s/:?#\[\]]+", re.IGNORECASE)
# What an address holds whose scheme was forgotten: a login before its host, or a query. C:/ begins a path.
_BARE = re.compile(r"(?i)(?![a-z]:[\\/])[^/\\]*:.*@|.*\?.*=|.*(?:user|login|pass\w*|pwd|token|auth|key)=", re.DOTALL)
_PATH_STARTS = ("/", "\\", "./", "../", "~/")
# Some recorders want their password in the path: /user=admin_password=secret_channel=1.sdp
_SECRET_IN_PATH = re.compile(r"((?:user|login|pass\w*|pwd|token|auth|key)=)[^/]*", re.IGNORECASE)


class Kind(StrEnum):
    """The three sorts of camera."""

    DEVICE = "device"
    STREAM = "stream"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Address:
    """Where frames come from; ``value`` may hold a password, ``shown`` is for people and records."""

    kind: Kind
    value: str = field(repr=False)
    shown: str


@dataclass(frozen=True, slots=True)
class Login:
    """A user and a password, as the camera knows them: nothing in them is escaped."""

    user: str
    password: str = field(repr=False)


def parse_address(text: str) -> Address:
    """Tell device number, URL and file apart.

    Raises `CameraAddress` for text that is none of them, `CameraMissing` for a file that is not there.
    """
    text = text.strip()
    if text.isdecimal():
        return Address(Kind.DEVICE, str(int(text)), str(int(text)))
    if _SCHEME.match(text):
        return _stream(text)
    if not text or "\0" in text:
        raise CameraAddress(repr(hidden(text)), "expected a device number, an address or a video file")
    return _local(Path(text).expanduser(), text)


def is_address(text: str) -> bool:
    """Whether people would take the text for the address of a camera, be it a good one or not: it can name no place."""
    text = text.strip()
    written_so = text.isdecimal() or "://" in text or text.startswith(_PATH_STARTS) or _BARE.match(text) is not None
    return written_so or _exists(text)


def hidden(text: str) -> str:
    """The text of an address, good or not, without what may be a password in it."""
    text = text.strip()
    if _SCHEME.match(text):
        return _redact_url(text)
    return _redact_url(f"x://{text}").removeprefix("x://") if _BARE.match(text) else text


def redact(text: str) -> str:
    """Return `text` with user, password and query of every URL in it replaced by ``***``."""
    return _URL.sub(lambda match: _redact_url(match.group()), text)


def split_login(url: str) -> tuple[str, Login | None]:
    """The URL without its user and password, and these two, if it holds them."""
    scheme, _, rest = url.partition("://")
    place = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "@" in place:
        end = place.rindex("@")
    elif "@" in rest and re.search(r"^[^\[\]]*:(?!\d*$)", place):  # no port: a password with a / ? or # in it
        end = rest.rindex("@")
    else:
        return url, None
    user, _, password = rest[:end].partition(":")
    return f"{scheme}://{rest[end + 1 :]}", Login(unquote(user), unquote(password))


def _stream(text: str) -> Address:
    shown = _redact_url(text)
    if text.split("://", 1)[0].lower() not in STREAM_SCHEMES:
        raise CameraAddress(shown, f"the scheme is none of {', '.join(STREAM_SCHEMES)}")
    if not _HOST.match(shown.split("://", 1)[1].removeprefix(f"{HIDDEN}@")):
        raise CameraAddress(shown, "the address names no host")
    if not _has_port(split_login(text)[0]):
        raise CameraAddress(shown, "the port is no number from 1 to 65535")
    return Address(Kind.STREAM, text, shown)


def _has_port(url: str) -> bool:
    """Whether the port, if there is one, is one."""
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False


def _local(path: Path, text: str) -> Address:
    if path.is_char_device():
        return Address(Kind.DEVICE, str(path), text)
    if path.is_dir():
        raise CameraAddress(text, "this is a folder, not a video")
    if not path.exists():
        raise CameraMissing(hidden(text), "no such file or device")
    # Resolved: FFmpeg takes a bare name such as "concat:a" for a protocol.
    return Address(Kind.FILE, str(path.resolve()), text)


def _exists(text: str) -> bool:
    try:
        return Path(text).exists()
    except (OSError, ValueError):
        return False


def _redact_url(url: str) -> str:
    scheme, rest = url.split("://", 1)
    # All up to the last @ may belong to the password, which may hold any of :/?# unescaped.
    _, at, rest = rest.rpartition("@")
    place, mark, _ = re.split(r"([?#]|$)", rest, maxsplit=1)
    place = _SECRET_IN_PATH.sub(lambda match: match.group(1) + HIDDEN, place)
    return f"{scheme}://{HIDDEN + at if at else ''}{place}{mark + HIDDEN if mark else ''}"
