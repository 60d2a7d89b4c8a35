"""`PushFeed`: frames that a browser sends; the newest one alone is handed on, as with a camera."""

import threading
from collections.abc import Iterator
from types import TracebackType
from typing import Final, Self

from attendance.cameras import Frame
from attendance.clock import Clock

QUIET_S: Final = 15.0
"""Without a frame for so long, nobody stands there any more."""
_POLL_S: Final = 0.1


class PushFeed:
    """The newest frame that was pushed; ends when it is closed, or when none has come for `quiet_s` seconds."""

    patience = 10
    fps = 0.0
    declared = 0

    def __init__(self, clock: Clock, *, quiet_s: float = QUIET_S) -> None:
        self._clock, self._quiet_s = clock, quiet_s
        self._changed = threading.Condition()
        self._newest: Frame | None = None
        self._last = clock.monotonic()
        self._closed = False

    def push(self, frame: Frame) -> bool:
        """Put a frame in the place of the one that waits; false where the feed is over and takes none."""
        with self._changed:
            if self._closed:
                return False
            self._newest, self._last = frame, self._clock.monotonic()
            self._changed.notify_all()
            return True

    def close(self) -> None:
        """Take no more: the run ends, with a report of whoever was in view."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[Frame | None]:
        while not self._is_over():
            yield self._taken()

    def _taken(self) -> Frame | None:
        """The frame that waits, or None where none comes in a moment."""
        with self._changed:
            if self._newest is None and not self._closed:
                self._changed.wait(_POLL_S)
            found, self._newest = self._newest, None
            return found

    def _is_over(self) -> bool:
        with self._changed:
            if self._newest is None and self._clock.monotonic() - self._last >= self._quiet_s:
                self._closed = True
            return self._closed and self._newest is None
