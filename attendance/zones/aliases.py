"""Old names of time zones, which go on working, and what the place is called now."""

from functools import cache
from importlib.resources import files
from typing import Any

from attendance.zones.names import is_zone, place_names


def present_name(name: str) -> str:
    """What the zone of an old name is called now, such as Europe/Kyiv for Europe/Kiev; any other name as it is.

    Names of places that merely share their hours with another (Europe/Oslo with Europe/Berlin) are no old ones, nor
    are those without a place (EET), and where it cannot be told which place is meant the name stays.
    """
    target = _links().get(name)
    if target is None or name in place_names() or "/" not in name:
        return name
    places = [place for place in place_names() if _links().get(place, place) == target]
    region = name.partition("/")[0]
    found = [place for place in places if place.startswith(f"{region}/")] or places
    return found[0] if len(found) == 1 and is_zone(found[0]) else name


@cache
def _links() -> dict[str, str]:
    """For every name that the IANA database links to another, the zone at the end of the links."""
    path: Any = files("tzdata") / "zoneinfo" / "tzdata.zi"
    rows = (line.split() for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("L "))
    direct = {alias: target for _, target, alias in rows}
    return {alias: _end(target, direct) for alias, target in direct.items()}


def _end(name: str, direct: dict[str, str]) -> str:
    while name in direct:
        name = direct[name]
    return name
