"""The sites of a home, and who belongs to which: somebody of no site is looked for at all of them."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from attendance.access import needs
from attendance.services.known import known_group
from gallery.repositories import changes, people, sites
from gallery.repositories.events import PERSON_SITES, SITE_ADDED, SITE_RETIRED, record

if TYPE_CHECKING:
    from datetime import datetime

    from attendance.access import Actor
    from attendance.clock import Clock
    from gallery import Gallery
    from gallery.ports import Transaction
    from gallery.repositories.sites import Site
    from gallery.values import PersonInfo

SITE = "site"
"""The subject of events about sites; their details name the site."""


class Sites:
    """The sites of a home; all that is changed stands in the log."""

    def __init__(self, gallery: "Gallery", clock: "Clock") -> None:
        self._gallery, self._clock = gallery, clock

    # What is there

    def all(self) -> "list[Site]":
        """Every site by name, those that were retired, too."""
        with self._gallery.store.reading() as transaction:
            return sites.listed(transaction)

    def known(self, name: str | None) -> str | None:
        """The name of a site as it is kept, None for none. Raises SiteUnknown."""
        if name is None:
            return None
        with self._gallery.store.reading() as transaction:
            return sites.find(transaction, name)

    def of(self, person: str | int) -> tuple[str, ...]:
        """The sites that somebody belongs to, sorted; none: all of them. Raises PersonUnknown, PersonAmbiguous."""
        with self._gallery.store.reading() as transaction:
            return sites.of(transaction, people.find_row(transaction, person).id)

    def of_people(self) -> dict[int, tuple[str, ...]]:
        """By internal id the sites that people belong to; who belongs to none is left out."""
        with self._gallery.store.reading() as transaction:
            return sites.of_people(transaction)

    def at(self, name: str) -> set[int]:
        """The internal ids of those who belong to a site or to none, active or not. Raises SiteUnknown."""
        with self._gallery.store.reading() as transaction:
            return sites.everybody_at(transaction, sites.find(transaction, name))

    # What is changed

    @needs("sites.change")
    def add(self, actor: "Actor", name: str) -> bool:
        """A new site, or a retired one in use again; false where it is there. Raises PersonInvalid."""
        with self._changing() as (transaction, now):
            if not sites.add(transaction, name, at=now, by=actor.name):
                return False
            self._told(transaction, now, actor, SITE_ADDED, sites.find(transaction, name))
            self._changed(transaction)
            return True

    @needs("sites.change")
    def retire(self, actor: "Actor", name: str) -> bool:
        """Have nobody assigned to a site any more; who belongs to it stays. False where it was. Raises SiteUnknown."""
        with self._changing() as (transaction, now):
            found = sites.find(transaction, name)
            if not sites.retire(transaction, found):
                return False
            self._told(transaction, now, actor, SITE_RETIRED, found)
            return True

    @needs("sites.change")
    def assign(self, actor: "Actor", person: str | int, names: Iterable[str]) -> bool:
        """Have somebody belong to these sites alone (none: to all); whether that is new.

        Raises SiteUnknown, PersonUnknown, PersonAmbiguous.
        """
        with self._changing() as (transaction, now):
            row = people.find_row(transaction, person)
            return bool(self._assigned(transaction, now, actor, [row.id], names))

    @needs("sites.change")
    def assign_group(self, actor: "Actor", group: str, names: Iterable[str]) -> int:
        """As `assign` for all active members of a group; of how many it is new. Raises SiteUnknown, GroupUnknown."""
        known_group(self._gallery, group)
        with self._changing() as (transaction, now):
            return self._assigned(transaction, now, actor, sorted(people.members(transaction, group)), names)

    def _assigned(
        self, transaction: "Transaction", now: "datetime", actor: "Actor", whom: Iterable[int], names: Iterable[str]
    ) -> int:
        wanted = sorted({sites.find(transaction, each, active=True) for each in names})
        changed = [each for each in whom if sites.assign(transaction, each, wanted)]
        for each in changed:
            details = {"sites": wanted}
            record(transaction, at=now, by=actor.name, action=PERSON_SITES, subject=each, details=details)
        if changed:
            self._changed(transaction)
        return len(changed)

    def _changed(self, transaction: "Transaction") -> None:
        """Who is looked for where has changed, and nobody's templates have."""
        self._gallery.store.bump(transaction)
        changes.note(transaction, ())

    def _told(self, transaction: "Transaction", now: "datetime", actor: "Actor", action: str, name: str) -> None:
        record(transaction, at=now, by=actor.name, action=action, subject=SITE, details={SITE: name})

    @contextmanager
    def _changing(self) -> "Iterator[tuple[Transaction, datetime]]":
        with self._gallery.store.atomic() as transaction:
            yield transaction, self._clock.utc()


def site_row(found: "Site") -> dict[str, Any]:
    """One line of ``site list --json``."""
    return {
        "name": found.name,
        "people": found.people,
        "places": found.places,
        "created": found.created.isoformat(timespec="seconds"),
        "active": found.active,
    }


def of_site(found: "Iterable[PersonInfo]", there: set[int]) -> "list[PersonInfo]":
    """Of these people those who are among `there`."""
    return [each for each in found if each.id in there]
