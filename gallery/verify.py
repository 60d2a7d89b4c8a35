"""Looking a gallery over: counts, and every defect with the command that repairs it."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from gallery.errors import GalleryError, GalleryUnusable
from gallery.files import leftovers
from gallery.repositories.events import MARK_ADDED, MARK_VOIDED, record
from gallery.repositories.templates import CROP, VECTOR
from gallery.schema import (
    Base,
    Crop,
    EventRow,
    Group,
    LookalikeRow,
    MarkRow,
    Membership,
    Person,
    SessionRow,
    Template,
)
from gallery.sqlite.store import Store
from gallery.values import Problem, Stats
from gallery.vault.filevault import unlock
from gallery.vault.seal import Sealer

_REPAIR = "attendance gallery verify --repair"
_RESTORE = "attendance gallery import ARCHIVE --home NEW_HOME"
_TOLERANCE = 1e-3


def _count(session: Session, query: Select[Any]) -> int:
    return int(session.scalar(query) or 0)


def _rows_of(table: type[Base]) -> Select[Any]:
    return select(func.count()).select_from(table)


def _by_name(session: Session, query: Any) -> dict[str, int]:
    return {row[0]: row[1] for row in session.execute(query)}


def stats(store: Store, encoder_id: str) -> Stats:
    """Counts of everything in one consistent view."""
    with store.reading() as session:
        encoders = _by_name(session, select(Template.encoder_id, func.count()).group_by(Template.encoder_id))
        with_template = select(Template.person_id).where(Template.encoder_id == encoder_id)
        members = select(Group.name, func.count(Membership.person_id)).outerjoin(Membership).group_by(Group.name)
        return Stats(
            encoder_id=encoder_id,
            people=_count(session, _rows_of(Person)),
            active=_count(session, _rows_of(Person).where(Person.active)),
            without_template=_count(session, _rows_of(Person).where(Person.active, Person.id.not_in(with_template))),
            templates=encoders.pop(encoder_id, 0),
            crops=_count(session, _rows_of(Crop)),
            other_encoders=encoders,
            groups=_by_name(session, members.order_by(Group.name)),
            lookalikes=_count(session, _rows_of(LookalikeRow)),
            sessions=_count(session, _rows_of(SessionRow)),
            marks=_count(session, _rows_of(MarkRow).where(MarkRow.voided_at.is_(None))),
            database_bytes=store.path.stat().st_size,
        )


def verify(store: Store, encoder_id: str) -> list[Problem]:
    """Every defect found, the database's own first; changes nothing."""
    try:
        with store.reading() as session:
            damage = list(_integrity(session))
            return damage or [
                *_orphans(session),
                *_sealed(session, store),
                *_dimensions(session),
                *_without_template(session, encoder_id),
                *_marks(session),
                *_erasure(store),
                *_unfinished(store),
            ]
    except GalleryUnusable as error:
        return [Problem(error.id, str(error), _RESTORE)]


def _integrity(session: Session) -> Iterator[Problem]:
    for (line,) in session.connection().exec_driver_sql("PRAGMA integrity_check"):
        if line != "ok":
            yield Problem("gallery.damaged", " ".join(str(line).split()), _RESTORE)


def _orphans(session: Session) -> Iterator[Problem]:
    for table, row, parent, _ in session.connection().exec_driver_sql("PRAGMA foreign_key_check"):
        yield Problem("gallery.orphan", f"row {row} of {table} has no {parent}", _REPAIR)


def _sealed(session: Session, store: Store) -> Iterator[Problem]:
    if not _count(session, _rows_of(Template)):
        return
    try:
        sealer = unlock(store)
    except GalleryError as error:
        yield Problem(error.id, str(error), "attendance doctor")
        return
    yield from _templates(session, sealer)
    yield from _crops(session, sealer)


def _defect(sealer: Sealer, sealed: bytes, person: int, encoder: str) -> str | None:
    try:
        plain = sealer.open(sealed, person=person, encoder_id=encoder, purpose=VECTOR)
    except GalleryError as error:
        return error.id
    numbers = np.frombuffer(plain, "<f4") if len(plain) % 4 == 0 else np.array([np.nan])
    sound = np.isfinite(numbers).all() and abs(np.linalg.norm(numbers[:-1]) - 1) <= _TOLERANCE
    return None if sound else "gallery.template_invalid"


def _templates(session: Session, sealer: Sealer) -> Iterator[Problem]:
    query = select(Template.id, Template.person_id, Template.encoder_id, Template.vector, Person.external_id)
    for template, person, encoder, sealed, ref in session.execute(query.join(Person)):
        defect = _defect(sealer, sealed, person, encoder)
        if defect:
            yield Problem(defect, f"template {template} of {ref}", f"attendance enroll PHOTO --id {ref} --replace")


def _crops(session: Session, sealer: Sealer) -> Iterator[Problem]:
    query = select(Crop.template_id, Crop.picture, Template.person_id, Template.encoder_id, Person.external_id)
    for template, sealed, person, encoder, ref in session.execute(
        query.join(Template, Template.id == Crop.template_id).join(Person)
    ):
        try:
            sealer.open(sealed, person=person, encoder_id=encoder, purpose=CROP)
        except GalleryError as error:
            yield Problem(error.id, f"crop {template} of {ref}", f"attendance enroll PHOTO --id {ref} --replace")


def _dimensions(session: Session) -> Iterator[Problem]:
    query = select(Template.encoder_id).group_by(Template.encoder_id)
    several = query.having(func.min(func.length(Template.vector)) != func.max(func.length(Template.vector)))
    for encoder in session.scalars(several):
        yield Problem("gallery.wrong_encoder", f"templates of {encoder} differ in dimension", _RESTORE)


def _without_template(session: Session, encoder_id: str) -> Iterator[Problem]:
    having = select(Template.person_id).where(Template.encoder_id == encoder_id)
    query = select(Person.external_id).where(Person.active, Person.id.not_in(having)).order_by(Person.id)
    for ref in session.scalars(query):
        yield Problem("gallery.no_template", f"{ref} cannot be recognised", f"attendance enroll PHOTO --id {ref}")


def _unrecorded(action: str) -> Select[Any]:
    told = select(EventRow.subject).where(EventRow.action == action)
    return select(MarkRow.id).where(MarkRow.id.not_in(told)).order_by(MarkRow.id)


def _marks(session: Session) -> Iterator[Problem]:
    for mark in session.scalars(_unrecorded(MARK_ADDED)):
        yield Problem("gallery.mark_unrecorded", f"mark {mark} has no event", _REPAIR)
    for mark in session.scalars(_unrecorded(MARK_VOIDED).where(MarkRow.voided_at.is_not(None))):
        yield Problem("gallery.mark_unrecorded", f"void mark {mark} has no event of that", _REPAIR)


def _erasure(store: Store) -> Iterator[Problem]:
    if store.meta("erasure_pending"):
        yield Problem("gallery.erasure_pending", f"{store.path}-wal still holds what was removed", _REPAIR)


def _unfinished(store: Store) -> Iterator[Problem]:
    for path in leftovers(store.home):
        yield Problem("gallery.leftover", f"{path} was never finished", _REPAIR)


def repair(store: Store, *, at: datetime, by: str) -> None:
    """Delete rows without their owner and unfinished files, and record marks that no event tells of."""
    for path in leftovers(store.home):
        path.unlink(missing_ok=True)
    with store.atomic() as session:
        if _drop_orphans(session, at=at, by=by):
            store.bump(session)
        for action, query in (
            (MARK_ADDED, _unrecorded(MARK_ADDED)),
            (MARK_VOIDED, _unrecorded(MARK_VOIDED).where(MarkRow.voided_at.is_not(None))),
        ):
            for mark in session.scalars(query).all():
                record(session, at=at, by=by, action=action, subject=mark, details={"found": True})


def _drop_orphans(session: Session, *, at: datetime, by: str) -> int:
    connection = session.connection()
    orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    for table, row, *_ in orphans:
        connection.exec_driver_sql(f'DELETE FROM "{table}" WHERE rowid = ?', (row,))  # noqa: S608  a table's own name
        record(session, at=at, by=by, action="repair.orphan", subject=row, details={"table": table})
    return len(orphans)
