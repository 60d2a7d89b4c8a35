"""Whose people a visitor sees: an admin all, a teacher those of their groups; others are as if they were not there."""

import unicodedata
from typing import TYPE_CHECKING

from attendance.errors import GroupUnknown
from gallery.errors import PersonAmbiguous, PersonUnknown

if TYPE_CHECKING:
    from attendance.access import Visitor
    from gallery import Gallery
    from gallery.values import PersonInfo

NOBODY = "there is nobody of this id or name among your people"


class OwnPeople:
    """The people and groups of a home, as far as a visitor sees them."""

    def __init__(self, gallery: "Gallery") -> None:
        self._gallery = gallery

    def person(self, who: "Visitor", ref: str | int) -> "PersonInfo":
        """Who is meant by an id, an exact name, or the gallery's number. Raises PersonUnknown, PersonAmbiguous.

        A teacher's names are looked for among their own people, so that nothing is told of others.
        """
        if who.groups is None:
            return self._gallery.find(ref)
        own = self.people(who, gone_too=True)
        ref = unicodedata.normalize("NFC", " ".join(ref.split())) if isinstance(ref, str) else ref
        found = [each for each in own if ref in {each.id, each.external_id}]
        found = found or [each for each in own if each.name == ref]
        if len(found) > 1:
            raise PersonAmbiguous(str(ref), f"there are {len(found)} people of this name: give the id")
        if not found:
            raise PersonUnknown(str(ref), NOBODY)
        return found[0]

    def people(self, who: "Visitor", *, gone_too: bool = False) -> "list[PersonInfo]":
        """Those whom a visitor sees, by name; with those who were set inactive where wanted."""
        found = self._gallery.people(active=None if gone_too else True)
        return [each for each in found if who.may_see(each)]

    def groups(self, who: "Visitor") -> list[str]:
        """The names of the groups that a visitor sees."""
        return [each for each in self._gallery.groups() if who.groups is None or each in who.groups]

    def group(self, who: "Visitor", name: str | None) -> str | None:
        """The group of this name, if the visitor sees it. Raises GroupUnknown."""
        if name is not None and name not in (found := self.groups(who)):
            raise GroupUnknown.among(name, found)
        return name
