"""Finding people and groups, and turning rows into what the gallery hands out."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gallery.errors import PersonAmbiguous, PersonInvalid, PersonUnknown
from gallery.near import MOST, close_names, did_you_mean
from gallery.schema import Group, Membership, Person, Template
from gallery.values import PersonInfo

MAX_LENGTH = 200
COLUMNS = (Person.id, Person.external_id, Person.name, Person.created, Person.active, Person.note)
"""What `infos` needs of a person: a long list is read as columns, which costs half of reading objects."""
_CHUNK = 500


def clean(text: str, what: str) -> str:
    """`text` in normal form C without outer blanks; raises PersonInvalid where it is no usable name."""
    cleaned = unicodedata.normalize("NFC", text).strip()
    if not cleaned or len(cleaned) > MAX_LENGTH:
        raise PersonInvalid(what, f"expected 1 to {MAX_LENGTH} characters, got {len(cleaned)}")
    if any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in cleaned):
        raise PersonInvalid(what, f"{cleaned!r} holds a control character")
    return cleaned


def find_row(session: Session, ref: str | int) -> Person:
    """The person with this internal id (int), else external id, else exact name.

    Raises PersonUnknown, and PersonAmbiguous where several have the name.
    """
    if isinstance(ref, int):
        row = session.get(Person, ref)
        return row if row is not None else _unknown(str(ref))
    wanted = unicodedata.normalize("NFC", ref).strip()
    row = session.scalar(select(Person).where(Person.external_id == wanted))
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


def group_row(session: Session, name: str) -> Group:
    """The group with this name; made where it is new."""
    cleaned = clean(name, "group")
    row = session.scalar(select(Group).where(Group.name == cleaned))
    if row is None:
        row = Group(name=cleaned)
        session.add(row)
        session.flush()
    return row


def add_to_groups(session: Session, person_id: int, names: Iterable[str]) -> bool:
    """Make the person a member of each; true where one was new."""
    changed = False
    for name in names:
        group = group_row(session, name)
        if session.get(Membership, (person_id, group.id)) is None:
            session.add(Membership(person_id=person_id, group_id=group.id))
            session.flush()
            changed = True
    return changed


def _group_names(session: Session, ids: Sequence[int] | None) -> dict[int, list[str]]:
    query = select(Membership.person_id, Group.name).join(Group, Group.id == Membership.group_id).order_by(Group.name)
    names = defaultdict(list)
    for person, name in session.execute(query if ids is None else query.where(Membership.person_id.in_(ids))):
        names[person].append(name)
    return names


def _template_counts(session: Session, encoder_id: str, ids: Sequence[int] | None) -> dict[int, int]:
    query = (
        select(Template.person_id, func.count()).where(Template.encoder_id == encoder_id).group_by(Template.person_id)
    )
    rows = session.execute(query if ids is None else query.where(Template.person_id.in_(ids)))
    return {row[0]: row[1] for row in rows}


def infos(session: Session, encoder_id: str, rows: Sequence[Any]) -> list[PersonInfo]:
    """The people, as objects or as rows of `COLUMNS`, with groups and template counts.

    Three queries, however many there are.
    """
    ids = [row.id for row in rows] if len(rows) <= _CHUNK else None
    groups, counts = _group_names(session, ids), _template_counts(session, encoder_id, ids)
    return [
        PersonInfo(
            id=row.id,
            external_id=row.external_id,
            name=row.name,
            groups=tuple(groups.get(row.id, ())),
            templates=counts.get(row.id, 0),
            created=row.created,
            active=row.active,
            note=row.note,
        )
        for row in rows
    ]


def info(session: Session, encoder_id: str, row: Person) -> PersonInfo:
    """One row as `infos` does it."""
    return infos(session, encoder_id, [row])[0]
