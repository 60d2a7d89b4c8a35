"""What data protection keeps, as values: texts that people were asked by, their words, forms."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

Purpose = Literal["face", "photo", "unknown"]
"""What somebody agrees to: templates and being recognised by them; a kept crop; a kept face that waits for a look."""
Basis = Literal["consent", "contract", "law"]
GivenBy = Literal["self", "guardian"]
Method = Literal["page", "paper", "spoken"]
PURPOSES: Final[tuple[Purpose, ...]] = ("face", "photo", "unknown")


@dataclass(frozen=True, slots=True)
class ConsentText:
    """What people were asked by, under its version and language."""

    id: int
    version: str
    language: str
    body: str
    sha256: str
    entered: datetime
    by: str


@dataclass(frozen=True, slots=True)
class ConsentWord:
    """What somebody said on one purpose; ``person`` is an internal id, ``until`` the first instant it holds no more."""

    person: int
    purpose: Purpose
    granted: bool
    at: datetime
    entered: datetime
    by: str
    basis: Basis = "consent"
    text: int | None = None
    given_by: GivenBy = "self"
    giver: str = ""
    method: Method = "spoken"
    document_sha256: str | None = None
    until: datetime | None = None
    reason: str = ""
    id: int | None = None

    def holds(self, now: datetime) -> bool:
        """Whether it is a yes whose time is not over."""
        return self.granted and (self.until is None or now < self.until)


@dataclass(frozen=True, slots=True)
class ConsentForm:
    """A form that was handed out; ``text`` numbers the text it shows, ``person`` is an internal id."""

    id: int
    person: int
    text: int
    purposes: tuple[Purpose, ...]
    given_by: GivenBy
    created: datetime
    by: str
    ends: datetime
    used: datetime | None = None
    revoked: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Whether it can still be answered."""
        return self.used is None and self.revoked is None and now < self.ends
