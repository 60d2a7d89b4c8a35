"""From when to when a run has looked: from its first frame that was judged to its last, with the gaps left out."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from attendance.live.ports import Desk, Means
    from attendance.scope import Scope

WRITE_S: Final = 30.0  # of frames; what a run that is killed had looked at since its last note is not known
GAP_S: Final = 60.0  # without a frame that was judged: from then on it did not look


class Covering:
    """Has `desk` note from when to when `source` was looked at; a dry run notes nothing."""

    def __init__(self, desk: "Desk", means: "Means", scope: "Scope", source: str) -> None:
        self._desk, self._means, self._scope, self._source = desk, means, scope, source
        self._begun: datetime | None = None
        self._last: datetime | None = None
        self._seen = self._written = 0.0
        self._noted: Any = None
        self._due = False

    def frame(self, at: datetime) -> None:
        """A frame of this instant was judged."""
        if self._scope.dry_run:
            return
        now = self._desk.clock.monotonic()
        if self._last is not None and self._is_gap(self._last, at, now):
            self.finish()
        begins = self._begun is None
        if self._begun is None:
            self._begun = at
        self._last, self._seen, self._due = at, now, True
        if begins:
            self._written = now - WRITE_S  # the next frame is written: from then on it is a stretch of time
        elif now - self._written >= WRITE_S:
            self._write()

    def finish(self) -> None:
        """Note what is not noted yet; what comes later is another stretch."""
        if self._due:
            self._write()
        self._begun = self._last = self._noted = None
        self._due = False

    def _is_gap(self, last: datetime, at: datetime, now: float) -> bool:
        """By the one clock or the other: a computer that was asleep may not have counted the seconds."""
        return now - self._seen > GAP_S or abs(at - last) > timedelta(seconds=GAP_S)

    def _write(self) -> None:
        if self._begun is None or self._last is None or self._last <= self._begun:
            return
        self._written, self._due = self._desk.clock.monotonic(), False
        self._noted = self._desk.cover(
            self._means, self._scope, self._source, begins=self._begun, ends=self._last, before=self._noted
        )
        if self._noted is None:
            self._begun = self._last
