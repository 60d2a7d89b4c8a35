"""`Attendance`: the whole product in one object; the command line only parses, calls it and prints."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from attendance.clock import Clock, SystemClock
from attendance.decision import Policy
from attendance.records import Decision
from attendance.settings import Settings, Value

if TYPE_CHECKING:
    from enroll.face import Face
    from enroll.pipeline import Pipeline


class Attendance:
    """A home (gallery, sessions, marks, settings) opened for work; use it as a context manager."""

    settings: Settings
    clock: Clock

    @classmethod
    def open(
        cls,
        home: Path | str | None = None,
        *,
        clock: Clock | None = None,
        pipeline: "Pipeline | None" = None,
        flags: Mapping[str, Value] | None = None,
    ) -> Self:
        """Open the home, created on first use; ``pipeline`` replaces the shipped detector and encoder."""
        raise NotImplementedError

    @property
    def pipeline(self) -> "Pipeline":
        """Detector and encoder, loaded at first use."""
        raise NotImplementedError

    def policy(self, group: str | None = None) -> Policy:
        """The numbers to judge by, for the people enrolled now (of one group)."""
        raise NotImplementedError

    def judge(
        self,
        faces: "Sequence[Face]",
        *,
        source: str,
        frame: int | None = None,
        at: datetime | None = None,
        group: str | None = None,
    ) -> list[Decision]:
        """Judge all faces of one picture together, one decision a face, in order; marks nothing."""
        raise NotImplementedError

    def record(self, decision: Decision, session: str | None = None) -> Decision:
        """Mark a ``present`` decision in the session (None: the day's own).

        Returns it with the mark's id, as ``already`` when the person was marked before; other decisions
        come back unchanged. When this returns, the mark survives a kill.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Close the database."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


__all__ = ["Attendance", "SystemClock"]
