"""Doctor's look at liveness: whether it was ever measured where cameras and kiosks look, and still holds."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from attendance.services.doctor_finding import Finding
from attendance.services.livenessmeasure import State, asked_by, states

if TYPE_CHECKING:
    from attendance.settings import Settings
    from gallery import Gallery

CHECK: Final = "liveness"
_MOST: Final = 5


def liveness_findings(gallery: "Gallery", settings: "Settings", now: datetime) -> Iterator[Finding]:
    """A hint for places that were never measured, and for those that were otherwise; nothing where liveness is off."""
    if settings.liveness == "off":
        return
    with gallery.store.reading() as view:
        found = list(states(view, asked_by(settings), gallery.pipeline_id, now))
    never = [each for each in found if each.measured is None]
    other = [each for each in found if each.outdated]
    if never:
        told = f"{_named(never)}: what it is worth there was never measured"
        yield Finding(CHECK, told, "liveness.unmeasured", _command(never))
    if other:
        why = "; ".join(f"{each.place.name} {' and '.join(each.outdated)}" for each in other[:_MOST])
        told = f"measured otherwise than it is asked now: {why}{_more(other)}"
        yield Finding(CHECK, told, "liveness.outdated", _command(other))
    if found and not never and not other:
        yield Finding(CHECK, f"{settings.liveness}, measured at every place: attendance liveness show")


def _named(found: Sequence[State]) -> str:
    return ", ".join(each.place.name for each in found[:_MOST]) + _more(found)


def _more(found: Sequence[State]) -> str:
    return f" and {len(found) - _MOST} more" if len(found) > _MOST else ""


def _command(found: Sequence[State]) -> str:
    name = found[0].place.name.replace("'", "'\\''")
    camera = " --camera ADDRESS" if found[0].place.kind == "kiosk" else ""
    return f"attendance liveness measure --place '{name}'{camera}"
