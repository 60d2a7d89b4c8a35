"""Whether this process can do its work now: its database answers and may be written, it can judge, and keeps up."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from attendance.faults import refusal_of

if TYPE_CHECKING:
    from attendance.app import Attendance

LAG_S: Final = 10.0
"""Pictures that are judged so late are of somebody who has gone by: another process has to help."""


@dataclass(frozen=True, slots=True)
class Ready:
    """``why_not`` is a code, None where all is well; ``answered_s`` is how long the database took."""

    why_not: str | None
    answered_s: float | None = None

    @property
    def line(self) -> str:
        """In one line, which names nobody and no address."""
        return "ready" if self.why_not is None else f"not ready: {self.why_not}"


def ready(app: "Attendance") -> Ready:
    """Ask the home. Raises nothing: what is wrong is told by the id of its error, `pipeline.loading`, or `lag`."""
    try:
        took = app.vitals.answered_s()
        if not app.pipeline_is_loaded:
            return Ready("pipeline.loading", took)
        return Ready("lag" if _lag(app) > LAG_S else None, took)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is an answer
        return Ready(refusal_of(error, "ready").id)


def _lag(app: "Attendance") -> float:
    """How old pictures are when they are judged, at the camera where it is worst; 0 without one."""
    return max((each.reading.lag_s or 0.0 for each in app.cameras.all() if each.wanted), default=0.0)
