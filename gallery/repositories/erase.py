"""Taking people out: what must go with them, and whose evidence names them."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import Text, delete, func, or_, select, type_coerce, update
from sqlalchemy.orm import Session

from gallery.repositories import groups
from gallery.repositories.templates import find_source, reseal
from gallery.schema import LookalikeRow, MarkRow, Membership, Person, Template

if TYPE_CHECKING:
    from gallery.ports import Cipher

_GONE = object()


def _is(value: Mapping[str, Any], person: Person) -> bool:
    if value.get("id") is not None:
        return bool(value["id"] == person.external_id)
    return value.get("name") == person.name


def _rewritten(value: Any, person: Person, heir: Person | None) -> Any:
    """`value` with every object that is `person` (by its id, else its name) dropped, or turned into `heir`."""
    if isinstance(value, dict):
        if _is(value, person):
            return _GONE if heir is None else value | {"id": heir.external_id, "name": heir.name}
        inner = {key: _rewritten(item, person, heir) for key, item in value.items()}
        return {key: None if item is _GONE else item for key, item in inner.items()}
    if isinstance(value, list):
        return [item for item in (_rewritten(item, person, heir) for item in value) if item is not _GONE]
    return value


def rewrite_evidence(session: Session, person: Person, heir: Person | None) -> None:
    """In the evidence of everybody's marks, drop `person` among the candidates, or name `heir` instead."""
    needles = [json.dumps(text, ensure_ascii=False)[1:-1] for text in (person.external_id, person.name)]
    text = type_coerce(MarkRow.evidence, Text)
    hits = session.scalars(select(MarkRow).where(or_(*(text.contains(n, autoescape=True) for n in needles))))
    for mark in hits.all():
        evidence = _rewritten(mark.evidence, person, heir)
        if evidence != mark.evidence:
            mark.evidence = {} if evidence is _GONE else evidence
    session.flush()


def rename(session: Session, person: Person, name: str) -> None:
    """Give the person another name, in everybody's evidence, too."""
    rewrite_evidence(session, person, heir=Person(external_id=person.external_id, name=name))
    person.name = name


def count_of(session: Session, person_id: int) -> tuple[int, int]:
    """How many templates and marks a person has."""
    templates = select(func.count()).select_from(Template).where(Template.person_id == person_id)
    marks = select(func.count()).select_from(MarkRow).where(MarkRow.person_id == person_id)
    return session.scalar(templates) or 0, session.scalar(marks) or 0


def erase(session: Session, person: Person) -> None:
    """Delete the person with templates, crops, memberships, look-alikes and marks, and from others' evidence."""
    rewrite_evidence(session, person, heir=None)
    session.execute(delete(Person).where(Person.id == person.id))
    session.expire_all()
    groups.drop_empty(session)


def _merge_templates(session: Session, cipher: "Cipher | None", source: Person, into: Person) -> None:
    for template in session.scalars(select(Template).where(Template.person_id == source.id)).all():
        known = find_source(session, into.id, template.encoder_id, template.source_sha256)
        if known is None and cipher is not None:
            reseal(session, cipher, template, into.id)


def _merge_marks(session: Session, source: Person, into: Person) -> None:
    """Where both are marked in a session, the one that was not voided stays, else the earlier."""
    kept = {mark.session_id: mark for mark in session.scalars(_marks_of(into))}
    for mark in session.scalars(_marks_of(source)).all():
        rival = kept.get(mark.session_id)
        if rival is not None:
            if _rank(rival) <= _rank(mark):
                continue
            session.delete(rival)
            session.flush()
        mark.person_id = into.id
        session.flush()


def _marks_of(person: Person) -> Any:
    return select(MarkRow).where(MarkRow.person_id == person.id)


def _rank(mark: MarkRow) -> tuple[bool, Any]:
    return (mark.voided_at is not None, mark.at)


def _merge_groups(session: Session, source: Person, into: Person) -> None:
    had = select(Membership.group_id).where(Membership.person_id == into.id)
    moving = update(Membership).where(Membership.person_id == source.id, Membership.group_id.not_in(had))
    session.execute(moving.values(person_id=into.id), execution_options={"synchronize_session": False})


def _merge_lookalikes(session: Session, source: Person, into: Person) -> None:
    own = or_(LookalikeRow.first_id == source.id, LookalikeRow.second_id == source.id)
    for row in session.scalars(select(LookalikeRow).where(own)).all():
        other = row.second_id if row.first_id == source.id else row.first_id
        first, second = sorted((other, into.id))
        if other != into.id and session.get(LookalikeRow, (first, second)) is None:
            session.add(LookalikeRow(first_id=first, second_id=second, score=row.score, created=row.created))
            session.flush()


def merge(session: Session, cipher: "Cipher | None", source: Person, into: Person) -> None:
    """Give everything of `source` to `into` and delete `source`; templates are sealed anew."""
    _merge_templates(session, cipher, source, into)
    _merge_marks(session, source, into)
    _merge_groups(session, source, into)
    _merge_lookalikes(session, source, into)
    rewrite_evidence(session, source, heir=into)
    session.execute(delete(Person).where(Person.id == source.id))
    session.expire_all()
