"""Values of several processes at one database: who does what alone, and which processes there are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Lease:
    """What ``holder`` does alone until an instant; the ``epoch`` tells this holding from earlier ones of the name."""

    name: str
    holder: str
    epoch: int
    taken: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Worker:
    """A process that works with this database, as it last told; ``settings`` is a digest of what it judges by.

    ``facts`` are numbers and codes that it tells of itself, no names of people.
    """

    id: str
    host: str
    site: str | None
    version: str
    settings: str
    begun: datetime
    seen: datetime
    facts: Mapping[str, Any] = field(default_factory=dict)
