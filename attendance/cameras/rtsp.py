"""Why an RTSP address cannot be opened: the decoder does not tell, so the camera itself is asked for a description."""

import re
import socket
import ssl
from base64 import b64encode
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from attendance.cameras.address import Login, split_login
from attendance.cameras.answers import by_error, by_status
from attendance.cameras.authorities import context_of, loosened
from attendance.errors import CameraError

PORT: Final = 554
SECURE_PORT: Final = 322
_MOST: Final = 1 << 14
_STATUS: Final = re.compile(rb"^RTSP/\d\.\d (\d{3})")
_CHALLENGE: Final = re.compile(rb"^WWW-Authenticate:\s*(Basic|Digest)\b[ \t]*([^\r\n]*)", re.IGNORECASE | re.MULTILINE)
_FAILED: Final = 400
_WANTS_LOGIN: Final = 401


@dataclass(frozen=True, slots=True)
class _Line:
    """How the camera is reached: host and port, and by TLS where there is a context."""

    at: tuple[str, int]
    timeout_s: float
    context: ssl.SSLContext | None


def trusting(url: str, ca_file: str) -> ssl.SSLContext:
    """What certifies an rtsps address. Raises CameraCertificate for a file that holds no certificates."""
    place, _ = split_login(url)
    return loosened(context_of(ca_file, urlsplit(place).hostname or ""), place)


def refusal(url: str, timeout_s: float, context: ssl.SSLContext | None = None) -> CameraError | None:
    """The reason that the camera gives; None when it describes its stream well, or says nothing to the point.

    Where there is a `context` it is asked by TLS, and by nothing else.
    """
    place, login = split_login(url)
    parts = urlsplit(place)
    where = parts.hostname or ""
    try:
        port = parts.port or (PORT if context is None else SECURE_PORT)
        line = _Line((where, port), timeout_s, context)
        status, head = _describe(line, place, "")
        if status == _WANTS_LOGIN and login is not None and (proof := _proof(head, login, place)):
            status, _ = _describe(line, place, f"Authorization: {proof}\r\n")
    except OSError as error:
        return by_error(where, error)
    except ValueError:  # a port that is no number, a challenge that makes no sense
        return None
    return by_status(where, status, with_login=login is not None) if status >= _FAILED else None


def _describe(to: _Line, url: str, proof: str) -> tuple[int, bytes]:
    """Status and head of the answer; 0 when what comes is no RTSP."""
    ask = f"DESCRIBE {url} RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: attendance\r\nAccept: application/sdp\r\n{proof}\r\n"
    with _connected(to) as line:
        line.sendall(ask.encode())
        head = b""
        while b"\r\n\r\n" not in head and len(head) < _MOST and (part := line.recv(4096)):
            head += part
    found = _STATUS.match(head)
    return (int(found.group(1)) if found else 0), head


def _connected(to: _Line) -> socket.socket:
    plain = socket.create_connection(to.at, to.timeout_s)
    if to.context is None:
        return plain
    try:
        return to.context.wrap_socket(plain, server_hostname=to.at[0])
    except (OSError, ValueError):
        plain.close()
        raise


def _proof(head: bytes, login: Login, url: str) -> str | None:
    """The Authorization that the challenge in this head asks for, Digest before Basic."""
    from attendance.cameras.web import digest

    asked = {kind.lower(): rest.decode("latin-1") for kind, rest in _CHALLENGE.findall(head)}
    if b"digest" in asked:
        return digest(login).authorization("DESCRIBE", url, asked[b"digest"])
    if b"basic" in asked:
        return "Basic " + b64encode(f"{login.user}:{login.password}".encode()).decode()
    return None
