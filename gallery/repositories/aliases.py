"""What people are called now whom records name by the internal id of then."""

from collections.abc import Collection

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from gallery.repositories.batches import in_batches
from gallery.schema import Alias, Person
from gallery.values import Named


def add(session: Session, key: int, heir: int) -> None:
    """Whom `key` was is `heir` from now on, and so are those who had become `key` before."""
    session.execute(update(Alias).where(Alias.person_id == key).values(person_id=heir))
    session.execute(insert(Alias).values(key=key, person_id=heir))


def heir_of(session: Session, key: int) -> int | None:
    """The internal id that the person of this one has now, or None where they are gone."""
    if session.get(Person, key) is not None:
        return key
    return session.scalar(select(Alias.person_id).where(Alias.key == key))


def keys_of(session: Session, person: int) -> frozenset[int]:
    """The internal id of a person, and those of whoever was merged into them."""
    return frozenset({person, *session.scalars(select(Alias.key).where(Alias.person_id == person))})


def heirs(session: Session) -> dict[int, int]:
    """By each internal id that somebody had before they were merged, the one they have now."""
    return {row.key: row.person_id for row in session.execute(select(Alias.key, Alias.person_id))}


def called(session: Session, keys: Collection[int]) -> dict[int, Named]:
    """How the people of these internal ids are called now, by the id given; who is gone is left out."""
    found = {}
    for some in in_batches(sorted(keys)):
        own = select(Person.id, Person.external_id, Person.name).where(Person.id.in_(some))
        heirs = select(Alias.key, Person.external_id, Person.name).join(Person, Person.id == Alias.person_id)
        for key, external_id, name in session.execute(own.union_all(heirs.where(Alias.key.in_(some)))):
            found[key] = Named(external_id, name)
    return found
