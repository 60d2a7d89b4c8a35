"""People: finding them by id or name, entering new ones, and turning rows into what the gallery hands out."""

import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from gallery.errors import DuplicateId, PersonAmbiguous, PersonUnknown
from gallery.names import clean
from gallery.near import MOST, close_names, did_you_mean
from gallery.repositories import groups, templates
from gallery.repositories.batches import A_BATCH
from gallery.repositories.events import PERSON_ACTIVE, history
from gallery.schema import Group, Membership, Meta, Person, Template
from gallery.standing import Standing, told_by
from gallery.transactions import GENERATION
from gallery.values import Named, PersonInfo, Pipelines

COLUMNS = (Person.id, Person.external_id, Person.name, Person.created, Person.active, Person.note)
"""What `infos` needs of a person: a long list is read as columns, which costs half of reading objects."""


# Finding


def by_id(session: Session, external_id: str) -> Person | None:
    """The person with this external id, or None."""
    return session.scalar(select(Person).where(Person.external_id == external_id))


def find_row(session: Session, ref: str | int) -> Person:
    """The person with this internal id (int), else external id, else exact name.

    Raises PersonUnknown, and PersonAmbiguous where several have the name.
    """
    if isinstance(ref, int):
        row = session.get(Person, ref)
        return row if row is not None else _unknown(str(ref))
    wanted = unicodedata.normalize("NFC", ref).strip()
    row = by_id(session, wanted)
    if row is not None:
        return row
    return by_name(session, wanted) or _unknown(ref, near_people(session, wanted))


def _unknown(ref: str, near: Sequence[str] = ()) -> Person:
    raise PersonUnknown(ref, f"nobody has this id or name{did_you_mean(near)}")


def near_people(session: Session, wanted: str) -> list[str]:
    """Up to three people who may be meant by a mistyped name or id, as "name (id)"."""
    rows = session.execute(select(Person.external_id, Person.name).order_by(Person.name, Person.id)).all()
    shown: dict[str, list[str]] = defaultdict(list)
    for external_id, name in rows:
        for called in {external_id, name}:
            shown[called].append(f"{name} ({external_id})")
    found = [each for called in close_names(wanted, shown) for each in shown[called]]
    return list(dict.fromkeys(found))[:MOST]


def by_name(session: Session, name: str) -> Person | None:
    """The only person with exactly this name, or None; raises PersonAmbiguous where there are several."""
    rows = session.scalars(select(Person).where(Person.name == name).order_by(Person.id)).all()
    if len(rows) > 1:
        ids = ", ".join(row.external_id for row in rows)
        raise PersonAmbiguous(name, f"{len(rows)} people have this name: {ids}")
    return rows[0] if rows else None


def of_photo(session: Session, name: str, external_id: str | None) -> Person | None:
    """Whom a photo is filed under: who has the id, where one is given, else the only person with this name, or None.

    Raises PersonAmbiguous, PersonInvalid.
    """
    if external_id is None:
        return by_name(session, clean(name, "name"))
    return by_id(session, clean(external_id, "id"))


def known(session: Session, name: str, external_id: str | None) -> Person | None:
    """As `of_photo`, but raises DuplicateId where who has the id has another name."""
    wanted = clean(name, "name")
    row = of_photo(session, wanted, external_id)
    if row is not None and row.name != wanted:
        raise DuplicateId(row.external_id, "somebody with another name has this id already")
    return row


# Entering


def insert(session: Session, name: str, external_id: str | None, note: str, at: datetime) -> Person:
    """Somebody new; without an external id `P-<number>`. Raises DuplicateId, PersonInvalid."""
    wanted = None if external_id is None else clean(external_id, "id")
    if wanted is not None and by_id(session, wanted) is not None:
        raise DuplicateId(wanted, "somebody has this id already")
    row = Person(external_id=wanted or uuid4().hex, name=clean(name, "name"), note=note, created=at)
    session.add(row)
    session.flush()
    if wanted is None:
        row.external_id = _free_id(session, row.id)
        session.flush()
    return row


def _free_id(session: Session, number: int) -> str:
    wanted, extra = f"P-{number}", 1
    while by_id(session, wanted) is not None:
        extra += 1
        wanted = f"P-{number}-{extra}"
    return wanted


# Handing out


def listed(session: Session, pipelines: Pipelines, group: str | None, *, active: bool | None) -> list[PersonInfo]:
    """Everybody by name, or the members of a group; `active=None` lists those who left, too."""
    query = select(*COLUMNS).order_by(Person.name, Person.id)
    if active is not None:
        query = query.where(Person.active == active)
    if group is not None:
        query = query.join(Membership).join(Group).where(Group.name == clean(group, "group"))
    return infos(session, pipelines, session.execute(query).all())


def infos(session: Session, pipelines: Pipelines, rows: Sequence[Any]) -> list[PersonInfo]:
    """The people, as objects or as rows of `COLUMNS`, with groups and template counts (0 without a pipeline).

    Three queries at most, however many there are.
    """
    ids = [row.id for row in rows] if len(rows) <= A_BATCH else None
    belongs, counts = groups.of_people(session, ids), templates.counts(session, pipelines, ids)
    return [
        PersonInfo(
            id=row.id,
            external_id=row.external_id,
            name=row.name,
            groups=tuple(belongs.get(row.id, ())),
            templates=counts.get(row.id, 0),
            created=row.created,
            active=row.active,
            note=row.note,
        )
        for row in rows
    ]


def info(session: Session, pipelines: Pipelines, row: Person) -> PersonInfo:
    """One row as `infos` does it."""
    return infos(session, pipelines, [row])[0]


def active_of(session: Session, person: int) -> bool | None:
    """Whether the person of this internal id is active; None where there is none."""
    return session.scalar(select(Person.active).where(Person.id == person))


def members(session: Session, group: str) -> set[int]:
    """The internal ids of a group's active members."""
    query = select(Person.id).join(Membership).join(Group).where(Group.name == clean(group, "group"), Person.active)
    return set(session.scalars(query))


def named(session: Session, ids: Collection[int]) -> tuple[int, dict[int, Named]]:
    """The generation and, by internal id, how these people are called, in one statement; who is gone is left out."""
    query = (
        select(Meta.value, Person.id, Person.external_id, Person.name)
        .outerjoin(Person, Person.id.in_(ids))
        .where(Meta.key == GENERATION)
    )
    rows = session.execute(query).all()
    return int(rows[0][0]), {row.id: Named(row.external_id, row.name) for row in rows if row.id is not None}


def others(session: Session, person: int) -> Iterator[Named]:
    """How everybody but this person is called."""
    query = select(Person.external_id, Person.name).where(Person.id != person)
    yield from (Named(external_id, name) for external_id, name in session.execute(query))


def unrecognisable(session: Session, pipelines: Pipelines) -> Iterator[tuple[int, str, str]]:
    """Internal id, external id and name of the active people without a template of this pipeline."""
    having = select(Template.person_id).where(Template.pipeline_id.in_(pipelines))
    asked = select(Person.id, Person.external_id, Person.name)
    query = asked.where(Person.active, Person.id.not_in(having)).order_by(Person.id)
    yield from ((row.id, row.external_id, row.name) for row in session.execute(query))


def standings(session: Session) -> dict[int, Standing]:
    """Those who have ever been set inactive, by internal id; everybody else is `NEVER_LEFT`."""
    people = session.execute(select(Person.id, Person.active, Person.created))
    return told_by(history(session, action=PERSON_ACTIVE), ((row.id, row.active, row.created) for row in people))
