"""What the answer of a camera on the network means, or that there is none: one line, and the error it comes to."""

import http.client
import socket
import ssl
from http import HTTPStatus
from typing import Final

from attendance.errors import CameraAuth, CameraCertificate, CameraError, CameraMissing, CameraPath

_AWAY: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
_LATER: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})
_SERVER_TROUBLE: Final = 500
_NO_ANSWER: Final[tuple[tuple[type[Exception], str], ...]] = (
    (socket.gaierror, "no host of this name is known"),
    (TimeoutError, "no answer came in time"),
    (ConnectionRefusedError, "the host is there, but nothing answers at this port"),
    (http.client.IncompleteRead, "the camera broke the connection off"),
    (ConnectionError, "the camera broke the connection off"),
    (http.client.InvalidURL, "no such address can be asked"),
    (http.client.HTTPException, "what answers there does not speak HTTP"),
)


def by_status(where: str, status: int, *, with_login: bool) -> CameraError:
    """The error that a status of HTTP or RTSP stands for, which uses the same numbers."""
    told = _phrase(status)
    if status == HTTPStatus.UNAUTHORIZED:
        what = "the user or the password is wrong" if with_login else "the camera asks for a user and a password"
        return CameraAuth(where, f"{what} ({told})")
    if status == HTTPStatus.FORBIDDEN:
        return CameraAuth(where, f"this is not for {'this user' if with_login else 'everybody'} to see ({told})")
    if status in _AWAY:
        return CameraPath(where, f"there is nothing at this path ({told})")
    if status >= _SERVER_TROUBLE or status in _LATER:
        return CameraMissing(where, f"the camera answers {told}")
    return CameraPath(where, f"the camera does not give this path away ({told})")


def by_error(where: str, error: OSError | http.client.HTTPException) -> CameraError:
    """The error that a failed connection stands for."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return CameraCertificate(where, f"its certificate is not trusted: {error.verify_message or error.reason}")
    return CameraMissing(where, _no_answer(error))


def _no_answer(error: OSError | http.client.HTTPException) -> str:
    if isinstance(error, ssl.SSLError):
        return f"no secure connection comes about ({error.reason or 'TLS failed'})"
    found = next((words for kind, words in _NO_ANSWER if isinstance(error, kind)), "")
    return found or (isinstance(error, OSError) and error.strerror) or "it cannot be reached"


def _phrase(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"status {status}"
