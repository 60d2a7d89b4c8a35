"""What is known of somebody as bytes, before they are erased; and what explains that some of it is still there after.

A name may be that of two people, and an id may be part of another: what stands in the rows of others is theirs.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import String, Text, func, select, type_coerce
from sqlalchemy.orm import Session

from gallery.columns import Base, JsonText
from gallery.errors import TemplateAltered
from gallery.privacytables import ConsentRow
from gallery.repositories import sightings, templates
from gallery.schema import ForeignId, Person, SightingCrop, Template
from gallery.servicetables import CredentialRow
from gallery.traces import Needle, of_bytes, of_vector

if TYPE_CHECKING:
    from gallery.ports import Cipher

NAMES: Final = frozenset({"name", "by", "lifted_by", "external_id", "giver", "source", "source_sha256"})
"""Columns whose text is a name, an id or a file of somebody: of others, once somebody is erased."""
_VALUES: Final = frozenset({"foreign_id.value", "credential.handle"})
_LONG: Final = 8
"""Letters of a text that is told from a word: a note, a file's name."""
_INNER: Final = frozenset(
    {"event.details", "sighting.box", "sighting.candidates", "sighting.quality", "sighting.reasons"}
)
"""Columns that hold numbers and codes alone, and are the most of all."""


Told = tuple[str, str]
"""What a text is of, and the text."""


def texts(session: Session, person: Person) -> list[Told]:
    """What a person is called, here and elsewhere, and what stands beside it; each text once."""
    found = [*called(person.name, person.external_id)]
    if len(person.note) >= _LONG:
        found.append(("note", person.note))
    columns: tuple[tuple[str, Any, Any], ...] = (
        ("other id", ForeignId.value, ForeignId.person_id),
        ("credential", CredentialRow.handle, CredentialRow.person_id),
        ("credential", CredentialRow.secret, CredentialRow.person_id),
        ("guardian", ConsentRow.giver, ConsentRow.person_id),
        ("photo", Template.source, Template.person_id),
        ("photo", Template.source_sha256, Template.person_id),
    )
    for kind, column, owner in columns:
        found += [
            (kind, text)
            for text in session.scalars(select(column).where(owner == person.id).distinct())
            if text and len(text) >= _LONG
        ]
    return list(dict.fromkeys(found))


def called(name: str | None, external_id: str | None) -> Iterator[Told]:
    """Name and id, and both as they lie beside each other in the table of people."""
    if name:
        yield "name", name
    if external_id:
        yield "id", external_id
    if name and external_id:
        yield "row", f"{external_id}{name}"


def faces(session: Session, cipher: "Cipher", person: int) -> Iterator[Needle]:
    """Templates and faces of a person, plain and sealed. What does not open is known as it is sealed alone."""
    yield from _of_templates(session, cipher, person)
    yield from _of_sightings(session, cipher, person)


def _of_templates(session: Session, cipher: "Cipher", person: int) -> Iterator[Needle]:
    for each in templates.sealed(session, person):
        yield from of_bytes("sealed template", each.vector, head=0)
        yield from of_bytes("sealed face", each.crop or b"", head=0)
    for found in templates.opened(session, cipher, person):
        if found.vector is not None:
            yield from of_vector("template", found.vector)
        if found.crop is not None:
            yield from of_bytes("face", found.crop.picture)


def _of_sightings(session: Session, cipher: "Cipher", person: int) -> Iterator[Needle]:
    for each in sightings.of_person(session, person):
        row = None if each.id is None else session.get(SightingCrop, each.id)
        if row is None:
            continue
        yield from of_bytes("sealed face", row.picture, head=0)
        with suppress(TemplateAltered):
            yield from of_bytes("face", sightings.open_crop(session, cipher, row.sighting_id) or b"")


def standing(session: Session, text: str) -> tuple[dict[str, int], dict[str, int]]:
    """By table and column how many rows hold a text: as names and ids of others, and anywhere else."""
    others: dict[str, int] = {}
    elsewhere: dict[str, int] = {}
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            called = f"{table.name}.{column.name}"
            if called in _INNER or not isinstance(column.type, String | Text | JsonText):
                continue
            plain = type_coerce(column, Text)
            holds_it = func.replace(plain, text, "") != plain  # unlike LIKE, capitals count, on every engine
            query = select(func.count()).select_from(table).where(holds_it)
            count = session.scalar(query) or 0
            if count:
                place = others if column.name in NAMES or called in _VALUES else elsewhere
                place[called] = count
    return others, elsewhere


def counts(session: Session) -> dict[str, int]:
    """How many rows each table has."""
    return {
        table.name: session.scalar(select(func.count()).select_from(table)) or 0
        for table in Base.metadata.sorted_tables
    }
