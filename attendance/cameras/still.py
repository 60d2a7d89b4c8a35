"""A camera that offers a still picture: asked again and again, it is a camera like any other."""

import time
from typing import TYPE_CHECKING, Final

from attendance.cameras.frame import Pixels
from attendance.cameras.wire import STILL
from attendance.errors import CameraMissing, CameraPath
from enroll.errors import PhotoError
from enroll.photo import decode_photo
from enroll.photolimits import PhotoLimits

if TYPE_CHECKING:
    from attendance.cameras.web import Site

RHYTHM_S: Final = 0.2  # from one request to the next: about as often as a face before a camera is looked at
PATIENCE_S: Final = 3.0  # a few bad answers are no reason to give a camera up
MOST_BYTES: Final = 30_000_000
LIMITS: Final = PhotoLimits(max_bytes=MOST_BYTES, reduce_to=8_000)


class Still:
    """Pictures of one address, in the rhythm of the votes. The same bytes again are the same picture again."""

    fps = 0.0
    frames = 0
    codec = STILL

    def __init__(self, site: "Site") -> None:
        self._site = site
        self._data = b""
        self._pixels: Pixels | None = None
        self._due = 0.0
        self._good = time.monotonic()

    def read(self) -> Pixels:
        """The next picture, RGB. Bad answers are passed over for a short while, then raised."""
        while True:
            self._rest()
            try:
                pixels = self._ask()
            except (CameraMissing, PhotoError) as error:
                if time.monotonic() - self._good > PATIENCE_S:
                    raise _final(error) from error
            else:
                self._good = time.monotonic()
                return pixels

    def _rest(self) -> None:
        time.sleep(max(0.0, self._due - time.monotonic()))
        self._due = time.monotonic() + RHYTHM_S

    def _ask(self) -> Pixels:
        with self._site.ask() as answer:
            if not answer.is_picture:
                raise CameraPath(
                    self._site.host, f"it no longer sends a picture, but {answer.type or 'something else'}"
                )
            data = answer.read(MOST_BYTES)
        if self._pixels is None or data != self._data:
            self._pixels = decode_photo(data, self._site.host, limits=LIMITS).pixels
            self._data = data
        return self._pixels


def _final(error: CameraMissing | PhotoError) -> Exception:
    return error if isinstance(error, CameraMissing) else ValueError(f"it sends no sound picture: {error.detail}")
