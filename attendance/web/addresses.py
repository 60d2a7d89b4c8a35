"""Where the service listens, and by which address browsers reach it."""

import ipaddress
import socket
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

from attendance.service_errors import RequestInvalid, ServeInsecure, ServePort

LOCAL: Final = "localhost"
WAITING: Final = 2048
"""Connections that wait to be taken."""
USUAL: Final = {"http": 80, "https": 443}
"""Ports that addresses leave out."""


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises ServePort."""
    try:
        family, *_rest, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[:2], family=family, backlog=WAITING)
    except (OSError, UnicodeError) as error:
        told = getattr(error, "strerror", None) or str(error)
        raise ServePort(f"{host}:{port}", f"the service cannot listen there: {told}") from error


def refuse_open(host: str, *, secured: bool) -> None:
    """Raise ServeInsecure where other computers would reach the service, and what is sent is not protected."""
    if not secured and not _is_loopback(host):
        raise ServeInsecure(host, "other computers reach this address, and what they send would not be protected")


def public_of(text: str) -> str:
    """The address that browsers use, as told; raises RequestInvalid where it is none."""
    parts = urlsplit(text.strip())
    try:
        known = parts.scheme in USUAL and bool(parts.hostname) and parts.port != 0
    except ValueError:
        known = False
    if not known or parts.path.strip("/") or parts.query or parts.fragment or parts.username:
        raise RequestInvalid("--public-url", "give an address without a path, such as https://attendance.example")
    return _written(parts.scheme, parts.hostname or "", parts.port)


def reached(host: str, port: int, *, secure: bool) -> str:
    """The address of what listens there, for a browser on this computer, or on another where those may come."""
    everywhere = host in {"", "0.0.0.0", "::"}  # noqa: S104 - asked, not bound # nosec B104
    name = (outward_address() or socket.gethostname()) if everywhere else host
    return _written("https" if secure else "http", name, port)


def names_of_this_computer() -> list[str]:
    """Its names, as others of the network may know it, and its addresses."""
    name = socket.gethostname()
    found = [LOCAL, name, f"{name.partition('.')[0]}.local", "127.0.0.1", "::1"]
    with suppress(OSError):
        found += sorted({str(each[4][0]).partition("%")[0] for each in socket.getaddrinfo(name, None)})
    outward = outward_address()
    return list(dict.fromkeys([*found, *([] if outward is None else [outward])]))


def outward_address() -> str | None:
    """The address by which others of the network reach this computer; nothing is sent to find out."""
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # an address for documentation (RFC 5737)
        return str(probe.getsockname()[0])
    return None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == LOCAL


def _written(scheme: str, host: str, port: int | None) -> str:
    name = f"[{host}]" if ":" in host else host.lower()
    return f"{scheme}://{name}" + ("" if port in {None, USUAL[scheme]} else f":{port}")
