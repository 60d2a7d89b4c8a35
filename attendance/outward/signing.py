"""Signatures of Standard Webhooks (standardwebhooks.com, version 1): HMAC-SHA256 over ``id.timestamp.body``."""

import base64
import hmac
import secrets
from typing import Final

PREFIX: Final = "whsec_"
SECRET_BYTES: Final = 32


def new_secret() -> bytes:
    """A secret of 32 random bytes."""
    return secrets.token_bytes(SECRET_BYTES)


def told_secret(secret: bytes) -> str:
    """The secret as receivers' libraries take it: ``whsec_`` and base64."""
    return PREFIX + base64.b64encode(secret).decode()


def signature(secret: bytes, number: str, seconds: int, body: bytes) -> str:
    """The header ``webhook-signature`` of a message sent at that Unix second."""
    signed = b".".join((number.encode(), str(seconds).encode(), body))
    return "v1," + base64.b64encode(hmac.digest(secret, signed, "sha256")).decode()


def headers(secret: bytes, number: str, seconds: int, body: bytes) -> dict[str, str]:
    """The three headers of a message."""
    return {
        "webhook-id": number,
        "webhook-timestamp": str(seconds),
        "webhook-signature": signature(secret, number, seconds, body),
    }
