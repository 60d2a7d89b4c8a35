"""What a run asks of the product around it, and of a source of frames: seams, no more."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self

from attendance.cameras.frame import Frame, Pixels
from attendance.clock import Clock
from attendance.judge.decision import Policy
from attendance.records import Decision
from attendance.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    from attendance.live.events import Condition
    from enroll.face import Detection, Face
    from enroll.stages import Encoder

Means = Literal["camera", "file"]
"""By what a mark was made."""


class Detector(Protocol):
    """Finds the faces of a picture."""

    def detect(self, pixels: Pixels, /) -> "list[Detection]":
        """Every face of an RGB picture (H, W, 3) uint8."""
        ...


class Pipeline(Protocol):
    """Detector and encoder, loaded."""

    @property
    def detector(self) -> Detector:
        """What finds faces."""
        ...

    @property
    def encoder(self) -> "Encoder":
        """What makes templates of them."""
        ...

    def embed_detections(self, pixels: Pixels, detections: "Sequence[Detection]", /) -> "list[Face]":
        """The faces of these detections, in their order; one that cannot be judged has no template."""
        ...

    def track_doubts(self, looks: "Sequence[Face]", /) -> tuple[str, ...]:
        """Why a person must look before a track counts of which these looks are kept, in the order seen."""
        ...


class LiveSettings(Protocol):
    """The settings that a run reads."""

    @property
    def vote_frames(self) -> int:
        """Looks at a face that must agree before a mark."""
        ...

    @property
    def detect_side(self) -> int:
        """Longer side, in pixels, of the copy that the detector sees."""
        ...


class Desk(Protocol):
    """Judges faces, records decisions, and notes that people were looked for; shared by any number of runs."""

    @property
    def settings(self) -> LiveSettings:
        """The settings in force."""
        ...

    @property
    def clock(self) -> Clock:
        """Where time comes from."""
        ...

    @property
    def pipeline(self) -> Pipeline:
        """Detector and encoder, loaded at first use."""
        ...

    def policy(self, scope: Scope, /) -> Policy:
        """The numbers to judge by."""
        ...

    def judge(
        self,
        faces: "Sequence[Face]",
        scope: Scope,
        /,
        *,
        source: str,
        frame: int | None = None,
        track: bool = False,
    ) -> list[Decision]:
        """Judge all faces of one picture together, one decision a face, in order; marks nothing.

        With ``track`` each face stands for a track's joined looks. They are of the instant ``scope.at`` (now).
        """
        ...

    def record(
        self,
        decision: Decision,
        scope: Scope,
        /,
        *,
        means: Means | None = None,
        crop: Pixels | None = None,
    ) -> Decision:
        """Store a decision, and mark a `present` one; returns it as it was recorded.

        ``crop`` is the face, to be kept where somebody must look.
        """
        ...

    def note_check(self, means: Means, scope: Scope, /) -> None:
        """Remember that people were looked for."""
        ...

    def cover(
        self, means: Means, scope: Scope, source: str, /, *, begins: datetime, ends: datetime, before: Any
    ) -> Any:
        """Remember from when to when `source` has looked; what comes back is to be handed in `before` goes on.

        None where that is nothing to remember.
        """
        ...


class Feed(Protocol):
    """Where a run's frames come from; entered once, it opens the source, and closes it when it is left.

    Iterating gives frames, conditions of the source, and None where nothing has come for a moment; it ends where the
    source does.
    """

    @property
    def fps(self) -> float:
        """Frames a second as the source declares them; 0 when it does not. Known with the first frame."""
        ...

    @property
    def declared(self) -> int:
        """How many frames the source says that it has; 0 when it does not. Known with the first frame."""
        ...

    @property
    def patience(self) -> int:
        """On how many frames in a row the models may fail before the run does."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: "TracebackType | None"
    ) -> None: ...

    def __iter__(self) -> "Iterator[Frame | Condition | None]": ...
