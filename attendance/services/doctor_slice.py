"""Doctor's look at a site's slice: how long marks can go on while the database is out of reach, and what waits."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attendance.services.doctor_finding import Finding
from gallery.errors import OfflineOver
from gallery.locations import pointer
from refusal import counted

if TYPE_CHECKING:
    from attendance.clock import Clock
    from attendance.settings import Settings
    from gallery.slices.slice import Slice
    from gallery.slices.state import State

SERVE: Final = "attendance serve"
_UNITS: Final = (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1)))


def slice_findings(home: Path, settings: "Settings", clock: "Clock", *, away: bool) -> Iterator[Finding]:
    """What this computer can go on with; nothing where its database is a file, or it neither is a site's nor was.

    ``away``: the database is out of reach, so that it matters now. Raises what keeps the slice from being read.
    """
    if pointer(home) is None:
        return
    found = _opened(home)
    if found is None:
        yield from _none(settings)
        return
    try:
        state = found.state
        if state is None:
            yield from _none(settings)
        elif settings.site is None:
            yield from _left(found, state)
        else:
            yield _standing(found, state, settings.offline_days, clock.utc(), away=away)
    finally:
        found.close()


def _opened(home: Path) -> "Slice | None":
    """The slice, opened so that nothing is written; None where there is none."""
    from gallery.opening import is_there, open_database
    from gallery.slices.slice import Slice, folder_of

    folder = folder_of(home)
    return Slice(home, open_database(folder, create=False, read_only=True)) if is_there(folder) else None


def _none(settings: "Settings") -> Iterator[Finding]:
    if settings.site is not None:
        told = f"site {settings.site} has no slice here: nobody is marked while the database is out of reach"
        yield Finding("slice", told, "slice.missing", f"{SERVE}, once the database answers")


def _left(found: "Slice", state: "State") -> Iterator[Finding]:
    """A slice that nothing works with any more, which matters where something waits in it."""
    waiting = found.waiting()
    if waiting:
        told = f"{_waits(waiting)} in the slice of {_of(state)}, and no site is set here: nothing delivers that"
        repair = f"attendance config set site {'NAME' if state.site is None else repr(state.site)}, then {SERVE}"
        yield Finding("slice", told, "slice.undelivered", repair, 1)


def _standing(found: "Slice", state: "State", days: int, now: datetime, *, away: bool) -> Finding:
    """How old it is, until when marks can go on by it, and what waits."""
    waits, until = _waits(found.waiting()), state.filled + timedelta(days=days)
    try:
        found.refuse_old(now, days)
    except OfflineOver as over:
        told = f"of {_of(state)}: {over.detail}, and nobody is marked by it; {waits}"
        return Finding("slice", told, OfflineOver.id, over.help, over.exit_code if away else 0)
    told = f"of {_of(state)}, as the database was at {_shown(state.filled)}, {_ago(now - state.filled)}"
    return Finding("slice", f"{told}; marks can go on without it until {_shown(until)}; {waits}")


def _of(state: "State") -> str:
    return "all of the home" if state.site is None else f"site {state.site}"


def _waits(count: int) -> str:
    return f"{counted(count, 'record waits', 'records wait')} to be delivered" if count else "nothing waits"


def _shown(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _ago(age: timedelta) -> str:
    """How long that is ago, in the largest unit of which there is a whole one."""
    for name, unit in _UNITS:
        if age >= unit:
            return f"{counted(age // unit, name)} ago"
    return "less than a minute ago"
