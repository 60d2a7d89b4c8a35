"""Which state of something was read, so that a change of another state is refused."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from attendance.service_errors import EditChanged


def version_of(shown: Mapping[str, Any]) -> str:
    """Sixteen hexadecimal digits that two states share only if they are shown alike."""
    text = json.dumps(shown, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def refuse_changed(expected: str | None, present: str, where: str) -> None:
    """Raise EditChanged where a state is expected and is not the present one; None expects nothing."""
    if expected is not None and expected != present:
        raise EditChanged(where, "somebody has changed it since you looked at it")
