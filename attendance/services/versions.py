"""Versions of what is shown: whoever changes something says which state of it they saw."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from attendance.service_errors import EditChanged

DIGITS: Final = 16


def version_of(shown: Mapping[str, Any]) -> str:
    """16 hexadecimal digits that are others whenever anything of what is shown is another; keys have no order."""
    text = json.dumps(shown, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:DIGITS]


def refuse_changed(where: str, shown: Mapping[str, Any], expected: str | None) -> None:
    """Raise EditChanged unless what is there now is the version that was seen; None stands for any.

    To be asked in the same transaction as the change.
    """
    if expected is not None and version_of(shown) != expected:
        raise EditChanged(where, "it was changed since it was read")
