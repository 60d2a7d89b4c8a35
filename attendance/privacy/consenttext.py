"""The shipped texts of consent, filled in with what this home really does, and how any text is laid out.

A text is plain: a line that begins with ``# `` is its title, with ``## `` a heading, with ``- `` a point of a list.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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
    return Template(raw).substitute(_FACTS[language].told(settings))


def blocks(body: str) -> Iterator[Block]:
    """The text piece by piece."""
    for line in body.splitlines():
        bare = line.strip()
        mark = next(((start, kind) for start, kind in _MARKS if bare.startswith(start)), None)
        if mark is not None:
            yield mark[1], bare.removeprefix(mark[0]).strip()
        elif bare:
            yield "text", bare


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the settings say, in the words of a language; ``none`` of a pair comes where nothing is set."""

    sites: tuple[str, str, str]
    contacts: tuple[str, str, str]
    day: tuple[str, str]
    no_photo: str
    review: str
    unknown: tuple[str, str]
    marks: tuple[str, str]

    def told(self, settings: "Settings") -> dict[str, str]:
        """The values of the names in the shipped text."""
        kind = {"school": 0, "firm": 1}.get(settings.site_kind or "", 2)
        return {
            "site": settings.site_name or self.sites[kind],
            "contact": self.contacts[kind],
            "photo": "" if settings.keep_crops else self.no_photo,
            "review": self.review.format(self._days(settings.keep_review_days)),
            "unknown": self._either(self.unknown, settings.keep_unknown_days),
            "marks": self._either(self.marks, settings.keep_marks_days),
        }

    def _either(self, words: tuple[str, str], days: int | None) -> str:
        return words[1].format(self._days(days)) if days else words[0]

    def _days(self, number: int) -> str:
        return f"{number} {self.day[0] if number == 1 else self.day[1]}"


_FACTS: Final[Mapping[str, _Facts]] = MappingProxyType(
    {
        "en": _Facts(
            sites=("This school", "This firm", "This site"),
            contacts=("the school office", "the personnel office", "us"),
            day=("day", "days"),
            no_photo="At present no photo is kept here, whatever you answer.",
            review="That is done within {}; then the picture is deleted.",
            unknown=(
                "Pictures of faces that are nobody's are not kept.",
                "Pictures of faces that are nobody's are deleted after {}.",
            ),
            marks=(
                "The record of presence is kept as long as the person is listed.",
                "The record of presence is deleted after {}.",
            ),
        ),
        "de": _Facts(
            sites=("Diese Schule", "Dieser Betrieb", "Diese Stelle"),
            contacts=("das Sekretariat", "die Personalstelle", "uns"),
            day=("Tag", "Tagen"),
            no_photo="Derzeit wird hier kein Foto aufbewahrt, wie auch immer Sie antworten.",
            review="Das geschieht innerhalb von {}; danach wird das Bild gelöscht.",
            unknown=(
                "Bilder von Gesichtern, die zu niemandem gehören, werden nicht aufbewahrt.",
                "Bilder von Gesichtern, die zu niemandem gehören, werden nach {} gelöscht.",
            ),
            marks=(
                "Die Anwesenheit bleibt verzeichnet, solange die Person geführt wird.",
                "Die Anwesenheit wird nach {} gelöscht.",
            ),
        ),
    }
)
