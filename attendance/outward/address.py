"""The address of a receiver: http and https for webhooks, mqtt and mqtts for a broker."""

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from attendance.cameras.address import hidden, split_login
from attendance.service_errors import ReceiverAddress

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attendance.cameras.address import Login

PORTS: "Final[Mapping[str, int]]" = MappingProxyType({"http": 80, "https": 443, "mqtt": 1883, "mqtts": 8883})
KINDS: "Final[Mapping[str, str]]" = MappingProxyType(
    {"http": "webhook", "https": "webhook", "mqtt": "mqtt", "mqtts": "mqtt"}
)
"""What kind of receiver a scheme is of."""
LONGEST: Final = 2000


@dataclass(frozen=True, slots=True)
class Target:
    """Where a receiver is reached; ``shown`` is for people and records, without password and query."""

    scheme: str
    host: str
    port: int
    path: str = field(repr=False)
    login: "Login | None" = field(repr=False)
    shown: str

    @property
    def secure(self) -> bool:
        """Whether it is reached by TLS."""
        return self.scheme in {"https", "mqtts"}

    @property
    def kind(self) -> str:
        """Webhook or mqtt."""
        return KINDS[self.scheme]


def parse_target(text: str) -> Target:
    """Read an address. Raises ReceiverAddress, which never shows the password."""
    text = text.strip()
    shown = hidden(text)[:LONGEST]
    if not text.isascii() or not text.isprintable() or " " in text or len(text) > LONGEST:
        raise ReceiverAddress(shown, f"an address holds no spaces, and at most {LONGEST} plain letters")
    bare, login = split_login(text) if "://" in text else (text, None)
    try:
        parts = urlsplit(bare)
        port = parts.port
    except ValueError as error:
        raise ReceiverAddress(shown, str(error)) from error
    if parts.scheme not in KINDS or not parts.hostname:
        raise ReceiverAddress(shown, f"expected {', '.join(f'{each}://HOST' for each in KINDS)}")
    if port == 0:
        raise ReceiverAddress(shown, "the port is no number from 1 to 65535")
    if parts.fragment:
        raise ReceiverAddress(shown, "the part after # is never sent: leave it out")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, parts.hostname, port or PORTS[parts.scheme], path, login, shown)
