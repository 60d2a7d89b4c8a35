"""What a kiosk sends of somebody who does not show a face: sealed for this home, signed by the kiosk, and counted.

An entry is a JSON text, signed as it is (ECDSA P-256 with SHA-256, WebCrypto's form: r and s, 32 bytes each). What was
typed or read is sealed for the key of this home (ECDH P-256, HKDF-SHA256, AES-256-GCM), so that a kiosk that keeps it
while it is alone cannot read it again. A ticket tells when the service last spoke to that kiosk.
"""

import base64
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha512
from typing import TYPE_CHECKING, Any, Final

from attendance.records import instant
from attendance.service_errors import KioskFrame, RequestInvalid

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey

    from gallery.servicevalues import CredentialKind

LATE: Final = timedelta(seconds=10)
"""An entry that is older when it comes was kept by the kiosk meanwhile."""
LONGEST_BODY: Final = 4000
_SLACK: Final = timedelta(seconds=60)
_INFO: Final = b"attendance kiosk entry"
_KINDS: Final[tuple["CredentialKind", ...]] = ("pin", "qr", "badge")
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256, FIPS 186-5
_WORD: Final = 32


@dataclass(frozen=True, slots=True)
class Posted:
    """An entry as it came: its text, and the signature of that in base64."""

    body: str
    signature: str


@dataclass(frozen=True, slots=True)
class Sealed:
    """The kiosk's key for this one entry (an uncompressed point), the nonce, and what is sealed."""

    key: bytes
    nonce: bytes
    data: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """What an entry says. ``claimed`` is the time by the kiosk's own clock, which nobody relies on.

    ``page`` names the life of the page that made it, ``seconds`` are those of its monotonic clock then. At the time
    of the ``ticket`` the kiosk's clock told ``ticket_claimed``.
    """

    counter: int
    kind: "CredentialKind"
    sealed: Sealed
    claimed: datetime
    page: str
    seconds: float
    ticket: str
    ticket_claimed: datetime


@dataclass(frozen=True, slots=True)
class Moment:
    """Of which instant an entry is, whether that is known, and whether it was kept by the kiosk for a while."""

    at: datetime
    is_known: bool
    late: bool


def entry_of(body: str) -> Entry:
    """What the text says. Raises RequestInvalid."""
    try:
        if len(body) > LONGEST_BODY:
            raise ValueError(f"more than {LONGEST_BODY} characters")  # noqa: TRY301 - mapped with the others
        return _read(json.loads(body))
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise RequestInvalid("entry", f"it cannot be read ({type(error).__name__})") from error


def _read(told: dict[str, Any]) -> Entry:
    counter, seconds, kind = told["counter"], float(told["seconds"]), told["kind"]
    if not isinstance(counter, int) or isinstance(counter, bool) or not 0 < counter < 2**53:
        raise ValueError("counter")
    if kind not in _KINDS or not 0 <= seconds < 2**40:
        raise ValueError("kind or seconds")
    sealed = Sealed(*(base64.b64decode(told["sealed"][name], validate=True) for name in ("key", "nonce", "data")))
    claimed, at_ticket = (_instant(told[name]) for name in ("claimed", "ticket_claimed"))
    return Entry(counter, kind, sealed, claimed, str(told["page"])[:64], seconds, str(told["ticket"]), at_ticket)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


# Keys


def refuse_key(text: str) -> None:
    """Raise RequestInvalid unless this is a public key as kiosks sign by."""
    _public(text)


def _public(text: str) -> "EllipticCurvePublicKey":
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        found = load_der_public_key(base64.b64decode(text, validate=True))
    except Exception as error:
        raise RequestInvalid("public_key", "this is no public key") from error
    if not isinstance(found, ec.EllipticCurvePublicKey) or not isinstance(found.curve, ec.SECP256R1):
        raise RequestInvalid("public_key", "an ECDSA key of the curve P-256 is needed")
    return found


def refuse_forged(posted: Posted, public_key: str | None) -> None:
    """Raise KioskFrame unless the text is signed by this key."""
    refuse_unsigned("entry", posted.body, posted.signature, public_key)


def refuse_unsigned(what: str, text: str, signature: str, public_key: str | None) -> None:
    """Raise KioskFrame, which names ``what`` came, unless the signature in base64 is that of the text by this key."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    try:
        told = base64.b64decode(signature, validate=True)
        if public_key is None or len(told) != 2 * _WORD:
            raise InvalidSignature  # noqa: TRY301 - all that is no signature ends the same
        r, s = int.from_bytes(told[:_WORD]), int.from_bytes(told[_WORD:])
        _public(public_key).verify(encode_dss_signature(r, s), text.encode(), ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError) as error:
        raise KioskFrame(what, "it is not signed by the key of this kiosk") from error


class KioskKeys:
    """The keys of this home for its kiosks, all made from one ``secret`` of 32 bytes."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    @property
    def public(self) -> str:
        """What kiosks seal for: an uncompressed point of P-256, in base64."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        made = self._private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return base64.b64encode(made).decode()

    @property
    def _private(self) -> "EllipticCurvePrivateKey":
        from cryptography.hazmat.primitives.asymmetric import ec

        drawn = int.from_bytes(sha512(b"attendance kiosk sealing" + self._secret).digest())
        return ec.derive_private_key(drawn % (_ORDER - 1) + 1, ec.SECP256R1())

    def opened(self, entry: Entry) -> str:
        """What was typed or read. Raises KioskFrame where it is not sealed for this home, or of another entry."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        try:
            theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), entry.sealed.key)
            shared = self._private.exchange(ec.ECDH(), theirs)
            key = HKDF(SHA256(), 32, salt=entry.sealed.key, info=_INFO).derive(shared)
            also = f"{entry.kind}:{entry.counter}".encode()
            return AESGCM(key).decrypt(entry.sealed.nonce, entry.sealed.data, also).decode()
        except (InvalidTag, ValueError) as error:
            raise KioskFrame("entry", "it is not sealed for this service") from error

    # Tickets

    def ticket(self, token: int, now: datetime) -> str:
        """What proves that the service spoke to the kiosk of this token at that instant."""
        told = instant(now)
        return f"{told}/{self._mac(token, told)}"

    def ticketed(self, token: int, ticket: str) -> datetime:
        """The instant of a ticket. Raises KioskFrame for one that was not given to this kiosk."""
        told, _, mac = ticket.partition("/")
        if not hmac.compare_digest(self._mac(token, told).encode(), mac.encode()):
            raise KioskFrame("entry", "its ticket is none of this service for this kiosk")
        return _instant(told)

    def _mac(self, token: int, told: str) -> str:
        return hmac.new(self._secret, f"ticket {token} {told}".encode(), "sha256").hexdigest()


def moment_of(entry: Entry, page: str, seconds: float, ticketed: datetime, now: datetime) -> Moment:
    """When somebody was at the kiosk, of which ``page`` sends now, ``seconds`` of its monotonic clock since it began.

    Where the page has lived on, its monotonic clock tells the age. Where it was loaded anew the time is not known: it
    is after the ticket and before now, and of these where the kiosk's clock says, if it ran on as before.
    """
    begin = min(ticketed, now)
    age = timedelta(seconds=seconds - entry.seconds) if page == entry.page else None
    if age is not None and timedelta(0) <= age <= now - begin + _SLACK:
        return Moment(now, is_known=True, late=False) if age < LATE else Moment(now - age, is_known=True, late=True)
    try:
        told = begin + (entry.claimed - entry.ticket_claimed)
    except OverflowError:
        told = now
    return Moment(min(max(told, begin), now), is_known=False, late=True)
