"""Subscribers that show a run's frames with their boxes: in a film, in a window."""

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from attendance.live import Began, Decided, Event, Idle, Seen, Skipped
from attendance.show.film import Film

Pixels = NDArray[np.uint8]


class Canvas:
    """Draws each frame once, for all who show it."""

    def __init__(self) -> None:
        self._seen: Seen | None = None
        self._picture: Pixels | None = None

    def picture(self, seen: Seen) -> Pixels:
        """The frame (H, W, 3) uint8 RGB with a box and a sign for each face."""
        from attendance.show.draw import draw
        from attendance.show.sign import sign_of_face

        if self._picture is None or seen is not self._seen:
            self._seen = seen
            self._picture = draw(seen.frame.pixels, [sign_of_face(face) for face in seen.faces])
        return self._picture


class FilmViewer:
    """Films a run, with a picture of the moment of each mark; use it as a context manager. Raises OutputFailed.

    With `fps` the file's name is claimed at once; without it the film gets the source's own rate, known at its first
    frame.
    """

    def __init__(self, path: Path, canvas: Canvas, fps: float | None = None) -> None:
        self._path, self._canvas = path, canvas
        self._film = None if fps is None else Film(path, fps)
        self._moments: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._film is not None:
            self._film.close()

    def __call__(self, event: Event) -> None:
        """Take in what the run tells."""
        match event:
            case Began() if self._film is None:
                self._film = Film(self._path, event.fps)
            case Decided() if event.decision.decision in {"present", "already"}:
                self._moments.append(f"track{event.decision.track}-{event.decision.decision}")
            case Seen() if self._film is not None:
                self._add(self._film, event)

    def _add(self, film: Film, seen: Seen) -> None:
        picture = self._canvas.picture(seen)
        film.add(picture, seen.frame.time)
        for moment in self._moments:
            film.still(picture, moment)
        self._moments.clear()


class Pane(Protocol):
    """A window as a viewer uses it; both methods return False when the user wants to stop."""

    def show(self, pixels: Pixels, /) -> bool:
        """Show a picture."""
        ...

    def alive(self) -> bool:
        """Answer the user."""
        ...


class WindowViewer:
    """Shows a run in a window, and calls `stop` when its user wants to stop."""

    def __init__(self, window: Pane, canvas: Canvas, stop: Callable[[], object]) -> None:
        self._window, self._canvas, self._stop = window, canvas, stop

    def __call__(self, event: Event) -> None:
        """Take in what the run tells."""
        match event:
            case Seen():
                going_on = self._window.show(self._canvas.picture(event))
            case Idle() | Skipped():
                going_on = self._window.alive()
            case _:
                return
        if not going_on:
            self._stop()
