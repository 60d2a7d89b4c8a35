"""A camera in a process of its own: noticed when it hangs, killed, and tried again with growing pauses."""

import threading
from collections.abc import Sequence
from typing import Final

import numpy as np

from attendance.cameras.address import Address, Kind, redact
from attendance.cameras.authorities import absolute
from attendance.cameras.frame import CameraState, Frame, Pixels
from attendance.cameras.process import COMMAND, CaptureProcess
from attendance.cameras.wire import STILL, Message, Order, Orders, Word, since_boot
from attendance.clock import Clock
from attendance.errors import CameraAuth, CameraCertificate, CameraLost, CameraMissing, CameraNoFrames, CameraPath

MAX_AGE_S: Final = 1.0  # an older frame shows who was there, not who is
OPEN_S: Final = 10.0  # network cameras may take this long until their first whole picture
FIRST_PAUSE_S: Final = 1.0
_KNOWN: Final = {kind.id: kind for kind in (CameraAuth, CameraCertificate, CameraMissing, CameraPath)}


class ProcessCamera:
    """The `Camera` of the product. All waiting is measured by the clock's monotonic seconds.

    Until its first frame every failure is final (`CameraMissing`, `CameraAuth`, `CameraPath`, `CameraCertificate`,
    `CameraNoFrames`); afterwards a device or stream is tried again for ever, while a file that fails in the middle
    raises `CameraLost`. With a `ca_file` (PEM), rtsps and https cameras are trusted by its certificates alone.
    """

    def __init__(
        self,
        address: Address,
        clock: Clock,
        *,
        stall_s: float = 5.0,
        retry_max_s: float = 30.0,
        open_s: float = OPEN_S,
        ca_file: str | None = None,
        command: Sequence[str] = COMMAND,
    ) -> None:
        self._address, self._clock, self._command = address, clock, command
        self._ca_file = absolute(ca_file)
        self._stall_s, self._retry_max_s, self._open_s = stall_s, retry_max_s, open_s
        self._child: CaptureProcess | None = None
        self._state, self._detail = CameraState.CLOSED, ""
        self._fps, self._codec = 0.0, ""
        self._closing = threading.Event()
        self._tries = 0
        self._retry_at = 0.0
        self._waiting_since = 0.0
        self._same_since: float | None = None
        self._opened = False
        self._up: tuple[float, float] | None = None  # first and last frame of this connection
        self._last: Pixels | None = None
        self._number = -1
        self._offset = 0

    @property
    def state(self) -> CameraState:
        """How it does now."""
        return self._state

    @property
    def detail(self) -> str:
        """Why it is in this state, one line without passwords; empty while all is well."""
        return self._detail

    @property
    def fps(self) -> float:
        """Frames a second as the source declares them; 0 when it does not."""
        return self._fps

    @property
    def pid(self) -> int | None:
        """The capture process's number, None while there is none."""
        return None if self._child is None else self._child.pid

    def open(self) -> None:
        """Start the capture process; what comes of it shows in `newest`."""
        self._closing.clear()
        self._start()

    def newest(self, timeout_s: float = 0.1) -> Frame | None:
        """The newest frame not handed out yet, or None when there is none within the time given."""
        if self._state in (CameraState.ENDED, CameraState.CLOSED):
            return None
        if self._child is None:
            pause = self._retry_at - self._clock.monotonic()
            if pause > 0:
                self._closing.wait(min(timeout_s, pause))
                return None
            self._start()
        return self._poll(timeout_s)

    def close(self) -> None:
        """Kill the capture process; may be called twice."""
        self._closing.set()
        self._drop()
        if self._state is not CameraState.ENDED:
            self._state, self._detail = CameraState.CLOSED, ""

    def _start(self) -> None:
        orders = Orders(self._address.kind, self._address.value, Order.NEWEST, self._open_s, self._ca_file)
        self._state = CameraState.OPENING
        self._opened, self._up, self._same_since = False, None, None
        self._offset = self._number + 1
        self._waiting_since = self._clock.monotonic()
        try:
            self._child = CaptureProcess(orders, self._command)
        except EOFError as error:
            self._lose(str(error))

    def _poll(self, timeout_s: float) -> Frame | None:
        child = self._child
        if child is None:
            return None
        if not child.waiting and self._opened:
            self._waiting_since = self._clock.monotonic()
        try:
            message = child.ask(timeout_s)
        except EOFError as error:
            self._lose(str(error))
            return None
        if message is None:
            self._check_stall()
            return None
        return self._take(message)

    def _take(self, message: Message) -> Frame | None:
        now = self._clock.monotonic()
        if message.word is Word.FRAME and message.pixels is not None:
            return self._frame(message, message.pixels, now)
        if message.word is Word.OPENED:
            self._opened, self._fps, self._codec = True, message.fps, message.detail
        elif message.word is Word.SAME:
            self._repeat(now)
        elif message.word is Word.ENDED and self._address.kind is Kind.FILE and message.number:
            self._drop()
            self._state, self._detail = CameraState.ENDED, ""
        else:
            self._lose(message.detail or self._end_in_words(), problem=message.problem)
        return None

    def _frame(self, message: Message, pixels: Pixels, now: float) -> Frame | None:
        if self._up is None and self._is_repeated(pixels):
            self._repeat(now)
            return None
        self._up = (now, now) if self._up is None else (self._up[0], now)
        self._same_since = None
        self._state, self._detail = CameraState.ONLINE, ""
        self._number = self._offset + message.number
        self._last = pixels
        age = max(0.0, since_boot() - message.born)
        if age > MAX_AGE_S:
            return None
        return Frame(pixels, self._number, now - age, self._clock.utc())

    def _is_repeated(self, pixels: Pixels) -> bool:
        """Whether a new connection begins with the picture at which the last one froze."""
        return self._address.kind is not Kind.FILE and self._last is not None and np.array_equal(self._last, pixels)

    def _repeat(self, now: float) -> None:
        """The source lives but shows the same picture again."""
        self._same_since = now if self._same_since is None else self._same_since
        if now - self._same_since > self._stall_s:
            still = self._codec == STILL
            why = "it sends the same still again and again" if still else "the picture is frozen"
            self._lose(why, CameraState.FROZEN)

    def _check_stall(self) -> None:
        waited = self._clock.monotonic() - self._waiting_since
        limit = max(self._open_s, self._stall_s) if self._up is None else self._stall_s
        if waited > limit:
            self._lose(f"no picture for {waited:.0f} s")

    def _end_in_words(self) -> str:
        if self._address.kind is not Kind.FILE or not self._codec:
            return "the stream ended"
        return f"no picture of it can be decoded (codec {self._codec})"

    def _lose(self, why: str, state: CameraState = CameraState.OFFLINE, problem: str = "") -> None:
        """Kill the child; plan the next try, or raise when there cannot be one."""
        self._drop()
        self._state, self._detail = state, self._tidy(why)
        if self._number < 0:
            unnamed = CameraNoFrames if self._opened else CameraMissing
            raise _KNOWN.get(problem, unnamed)(self._address.shown, self._detail)
        if self._address.kind is Kind.FILE:
            raise CameraLost(self._address.shown, self._detail)
        if self._up is not None and self._up[1] - self._up[0] >= self._stall_s:
            self._tries = 0  # a connection that lasted; one that flaps keeps its long pauses
        pause = min(self._retry_max_s, FIRST_PAUSE_S * 2.0**self._tries)
        self._tries = min(self._tries + 1, 30)
        self._retry_at = self._clock.monotonic() + pause
        self._detail = f"{self._detail}; next try in {pause:.0f} s"

    def _tidy(self, text: str) -> str:
        return redact(" ".join(text.replace(self._address.value, self._address.shown).split()))

    def _drop(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child = None
