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
from attendance.errors import SourceCut, SourceError, SourceMissing, SourceNoFrames, SourceUnsupported
from attendance.paths import shown_path

HANG_S: Final = 30.0
NO_PICTURE: Final = "no picture of it can be decoded"


class VideoReader:
    """An iterator over the frames of a file; use it as a context manager.

    `fps` is a guess (25) where the file does not tell. Iterating raises `SourceUnsupported` for a file that
    no decoder takes, `SourceNoFrames` for one that opens but of which no picture can be decoded, and
    `SourceCut` where the decoder fails, hangs or crashes after some frames.
    """

    def __init__(self, path: Path, clock: Clock, *, hang_s: float = HANG_S, command: Sequence[str] = COMMAND) -> None:
        self._name = shown_path(path)
        if not path.is_file():
            raise SourceMissing(self._name, "no such file" if not path.exists() else "not a file")
        self._clock, self._hang_s = clock, hang_s
        self.fps = DEFAULT_FPS
        self.declared = 0
        self._opened, self._codec, self._frames = False, "", 0
        try:
            self._child = CaptureProcess(Orders(Kind.FILE, str(path.resolve()), Order.EVERY, hang_s), command)
        except EOFError as error:
            raise SourceUnsupported(self._name, str(error)) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[Frame]:
        while (frame := self._frame()) is not None:
            yield frame

    def close(self) -> None:
        """End the decoding process; may be called twice."""
        self._child.kill()

    def _frame(self) -> Frame | None:
        """The next frame; None at the end of the file."""
        while True:
            message = self._next()
            if message.word is Word.FRAME and message.pixels is not None:
                self._frames += 1
                return Frame(message.pixels, message.number, message.number / self.fps, self._clock.utc())
            if message.word is Word.ENDED and message.number:
                return None
            if message.word is not Word.OPENED:
                raise self._refusal(message.detail)
            self._opened, self._codec = True, message.detail
            self.fps, self.declared = message.fps or DEFAULT_FPS, message.frames

    def _next(self) -> Message:
        try:
            message = self._child.ask(self._hang_s)
        except EOFError as error:
            raise self._refusal(str(error)) from None
        if message is None:
            raise self._refusal(f"the decoder gave nothing for {self._hang_s:.0f} s")
        return message

    def _refusal(self, why: str) -> SourceError:
        if self._frames:
            told = f"of {self.declared} frames" if self.declared else "frames"
            return SourceCut(self._name, f"{why or 'the video ends'} after {self._frames} {told}")
        if self._opened:
            codec = f" (codec {self._codec})" if self._codec else ""
            return SourceNoFrames(self._name, f"{NO_PICTURE}{codec}" + (f": {why}" if why else ""))
        return SourceUnsupported(self._name, why or "not a video")
