"""What was erased of whom, by internal id: what a backup from before brings back is erased by it again.

Ids are never used again, so that nobody else is ever meant. Rows are never taken away: somebody who agrees again later
has templates from later, and those from before the last withdrawal stay erased.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import ColumnElement, delete, exists, select
from sqlalchemy.orm import Session

from gallery.privacytables import ErasureRow
from gallery.repositories import aliases, changes
from gallery.repositories.batches import in_batches
from gallery.schema import CorrectionRow, MarkRow, SightingCrop, SightingRow, Template

What = Literal["person", "face", "photo", "unknown"]
PERSON: Final[What] = "person"
FACE: Final[What] = "face"
PHOTO: Final[What] = "photo"
UNKNOWN: Final[What] = "unknown"
KINDS: Final = frozenset({PERSON, FACE, PHOTO, UNKNOWN})


@dataclass(frozen=True, order=True, slots=True)
class Erasure:
    """Of a person's internal id: all of them, or what they have said no to, of ``at`` and before."""

    person_key: int
    what: What
    at: datetime


def add(session: Session, person_key: int, what: What, at: datetime) -> None:
    """Remember that this was erased, of the person and of whoever was merged into them; the latest instant counts.

    To be called before the person is deleted, in the same transaction.
    """
    for key in sorted(aliases.keys_of(session, person_key)):
        put(session, Erasure(key, what, at))


def put(session: Session, erasure: Erasure) -> None:
    """Remember one, of this very internal id; a later instant takes the place of an earlier one."""
    query = select(ErasureRow).where(ErasureRow.person_key == erasure.person_key, ErasureRow.what == erasure.what)
    row = session.scalars(query).one_or_none()
    if row is None:
        session.add(ErasureRow(person_key=erasure.person_key, what=erasure.what, at=erasure.at))
    else:
        row.at = max(row.at, erasure.at)
    session.flush()


def all_erasures(session: Session) -> list[Erasure]:
    """All that was ever erased, by internal id."""
    query = select(ErasureRow).order_by(ErasureRow.person_key, ErasureRow.what)
    return [_erasure(row) for row in session.scalars(query)]


def _erasure(row: ErasureRow) -> Erasure:
    return Erasure(row.person_key, row.what, row.at)  # type: ignore[arg-type]  # the table checks it


def union(*lists: list[Erasure]) -> list[Erasure]:
    """What any of the lists names, each once and with its latest instant."""
    latest: dict[tuple[int, What], Erasure] = {}
    for each in sorted(erasure for some in lists for erasure in some):
        latest[each.person_key, each.what] = each  # sorted: the latest of a pair comes last
    return sorted(latest.values())


def keep_right(session: Session, heir: int) -> None:
    """After a merge: what came to somebody from before they withdrew goes, as it does from every backup."""
    query = select(ErasureRow.at).where(ErasureRow.what == FACE, ErasureRow.person_key == heir)
    withdrawn = session.scalar(query)
    if withdrawn is not None:
        drop_faces(session, heir, withdrawn)


def drop_faces(session: Session, person: int, before: datetime | None = None) -> tuple[int, int]:
    """Delete a person's templates with their crops, and the faces that are kept of sightings of theirs.

    All of them, or those of an instant and before. Returns how many templates and faces went; the sightings stay.
    """
    templates = select(Template.id).where(Template.person_id == person)
    faces = select(SightingCrop.sighting_id).join(SightingRow, SightingRow.id == SightingCrop.sighting_id)
    faces = faces.where(_of(person))
    if before is not None:
        templates, faces = templates.where(Template.created <= before), faces.where(SightingRow.at <= before)
    gone = session.scalars(templates).all(), session.scalars(faces).all()
    for some in in_batches(gone[0]):
        session.execute(delete(Template).where(Template.id.in_(some)))
    changes.note(session, [person] if gone[0] else [])
    for some in in_batches(gone[1]):
        session.execute(delete(SightingCrop).where(SightingCrop.sighting_id.in_(some)))
    session.expire_all()
    return len(gone[0]), len(gone[1])


def _of(person: int) -> ColumnElement[bool]:
    given = exists().where(CorrectionRow.sighting_id == SightingRow.id, CorrectionRow.person_id == person)
    marked = exists().where(MarkRow.sighting_id == SightingRow.id, MarkRow.person_id == person)
    return (SightingRow.person_id == person) | given | marked
