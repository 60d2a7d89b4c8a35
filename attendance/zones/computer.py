"""The computer's own time zone: its IANA name, what tells it, and why it may be another one.

``TZ`` comes first, as it does for the system; then /etc/localtime, by the link's name where the content agrees
(a container may have the host's file bound over its own), else by the content; then /etc/timezone. On Windows the
registry tells. What is found is compared with the clock that ``date`` shows.
"""

import os
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from zoneinfo import TZPATH, ZoneInfo

from attendance.zones.names import (
    FIRST_YEAR,
    Hours,
    hours_of,
    is_zone,
    name_in_path,
    near_zones,
    plain_name,
    shipped,
    shipped_bytes,
    zone_names,
    zones_like,
)
from gallery.near import MOST

LOCALTIME = Path("/etc/localtime")
TIMEZONE = Path("/etc/timezone")
_THE_SAME = frozenset({"UTC", "GMT"})


@dataclass(frozen=True, slots=True)
class ComputerZone:
    """``name`` is the zone that days are counted in, ``origin`` what tells it.

    ``doubt`` says why the zone may be another one, None where there is none; ``likely`` are the zones that may be
    meant, the likeliest first.
    """

    name: str
    origin: str
    doubt: str | None = None
    likely: tuple[str, ...] = ()

    @property
    def repair(self) -> str:
        """The command that settles it."""
        return f"attendance config set time_zone {self.likely[0] if self.likely else self.name}"

    @property
    def warning(self) -> str | None:
        """What is in doubt, which days are counted, and which other zones may be meant; None where all is well."""
        if self.doubt is None:
            return None
        others = [each for each in self.likely if each != self.name]
        meant = f"; {' or '.join(others)} may be meant" if others else ""
        return f"{self.doubt}; days are those of {self.name}{meant}"


def system_hours(at: datetime) -> tuple[int, str]:
    """The clock of the operating system: seconds east of Greenwich and the abbreviation at that instant."""
    local = time.localtime(at.timestamp())
    return local.tm_gmtoff, local.tm_zone


def computer_zone(now: datetime | None = None) -> ComputerZone:
    """Find the zone of this computer; there is always one to use, with the doubt there may be."""
    at = now or datetime.now(UTC)
    name, origin = _told()
    if name is None:
        return _guessed(origin, at)
    differs = None if _clock_is_blind(origin) else _difference(name, at)
    if differs is None:
        return ComputerZone(name, origin)
    return ComputerZone(name, origin, f"{origin} tells {name}, but {differs}", _likely(name, at.year))


def _told() -> tuple[str | None, str]:
    """The name of the zone, None where nothing names one, and what tells it."""
    variable = os.environ.get("TZ")
    if variable is not None and plain_name(variable) != "localtime":
        return _of_variable(variable), f"TZ={variable}"
    if sys.platform == "win32":
        return _of_registry(), "Windows"
    found = _of_file(LOCALTIME)
    if found is not None or LOCALTIME.exists():
        return found, str(LOCALTIME)
    return _of_text(TIMEZONE), str(TIMEZONE)


def _of_variable(variable: str) -> str | None:
    """What TZ names: a zone, or a file of one. Empty it means UTC, to the C library as well."""
    text = variable.removeprefix(":")
    if not text:
        return "UTC"
    if Path(text).is_absolute():
        return _of_file(Path(text)) or name_in_path(text)
    name = plain_name(text)
    return name if is_zone(name) else None


def _of_registry() -> str | None:
    if sys.platform == "win32":
        from tzlocal import get_localzone_name

        try:
            return get_localzone_name()
        except (LookupError, OSError, ValueError):
            return None
    return None


def _of_file(path: Path) -> str | None:
    """The zone that a compiled file holds: as its place names it, where that agrees with the content."""
    try:
        content = path.read_bytes()
        clock = hours_of(ZoneInfo.from_file(BytesIO(content)))
    except (OSError, ValueError, EOFError):
        return name_in_path(path.resolve())
    year = datetime.now(UTC).year
    for name in (name_in_path(path.resolve()), _of_text(TIMEZONE)):
        if name is not None and _keeps(name, clock, year):
            return name
    found = zones_like(clock, year, since=FIRST_YEAR) or zones_like(clock, year)
    same = (name for name in found if content in _contents(name, besides=path.resolve()))
    return next(same, found[0] if found else None)


def _contents(name: str, *, besides: Path) -> list[bytes]:
    """The compiled zone as the computer's folders and the tzdata package have it.

    Zones that parted for some hours long ago are told apart by that alone.
    """
    folders = [Path(folder, name) for folder in TZPATH]
    own = [path.read_bytes() for path in folders if path.is_file() and path.resolve() != besides]
    return [*own, shipped_bytes(name)]


def _keeps(name: str, clock: Hours, year: int) -> bool:
    """Whether the zone as the database has it keeps the hours of the clock in this year."""
    hours = hours_of(shipped(name) if name in zone_names() else ZoneInfo(name))
    return all(hours(at)[0] == clock(at)[0] for at in _quarters(year))


def _of_text(path: Path) -> str | None:
    try:
        name = plain_name(path.read_text(encoding="utf-8").strip())
    except (OSError, ValueError):
        return None
    return name if is_zone(name) else None


def _guessed(origin: str, at: datetime) -> ComputerZone:
    """Nothing names a zone: days are those of one that keeps the hours of the system's clock."""
    alike = zones_like(system_hours, at.year)
    name = alike[0] if alike else "UTC"
    if name == "UTC" and origin.startswith("TZ=") and system_hours(at)[1] in _THE_SAME:
        return ComputerZone(name, origin)  # TZ=UTC0 and its like
    if not origin.startswith("TZ="):
        doubt = "the computer does not tell the name of its time zone"
        return ComputerZone(name, "the system's clock", doubt, tuple(alike[:MOST]))
    # A rule such as JST-9 moves the clock, what the C library cannot read leaves it at UTC.
    meant = alike if name != "UTC" else [*near_zones(origin.removeprefix("TZ=")), *alike]
    doubt = f"{origin} names no zone of the IANA database"
    return ComputerZone(name, "the system's clock", doubt, tuple(meant[:MOST]))


def _likely(name: str, year: int) -> tuple[str, ...]:
    return tuple(dict.fromkeys([name, *zones_like(system_hours, year)]))[:MOST]


def _clock_is_blind(origin: str) -> bool:
    """On Windows the C library cannot read a name of the IANA database in TZ, so that its clock tells nothing."""
    return sys.platform == "win32" and origin.startswith("TZ=")


def _difference(name: str, now: datetime) -> str | None:
    """Where the zone and the system's clock part: at present, or on a winter's or a summer's day of the year."""
    hours = hours_of(ZoneInfo(name))
    for at in (now, *_quarters(now.year)):
        there, here = hours(at)[0], system_hours(at)[0]
        if there != here:
            when = "now" if at == now else f"on {at:%d %B}"
            return f"{when} that is {offset(there)} and the computer's clock runs at {offset(here)}"
    return None


def _quarters(year: int) -> list[datetime]:
    return [datetime(year, month, 15, tzinfo=UTC) for month in (1, 4, 7, 10)]


def offset(seconds: int) -> str:
    """As ``date +%z`` shows it: +09:00."""
    minutes = abs(seconds) // 60
    return f"{'-' if seconds < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}"


@cache
def system_zone() -> str:
    """The computer's own zone by its IANA name; UTC where nothing tells."""
    return computer_zone().name
