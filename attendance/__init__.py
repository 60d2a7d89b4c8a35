"""Face attendance: one photo enrols a person, a file, folder, video or camera check marks them present."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from attendance.access import Actor
    from attendance.app import Attendance
    from attendance.errors import AttendanceError
    from attendance.records import Decision, PersonRef, ScoredPerson
    from attendance.services.enrolment import Enrolled

__all__ = ["Actor", "Attendance", "AttendanceError", "Decision", "Enrolled", "PersonRef", "ScoredPerson"]

_HOMES = {
    "Actor": "attendance.access",
    "Attendance": "attendance.app",
    "AttendanceError": "attendance.errors",
    "Decision": "attendance.records",
    "Enrolled": "attendance.services.enrolment",
    "PersonRef": "attendance.records",
    "ScoredPerson": "attendance.records",
}


def __getattr__(name: str) -> Any:
    """Load a public name at first use, so that importing the package costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
