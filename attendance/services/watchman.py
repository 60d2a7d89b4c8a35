"""`Watchman`: has one camera watched for as long as it is wanted, and again after whatever ends a run.

Each has a thread of its own: what goes wrong with one camera goes wrong there.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from attendance.cameras import redact
from attendance.errors import CameraAuth, RunStarted
from attendance.faults import refusal_of
from attendance.live import Back, Event, Lost, Run, RunState, Seen, Stale
from attendance.services.camerahealth import Gauge
from attendance.show.liveview import LiveView
from gallery.errors import LeaseLost
from gallery.repositories.news import CAMERA_BACK, CAMERA_FAILED, CAMERA_LOST

if TYPE_CHECKING:
    from attendance.clock import Clock
    from refusal import Refusal

FIRST_S: Final = 2.0
"""The pause after a first failure; it doubles with each one that follows."""
LOCKED_S: Final = 30.0
"""That after a password was refused: cameras lock out who guesses."""
LONGEST_LOCKED_S: Final = 600.0
LASTED_S: Final = 60.0
"""A run that lasted so long makes the next failure a first one."""


@dataclass(frozen=True, slots=True)
class Pauses:
    """How long to wait before a camera is tried again; ``longest`` in seconds."""

    first: float = FIRST_S
    longest: float = 60.0

    def after(self, error: "Refusal", times: int) -> float:
        """That after the ``times``-th failure in a row."""
        locked = isinstance(error, CameraAuth)
        first, longest = (LOCKED_S, LONGEST_LOCKED_S) if locked else (self.first, self.longest)
        return min(longest, first * 2.0 ** min(times - 1, 20))


@dataclass(frozen=True, slots=True)
class Shown:
    """Where a camera's state and picture are read, whoever watches it."""

    gauge: Gauge
    view: LiveView


class Watchman:
    """Runs what ``make`` makes, until `stop`; ``tell`` hears the kinds of news that there are of this camera."""

    def __init__(
        self,
        name: str,
        make: Callable[[], Run],
        tell: Callable[[str], object],
        shown: Shown,
        clock: "Clock",
        pauses: Pauses,
        *,
        number: int | None = None,
    ) -> None:
        self.name, self.number = name, number
        self.lost = False
        """Whether another process watches it by now; then it has ended by itself."""
        self.gauge, self.view = shown.gauge, shown.view
        self._make, self._tell, self._clock, self._pauses = make, tell, clock, pauses
        self._stop, self._over = threading.Event(), threading.Event()
        self._lock = threading.Lock()
        self._run: Run | None = None
        self._gone = False  # whether it was told that the camera is lost or failed
        self._failures = 0
        self._replaced = False

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self.gauge.set("opening")
        self.view.say("Opening the camera")
        threading.Thread(target=self._work, name=f"camera {self.name}", daemon=True).start()

    def stop(self, *, replaced: bool = False) -> None:
        """End soon; whoever is in view is reported first. One that is replaced leaves it to the next to show."""
        self._replaced = replaced
        self._stop.set()
        with self._lock:
            run = self._run
        if run is not None:
            run.stop()

    def wait(self, timeout_s: float) -> bool:
        """Wait until it has ended; False when it has not within the time."""
        return self._over.wait(timeout_s)

    def _work(self) -> None:
        try:
            while not self._stop.is_set():
                if not self._once():
                    break
        finally:
            self._end()

    def _once(self) -> bool:
        """One run; whether there is to be another one."""
        begun = self._clock.monotonic()
        try:
            state = self._watch()
        except LeaseLost:  # whoever has it tells how it does
            self.lost = self._replaced = True
            return False
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this camera's alone
            if self._clock.monotonic() - begun >= LASTED_S:
                self._failures = 0
            self._fail(refusal_of(error, self.name))
            return True
        if state is RunState.ENDED:
            self.gauge.set("ended", "the video has ended")
            self.view.say("The video has ended")
            self._stop.wait()
        return False

    def _watch(self) -> RunState:
        run = self._make()
        for each in (self.gauge, self.view, self._hear):
            run.subscribe(each)
        with self._lock:
            self._run = run
        if self._stop.is_set():
            return RunState.STOPPED
        try:
            run.run()
        except RunStarted:  # stopped in between
            return RunState.STOPPED
        finally:
            with self._lock:
                self._run = None
        return run.state

    def _hear(self, event: Event) -> None:
        match event:
            case Seen():
                if self._gone or self._failures:
                    self._gone, self._failures = self._recovered(), 0
                self.view.say("")
            case Lost() | Stale():
                self.view.say("Stale" if isinstance(event, Stale) else "Offline", event.detail.partition(";")[0])
                self._lose(CAMERA_LOST)
            case Back():
                self.view.say("")

    def _recovered(self) -> bool:
        if self._gone:
            self._tell(CAMERA_BACK)
        return False

    def _lose(self, kind: str) -> None:
        if not self._gone:
            self._gone = True
            self._tell(kind)

    def _fail(self, error: "Refusal") -> None:
        """Say why, and wait before it is tried again."""
        self._failures += 1
        pause = self._pauses.after(error, self._failures)
        text = redact(str(error))
        self.gauge.trouble(text, error.help, error.id)
        self.gauge.set("failed", f"{text}; next try in {pause:.0f} s")
        self.view.say("Failed", "it is tried again")
        self._lose(CAMERA_FAILED)
        self._stop.wait(pause)

    def _end(self) -> None:
        if not self._replaced:
            self.gauge.set("off")
            self.view.say("Not watched")
            self.view.forget()
        self._over.set()
