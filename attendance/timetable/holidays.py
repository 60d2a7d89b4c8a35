"""Public holidays as proposals: the library `holidays` is asked once, and what is stored of it decides from then on."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from attendance.errors import CalendarCountry, CalendarDays, ReportsMissing
from gallery.near import close_names, did_you_mean

if TYPE_CHECKING:
    from holidays import HolidayBase

ALL_PARTS: Final = 20
"""Parts of a country that are all named where none comes near."""


@dataclass(frozen=True, slots=True)
class Holidays:
    """Days off by date, and the text that says where they are from, such as "holidays 0.109 DE-BY"."""

    source: str
    days: tuple[tuple[date, str], ...]


def proposed(country: str, subdivision: str | None, years: Iterable[int]) -> Holidays:
    """The public holidays of a country, or of a part of it, in order of their dates.

    Names are in the country's own language, whatever the computer's. Raises CalendarCountry for a country or part that
    is not known, CalendarDays for years that are not, ReportsMissing without the library.
    """
    if find_spec("holidays") is None:
        raise ReportsMissing(country, "public holidays need the library holidays")
    import holidays

    wanted = sorted(set(years))
    kind = _country(country)
    code = kind.country
    part = None if subdivision is None else _part(kind, code, subdivision)
    _check(kind, code, wanted)
    made = holidays.country_holidays(code, subdiv=part, years=wanted, language=kind.default_language)
    place = code if part is None else f"{code}-{part}"
    return Holidays(f"holidays {version('holidays')} {place}", tuple(sorted(made.items())))


def _country(text: str) -> Any:
    """The library's class of a country, by its code in two or three letters or its English name."""
    import holidays
    from holidays.registry import COUNTRIES

    codes: dict[str, str] = {}
    for module, (_, *names) in COUNTRIES.items():
        for name in (*names, module.replace("_", " ")):
            codes[name.casefold()] = names[0]
    plain = text.strip().casefold().replace("_", " ")
    if plain not in codes:
        shown = [name.upper() if len(name) <= 3 else name.title() for name in codes]  # noqa: PLR2004 - codes
        near = did_you_mean(close_names(text, shown))
        raise CalendarCountry(text, f"no public holidays are known of a country of this name{near}")
    return getattr(holidays, codes[plain])


def _part(kind: "type[HolidayBase]", code: str, text: str) -> str:
    aliases: dict[str, str] = {
        **{name: name for name in kind.subdivisions},
        **getattr(kind, "subdivisions_aliases", {}),
    }
    found = {name.casefold(): known for name, known in aliases.items()}
    plain = text.strip().casefold().removeprefix(f"{code.casefold()}-")
    if plain in found:
        return found[plain]
    raise CalendarCountry(f"{code}-{text}", f"no public holidays are known of this part of {code}{_parts(text, kind)}")


def _parts(text: str, kind: "type[HolidayBase]") -> str:
    """The end of a line that names the parts which come near, or else all of them."""
    if not kind.subdivisions:
        return "; the library knows no parts of it, leave it out"
    near = close_names(text, [*kind.subdivisions, *getattr(kind, "subdivisions_aliases", {})])
    if near or len(kind.subdivisions) > ALL_PARTS:
        return did_you_mean(near)
    return f"; known are {', '.join(kind.subdivisions)}"


def _check(kind: "type[HolidayBase]", code: str, years: list[int]) -> None:
    if not years or not kind.start_year <= years[0] <= years[-1] <= kind.end_year:
        told = f"{years[0]} to {years[-1]}" if years else "no year"
        known = f"{kind.start_year} to {kind.end_year}"
        raise CalendarDays(code, f"holidays are known of the years {known}, asked for were {told}")
