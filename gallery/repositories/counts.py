"""How much of everything there is."""

from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from gallery.columns import Base
from gallery.repositories import groups, templates
from gallery.repositories.marks import counts
from gallery.schema import Crop, LookalikeRow, MarkRow, Person, SessionRow, SightingRow, Template
from gallery.values import Pipelines, Stats


def _count(session: Session, query: Select[Any]) -> int:
    return int(session.scalar(query) or 0)


def _rows_of(table: type[Base]) -> Select[Any]:
    return select(func.count()).select_from(table)


def _present() -> Select[Any]:
    """How often somebody counts as present in a session: of several valid marks there one does."""
    counting = select(MarkRow.person_id, MarkRow.session_id).where(counts()).distinct().subquery()
    return select(func.count()).select_from(counting)


def stats(session: Session, pipelines: Pipelines, database_bytes: int) -> Stats:
    """Counts of everything as the transaction sees it."""
    held = templates.count_by_pipeline(session)
    with_template = select(Template.person_id).where(Template.pipeline_id.in_(pipelines))
    return Stats(
        pipeline_id=pipelines[0],
        people=_count(session, _rows_of(Person)),
        active=_count(session, _rows_of(Person).where(Person.active)),
        without_template=_count(session, _rows_of(Person).where(Person.active, Person.id.not_in(with_template))),
        templates=sum(held.pop(each, 0) for each in pipelines),
        crops=_count(session, _rows_of(Crop)),
        other_encoders=held,
        groups=groups.sizes(session),
        lookalikes=_count(session, _rows_of(LookalikeRow)),
        sessions=_count(session, _rows_of(SessionRow)),
        sightings=_count(session, _rows_of(SightingRow)),
        marks=_count(session, _present()),
        database_bytes=database_bytes,
    )
