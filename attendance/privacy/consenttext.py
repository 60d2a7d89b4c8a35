"""The shipped texts of consent, filled in with what this home really does, and how any text is laid out.

A text is plain: a line that begins with ``# `` is its title, with ``## `` a heading, with ``- `` a point of a list.
"""

from collections.abc import Callable, Iterator, Mapping
from importlib.resources import files
from string import Template
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from attendance.settings import Settings

VERSION: Final = "1"
"""The version of the shipped texts."""
LANGUAGES: Final[Mapping[str, str]] = MappingProxyType({"en": "English", "de": "Deutsch"})
"""The languages that there are shipped texts in, as they call themselves."""
Block = tuple[Literal["title", "heading", "point", "text"], str]
_MARKS: Final[tuple[tuple[str, Literal["heading", "title", "point"]], ...]] = (
    ("## ", "heading"),
    ("# ", "title"),
    ("- ", "point"),
)


def shipped(language: str, settings: "Settings") -> str:
    """The shipped text of a language, with what the settings say."""
    raw = files("attendance.privacy").joinpath("texts", f"consent-{VERSION}.{language}.md").read_text("utf-8")
    return Template(raw).substitute(_FACTS[language](settings))


def blocks(body: str) -> Iterator[Block]:
    """The text piece by piece."""
    for line in body.splitlines():
        bare = line.strip()
        mark = next(((start, kind) for start, kind in _MARKS if bare.startswith(start)), None)
        if mark is not None:
            yield mark[1], bare.removeprefix(mark[0]).strip()
        elif bare:
            yield "text", bare


def _english(settings: "Settings") -> dict[str, str]:
    days = settings.keep_unknown_days
    months = settings.keep_marks_days
    return {
        "site": settings.site_name or {"school": "This school", "firm": "This firm"}.get(settings.site_kind or "", "This site"),
        "contact": {"school": "the school office", "firm": "the personnel office"}.get(settings.site_kind or "", "us"),
        "photo": "" if settings.keep_crops else "At present no photo is kept here, whatever you answer.",
        "review": f"That is done within {_count(settings.keep_review_days, 'day', 'days')}; then the picture is deleted.",
        "unknown": f"Pictures of faces that are nobody's are deleted after {_count(days, 'day', 'days')}."
        if days
        else "Pictures of faces that are nobody's are not kept.",
        "marks": "The record of presence is kept as long as the person is listed."
        if months is None
        else f"The record of presence is deleted after {_count(months, 'day', 'days')}.",
    }  # fmt: skip


def _german(settings: "Settings") -> dict[str, str]:
    days = settings.keep_unknown_days
    months = settings.keep_marks_days
    return {
        "site": settings.site_name or {"school": "Diese Schule", "firm": "Dieser Betrieb"}.get(settings.site_kind or "", "Diese Stelle"),
        "contact": {"school": "das Sekretariat", "firm": "die Personalstelle"}.get(settings.site_kind or "", "uns"),
        "photo": "" if settings.keep_crops else "Derzeit wird hier kein Foto aufbewahrt, wie auch immer Sie antworten.",
        "review": f"Das geschieht innerhalb von {_count(settings.keep_review_days, 'Tag', 'Tagen')}; danach wird das Bild gelöscht.",
        "unknown": f"Bilder von Gesichtern, die zu niemandem gehören, werden nach {_count(days, 'Tag', 'Tagen')} gelöscht."
        if days
        else "Bilder von Gesichtern, die zu niemandem gehören, werden nicht aufbewahrt.",
        "marks": "Die Anwesenheit bleibt verzeichnet, solange die Person geführt wird."
        if months is None
        else f"Die Anwesenheit wird nach {_count(months, 'Tag', 'Tagen')} gelöscht.",
    }  # fmt: skip


_FACTS: Final[Mapping[str, "Callable[[Settings], dict[str, str]]"]] = MappingProxyType(
    {"en": _english, "de": _german}
)


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
