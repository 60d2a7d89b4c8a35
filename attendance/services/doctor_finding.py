"""`Finding`: what doctor says of one look."""

from dataclasses import dataclass
from typing import Any, Final

DOCTOR: Final = "attendance doctor"
"""What to type to look again."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one look: ``id`` is None when all is well; ``repair`` is what to type or do.

    One with an id and the exit code 0 is worth knowing, and no problem of the installation.
    """

    check: str
    detail: str
    id: str | None = None
    repair: str | None = None
    exit_code: int = 0

    @property
    def ok(self) -> bool:
        """Whether all is well, as far as a computer can be."""
        return self.id is None or not self.exit_code

    def to_dict(self) -> dict[str, Any]:
        """One line of ``doctor --json``."""
        return {
            "schema": 1,
            "check": self.check,
            "ok": self.ok,
            "id": self.id,
            "detail": self.detail,
            "repair": self.repair,
        }
