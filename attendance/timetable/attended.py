"""`Attended`: what became of one person in one occurrence, and why."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from attendance.timetable.facts import Span
from attendance.timetable.occurrence import Occurrence


class Status(StrEnum):
    """What became of it; the words are those of reports."""

    PRESENT = "present"
    LATE = "late"
    LEFT_EARLY = "left early"
    PARTIAL = "partial"
    EXCUSED = "excused"
    ABSENT = "absent"
    NO_LOG = "no log"


THERE = frozenset({Status.PRESENT, Status.LATE, Status.LEFT_EARLY, Status.PARTIAL})
"""Those of somebody who was there."""


@dataclass(frozen=True, slots=True)
class Attended:
    """The status of a person, by the gallery's number, in an occurrence.

    ``reasons`` are codes (see `attendance.timetable.status`). ``arrived`` and ``left`` are None where not known.
    ``present`` holds the times of presence within the occurrence's window; where ``automatic``, the last of them was
    closed by the rule alone, and is not worked until somebody marks them out by hand. ``worked_s`` is what of them
    lies in the occurrence, less unpaid breaks; ``worked_by_day`` splits it at local midnights. ``marks`` and
    ``excuses`` are the ids of those that counted.
    """

    person: int
    occurrence: Occurrence
    status: Status
    reasons: tuple[str, ...] = ()
    arrived: datetime | None = None
    left: datetime | None = None
    late_s: int = 0
    early_s: int = 0
    present: tuple[Span, ...] = ()
    automatic: bool = False
    worked_s: int = 0
    worked_by_day: tuple[tuple[date, int], ...] = ()
    marks: tuple[str, ...] = ()
    excuses: tuple[int, ...] = ()
