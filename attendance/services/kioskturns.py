"""Who of those before a kiosk is asked to turn the head: one at a time, whose face is the largest."""

import threading
from typing import TYPE_CHECKING, Final

from attendance.liveness.turning import Turning

if TYPE_CHECKING:
    from collections.abc import Callable

    from attendance.liveness import Moment
    from attendance.liveness.saying import Said

AWAY_S: Final = 1.0
"""Whoever was not seen for longer has left, and the next one may be asked."""
QUEUE_S: Final = 30.0
"""The longest that somebody waits for those in front; then it is not asked any more."""


class Floor:
    """Gives the floor to one challenge at a time; may be shared by threads."""

    def __init__(self, make: "Callable[[], Turning]" = Turning) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._seen: dict[Asked, tuple[float, float]] = {}
        self._holder: Asked | None = None

    def challenge(self) -> "Asked":
        """What one more person is asked to do, once it is their turn."""
        return Asked(self, self._make())

    def gives(self, asked: "Asked", time: float, face_px: float) -> bool:
        """Whether it is the turn of this one, whose face is so large at that time.

        Whoever has the floor keeps it until all is done, failed or out of time, or they are gone.
        """
        with self._lock:
            self._seen[asked] = time, face_px
            here = {
                each: size for each, (at, size) in self._seen.items() if time - at <= AWAY_S and not each.over(time)
            }
            self._seen = {each: seen for each, seen in self._seen.items() if each in here}
            if self._holder not in here:
                self._holder = max(here, key=lambda each: here[each], default=None)
            return self._holder is asked

    def has(self, asked: "Asked") -> bool:
        """Whether this one has the floor."""
        with self._lock:
            return self._holder is asked

    @property
    def progress(self) -> tuple[int, int, int]:
        """Of the one who has the floor: steps that are done, steps in all, the number of the try (0: none)."""
        with self._lock:
            holder = self._holder
        return (0, 0, 0) if holder is None else holder.progress


class Asked:
    """One person's challenge, which begins when they have the floor."""

    id = Turning.id

    def __init__(self, floor: Floor, turning: Turning) -> None:
        self._floor, self._turning = floor, turning
        self._until: float | None = None

    def begin(self, time: float) -> None:
        """Wait for the floor."""
        self._until = time + QUEUE_S

    def see(self, moment: "Moment") -> None:
        """A moment of the face; it counts while this one has the floor."""
        if self._until is not None and self._floor.gives(self, moment.time, moment.face_px):
            self._turning.begin(moment.time)
            self._turning.see(moment)

    def prompt(self, time: float) -> str:
        """What the person is asked to do now; nothing while others are."""
        return self._turning.prompt(time) if self._floor.has(self) else ""

    def over(self, time: float) -> bool:
        """Whether it is passed, failed or out of time."""
        waits = self._turning.progress[2] == 0
        return self._turning.over(time) or (waits and self._until is not None and time > self._until)

    def said(self, time: float) -> "Said":
        """What the turns say."""
        return self._turning.said(time)

    @property
    def progress(self) -> tuple[int, int, int]:
        """Steps that are done, steps in all, and the number of the try (0: not begun)."""
        return self._turning.progress
