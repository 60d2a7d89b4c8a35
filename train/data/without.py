"""People that the user keeps out of a set: test people above all."""

import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from train.data.heldout import canonical
from train.errors import SourceRefused

Name = tuple[str, str]  # of a set, empty for any, and of a person, canonical


@dataclass(frozen=True)
class Without:
    """Names to leave out; `asked`, those from the command line, must all be met: a slip would train a test person."""

    names: frozenset[Name] = frozenset()
    asked: frozenset[Name] = frozenset()

    def covers(self, person: str) -> bool:
        """Whether `set:name` is to be left out; case, accents and punctuation do not count."""
        return bool(self._matching(person))

    def check_met(self, people: Iterable[str]) -> None:
        """Raise SourceRefused unless every name from the command line is one of the people `set:name`."""
        missed = self.asked - {name for person in people for name in self._matching(person)}
        if missed:
            shown = ", ".join(sorted(":".join(filter(None, name)) for name in missed))
            raise SourceRefused("--without", f"nobody in these sets is called {shown}")

    def _matching(self, person: str) -> Collection[Name]:
        place, _, _ = person.partition(":")
        return {("", canonical(person)), (place, canonical(person))} & self.names


NOBODY = Without()


def read_without(values: Sequence[str]) -> Without:
    """Names from the command line: `s31,s32`, `att:s31`, or a text file with one name a line (`#` begins a remark)."""
    names: set[Name] = set()
    asked: set[Name] = set()
    for value in values:
        if Path(value).is_file():
            names |= {_name(line) for line in _lines(Path(value))}
        else:
            asked |= {_name(part) for part in value.split(",") if part.strip()}
    return Without(frozenset(name for name in names | asked if name[1]), frozenset(asked))


def person_of(place: str, folder: str) -> str:
    """A person of the manifest: the set's name and the folder's, composed as Unicode wants it (NFC)."""
    return f"{place}:{unicodedata.normalize('NFC', folder).strip()}"


def _name(text: str) -> Name:
    place, _, _ = text.strip().rpartition(":")
    return place, canonical(text)


def _lines(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SourceRefused(str(path), f"no list of names in UTF-8: {error}") from error
    return [text for line in lines if (text := line.partition("#")[0].strip())]
