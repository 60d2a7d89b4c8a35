"""One HTTP request to a receiver: to the address that the guard has looked at, without redirects, and bounded in time.

The standard library's client is used, as it takes a connection to an address that differs from the name in the
certificate; no proxy of the environment is asked.
"""

import base64
import contextlib
import http.client
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Final

from attendance.outward.address import Target
from attendance.outward.guard import resolved

TIMEOUT_S: Final = 10.0
WHOLE_S: Final = 20.0
_READ: Final = 16384


@dataclass(frozen=True, slots=True)
class Answered:
    """What the other side said; ``retry_after_s`` where it asks for a pause."""

    status: int
    retry_after_s: float | None = None

    @property
    def taken(self) -> bool:
        """Whether it has the message."""
        return http.HTTPStatus.OK <= self.status < http.HTTPStatus.MULTIPLE_CHOICES


class _Pinned(http.client.HTTPConnection):
    """A connection to one address, under the name of another host."""

    def __init__(self, target: Target, address: str) -> None:
        super().__init__(target.host, target.port, timeout=TIMEOUT_S)
        self._target, self._address = target, address

    def connect(self) -> None:
        """Connect, and for https prove that it is the host of the name."""
        plain = socket.create_connection((self._address, self.port), TIMEOUT_S)
        if not self._target.secure:
            self.sock = plain
            return
        try:
            self.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=self._target.host)
        except BaseException:
            plain.close()
            raise


def post(target: Target, body: bytes, headers: Mapping[str, str], *, allow_private: bool) -> Answered:
    """POST a body. Raises ReceiverAddress, OSError (TLS and time-outs among them), http.client.HTTPException."""
    address = resolved(target.host, target.port, allow_private=allow_private, shown=target.shown)
    with contextlib.closing(_Pinned(target, address)) as connection:
        connection.request("POST", target.path, body, {**headers, **_login(target)})
        answer = connection.getresponse()
        _drain(answer)
        return Answered(answer.status, _pause(answer.getheader("Retry-After")))


def _drain(answer: http.client.HTTPResponse) -> None:
    """Read a little of what is said, and not for long: only the status counts."""
    end = time.monotonic() + WHOLE_S - TIMEOUT_S
    with contextlib.suppress(OSError, http.client.HTTPException):
        for _ in range(4):
            if time.monotonic() > end or not answer.read1(_READ):
                return


def _login(target: Target) -> dict[str, str]:
    if target.login is None:
        return {}
    told = base64.b64encode(f"{target.login.user}:{target.login.password}".encode()).decode()
    return {"Authorization": f"Basic {told}"}


def _pause(header: str | None) -> float | None:
    """The seconds of a Retry-After header (RFC 9110, 10.2.3): a number, or an instant."""
    if header is None:
        return None
    if header.strip().isdecimal():
        return float(header)
    with contextlib.suppress(ValueError, TypeError, OverflowError):
        return max(0.0, parsedate_to_datetime(header).timestamp() - time.time())
    return None
