"""Where frames come from: every frame of a file in order, or the newest one of a camera."""

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from attendance.cameras import Camera, CameraState, Frame, VideoReader
from attendance.clock import Clock
from attendance.live.events import Back, Condition, Lost, Stale

POLL_S: Final = 0.1
CAMERA_PATIENCE: Final = 10
_GONE: Final[dict[CameraState, type[Condition]]] = {CameraState.FROZEN: Stale, CameraState.OFFLINE: Lost}


class FileFeed:
    """Every frame of a video file. Raises what `VideoReader` does; the models may fail on none of its frames."""

    patience = 1

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path, self._clock = path, clock
        self._reader: VideoReader | None = None

    @property
    def fps(self) -> float:
        """Frames a second, a guess where the file does not tell."""
        return 0.0 if self._reader is None else self._reader.fps

    @property
    def declared(self) -> int:
        """How many frames the file says that it has; 0 when it does not."""
        return 0 if self._reader is None else self._reader.declared

    def __enter__(self) -> Self:
        self._reader = VideoReader(self._path, self._clock)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._reader is not None:
            self._reader.close()

    def __iter__(self) -> Iterator[Frame]:
        return iter(self._reader or ())


class CameraFeed:
    """The newest frames of a camera and how it does. Raises a `CameraError` where it cannot be used."""

    patience = CAMERA_PATIENCE
    fps = 0.0
    declared = 0

    def __init__(self, camera: Camera) -> None:
        self._camera = camera

    def __enter__(self) -> Self:
        try:
            self._camera.open()
        except BaseException:
            self._camera.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._camera.close()

    def __iter__(self) -> Iterator[Frame | Condition | None]:
        told, gone = (CameraState.CLOSED, ""), False
        while True:
            frame = self._camera.newest(POLL_S)
            state, detail = now = self._camera.state, self._camera.detail
            if now != told:
                told = now
                kind = Back if gone and state is CameraState.ONLINE else _GONE.get(state, Condition)
                gone = (gone or state in _GONE) and kind is not Back
                yield kind(state, detail)
            if state is CameraState.ENDED and frame is None:
                return
            yield frame
