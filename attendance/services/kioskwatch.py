"""One page of a kiosk while it looks: its frames, the run that they go to, and what came of them."""

import secrets
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, cast

from attendance.cameras import Frame
from attendance.live import Asking, Decided, Ended, Place, PushFeed, Run, Seen, SeenFace, Skipped
from attendance.service_errors import KioskFrame, RequestInvalid, UploadLarge
from attendance.services.kioskturns import Floor

if TYPE_CHECKING:
    from collections.abc import Callable

    from attendance.cameras.frame import Pixels
    from attendance.live import Event
    from attendance.live.living import Turns, Wanted
    from attendance.liveness.colours import Colour
    from attendance.records import Decision
    from attendance.scope import Scope
    from attendance.services.kiosklight import ScreenLight
    from attendance.services.watching import CameraDesk
    from attendance.settings import Settings

LARGEST_FRAME: Final = 3_000_000
"""Bytes; a page sends a tenth of that."""
_MOST_PIXELS: Final = 3840 * 2160
_DECODE_BYTES: Final = 100_000_000
_REDUCE_TO: Final = 1280
_DECODE_S: Final = 10.0
_ANSWER_S: Final = 2.0
"""The longest that an answer waits for its frame."""
_END_S: Final = 5.0
_MOST_CODES: Final = 100
QR_S: Final = 0.5
"""From one search for a QR code to the next while faces are looked for."""


@dataclass(frozen=True, slots=True)
class Look:
    """What is in view: the faces, with the size of their frame, and what was decided since the last answer.

    `turns` is how far the one is who is asked to turn the head: steps done, steps in all, the number of the try.
    `light` is the colour that the screen is to show, None where it is to show none.
    """

    size: tuple[int, int]
    faces: tuple[SeenFace, ...]
    decided: "tuple[Decision, ...]"
    turns: tuple[int, int, int] = (0, 0, 0)
    light: "Colour | None" = None


class KioskWatch:
    """Takes the frames of one page in their order; a run begins with the first that faces are looked for in."""

    def __init__(
        self,
        desk: "CameraDesk",
        scope: "Scope",
        place: str,
        told: "Callable[[Decision], object]",
        *,
        distrust: tuple[str, ...] = (),
        light: "ScreenLight | None" = None,
    ) -> None:
        self.id = secrets.token_urlsafe(16)
        self._distrust, self._light = distrust, light
        self._desk, self._scope, self._place, self._told = desk, scope, place, told
        self._changed = threading.Condition()
        self._number = 0
        self._closed = False
        self._feed: PushFeed | None = None
        self._run: Run | None = None
        self._seen, self._ended = -1, False
        self._faces: tuple[SeenFace, ...] = ()
        self._decided: list[Decision] = []
        self._next_qr = float("-inf")
        self._codes: set[str] = set()
        self._floor = Floor()

    def take(self, number: int) -> None:
        """Take the number of a frame that came. Raises KioskFrame for one that came before, or where all is over."""
        with self._changed:
            if self._closed:
                raise KioskFrame("kiosk", "it was opened in another window or page, which goes on")
            if number <= self._number:
                raise KioskFrame(f"frame {number}", f"it came after frame {self._number}")
            self._number = number

    def look(self, pixels: "Pixels", number: int, lit: str = "") -> Look:
        """Have a frame judged; returns when it, or a newer one, was. Raises what the run failed with.

        `lit` is the name of the colour that the screen showed when it was taken.
        """
        clock = self._desk.clock
        frame = Frame(pixels, number, clock.monotonic(), clock.utc())
        if self._light is not None:
            self._light.took(frame.time, lit)
        run = self._running(frame)
        with self._changed:
            self._changed.wait_for(lambda: self._seen >= number or self._ended, _ANSWER_S)
            decided, self._decided = tuple(self._decided), []
            faces = self._faces if self._seen >= 0 else ()
        if run.error is not None:
            raise run.error
        light = None if self._light is None else self._light.due()
        return Look((pixels.shape[1], pixels.shape[0]), faces, decided, self._floor.progress, light)

    def searches_codes(self) -> bool:
        """Whether it is time again to look for a QR code beside the faces."""
        now = self._desk.clock.monotonic()
        if now < self._next_qr:
            return False
        self._next_qr = now + QR_S
        return True

    def is_new(self, code: str) -> bool:
        """Whether this code was not held before this page's camera yet: each is asked for once."""
        with self._changed:
            if code in self._codes or len(self._codes) >= _MOST_CODES:
                return False
            self._codes.add(code)
            return True

    def close(self, *, wait: bool = False) -> None:
        """Take no more frames; whoever is in view is reported."""
        with self._changed:
            self._closed = True
            feed, run = self._feed, self._run
        if feed is not None:
            feed.close()
        if wait and run is not None:
            run.wait(_END_S)

    def _running(self, frame: Frame) -> Run:
        """The run that has taken the frame; one that is over is followed by another."""
        with self._changed:
            if self._run is not None and self._feed is not None and self._feed.push(frame):
                return self._run
            self._feed = feed = PushFeed(self._desk.clock)
            feed.push(frame)
            self._seen, self._ended, self._floor = -1, False, Floor()
            asking = asking_at(self._desk.settings, self._floor, self._light, self._distrust)
            self._run = run = Run(Place(self._place, covers=False), self._scope, feed, self._desk, asking)
            run.subscribe(lambda event: self._hear(run, event))
            run.start()
            return run

    def _hear(self, run: Run, event: "Event") -> None:
        if isinstance(event, Decided):
            self._told(event.decision)
        with self._changed:
            if run is not self._run:
                return
            match event:
                case Seen():
                    self._seen, self._faces = event.frame.number, event.faces
                case Skipped():
                    self._seen, self._faces = event.frame, ()
                case Decided():
                    self._decided.append(event.decision)
                case Ended():
                    self._ended, self._faces = True, ()
                    if self._light is not None:
                        self._light.learn()
                case _:
                    return
            self._changed.notify_all()


def asking_at(
    settings: "Settings", floor: Floor, light: "ScreenLight | None" = None, distrust: tuple[str, ...] = ()
) -> Asking:
    """What a kiosk asks of a face: besides what is seen of it, a turn of the head of whoever has the floor.

    Where the screen gives light, how the face answers to it is one cue more.
    """
    wanted, turns = cast("Wanted", settings.liveness), cast("Turns", settings.kiosk_turns)
    asking = Asking(wanted, settings.liveness_wait_s, turns, settings.kiosk_light, distrust, floor.challenge)
    return asking if light is None else replace(asking, cues=light.cues)


def refuse_large(data: bytes) -> None:
    """Raise UploadLarge for more than a frame may have."""
    if len(data) > LARGEST_FRAME:
        raise UploadLarge("frame", f"more than {LARGEST_FRAME} bytes")


def frame_of(data: bytes) -> "Pixels":
    """The picture of a frame, (H, W, 3) uint8 RGB. Raises UploadLarge, RequestInvalid, a PhotoError."""
    from enroll.kinds import content_of
    from enroll.photo import decode_photo
    from enroll.photolimits import PhotoLimits

    refuse_large(data)
    if content_of(data).format not in {"JPEG", "PNG"}:
        raise RequestInvalid("frame", "a JPEG or PNG picture is taken, and nothing else")
    limits = PhotoLimits(LARGEST_FRAME, _MOST_PIXELS, _DECODE_BYTES, reduce_to=_REDUCE_TO, max_seconds=_DECODE_S)
    return decode_photo(data, "frame", limits=limits).pixels


def codes_in(pixels: "Pixels") -> list[str]:
    """What the QR codes in the picture say: there may be a poster behind whoever holds one up."""
    import zxingcpp

    kind = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    return [each.text for each in zxingcpp.read_barcodes(pixels, formats=kind)]
