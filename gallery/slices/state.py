"""What a slice says of itself: of which filling and site it is, and what of it was delivered."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Self


@dataclass(frozen=True, slots=True)
class Sent:
    """Up to where the records of a slice were delivered: the last sighting and event, and the ends of what looked."""

    sighting: int = 0
    event: int = 0
    coverage: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class State:
    """Of which filling and site the slice is, when that was, and what was there then."""

    id: str
    site: str | None
    filled: datetime
    generation: str
    sent: Sent = Sent()

    def to_text(self) -> str:
        """As the slice keeps it."""
        return json.dumps({**asdict(self), "filled": self.filled.isoformat()})

    @classmethod
    def of(cls, text: str) -> Self:
        """From `to_text`; raises ValueError, TypeError, KeyError."""
        told = json.loads(text)
        sent, filled = Sent(**told.pop("sent")), datetime.fromisoformat(told.pop("filled"))
        return cls(**told, sent=sent, filled=filled)
