"""What reads pictures inside the capture process, and which of the readers an address needs."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np

from attendance.cameras import rtsp
from attendance.cameras.address import Kind
from attendance.cameras.authorities import scheme_of
from attendance.cameras.frame import Pixels
from attendance.cameras.mp4 import is_mirrored
from attendance.cameras.wire import MAX_FRAME_PIXELS, Orders
from attendance.errors import CameraCertificate, CameraMissing

COLOR_AXES: Final = 3
QUARTER_TURN: Final = 90
ASK_SHARE: Final = 0.8  # of the time to open, so that the reason arrives before the process is given up
FILE_TRIES: Final = 50  # reads in a row that may fail: a damaged picture in a file does not end it
PLAYLISTS: Final = frozenset(
    {"application/vnd.apple.mpegurl", "application/x-mpegurl", "audio/mpegurl", "audio/x-mpegurl"}
)
_CODECS: Final = {
    "av01": "AV1",
    "avc1": "H.264",
    "h264": "H.264",
    "hevc": "H.265",
    "hev1": "H.265",
    "hvc1": "H.265",
    "vp08": "VP8",
    "vp09": "VP9",
}


class Backend(Protocol):
    """An opened source of pictures. `fps` and `frames` are 0 and `codec` is empty when not known."""

    fps: float
    frames: int
    codec: str

    def read(self) -> Pixels | None:
        """The next picture, RGB; None at the end. May block for ever."""
        ...


def open_backend(orders: Orders) -> Backend:
    """Open what the orders name; raises a `CameraError` where it can be told what is wrong, else `OSError`."""
    scheme = scheme_of(orders.value) if orders.kind == Kind.STREAM else ""
    if scheme in {"http", "https"}:
        return _open_web(orders)
    context = rtsp.trusting(orders.value, orders.ca_file) if scheme == "rtsps" and orders.ca_file else None
    try:
        return OpenCv(orders)
    except OSError as error:
        asked = scheme == "rtsp" or context is not None
        if asked and (why := rtsp.refusal(orders.value, orders.timeout_s * ASK_SHARE / 2, context)) is not None:
            raise why from error
        raise


def _open_web(orders: Orders) -> Backend:
    """A still is asked for again and again; all else is a stream and OpenCV's."""
    from attendance.cameras.still import Still
    from attendance.cameras.web import Site, is_nearly_http

    site = Site(orders.value, orders.timeout_s * ASK_SHARE, orders.ca_file)
    try:
        with site.ask() as answer:
            if answer.is_picture:
                return Still(site)
            url, kind = site.address_of(answer), answer.type or "of no named type"
            if orders.ca_file and scheme_of(url) == "https" and kind in PLAYLISTS:
                raise CameraCertificate(site.host, "the parts of a playlist (HLS) cannot be held to camera_ca_file")
            why: OSError | CameraMissing = OSError(f"what it sends ({kind}) is no stream that can be decoded")
    except CameraMissing as error:
        if not is_nearly_http(error):
            raise
        url, why = orders.value, error
    try:
        return OpenCv(replace(orders, value=url))
    except OSError as error:
        raise why from error


class OpenCv:
    """Devices, streams and files by OpenCV."""

    def __init__(self, orders: Orders) -> None:
        import cv2

        self._cv2 = cv2
        wait_ms = max(1, int(orders.timeout_s * 1000))
        if orders.kind == Kind.DEVICE:
            device = int(orders.value) if orders.value.isdecimal() else orders.value
            self._capture = cv2.VideoCapture(device)
            self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        else:
            # The timeouts are heeded only when the backend is named.
            limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, wait_ms, cv2.CAP_PROP_READ_TIMEOUT_MSEC, wait_ms]
            self._capture = cv2.VideoCapture(orders.value, cv2.CAP_FFMPEG, limits)
            # Phones write their videos lying and note the turn; OpenCV 4.11 heeds the note only when told to.
            self._capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
        if not self._capture.isOpened():
            raise OSError("cannot be opened")
        _check_size(self._size(cv2.CAP_PROP_FRAME_WIDTH), self._size(cv2.CAP_PROP_FRAME_HEIGHT))
        self.fps = _sane(self._capture.get(cv2.CAP_PROP_FPS))
        self.frames = int(_sane(self._capture.get(cv2.CAP_PROP_FRAME_COUNT), 1e9))
        self._mirrored = orders.kind == Kind.FILE and is_mirrored(Path(orders.value))
        self._tries = FILE_TRIES if orders.kind == Kind.FILE else 1
        self.codec = codec_name(self._capture.get(cv2.CAP_PROP_FOURCC))

    def read(self) -> Pixels | None:
        """The next picture, RGB; None at the end."""
        for _ in range(self._tries):
            good, pixels = self._capture.read()
            if good and pixels is not None:
                return self._rgb(pixels)
        return None

    def _rgb(self, pixels: Any) -> Pixels:
        code = self._cv2.COLOR_BGR2RGB if pixels.ndim == COLOR_AXES else self._cv2.COLOR_GRAY2RGB
        colored = np.asarray(self._cv2.cvtColor(pixels, code))
        return self._mirror(colored) if self._mirrored else colored

    def _mirror(self, pixels: Pixels) -> Pixels:
        """Turned by OpenCV as if there were no mirror: what is left to do depends on how far it was turned."""
        sideways = int(self._capture.get(self._cv2.CAP_PROP_ORIENTATION_META)) % 180 == QUARTER_TURN
        return np.ascontiguousarray(pixels[:, ::-1] if sideways else pixels[::-1])

    def _size(self, which: int) -> int:
        return int(_sane(self._capture.get(which), 1e9))


def check_picture(pixels: Pixels) -> None:
    """Raise `ValueError` for what is no picture (H, W, 3) uint8, or larger than any camera's."""
    if pixels.ndim != COLOR_AXES or pixels.shape[2] != 3 or pixels.dtype != np.uint8:  # noqa: PLR2004 - RGB
        raise ValueError(f"the decoder gave {pixels.shape} {pixels.dtype} instead of a colour picture")
    _check_size(pixels.shape[1], pixels.shape[0])


def codec_name(fourcc: float) -> str:
    """The codec in the words people know, else its four letters; empty when they are none."""
    number = int(_sane(fourcc, float(2**32)))
    letters = number.to_bytes(5, "little").rstrip(b"\0").decode("latin-1")
    return _CODECS.get(letters.lower(), letters) if letters.isascii() and letters.isprintable() else ""


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_FRAME_PIXELS:
        raise ValueError(f"pictures of {width}x{height} are larger than any camera's")


def _sane(value: float, most: float = 1000.0) -> float:
    return value if 0 < value <= most else 0.0
