"""Frames of a kiosk as its page took them: each is signed by the kiosk's key, and answers the nonce of the one before.

What was recorded, changed, put in another order or made by a program that has no part in the page is no frame of the
run, and nobody is marked by it. Who has taken over the browser itself can sign what they like.
"""

import hmac
import secrets
import threading
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from attendance.service_errors import KioskFrame
from attendance.services.kioskentries import refuse_unsigned

_WHAT: Final = "attendance kiosk frame"
"""What each signed text begins with: no signature of an entry can be that of a frame."""


@dataclass(frozen=True, slots=True)
class SentFrame:
    """A frame as it came: its picture, what it says of itself, and the signature of all that in base64.

    ``light`` is the colour that the screen showed when it was taken, empty where it showed none.
    """

    run: str
    number: int
    nonce: str
    signature: str
    data: bytes = field(repr=False)
    faces: bool = True
    light: str = ""

    @property
    def text(self) -> str:
        """What is signed: one line each, the picture by its SHA-256."""
        wanted = "faces" if self.faces else "codes"
        digest = sha256(self.data).hexdigest()
        return "\n".join((_WHAT, self.run, str(self.number), self.nonce, digest, wanted, self.light))


@dataclass(frozen=True, slots=True)
class Begun:
    """A run of a kiosk's page: its name, and the nonce of its first frame."""

    run: str
    nonce: str


class Nonces:
    """The one nonce by which a run goes on; each is good for one frame. May be shared by threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now = _drawn()

    @property
    def now(self) -> str:
        """What the next frame must answer."""
        return self._now

    def take(self, sent: SentFrame, public_key: str | None) -> str:
        """Take a frame that answers the nonce of now and is signed; returns the next nonce. Raises KioskFrame.

        A frame that is refused leaves the nonce as it is: who cannot sign ends nobody's run.
        """
        what = f"frame {sent.number}"
        with self._lock:
            if not hmac.compare_digest(self._now.encode(), sent.nonce.encode()):
                raise KioskFrame(what, "it does not answer the frame before it")
            refuse_unsigned(what, sent.text, sent.signature, public_key)
            self._now = _drawn()
            return self._now


def _drawn() -> str:
    return secrets.token_urlsafe(16)
