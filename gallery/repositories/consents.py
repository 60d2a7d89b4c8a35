"""What people have agreed to: words that are written once, of which the latest of a person and a purpose counts.

The latest is the one that was entered last, whatever its instant: a clock that is set back takes no word back.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Text, delete, exists, func, insert, or_, select, type_coerce
from sqlalchemy.orm import Session, aliased

from gallery.privacytables import ConsentRow, ConsentTextRow
from gallery.privacyvalues import ConsentText, ConsentWord, Purpose
from gallery.repositories import aliases, erasures
from gallery.repositories.batches import in_batches
from gallery.schema import LookalikeRow, SightingCrop, SightingRow

AGAIN: Final = "said before the home was restored"
"""The reason of a no that a backup did not know of."""

# Texts


def add_text(
    session: Session, version: str, language: str, body: str, sha256: str, *, at: datetime, by: str
) -> ConsentText:
    """A new text. Raises Conflict where the version is there in this language."""
    row = ConsentTextRow(version=version, language=language, body=body, sha256=sha256, entered=at, by=by)
    session.add(row)
    session.flush()
    return _text(row)


def all_texts(session: Session) -> list[ConsentText]:
    """Every text, in the order in which they were entered."""
    return [_text(row) for row in session.scalars(select(ConsentTextRow).order_by(ConsentTextRow.id))]


def text(session: Session, number: int) -> ConsentText | None:
    """The text of this number, or None."""
    row = session.get(ConsentTextRow, number)
    return None if row is None else _text(row)


def _text(row: ConsentTextRow) -> ConsentText:
    return ConsentText(row.id, row.version, row.language, row.body, row.sha256, row.entered, row.by)


# Words


def add(session: Session, words: Iterable[ConsentWord]) -> None:
    """Write them down, in order."""
    rows = [_columns(each) for each in words]
    if rows:
        session.execute(insert(ConsentRow), rows)


def _columns(each: ConsentWord) -> dict[str, Any]:
    return {
        "person_id": each.person,
        "purpose": each.purpose,
        "granted": each.granted,
        "basis": each.basis,
        "text_id": each.text,
        "given_by": each.given_by,
        "giver": each.giver,
        "method": each.method,
        "document_sha256": each.document_sha256,
        "at": each.at,
        "until": each.until,
        "entered": each.entered,
        "by": each.by,
        "reason": each.reason,
    }


def of_person(session: Session, person: int) -> list[ConsentWord]:
    """All that was said of a person, in order."""
    query = select(ConsentRow).where(ConsentRow.person_id == person).order_by(ConsentRow.id)
    return [word(row) for row in session.scalars(query)]


def latest(session: Session, people: Collection[int] | None = None) -> dict[int, dict[Purpose, ConsentWord]]:
    """By person and purpose the word that counts, of these people or of all; who said nothing is left out."""
    found: dict[int, dict[Purpose, ConsentWord]] = defaultdict(dict)
    last = select(func.max(ConsentRow.id)).group_by(ConsentRow.person_id, ConsentRow.purpose)
    if people is None:
        rows = list(session.scalars(select(ConsentRow).where(ConsentRow.id.in_(last))))
    else:
        rows = []
        for some in in_batches(sorted(people)):
            theirs = last.where(ConsentRow.person_id.in_(some))
            rows += session.scalars(select(ConsentRow).where(ConsentRow.id.in_(theirs)))
    for row in rows:
        each = word(row)
        found[each.person][each.purpose] = each
    return dict(found)


def refused(session: Session, people: Collection[int], purpose: Purpose, now: datetime) -> set[int]:
    """Which of these people have said no to a purpose, or had said yes for a time that is over."""
    said = latest(session, people) if people else {}
    return {person for person, words in said.items() if purpose in words and not words[purpose].holds(now)}


def refusing(person: Any, purpose: Purpose, now: Any) -> Any:
    """The same as a condition on a column of internal ids; ``now`` may be what a statement is given later."""
    said, later = aliased(ConsentRow), aliased(ConsentRow)
    of_theirs = (said.person_id == person, said.purpose == purpose)
    again = exists().where(later.person_id == person, later.purpose == purpose, later.id > said.id)
    return exists().where(*of_theirs, or_(~said.granted, said.until <= now), ~again)


def due(session: Session, now: datetime) -> list[ConsentWord]:
    """The words that count and whose time is over at that instant."""
    last = select(func.max(ConsentRow.id)).group_by(ConsentRow.person_id, ConsentRow.purpose)
    over = select(ConsentRow).where(ConsentRow.until <= now, ConsentRow.granted, ConsentRow.id.in_(last))
    return [word(row) for row in session.scalars(over.order_by(ConsentRow.id))]


def word(row: ConsentRow) -> ConsentWord:
    """What the row says."""
    return ConsentWord(
        id=row.id,
        person=row.person_id,
        purpose=row.purpose,  # type: ignore[arg-type]  # the table checks it
        granted=row.granted,
        basis=row.basis,  # type: ignore[arg-type]
        text=row.text_id,
        given_by=row.given_by,  # type: ignore[arg-type]
        giver=row.giver,
        method=row.method,  # type: ignore[arg-type]
        document_sha256=row.document_sha256,
        at=row.at,
        until=row.until,
        entered=row.entered,
        by=row.by,
        reason=row.reason,
    )


# What goes with a no


def drop_face(session: Session, person: int, at: datetime) -> tuple[int, int]:
    """Nothing of a person's face is kept, and every backup is told; how many templates and faces went.

    Templates with their crops, faces that wait for a look, and whom they look like.
    """
    erasures.add(session, person, erasures.FACE, at)
    templates, faces = erasures.drop_faces(session, person)
    own = or_(LookalikeRow.first_id == person, LookalikeRow.second_id == person)
    session.execute(delete(LookalikeRow).where(own))
    return templates, faces + drop_waiting(session, person)


def drop_photo(session: Session, person: int, at: datetime) -> int:
    """Delete the crops of a person's templates, which stay, and tell every backup; how many went."""
    erasures.add(session, person, erasures.PHOTO, at)
    return _drop_crops(session, person)


def drop_unknown(session: Session, person: int, at: datetime) -> int:
    """Delete the kept faces that name a person, as `drop_waiting` does, and tell every backup; how many went."""
    erasures.add(session, person, erasures.UNKNOWN, at)
    return drop_waiting(session, person)


def drop_again(session: Session, no: erasures.Erasure, *, at: datetime, by: str) -> tuple[int, int, int]:
    """In a home that is being restored, what went with a no of somebody; how many templates, faces and words.

    What is of later stays. The no itself is written down anew (1 word) where the backup does not know of it, unless a
    later yes is there.
    """
    person, said, templates, faces = no.person_key, no.at, 0, 0
    if no.what == erasures.PHOTO:
        faces = _drop_crops(session, person, said)
    else:
        if no.what == erasures.FACE:
            templates, faces = erasures.drop_faces(session, person, said)
            own = or_(LookalikeRow.first_id == person, LookalikeRow.second_id == person)
            session.execute(delete(LookalikeRow).where(own, LookalikeRow.created <= said))
        faces += drop_waiting(session, person, said)
    return templates, faces, _said_again(session, no, at=at, by=by)


def _said_again(session: Session, no: erasures.Erasure, *, at: datetime, by: str) -> int:
    purpose: Purpose = no.what  # type: ignore[assignment]  # a whole person says nothing any more
    last = latest(session, {no.person_key}).get(no.person_key, {}).get(purpose)
    if last is not None and (not last.granted or last.entered > no.at):
        return 0
    add(session, [ConsentWord(no.person_key, purpose, granted=False, at=no.at, entered=at, by=by, reason=AGAIN)])
    return 1


def _drop_crops(session: Session, person: int, before: datetime | None = None) -> int:
    """Delete the crops of a person's templates, all of them or those of an instant and before; how many went."""
    from gallery.schema import Crop, Template

    theirs = select(Template.id).where(Template.person_id == person)
    theirs = theirs if before is None else theirs.where(Template.created <= before)
    gone = session.execute(delete(Crop).where(Crop.template_id.in_(theirs)).returning(Crop.template_id))
    count = len(gone.all())
    session.expire_all()
    return count


def drop_waiting(session: Session, person: int, before: datetime | None = None) -> int:
    """Delete the kept faces of sightings that name a person among whom they are most alike; how many went.

    All of them, or those of an instant and before.
    """
    keys = aliases.keys_of(session, person)
    told = type_coerce(SightingRow.candidates, Text)
    like = or_(SightingRow.person_id == person, *(told.like(f'%"key": {key}%') for key in sorted(keys)))
    query = select(SightingRow.id, SightingRow.person_id, SightingRow.candidates)
    query = query.join(SightingCrop, SightingCrop.sighting_id == SightingRow.id).where(like)
    if before is not None:
        query = query.where(SightingRow.at <= before)
    numbers = [
        number
        for number, named, candidates in session.execute(query)
        if named == person or any(each["key"] in keys for each in candidates)
    ]
    for some in in_batches(numbers):
        session.execute(delete(SightingCrop).where(SightingCrop.sighting_id.in_(some)))
    session.expire_all()
    return len(numbers)


def keep_right(session: Session, heir: int, at: datetime) -> None:
    """After a merge: where the word that counts now is a no, what came with the other goes."""
    if refused(session, {heir}, "face", at):
        drop_face(session, heir, at)
        return
    if refused(session, {heir}, "photo", at):
        drop_photo(session, heir, at)
    if refused(session, {heir}, "unknown", at):
        drop_unknown(session, heir, at)
