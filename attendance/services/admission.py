"""Photos that come by a page: somebody new is enrolled, or somebody who is there gets another photo.

One who sees the people of some groups alone enrols into these, and never changes anybody beyond them.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from attendance.access import needs
from attendance.faults import refusal_of
from attendance.service_errors import GroupsRefused
from attendance.services.enrolment import Rules
from gallery.errors import DuplicateId
from refusal import Refusal

if TYPE_CHECKING:
    from attendance.access import Actor
    from attendance.services.consents import Agreed, Consents
    from attendance.services.directory import Directory
    from attendance.services.editing import Edits
    from attendance.services.enrolment import Enrolled, Enroller
    from gallery import Gallery
    from gallery.values import PersonInfo


@dataclass(frozen=True, slots=True)
class SentPhoto:
    """A photo as it came: what it is called, and its bytes."""

    source: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Whom to enrol; without an id one is given."""

    name: str
    external_id: str | None = None
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of photos: those that were filed, those that were refused and why; ``person`` None: of none."""

    person: "PersonInfo | None"
    enrolled: "tuple[Enrolled, ...]" = ()
    refused: tuple[tuple[SentPhoto, Refusal], ...] = ()


class Admission:
    """Enrols for one who sees the people of the groups ``scope`` alone (None: of all)."""

    def __init__(
        self,
        gallery: "Gallery",
        directory: "Directory",
        edits: "Edits",
        enroller: "Enroller",
        consents: "Consents",
    ) -> None:
        self._consents = consents
        self._gallery, self._directory, self._edits, self._enroller = gallery, directory, edits, enroller

    @needs("photos.change")
    def add(
        self, actor: "Actor", who: Newcomer, photos: Sequence[SentPhoto], scope: Collection[str] | None, rules: Rules
    ) -> Taken:
        """Enrol somebody new; without a photo they are entered, and can be marked by hand alone.

        Raises DuplicateId where the id is taken, or none is given and somebody is called that; GroupsRefused,
        PersonInvalid, NameInvalid.
        """
        self.refuse_groups(who.groups, scope)
        self._refuse_known(who)
        if not photos:
            return Taken(self._entered(actor, who, rules.agreed))
        return self._filed(actor, who, photos, rules)

    @needs("people.change")
    def enter(self, actor: "Actor", who: Newcomer, *, note: str = "", agreed: "Agreed | None" = None) -> "PersonInfo":
        """Enter somebody new without a photo, and what they have agreed to, in one step.

        Raises DuplicateId, PersonInvalid, RequestInvalid.
        """
        return self._entered(actor, who, agreed, note)

    def _entered(self, actor: "Actor", who: Newcomer, agreed: "Agreed | None", note: str = "") -> "PersonInfo":
        with self._gallery.store.atomic() as transaction:
            made = self._edits.add(actor, who.name, external_id=who.external_id, groups=who.groups, note=note)
            if agreed is not None:
                self._consents.agree_in(transaction, made.id, agreed, by=actor.name)
        return made

    @needs("photos.change")
    def further(self, actor: "Actor", person: "PersonInfo", photos: Sequence[SentPhoto], rules: Rules) -> Taken:
        """Further photos of somebody who is there."""
        who = Newcomer(person.name, person.external_id)
        found = self._filed(actor, who, photos, replace(rules, known=True))
        return replace(found, person=self._gallery.find(person.id))

    @staticmethod
    def refuse_groups(groups: Collection[str], scope: Collection[str] | None) -> None:
        """Raise GroupsRefused where one who sees some groups alone names another one, or none."""
        if scope is None:
            return
        beyond = sorted(set(groups) - set(scope))
        if beyond:
            raise GroupsRefused(", ".join(beyond), "this is not one of your groups")
        if not groups:
            raise GroupsRefused("groups", "choose at least one of your groups: you could not see the person otherwise")

    def _refuse_known(self, who: Newcomer) -> None:
        if who.external_id is not None:
            if any(each.external_id == who.external_id for each in self._gallery.people(active=None)):
                raise DuplicateId(who.external_id, "somebody has this id already")
        elif self._directory.named(who.name):
            raise DuplicateId(who.name, "somebody of this name is here already: give an id that tells the two apart")

    def _filed(self, actor: "Actor", who: Newcomer, photos: Sequence[SentPhoto], rules: Rules) -> Taken:
        done: list[Enrolled] = []
        refused: list[tuple[SentPhoto, Refusal]] = []
        for photo, found in self._each(actor, who, photos, rules):
            if isinstance(found, Refusal):
                refused.append((photo, found))
            else:
                done.append(found)
        person = self._gallery.find(done[0].person.key) if done else None
        return Taken(person, tuple(done), tuple(refused))

    def _each(
        self, actor: "Actor", who: Newcomer, photos: Sequence[SentPhoto], rules: Rules
    ) -> "Iterator[tuple[SentPhoto, Enrolled | Refusal]]":
        """One after the other; the first that is filed tells the id of the others."""
        known = who.external_id
        for photo in photos:
            try:
                found = self._enroller.photo(
                    actor, photo.data, name=who.name, external_id=known, groups=who.groups, rules=rules,
                    source=photo.source, insisting=False,
                )  # fmt: skip
            except Exception as error:  # noqa: BLE001 - one bad photo never stops the others
                yield photo, refusal_of(error, photo.source)
            else:
                known = found.person.id
                yield photo, found
