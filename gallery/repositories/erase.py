"""Taking people out: what goes with them, and what becomes somebody else's.

Others' records name them by a number that is never used again, and stay as they are.
"""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from gallery.privacytables import ConsentFormRow, ConsentRow
from gallery.repositories import aliases, arrivals, changes, consents, erasures, groups, holds, sites
from gallery.repositories.credentials import PIN
from gallery.repositories.templates import find_source, reseal
from gallery.schema import (
    CorrectionRow,
    ExcuseRow,
    ForeignId,
    LookalikeRow,
    MarkRow,
    Person,
    RuleRow,
    SightingRow,
    Template,
)
from gallery.servicetables import AnswerRow, CredentialRow, NewsRow
from gallery.transactions import REKEYING

if TYPE_CHECKING:
    from gallery.ports import Cipher


def count_of(session: Session, person_id: int) -> tuple[int, int]:
    """How many templates and marks a person has."""
    templates = select(func.count()).select_from(Template).where(Template.person_id == person_id)
    marks = select(func.count()).select_from(MarkRow).where(MarkRow.person_id == person_id)
    return session.scalar(templates) or 0, session.scalar(marks) or 0


def erase(session: Session, person: Person, *, at: datetime) -> None:
    """Delete the person with all that is of them, and remember it for the backups from before.

    Templates, records, excuses, own rules, memberships, other ids, credentials, news, and answers that tell of them.
    """
    erasures.add(session, person.id, erasures.PERSON, at)
    erasures.drop_faces(session, person.id)  # those, too, that were taken for somebody else's at first
    arrivals.forget(session, aliases.keys_of(session, person.id))
    session.execute(delete(Person).where(Person.id == person.id))
    changes.note(session, [person.id])
    session.expire_all()
    groups.drop_empty(session)


def _merge_templates(session: Session, cipher: "Cipher | None", source: Person, into: Person) -> None:
    for template in session.scalars(select(Template).where(Template.person_id == source.id)).all():
        known = find_source(session, into.id, (template.pipeline_id,), template.source_sha256)
        if known is None and cipher is not None:
            reseal(session, cipher, template, into.id)


def _merge_records(session: Session, source: Person, into: Person) -> None:
    """What was recorded of `source` is of `into`; marks in a session of both go on counting after those of `into`."""
    for table in (
        SightingRow,
        CorrectionRow,
        ExcuseRow,
        RuleRow,
        ForeignId,
        NewsRow,
        AnswerRow,
        ConsentRow,
        ConsentFormRow,
    ):
        moving = update(table).where(table.person_id == source.id).values(person_id=into.id)
        session.execute(moving, execution_options={**REKEYING, "synchronize_session": False})
    query = select(MarkRow.session_id, func.max(MarkRow.ordinal)).where(MarkRow.person_id == into.id)
    taken = {row[0]: row[1] for row in session.execute(query.group_by(MarkRow.session_id))}
    for session_id in session.scalars(
        select(MarkRow.session_id).where(MarkRow.person_id == source.id).distinct()
    ).all():
        moved = {"person_id": into.id, "ordinal": MarkRow.ordinal + taken.get(session_id, 0)}
        theirs = update(MarkRow).where(MarkRow.person_id == source.id, MarkRow.session_id == session_id).values(moved)
        session.execute(theirs, execution_options={**REKEYING, "synchronize_session": False})


def _merge_credentials(session: Session, source: Person, into: Person) -> None:
    """Codes and badges of both are of `into`; nobody has two PINs: that of `into` stays, where there is one."""
    theirs = (CredentialRow.person_id == source.id, CredentialRow.kind == PIN)
    own = select(CredentialRow.id).where(CredentialRow.person_id == into.id, CredentialRow.kind == PIN)
    if session.scalar(own.limit(1)) is not None:
        session.execute(delete(CredentialRow).where(*theirs))
    session.execute(update(CredentialRow).where(CredentialRow.person_id == source.id).values(person_id=into.id))


def _merge_lookalikes(session: Session, source: Person, into: Person) -> None:
    own = or_(LookalikeRow.first_id == source.id, LookalikeRow.second_id == source.id)
    for row in session.scalars(select(LookalikeRow).where(own)).all():
        other = row.second_id if row.first_id == source.id else row.first_id
        first, second = sorted((other, into.id))
        if other != into.id and session.get(LookalikeRow, (first, second)) is None:
            session.add(LookalikeRow(first_id=first, second_id=second, score=row.score, created=row.created))
            session.flush()


def merge(session: Session, cipher: "Cipher | None", source: Person, into: Person, *, at: datetime, by: str) -> None:
    """Give everything of `source` to `into` and delete `source`; templates are sealed anew.

    The internal id of `source` stays known as one of `into`, as others' records name it.
    """
    _merge_templates(session, cipher, source, into)
    _merge_records(session, source, into)
    _merge_credentials(session, source, into)
    groups.merge(session, source.id, into.id, at=at, by=by)
    _merge_lookalikes(session, source, into)
    holds.merge(session, source.id, into.id)
    sites.move(session, source.id, into.id)
    aliases.add(session, source.id, into.id)
    erasures.keep_right(session, into.id)
    consents.keep_right(session, into.id, at)
    session.execute(delete(Person).where(Person.id == source.id))
    changes.note(session, [source.id, into.id])
    session.expire_all()
