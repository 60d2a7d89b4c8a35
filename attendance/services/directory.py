"""The people as a list to look through: searched without minding accents, by group and state, some at a time."""

import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

from attendance.access import may_see
from attendance.errors import GroupUnknown
from gallery.repositories import templates

if TYPE_CHECKING:
    from gallery import Gallery
    from gallery.values import PersonInfo

State = Literal["active", "inactive", "no photo", "all"]
PAGE: Final = 50
_PLAIN: Final[Mapping[int, str]] = MappingProxyType(
    str.maketrans(
        {
            "ø": "o",
            "ł": "l",
            "đ": "d",
            "ð": "d",
            "þ": "th",
            "æ": "ae",
            "œ": "oe",
            "\N{LATIN SMALL LETTER DOTLESS I}": "i",
        }
    )
)
"""Letters that take no accent off, and how people type them who have none of these keys."""


def folded(text: str) -> str:
    """Text as it is searched in: small letters without accents, whatever it was typed like."""
    spread = unicodedata.normalize("NFKD", text).casefold().translate(_PLAIN)
    plain = "".join(each for each in spread if not unicodedata.combining(each))
    return unicodedata.normalize("NFKC", plain)


@dataclass(frozen=True, slots=True)
class Listed:
    """What to list: whose name or id has all words of ``text``, of a group, in a state; which page, from 1 on."""

    text: str = ""
    group: str | None = None
    state: State = "active"
    page: int = 1


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of people, by name; ``faces`` holds by internal id the photo that shows somebody."""

    people: "tuple[PersonInfo, ...]"
    faces: Mapping[int, int]
    total: int
    page: int
    pages: int
    groups: Mapping[str, int]


class Directory:
    """Lists people for one who sees those of some groups (None: of all)."""

    def __init__(self, gallery: "Gallery") -> None:
        self._gallery = gallery

    def page(self, wanted: Listed, scope: Collection[str] | None = None) -> Listing:
        """One page; the last where there are not so many. Raises GroupUnknown, also for one beyond the scope."""
        with self._gallery.store.reading() as transaction:
            people = self._seen(scope)
            groups = self.groups(scope)
            if wanted.group is not None and wanted.group not in groups:
                raise GroupUnknown.among(wanted.group, groups)
            found = list(_matching(people, wanted))
            pages = max(1, -(-len(found) // PAGE))
            page = min(max(wanted.page, 1), pages)
            shown = tuple(found[(page - 1) * PAGE : page * PAGE])
            faces = templates.first_crops(transaction, [each.id for each in shown])
        return Listing(shown, faces, len(found), page, pages, groups)

    def groups(self, scope: Collection[str] | None = None) -> dict[str, int]:
        """The groups that are seen, with how many active people each has."""
        counted = dict.fromkeys(sorted(self._gallery.groups() if scope is None else scope), 0)
        for person in self._gallery.people():
            for group in person.groups:
                if group in counted:
                    counted[group] += 1
        return counted

    def alike(
        self, text: str, scope: Collection[str] | None = None, *, but: int = 0, most: int = 20
    ) -> "list[PersonInfo]":
        """Up to so many people, inactive ones too, whose name or id has all words of the text, without one of them."""
        found = _matching(self._seen(scope), Listed(text, state="all"))
        return [each for each in found if each.id != but][:most]

    def named(self, name: str) -> "list[PersonInfo]":
        """Everybody who is called that, whatever the accents and capitals."""
        wanted = folded(name).split()
        return [each for each in self._gallery.people(active=None) if folded(each.name).split() == wanted]

    def lookalikes(self, person: int, scope: Collection[str] | None = None) -> "list[PersonInfo]":
        """Those who are remembered as hard to tell from this person, the closest first."""
        with self._gallery.store.reading():
            pairs = [(each.first_id, each.second_id) for each in self._gallery.lookalikes()]
            others = [sum(pair) - person for pair in pairs if person in pair]
            seen = {each.id: each for each in self._seen(scope)} if others else {}
        return [seen[each] for each in others if each in seen]

    def faces(self, ids: Collection[int]) -> dict[int, int]:
        """By internal id the photo that shows somebody, of those of whom a face is kept."""
        with self._gallery.store.reading() as transaction:
            return templates.first_crops(transaction, ids)

    def _seen(self, scope: Collection[str] | None) -> "list[PersonInfo]":
        return [each for each in self._gallery.people(active=None) if may_see(scope, each)]


def _matching(people: "Iterable[PersonInfo]", wanted: Listed) -> "Iterable[PersonInfo]":
    words = folded(wanted.text).split()
    for each in people:
        if not _in_state(each, wanted.state) or (wanted.group is not None and wanted.group not in each.groups):
            continue
        if all(word in folded(f"{each.name} {each.external_id}") for word in words):
            yield each


def _in_state(person: "PersonInfo", state: State) -> bool:
    if state == "all":
        return True
    if state == "inactive":
        return not person.active
    return person.active and (state == "active" or not person.templates)
