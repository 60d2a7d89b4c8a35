"""Where time comes from: UTC instants for records, a monotonic count for waiting."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """The seam for time; tests plug in one that they move by hand."""

    def utc(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds since an arbitrary start; never steps back when the wall clock is set."""
        ...


class SystemClock:
    """The computer's own clock."""

    def utc(self) -> datetime:
        """The present instant, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since an arbitrary start."""
        return time.monotonic()
