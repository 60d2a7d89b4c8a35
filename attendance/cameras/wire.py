"""What the capture process and the product say to each other over two pipes.

To the child: its orders as one line of JSON, then one byte a wanted frame. From the child: messages, each a
length, a JSON header and, for a frame, its pixels. Frames never touch a file or a shared name.
"""

import json
import struct
import sys
import time
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, BinaryIO, Final

import numpy as np

from attendance.cameras.frame import Pixels

WANT: Final = b"n"
STILL: Final = "still"  # in the place of a codec: an address that is asked for one picture at a time
MAX_FRAME_PIXELS: Final = 50_000_000  # above any camera sold; a forged header must not exhaust the memory
_LENGTH: Final = struct.Struct("<I")
_MAX_HEADER: Final = 1 << 16


class Order(StrEnum):
    """Which frames a child delivers: the newest in real time, or each in turn."""

    NEWEST = "newest"
    EVERY = "every"


@dataclass(frozen=True, slots=True)
class Orders:
    """What a child is to do; sent on its standard input, since arguments show in process lists.

    By ``ca_file`` alone, if it is named, cameras are trusted whose address asks for TLS.
    """

    kind: str
    value: str
    order: Order
    timeout_s: float
    ca_file: str = ""

    def to_line(self) -> bytes:
        """One line of JSON."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> "Orders":
        """The inverse of `to_line`."""
        fields = json.loads(line)
        return cls(**{**fields, "order": Order(fields["order"])})


class Word(StrEnum):
    """The sorts of message a child sends."""

    OPENED = "opened"
    FRAME = "frame"
    SAME = "same"
    ENDED = "ended"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `born` is when the frame was captured, by `since_boot`; `fps` is 0 when not known.

    `detail` says why it failed, or with which codec it opened; `problem` is the id of the camera error, if known.
    """

    word: Word
    number: int = 0
    born: float = 0.0
    fps: float = 0.0
    frames: int = 0
    detail: str = ""
    pixels: Pixels | None = None
    problem: str = ""


def since_boot() -> float:
    """Seconds that all processes of the computer agree on and that, where the system can, go on while it sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if sys.platform == "linux" else time.monotonic()


def send(pipe: BinaryIO, message: Message) -> None:
    """Write one message whole."""
    header: dict[str, Any] = {
        "word": message.word,
        "number": message.number,
        "born": message.born,
        "fps": message.fps,
        "frames": message.frames,
        "detail": message.detail[:1000],
        "problem": message.problem,
        "shape": None if message.pixels is None else message.pixels.shape,
    }
    text = json.dumps(header).encode()
    pipe.write(_LENGTH.pack(len(text)) + text)
    if message.pixels is not None:
        pipe.write(np.ascontiguousarray(message.pixels).data)
    pipe.flush()


def receive(pipe: BinaryIO) -> Message | None:
    """Read one message; None when the child is gone. Raises `ValueError` for anything but a message."""
    start = pipe.read(_LENGTH.size)
    if len(start) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(start)
    if length > _MAX_HEADER:
        raise ValueError(f"header: expected at most {_MAX_HEADER} bytes, got {length}")
    text = pipe.read(length)
    if len(text) < length:
        return None
    header = json.loads(text)
    shape = header.pop("shape")
    pixels = None if shape is None else _pixels(pipe, shape)
    if shape is not None and pixels is None:
        return None
    return Message(**{**header, "word": Word(header["word"])}, pixels=pixels)


def _pixels(pipe: BinaryIO, shape: list[int]) -> Pixels | None:
    """The picture that follows its header; None when the pipe ends within it."""
    height, width, channels = shape
    if channels != 3 or min(height, width) < 1 or height * width > MAX_FRAME_PIXELS:  # noqa: PLR2004 - RGB
        raise ValueError(f"shape: expected a picture (H, W, 3) of at most {MAX_FRAME_PIXELS} pixels, got {shape}")
    pixels = np.empty((height, width, channels), np.uint8)
    view = pixels.data.cast("B")
    done = 0
    while done < len(view):
        count = pipe.readinto(view[done:])  # type: ignore[attr-defined]  # BinaryIO lacks it, pipes have it
        if not count:
            return None
        done += count
    return pixels
