"""From when to when a source has looked, and for whom: who was not seen by then was not there."""

from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from gallery.repositories.groups import is_there
from gallery.schema import CoverageRow, Group, PlaceRow
from gallery.timetablevalues import CoverageKind, StoredCoverage


def begin(
    session: Session,
    kind: CoverageKind,
    source: str,
    *,
    begins: datetime,
    ends: datetime,
    at: datetime,
    by: str,
    place: int | None = None,
    group_id: int | None = None,
    reason: str = "",
    site: str | None = None,
) -> int:
    """A source has looked from an instant to another (for a picture the same one); its number, for `extend`.

    Conflict where it would end before it begins.
    """
    row = CoverageRow(kind=kind, source=source, begins=begins, ends=ends, entered=at, by=by, reason=reason)
    row.place_id, row.group_id, row.site = place, group_id, site
    session.add(row)
    session.flush()
    return row.id


def extend(session: Session, number: int, ends: datetime) -> None:
    """The source has gone on looking until then; an earlier instant changes nothing."""
    later = update(CoverageRow).where(CoverageRow.id == number, CoverageRow.ends < ends).values(ends=ends)
    session.execute(later, execution_options={"synchronize_session": False})


def within(session: Session, begin: datetime, end: datetime) -> list[StoredCoverage]:
    """What has an instant in begin <= t < end, by its beginning."""
    query = (
        select(CoverageRow, Group.name, PlaceRow.site)
        .outerjoin(Group, Group.id == CoverageRow.group_id)
        .outerjoin(PlaceRow, PlaceRow.id == CoverageRow.place_id)
        .where(CoverageRow.begins < end, CoverageRow.ends >= begin, is_there(CoverageRow.group_id))
        .order_by(CoverageRow.begins, CoverageRow.id)
    )
    return [_coverage(*row) for row in session.execute(query)]


def watermarks(session: Session) -> dict[str, datetime]:
    """Until when each source has looked at the latest, by source."""
    query = select(CoverageRow.source, func.max(CoverageRow.ends)).group_by(CoverageRow.source)
    return {row[0]: row[1] for row in session.execute(query.order_by(CoverageRow.source))}


def latest(session: Session) -> datetime | None:
    """Until when somebody has looked at the latest, None where nobody has."""
    query = select(CoverageRow.ends).order_by(CoverageRow.ends.desc()).limit(1)
    return session.scalars(query).one_or_none()


def _coverage(row: CoverageRow, group: str | None, place_site: str | None) -> StoredCoverage:
    return StoredCoverage(
        id=row.id,
        kind=row.kind,  # type: ignore[arg-type]
        source=row.source,
        place=row.place_id,
        group=group,
        site=row.site if place_site is None else place_site,  # a place counts for the site of now
        begins=row.begins,
        ends=row.ends,
        entered=row.entered,
        by=row.by,
        reason=row.reason,
    )
