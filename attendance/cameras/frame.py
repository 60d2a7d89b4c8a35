"""The seam for cameras: what a frame is, and what the live check asks of whatever delivers it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


class CameraState(StrEnum):
    """How a camera does, in the words the status line uses."""

    OPENING = "opening"
    ONLINE = "online"
    FROZEN = "frozen"
    OFFLINE = "offline"
    ENDED = "ended"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture: `pixels` (H, W, 3) uint8 RGB; `number` counts from 0; `time` is in monotonic seconds.

    For a file that is read frame by frame `time` is the film's own, from 0.
    """

    pixels: Pixels = field(repr=False)
    number: int
    time: float
    at: datetime

    def __post_init__(self) -> None:
        if self.pixels.ndim != 3 or self.pixels.shape[2] != 3 or self.pixels.dtype != np.uint8:  # noqa: PLR2004
            raise ValueError(f"pixels: expected (H, W, 3) uint8, got {self.pixels.shape} {self.pixels.dtype}")
        if self.at.tzinfo is None:
            raise ValueError("at: expected an aware instant (UTC), got a naive one")


class Camera(Protocol):
    """A source of newest frames. Nothing it delivers waits in a queue, and nothing old is ever delivered."""

    @property
    def state(self) -> CameraState:
        """How it does now."""
        ...

    @property
    def detail(self) -> str:
        """Why it is in this state, one line without passwords; empty while all is well."""
        ...

    def open(self) -> None:
        """Begin; raises a `CameraError` when this can never work."""
        ...

    def newest(self, timeout_s: float = 0.1) -> Frame | None:
        """The newest frame not handed out yet, or None when there is none within the time given."""
        ...

    def close(self) -> None:
        """Stop for good; may be called twice."""
        ...
