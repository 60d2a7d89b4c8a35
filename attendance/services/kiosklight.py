"""The light of a kiosk's screen while one page looks: what it is to show, what it showed with each frame, the cue."""

import threading
from collections import deque
from typing import TYPE_CHECKING, Final

from attendance.liveness.colours import COLOURS, Colour, Order
from attendance.liveness.lighting import Answers, LightCue

if TYPE_CHECKING:
    from attendance.clock import Clock
    from attendance.liveness import Cue

KEPT: Final = 400
"""Frames whose colour is known; a page sends ten a second at most, and a track is judged by its last eight seconds."""
LATE_S: Final = 3.0
"""For so long a page may show a colour that was followed by another: its answers may be late."""


class ScreenLight:
    """Of one page; may be shared by threads.

    `answers` are those of the kiosk, from page to page; `clock` is the one that frames are dated by.
    """

    def __init__(self, answers: Answers, clock: "Clock") -> None:
        self._answers, self._clock = answers, clock
        self._lock = threading.Lock()
        self._order = Order()
        self._due: deque[tuple[float, int]] = deque(maxlen=16)
        self._shown: deque[tuple[float, int]] = deque(maxlen=KEPT)
        self._cues: list[LightCue] = []

    def due(self) -> Colour:
        """The colour that the page is to show now."""
        time = self._clock.monotonic()
        with self._lock:
            place = self._order.due(time)
            if not self._due or self._due[-1][1] != place:
                self._due.append((time, place))
            return COLOURS[place]

    def took(self, time: float, name: str) -> None:
        """Note the colour that a page told with the frame of this time; one that was not due lately is none."""
        with self._lock:
            ends = [*[at for at, _ in self._due][1:], time]
            for (_, place), end in zip(self._due, ends, strict=False):
                if COLOURS[place].name == name and time - end <= LATE_S:
                    self._shown.append((time, place))
                    return

    def shown(self, time: float) -> int | None:
        """The place in `COLOURS` of what was shown with the frame of this time, None where it showed none."""
        with self._lock:
            return next((place for at, place in reversed(self._shown) if at == time), None)

    def cues(self) -> "tuple[Cue, ...]":
        """The cue of one more track."""
        with self._lock:
            cue = LightCue(self.shown, self._answers.expected(self._clock.monotonic()))
            self._cues.append(cue)
            return (cue,)

    def learn(self) -> None:
        """Note what the tracks of a run answered, for those who come next; called when the run is over."""
        time = self._clock.monotonic()
        with self._lock:
            cues, self._cues = self._cues, []
            for said in (each.last for each in cues):
                if said is not None:
                    self._answers.add(time, said)
