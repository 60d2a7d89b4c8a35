"""`LiveView`: a camera as browsers see it: its newest picture with boxes and names, drawn once for all who look.

What is old says so in the picture itself. Nothing is drawn while nobody looks, and what a run tells is only noted on
its thread.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from attendance.clock import Clock
from attendance.live import Event, Seen, SeenFace
from attendance.zones import zone

Pixels = NDArray[np.uint8]
Wake = Callable[[], object]

WIDE: Final = 960
"""The widest that a picture is sent, in pixels."""
PAUSE_S: Final = 0.2
"""Between two pictures: five a second."""
OLD_S: Final = 4.0
"""From this age on a picture is no live one."""
BEAT_S: Final = 1.0
"""How often a picture that does not come anew is drawn, with its age."""
QUALITY: Final = 72
CARD: Final = (360, 640)
LETTERS: Final = 1 / 32
"""Larger than in films: many look at it on a phone."""
DIMMED: Final = 0.45
GROUND: Final = (28, 34, 31)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a picture is of: the frame, what is said over it, and which second of its age."""

    seen: Seen | None
    title: str
    line: str


class LiveView:
    """Subscribes to runs of one camera, and shows the newest of what they have seen; wall times are of ``zone_name``.

    ``says`` is what stands over the picture while there is none of now: a title and a line, both may be empty.
    """

    def __init__(self, clock: Clock, zone_name: str) -> None:
        self._clock, self._zone = clock, zone(zone_name)
        self._seen: Seen | None = None
        self._said = ("", "")
        self._drawing = threading.Lock()
        self._drawn: tuple[Shown, float, bytes] | None = None
        self._lock = threading.Lock()
        self._fresh = threading.Event()
        self._watchers: list[Wake] = []
        self._thread: threading.Thread | None = None
        self.encoded = 0
        """How many pictures were drawn."""

    # What a run tells

    def __call__(self, event: Event) -> None:
        """Note the frame that was seen."""
        if isinstance(event, Seen):
            self._seen = event
            self._fresh.set()

    def say(self, title: str, line: str = "") -> None:
        """What stands over the picture from now on, until a new one comes; an empty title takes it away."""
        self._said = title, line
        self._fresh.set()

    def forget(self) -> None:
        """Let the last picture go: nobody watches this camera any more."""
        self._seen = None
        with self._drawing:
            self._drawn = None
        self._fresh.set()

    @property
    def age_s(self) -> float | None:
        """How old the newest picture is; None where there is none."""
        seen = self._seen
        return None if seen is None else max(0.0, self._clock.monotonic() - seen.frame.time)

    # What a browser sees

    def picture(self) -> bytes:
        """The newest picture (JPEG), drawn anew only where there is another one, five times a second at most."""
        with self._drawing:
            shown, now = self._shown(), self._clock.monotonic()
            if self._drawn is not None:
                before, at, jpeg = self._drawn
                if shown == before or (shown.title == before.title and 0 <= now - at < PAUSE_S):
                    return jpeg
            jpeg = self._draw(shown)
            self.encoded += 1
            self._drawn = shown, now, jpeg
            return jpeg

    @property
    def newest(self) -> bytes:
        """The picture that was drawn last; empty where none was."""
        drawn = self._drawn
        return b"" if drawn is None else drawn[2]

    @contextlib.contextmanager
    def watched(self, wake: Wake) -> Iterator[None]:
        """For as long as somebody looks: ``wake`` is called, on another thread, when there is another picture."""
        with self._lock:
            self._watchers.append(wake)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="live view", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                self._watchers.remove(wake)
            self._fresh.set()

    def _work(self) -> None:
        """Draw what comes while somebody looks, and once a second what does not come."""
        last = b""
        while True:
            self._fresh.clear()
            with self._lock:
                watchers = list(self._watchers)
                if not watchers:
                    self._thread = None
                    return
            with contextlib.suppress(Exception):  # the next picture may be drawn
                last = self._offer(last, watchers)
            time.sleep(PAUSE_S)
            self._fresh.wait(BEAT_S - PAUSE_S)

    def _offer(self, last: bytes, watchers: list[Wake]) -> bytes:
        found = self.picture()
        if found is not last:
            for wake in watchers:
                wake()
        return found

    # Drawing

    def _shown(self) -> Shown:
        seen, (title, line) = self._seen, self._said
        age = self.age_s
        if title or seen is None or age is None or age < OLD_S:
            return Shown(seen, title, line)
        return Shown(seen, f"No new picture for {age:.0f} s", f"since {self._wall(seen.frame.at)}")

    def _wall(self, at: datetime) -> str:
        return at.astimezone(self._zone).strftime("%H:%M:%S")

    def _draw(self, shown: Shown) -> bytes:
        from attendance.show.draw import draw
        from attendance.show.sign import sign_of_face

        if shown.seen is None:
            return _jpeg(_over(np.full((*CARD, 3), GROUND, np.uint8), shown.title or "No picture yet", shown.line))
        small, scale = _reduced(shown.seen.frame.pixels)
        if shown.title:
            dim = np.asarray(small * DIMMED, np.uint8)
            return _jpeg(_over(dim, shown.title, shown.line or f"since {self._wall(shown.seen.frame.at)}"))
        return _jpeg(draw(small, [sign_of_face(_scaled(each, scale)) for each in shown.seen.faces], LETTERS))


def _reduced(pixels: Pixels) -> tuple[Pixels, float]:
    scale = WIDE / pixels.shape[1]
    if scale >= 1.0:
        return pixels, 1.0
    import cv2

    size = (WIDE, max(1, round(pixels.shape[0] * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8), scale


def _scaled(face: SeenFace, scale: float) -> SeenFace:
    x, y, width, height = face.box
    return face if scale == 1.0 else replace(face, box=(x * scale, y * scale, width * scale, height * scale))


def _over(pixels: Pixels, title: str, line: str) -> Pixels:
    """The picture with a sign in its middle."""
    from attendance.show.draw import banner

    return banner(pixels, title, line)


def _jpeg(pixels: Pixels) -> bytes:
    import cv2

    good, found = cv2.imencode(".jpg", np.ascontiguousarray(pixels[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not good:
        raise ValueError("the picture cannot be encoded")
    return found.tobytes()
