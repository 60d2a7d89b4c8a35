"""What a run tells its subscribers, in order, on the run's own thread.

A run begins with `Opened`, unless the source cannot be, and ends with `Ended`. Between them come `Began` before the
first frame, and for each frame first what it settled (`Voted`, `Marked`, `Decided`) and then `Seen`, or else
`Skipped`. How a camera does is told as a `Condition`.
"""

from dataclasses import dataclass, field
from typing import Final

from attendance.cameras.frame import CameraState, Frame
from attendance.live.track import Box
from attendance.records import Decision

WHOLE: Final = 0.9  # share of the frames declared from which on a video has not been cut short


@dataclass(frozen=True, slots=True)
class LiveSummary:
    """How a run went or goes: frames seen, faces judged, people newly marked, tracks of strangers, and its state.

    `marked` counts, in a dry run, those who would have been. At last `state` is "ended", "stopped" or "failed".
    The source says that it has `declared` frames, or does not (0).
    """

    frames: int
    judged: int
    marked: int
    unknown: int
    fps: float
    state: str
    declared: int = field(default=0, compare=False)

    @property
    def is_whole(self) -> bool:
        """Whether it ended by itself, about as late as the source has said."""
        return self.state == "ended" and self.frames >= WHOLE * self.declared


@dataclass(frozen=True, slots=True)
class SeenFace:
    """A face in view: `box` is x, y, width, height in pixels of the frame.

    `decision` is the one given out, or after many looks the one that it would be; without it, `reasons` say why the
    face cannot be judged, or `votes` of `needed` looks agree so far. `prompt` is what the person is asked to do now:
    "left", "right", "up", "straight", or "" for nothing.
    """

    track: int
    box: Box
    decision: Decision | None
    reasons: tuple[str, ...]
    votes: int
    needed: int
    prompt: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """The source is open; `place` is its name."""

    place: str


@dataclass(frozen=True, slots=True)
class Began:
    """The first frame is there and not judged yet; `fps` and `declared` frames as the source tells them, or 0."""

    fps: float
    declared: int


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A frame was watched; `faces` are those in view."""

    frame: Frame
    faces: tuple[SeenFace, ...]


@dataclass(frozen=True, slots=True)
class Skipped:
    """The models failed on frame number `frame`, which therefore marks nobody."""

    frame: int
    error: Exception


@dataclass(frozen=True, slots=True)
class Voted:
    """One look at a track's face: judged `alone`, None where it cannot be; now `votes` of `needed` looks agree."""

    track: int
    frame: int
    alone: Decision | None
    votes: int
    needed: int


@dataclass(frozen=True, slots=True)
class Marked:
    """Somebody was newly marked; the mark is on the disk."""

    decision: Decision


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision is given out, as it was recorded; repeats before one camera, a short while apart, are not."""

    decision: Decision


@dataclass(frozen=True, slots=True)
class Idle:
    """No frame has come for a moment."""


@dataclass(frozen=True, slots=True)
class Condition:
    """The camera does otherwise than before: `detail` says why, without passwords, and is empty when all is well."""

    state: CameraState
    detail: str


@dataclass(frozen=True, slots=True)
class Stale(Condition):
    """The camera delivers, but nothing new; whoever was in view is not seen any more."""


@dataclass(frozen=True, slots=True)
class Lost(Condition):
    """The camera delivers nothing and is tried again; whoever was in view is not seen any more."""


@dataclass(frozen=True, slots=True)
class Back(Condition):
    """The camera delivers again after it was lost or stale."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """A subscriber failed and hears no more; `who` names it."""

    who: str
    error: Exception


@dataclass(frozen=True, slots=True)
class Ended:
    """The run is over, by `error` where there is one; nothing comes after it but `Dropped`."""

    summary: LiveSummary
    error: BaseException | None


Event = Opened | Began | Seen | Skipped | Voted | Marked | Decided | Idle | Condition | Dropped | Ended
