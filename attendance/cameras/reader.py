"""Every frame of a video file, in order, decoded in a process of its own ahead of the work."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from attendance.cameras.address import Kind
from attendance.cameras.capture import DEFAULT_FPS
from attendance.cameras.frame import Frame
from attendance.cameras.process import COMMAND, CaptureProcess
from attendance.cameras.wire import Message, Order, Orders, Word
from attendance.clock import Clock
from attendance.errors import CameraNoFrames, SourceMissing, SourceUnsupported

HANG_S: Final = 30.0


class VideoReader:
    """An iterator over the frames of a file; use it as a context manager.

    `fps` is a guess (25) where the file does not tell. Iterating raises `SourceUnsupported` for a file that
    no decoder takes, hangs on, or crashes on, `CameraNoFrames` for one that holds no picture.
    """

    def __init__(self, path: Path, clock: Clock, *, hang_s: float = HANG_S, command: Sequence[str] = COMMAND) -> None:
        if not path.is_file():
            raise SourceMissing(str(path), "no such file" if not path.exists() else "not a file")
        self._path, self._clock, self._hang_s = path, clock, hang_s
        self.fps = DEFAULT_FPS
        self.declared = 0
        self._child = CaptureProcess(Orders(Kind.FILE, str(path.resolve()), Order.EVERY, hang_s), command)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[Frame]:
        opened = False
        while True:
            message = self._next()
            if message.word is Word.FRAME and message.pixels is not None:
                yield Frame(message.pixels, message.number, message.number / self.fps, self._clock.utc())
            elif message.word is Word.OPENED:
                opened = True
                self.fps, self.declared = message.fps or DEFAULT_FPS, message.frames
            elif message.word is Word.ENDED and message.number:
                return
            elif message.word is Word.ENDED and opened:
                raise CameraNoFrames(str(self._path), "the video holds no picture that can be decoded")
            else:
                raise SourceUnsupported(str(self._path), message.detail or "not a video")

    def close(self) -> None:
        """End the decoding process; may be called twice."""
        self._child.kill()

    def _next(self) -> Message:
        try:
            message = self._child.ask(self._hang_s)
        except EOFError as error:
            raise SourceUnsupported(str(self._path), str(error)) from None
        if message is None:
            raise SourceUnsupported(str(self._path), f"the decoder gave nothing for {self._hang_s:.0f} s")
        return message
