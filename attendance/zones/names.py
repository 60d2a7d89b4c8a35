"""Names of time zones: which come near a misspelt one, and which keep the hours of a given clock."""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gallery.near import MOST, close_names, folded

Hours = Callable[[datetime], tuple[int, str]]
"""A clock: seconds east of Greenwich and the abbreviation, at an aware instant."""
FIRST_YEAR = 1970
_NO_NAMES = frozenset({"localtime", "posixrules"})
"""Files among the zones that mean another zone on every computer."""
_PLACE = re.compile(r"zoneinfo(?:[.-][\w.-]*)?/(.+)")
_KINDS = ("posix/", "right/")
_OFFSET = re.compile(r"(?:utc|gmt)\s*([+-])\s*0?(\d{1,2})(?::?00)?", re.IGNORECASE)


@cache
def zone_names() -> tuple[str, ...]:
    """All names of the IANA database, as the tzdata package lists them."""
    return tuple((files("tzdata") / "zones").read_text(encoding="utf-8").split())


def shipped(name: str) -> ZoneInfo:
    """The zone as the tzdata package has it, whatever lies in the computer's own folder of zones."""
    return ZoneInfo.from_file(BytesIO(shipped_bytes(name)), key=name)


def shipped_bytes(name: str) -> bytes:
    """The compiled zone of the tzdata package."""
    return (files("tzdata") / "zoneinfo" / name).read_bytes()


def hours_of(zone: ZoneInfo) -> Hours:
    """The hours that a zone keeps."""

    def hours(at: datetime) -> tuple[int, str]:
        local = at.astimezone(zone)
        return round((local.utcoffset() or timedelta()).total_seconds()), local.tzname() or ""

    return hours


def near_zones(text: str) -> list[str]:
    """Up to three zones that may be meant: by a part, a country, an abbreviation, an offset, or a slip of the pen."""
    wanted = folded(text).replace(" ", "_")
    finders: tuple[Callable[[], Iterable[str]], ...] = (
        lambda: _of_offset(text),
        lambda: (name for name in zone_names() if wanted in {folded(name), folded(name.rpartition("/")[2])}),
        lambda: _of_country(folded(text)),
        lambda: _of_abbreviation(text.strip().upper()),
        lambda: close_names(wanted, [*zone_names(), *_cities()]),
    )
    for find in finders:
        found = list(dict.fromkeys(_cities().get(name, name) for name in find()))
        if found:
            return found[:MOST]
    return []


def _cities() -> dict[str, str]:
    """Zones by the last part of their names, those that stand in the table of places before older names."""
    names = [*_column("zone.tab", 2), *zone_names()]
    return {name.rpartition("/")[2]: name for name in reversed(names) if "/" in name}


def _of_offset(text: str) -> Iterator[str]:
    """UTC+2 is called Etc/GMT-2 there: in those names "+" is west of Greenwich."""
    found = _OFFSET.fullmatch(text.strip())
    if found is not None:
        name = f"Etc/GMT{'-' if found[1] == '+' else '+'}{found[2]}"
        yield from (each for each in zone_names() if each == name)


def _of_country(wanted: str) -> list[str]:
    codes = [code for code, country in _rows("iso3166.tab") if wanted and wanted in _called(code, country)]
    return [row[2] for row in _rows("zone.tab") if row[0] in codes]


def _called(code: str, country: str) -> set[str]:
    """What a country goes by: its code, its name, and what stands in brackets, as in "Britain (UK)"."""
    return {folded(each.strip(" )")) for each in (code, country, *country.split("("))}


def _of_abbreviation(wanted: str) -> list[str]:
    year = datetime.now(UTC).year
    moments = [datetime(year, month, 15, tzinfo=UTC) for month in (1, 7)]
    return [name for name in _standing() if wanted in {hours_of(shipped(name))(at)[1] for at in moments}]


def zones_like(clock: Hours, year: int, *, since: int | None = None) -> list[str]:
    """The zones with the hours of ``clock`` all through a year, or from the year ``since`` on.

    First those that share its abbreviations, and of these the ones that the database lets stand for others.
    """
    told = {at: clock(at) for at in _moments(year, since)}
    called = {abbreviation for _, abbreviation in told.values()}
    found = [name for name in _ranked(since) if all(told[at][0] == hours for at, (hours, _) in _run(name, told))]
    return sorted(found, key=lambda name: called != {abbreviation for _, (_, abbreviation) in _run(name, told)})


def _run(name: str, moments: Iterable[datetime]) -> Iterator[tuple[datetime, tuple[int, str]]]:
    hours = hours_of(shipped(name))
    return ((at, hours(at)) for at in moments)


def _moments(year: int, since: int | None) -> list[datetime]:
    """Instants to compare at: a winter's and a summer's day first, as they tell most zones apart."""
    first = [datetime(year, month, 15, tzinfo=UTC) for month in (1, 7)]
    begin, step = datetime(since or year, 1, 1, tzinfo=UTC), timedelta(hours=12 if since is None else 24 * 9)
    count = int((datetime(year + 1, 1, 1, tzinfo=UTC) - begin) / step)
    return [*first, *(begin + number * step for number in range(count))]


def _ranked(since: int | None) -> list[str]:
    """All zones; for hours of one year those that stand for others come first, else one a history."""
    heads = ["UTC", *(_standing() if since is None else ()), *_column("zone1970.tab", 2)]
    return list(dict.fromkeys([*heads, *zone_names()]))


def _standing() -> list[str]:
    """One zone for each set of present and future hours, the one most people know it by."""
    return _column("zonenow.tab", 2)


@cache
def place_names() -> frozenset[str]:
    """The zones that the database's table of places lists: what each place is called at present."""
    return frozenset(_column("zone.tab", 2))


def _column(table: str, number: int) -> list[str]:
    return [row[number] for row in _rows(table)]


@cache
def _rows(table: str) -> list[list[str]]:
    """The lines of one of the database's own tables, but for remarks."""
    path: Any = files("tzdata") / "zoneinfo" / table
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


def is_zone(name: str) -> bool:
    """Whether this is a zone of the IANA database, spelt as there: "europe/berlin" is none, wherever it would open."""
    if name in _NO_NAMES or name.startswith(_KINDS):
        return False
    if name not in zone_names() and name.casefold() in {each.casefold() for each in zone_names()}:
        return False
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def is_utc(name: str) -> bool:
    """Whether a zone is UTC by any of its names, which no place on earth goes by."""
    return name.removeprefix("Etc/") in {
        "UTC",
        "UCT",
        "Universal",
        "Zulu",
        "GMT",
        "GMT0",
        "GMT+0",
        "GMT-0",
        "Greenwich",
    }


def plain_name(text: str) -> str:
    """A zone's name without what stands before it in ``TZ`` and in folders: a colon, posix/, right/."""
    name = text.removeprefix(":")
    for kind in _KINDS:
        name = name.removeprefix(kind)
    return name


def name_in_path(path: Path | str) -> str | None:
    """The zone that a file of compiled zones is named for; None where its place tells none."""
    found = _PLACE.search(Path(path).as_posix())
    name = plain_name(found[1]) if found else ""
    return name if name and is_zone(name) else None
