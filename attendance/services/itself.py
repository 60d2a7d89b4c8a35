"""Whether a camera's address leads to the service itself, which would then watch what it shows."""

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from attendance.cameras import Address, Kind
from attendance.cameras.address import split_login
from attendance.service_errors import CameraItself

if TYPE_CHECKING:
    from collections.abc import Collection

PORTS: Final = {"http": 80, "https": 443, "rtsp": 554, "rtsps": 322}


@dataclass(frozen=True, slots=True)
class Served:
    """Where the service answers: at ``port`` of this computer, and to browsers at the address ``public``."""

    port: int
    public: str = ""

    def refuse(self, address: Address) -> None:
        """Raise CameraItself for an address that leads here. A name that is not known leads nowhere."""
        if address.kind is not Kind.STREAM:
            return
        host, port = _target(address.value)
        if not host or port is None:
            return
        if (host, port) == _target(self.public):
            raise CameraItself(address.shown, "this is the address of this service")
        if port == self.port and any(_is_own(each) for each in _resolved(host, port)):
            raise CameraItself(address.shown, "this leads to this computer, to the port of this service")


def _target(url: str) -> tuple[str, int | None]:
    """Host and port that an address asks."""
    try:
        parts = urlsplit(split_login(url)[0])
        port = parts.port
    except ValueError:
        return "", None
    return (parts.hostname or "").rstrip("."), port or PORTS.get(parts.scheme.lower())


def _resolved(host: str, port: int) -> "Collection[str]":
    try:
        return {str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        return ()


def _is_own(ip: str) -> bool:
    """Whether this computer has this address: only then can a socket be bound to it."""
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((ip, 0))
    except OSError:
        return False
    return True
