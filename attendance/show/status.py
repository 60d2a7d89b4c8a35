"""Subscribers that tell of a run in lines for people."""

from collections import deque
from collections.abc import Callable
from typing import Final

from attendance.cameras import CameraState
from attendance.clock import Clock
from attendance.live import Began, Condition, Decided, Dropped, Event, LiveSummary, Opened, Seen, Skipped
from refusal import counted

Say = Callable[[str], object]

STATUS_S: Final = 5.0
COUNTED: Final = 60  # frames over which the present rate is counted


class Pace:
    """How many frames a second come now, and when it is time for the next line."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._spoke = clock.monotonic()
        self._recent: deque[float] = deque(maxlen=COUNTED)

    def frame(self) -> bool:
        """Count one frame; True when a line is due."""
        now = self._clock.monotonic()
        self._recent.append(now)
        if now - self._spoke < STATUS_S:
            return False
        self._spoke = now
        return True

    def __str__(self) -> str:
        span = self._recent[-1] - self._recent[0] if len(self._recent) > 1 else 0.0
        rate = (len(self._recent) - 1) / span if span > 0 else 0.0
        return f"{rate:.0f} frames/s"


class FileStatus:
    """How far the check of a video is."""

    def __init__(self, name: str, say: Say, clock: Clock) -> None:
        self._name, self._say = name, say
        self._pace = Pace(clock)
        self._frames = self.declared = 0

    def __call__(self, event: Event) -> None:
        """Take in what the run tells."""
        match event:
            case Began():
                self.declared = event.declared
            case Seen():
                self._frames += 1
                if self._pace.frame():
                    self._say(f"{self._name}: frame {self._frames} of {self.declared or '?'}, {self._pace}")
            case Dropped():
                self._say(dropped_in_words(self._name, event))


class CameraStatus:
    """What a camera is judged by, how it does, and what has come of it; `opening` is the first line."""

    def __init__(self, name: str, say: Say, clock: Clock, opening: Callable[[], str]) -> None:
        self._name, self._say, self._opening = name, say, opening
        self._pace = Pace(clock)
        self._state = CameraState.CLOSED
        self._marked = 0

    def __call__(self, event: Event) -> None:
        """Take in what the run tells."""
        match event:
            case Opened():
                self._say(self._opening())
            case Condition():
                self._state = event.state
                self._say(f"camera {self._name} {': '.join(filter(None, (event.state, event.detail)))}")
            case Seen():
                if self._pace.frame():
                    self._say(f"camera {self._name} {self._state}, {self._pace}, {self._marked} marked")
            case Skipped():
                why = _one_line(event.error)
                self._say(f"camera {self._name}: frame {event.frame} is passed over and marks nobody: {why}")
            case Decided():
                self._marked += event.decision.decision == "present"
            case Dropped():
                self._say(dropped_in_words(f"camera {self._name}", event))


def in_words(summary: LiveSummary) -> str:
    """How a run went, for people."""
    faces = f"{summary.marked} marked, {summary.unknown} unknown" if summary.judged else "no face that can be judged"
    return f"{summary.state} after {counted(summary.frames, 'frame')}, {summary.fps:.0f} frames/s: {faces}"


def dropped_in_words(name: str, event: Dropped) -> str:
    """Which part of the output has failed, while the run goes on."""
    return f"{name}: {event.who} failed and is left out from now on: {_one_line(event.error)}"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
