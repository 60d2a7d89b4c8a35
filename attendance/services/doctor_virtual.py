"""Doctor's look at cameras that are programs: whoever runs one decides what is seen there."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from attendance.services.doctor_finding import Finding
from attendance.services.virtualcameras import programs, reasons_of

if TYPE_CHECKING:
    from attendance.clock import Clock
    from attendance.settings import Settings
    from gallery.ports import Database


def virtual_findings(store: "Database", settings: "Settings", clock: "Clock") -> Iterator[Finding]:
    """One finding a place whose pictures came from a program the last time that it looked."""
    with store.reading() as transaction:
        found = programs(transaction, clock.utc())
    for place, program in found:
        if reasons_of(settings, program):
            detail = f"{place.name}: the pictures come from {program!r}, a program: a person must look at each mark"
            repair = "choose a camera there, or: attendance config set virtual_cameras allow"
            yield Finding("camera", detail, "camera.program", repair, 1)
        else:
            yield Finding("camera", f"{place.name}: the pictures come from {program!r}, a program, which is allowed")
