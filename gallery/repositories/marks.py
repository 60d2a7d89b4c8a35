"""Who was there: marks are appended, and a correction says which of them are void."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from types import MappingProxyType
from typing import Any, Final, Literal
from uuid import uuid4
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import (
    DateTime,
    Select,
    Text,
    and_,
    bindparam,
    case,
    exists,
    false,
    func,
    insert,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.orm import Session, aliased

from gallery import sending
from gallery.columns import JsonText
from gallery.errors import GalleryFailed
from gallery.repositories import chain, news, places
from gallery.repositories.batches import in_batches
from gallery.repositories.corrections import corrected
from gallery.repositories.events import MARK_ADDED
from gallery.repositories.verdicts import approved_by
from gallery.schema import (
    ApprovalRow,
    CorrectionRow,
    EventRow,
    MarkRow,
    Person,
    PlaceRow,
    SessionRow,
    SightingRow,
)
from gallery.values import Direction, Method, StoredMark, TimedMark

AWAITS: Final = "awaits"
APPROVAL: Final = "approval"
"""What the details of a mark hold that counts only once somebody else has approved it: `{AWAITS: APPROVAL}`."""
_VOID, _RESTORE = "void", "restore"
COLUMNS: Final = (
    "id",
    "person_id",
    "session_id",
    "ordinal",
    "at",
    "time_known",
    "entered",
    "by",
    "method",
    "sighting_id",
    "details",
    "direction",
    "site",
)


def is_void(mark: Any = MarkRow) -> Any:
    """The correction that makes the mark void: the latest of those that void or restore it, if it voids."""
    later = aliased(CorrectionRow)
    says = or_(later.kind == _VOID, later.kind == _RESTORE)
    latest = select(func.max(later.id)).where(later.mark_id == mark.id, says)
    return and_(CorrectionRow.id == latest.correlate(mark).scalar_subquery(), CorrectionRow.kind == _VOID)


def valid() -> Any:
    """Whether `MarkRow` is not void."""
    return _valid(MarkRow)


def _valid(mark: Any) -> Any:
    """Whether nobody has declared the mark of this table void."""
    return ~exists().where(is_void(mark)).correlate(mark)


def counts() -> Any:
    """Whether `MarkRow` counts as presence: it is not void, and where it awaits approval it has it."""
    granted = exists().where(ApprovalRow.mark_id == MarkRow.id, ApprovalRow.granted).correlate(MarkRow)
    return and_(valid(), or_(~_says_so(), granted))


def with_state(query: Any) -> Any:
    """A query of `MarkRow` with the means of its sighting, the correction that makes it void, and its approval."""
    return (
        query.add_columns(SightingRow.means, CorrectionRow, ApprovalRow)
        .outerjoin(SightingRow, SightingRow.id == MarkRow.sighting_id)
        .outerjoin(CorrectionRow, is_void())
        .outerjoin(ApprovalRow, ApprovalRow.mark_id == MarkRow.id)
    )


def _read(session: Session, query: Select[Any]) -> list[StoredMark]:
    return [marked(*row) for row in session.execute(with_state(query))]


def of(session: Session, person: int, session_id: int) -> list[StoredMark]:
    """The person's marks in the session, void ones too, in the order in which they were made."""
    query = select(MarkRow).where(MarkRow.person_id == person, MarkRow.session_id == session_id)
    return _read(session, query.order_by(MarkRow.ordinal))


def of_session(session: Session, session_id: int) -> list[StoredMark]:
    """All marks of a session, void ones too, in order of time."""
    query = select(MarkRow).where(MarkRow.session_id == session_id)
    return _read(session, query.order_by(MarkRow.at, MarkRow.ordinal, MarkRow.id))


def of_person(session: Session, person: int) -> list[StoredMark]:
    """All marks of a person, void ones too, in order of time."""
    query = select(MarkRow).where(MarkRow.person_id == person)
    return _read(session, query.order_by(MarkRow.at, MarkRow.ordinal, MarkRow.id))


def of_sighting(session: Session, number: int) -> list[StoredMark]:
    """The marks that rest on a sighting, void ones too, in the order in which they were made."""
    query = select(MarkRow).where(MarkRow.sighting_id == number)
    return _read(session, query.order_by(MarkRow.ordinal))


def latest_of(session: Session, person: int, limit: int) -> list[StoredMark]:
    """The latest marks of a person, void ones too, the newest first."""
    query = select(MarkRow).where(MarkRow.person_id == person)
    return _read(session, query.order_by(MarkRow.at.desc(), MarkRow.ordinal.desc(), MarkRow.id).limit(limit))


def waiting(session: Session) -> list[StoredMark]:
    """The valid marks that wait for somebody to approve them, in order of time."""
    query = select(MarkRow).where(_waits(), valid())
    return _read(session, query.order_by(MarkRow.at, MarkRow.ordinal, MarkRow.id))


def awaits(details: Mapping[str, Any]) -> bool:
    """Whether the details of a mark say that it counts only once somebody else has approved it."""
    return details.get(AWAITS) == APPROVAL


def _says_so() -> Any:
    """Whether the details say that it awaits approval: a value of JSON, which a note cannot look like."""
    return type_coerce(MarkRow.details, Text).like(f'%"{AWAITS}": "{APPROVAL}"%')


def _waits() -> Any:
    """Whether somebody is still to approve `MarkRow`."""
    return and_(_says_so(), ~exists().where(ApprovalRow.mark_id == MarkRow.id).correlate(MarkRow))


def _says_that_it_awaits() -> Any:
    """Whether the text of the details may say so: most of them need not be read as JSON."""
    return type_coerce(MarkRow.details, Text).like(f'%"{AWAITS}"%')


# For timetables

_STREAMED: Final = MappingProxyType({"yield_per": 10_000})


def timeline(
    session: Session, begin: datetime, end: datetime, people: Collection[int] | None = None
) -> Iterator[TimedMark]:
    """The valid marks of begin <= at < end, of these people or of all, by person (internal id), time and ordinal.

    Those that wait for approval are ``pending``, refused ones are left out. Made for half a million of them, some at
    a time: few statements, columns and not objects; what was said of marks, which is of few, is read by itself.
    """
    days, silent = _Days(session), _void_ids(session)
    said = {row[0]: row[1] for row in session.execute(select(ApprovalRow.mark_id, ApprovalRow.granted))}
    silent |= {mark for mark, granted in said.items() if mark is not None and not granted}
    query = _timed(begin, end)
    parts = (
        [query] if people is None else [query.where(MarkRow.person_id.in_(each)) for each in in_batches(sorted(people))]
    )
    return (
        TimedMark(
            mark,
            person,
            at if at.tzinfo is UTC else _in_utc(at),
            known,
            direction,
            method,
            where,
            days[where],
            facts is not None and mark not in said and awaits(facts),
        )
        for part in parts
        for mark, person, at, known, direction, method, where, facts in _streamed(session, part)
        if mark not in silent
    )


def _streamed(session: Session, query: Select[Any]) -> Iterator[Any]:
    """Some rows at a time; a reader that stops on the way leaves nothing open on the server."""
    with session.execute(query, execution_options=_STREAMED) as rows:
        yield from rows


def _timed(begin: datetime, end: datetime) -> Select[Any]:
    """The columns of `TimedMark` but the day, with the details of those alone that say that they await something."""
    details = case((_says_that_it_awaits(), MarkRow.details))
    query = select(
        MarkRow.id,
        MarkRow.person_id,
        type_coerce(MarkRow.at, DateTime(timezone=True)),
        MarkRow.time_known,
        MarkRow.direction,
        MarkRow.method,
        MarkRow.session_id,
        type_coerce(details, JsonText()),
    )
    within = query.where(MarkRow.at >= begin, MarkRow.at < end)
    return within.order_by(MarkRow.person_id, MarkRow.at, MarkRow.ordinal, MarkRow.id)


def _in_utc(at: datetime) -> datetime:
    """As `Instant` reads it, for engines that keep no zone."""
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _void_ids(session: Session) -> set[str]:
    """The marks whose latest word of those that void or restore is that they are void."""
    query = select(CorrectionRow.mark_id, CorrectionRow.kind).where(CorrectionRow.kind.in_((_VOID, _RESTORE)))
    latest = {row[0]: row[1] for row in session.execute(query.order_by(CorrectionRow.id))}
    return {mark for mark, kind in latest.items() if mark is not None and kind == _VOID}


class _Days(dict[int, date]):
    """By session, the local day it belongs to: its own, or that of the beginning of a named one in its zone."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        query = select(SessionRow.id, SessionRow.day, SessionRow.opens, SessionRow.zone, SessionRow.name)
        self._rows = {row.id: row for row in session.execute(query)}

    def __missing__(self, number: int) -> date:
        row = self._rows[number]
        self[number] = found = date.fromisoformat(row.day) if row.day else _local_day(row.opens, row.zone, row.name)
        return found


def _local_day(at: datetime, zone: str, name: str) -> date:
    try:
        return at.astimezone(ZoneInfo(zone)).date()
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise GalleryFailed(f"session {name}", f"its time zone {zone} is not known on this computer") from error


# Writing


def add(
    session: Session,
    person: int,
    session_id: int,
    *,
    at: datetime,
    entered: datetime,
    by: str,
    method: Method,
    sighting: int | None = None,
    details: Mapping[str, Any] | None = None,
    time_known: bool = True,
    direction: Direction | None = None,
    open_at: datetime | None = None,
    unless: Literal["any", "valid", "none"] = "any",
    again: timedelta = timedelta(0),
    site: str | None = None,
) -> StoredMark | None:
    """The new mark; None where one of the person in the session stands in its way, or they are gone, or it is closed.

    In its way stands one of the same direction: any that counts or is void, one that counts or waits ("valid"), or
    none. None that counts does where they went the other way after it, or where it is older by ``again`` or more; but
    a time that is not known is after nothing. The session was closed where it is so at ``open_at``; with None a closed
    one takes it, too. One statement: it asks and writes at once.
    """
    facts = dict(details or {})
    new = StoredMark(
        uuid4().hex, person, session_id, 1, at, time_known, entered, by, method, sighting, facts, direction,
        awaits=awaits(facts), site=site,
    )  # fmt: skip
    turns, aging = time_known and direction is not None, time_known and bool(again)
    given = {
        "person_id": person,
        "session_id": session_id,
        "id": new.id,
        "at": at,
        "time_known": time_known,
        "entered": entered,
        "by": by,
        "method": method,
        "sighting_id": sighting,
        "details": facts,
        "direction": direction,
        "site": site,
        "place": places.told_in(facts),
        **({"recent": at - again} if aging else {}),
        **({} if open_at is None else {"open_at": open_at}),
    }
    query = _adding(unless, turns=turns, aging=aging, closable=open_at is not None)
    made = sending.ask(session, query, {f"new_{name}": value for name, value in given.items()})
    if not made:
        return None
    ordinal, place = made[0]
    news.add(session, [news.New(entered, news.MARK_MADE, new.id, person, place)])
    return replace(new, ordinal=ordinal)


def take(session: Session, new: StoredMark, place: int | None = None) -> StoredMark:
    """The mark that was made elsewhere, under its own id, as the person's next one in the session.

    Conflict where the id is there already, or the person or the session is not.
    """
    theirs = and_(MarkRow.person_id == new.person, MarkRow.session_id == new.session)
    ordinal = (session.scalar(select(func.max(MarkRow.ordinal)).where(theirs)) or 0) + 1
    row = MarkRow(id=new.id, person_id=new.person, session_id=new.session, ordinal=ordinal, at=new.at)
    row.time_known, row.entered, row.by, row.method = new.time_is_known, new.entered, new.by, new.method
    row.direction, row.sighting_id, row.details = new.direction, new.sighting, dict(new.details)
    row.site = new.site
    session.add(row)
    session.flush()
    news.add(session, [news.New(new.entered, news.MARK_MADE, new.id, new.person, place)])
    return replace(new, ordinal=ordinal)


@cache
def _adding(unless: Literal["any", "valid", "none"], *, turns: bool, aging: bool, closable: bool) -> Any:
    """The statement of `add`, made once: whether the new mark ``turns``, and whether it may be one of the same again.

    To put it together takes longer than to have it done.
    """
    theirs = and_(MarkRow.person_id == _given(MarkRow.person_id), MarkRow.session_id == _given(MarkRow.session_id))
    ordinal = select(func.coalesce(func.max(MarkRow.ordinal), 0) + 1).where(theirs).scalar_subquery()
    taken = {"person_id": Person.id, "session_id": SessionRow.id, "ordinal": ordinal}
    allowed = (
        select(*(taken[name] if name in taken else _given(getattr(MarkRow, name)) for name in COLUMNS))
        .select_from(SessionRow)
        .join(Person, Person.id == _given(MarkRow.person_id))
        .where(SessionRow.id == _given(MarkRow.session_id))
        .where(~_in_the_way(theirs, unless, turns=turns, aging=aging))
    )
    if closable:
        open_at = bindparam("new_open_at", type_=SessionRow.closes.type)
        allowed = allowed.where(or_(SessionRow.closes.is_(None), SessionRow.closes > open_at))
    table: Any = MarkRow.__table__
    query = insert(table).from_select(list(COLUMNS), allowed, include_defaults=False)
    seen = select(SightingRow.place_id).where(SightingRow.id == _given(MarkRow.sighting_id)).scalar_subquery()
    shown = select(PlaceRow.id).where(PlaceRow.id == bindparam("new_place", type_=PlaceRow.id.type)).scalar_subquery()
    return query.returning(table.c.ordinal, func.coalesce(seen, shown))


def _given(column: Any) -> Any:
    """What the new mark holds in this column."""
    return bindparam(f"new_{column.key}", type_=column.type)


def _in_the_way(theirs: Any, unless: Literal["any", "valid", "none"], *, turns: bool, aging: bool) -> Any:
    """Whether one of their marks stands in the way of the new one, see `add`."""
    if unless == "none":
        return false()
    stands = or_(counts(), and_(valid(), _waits())) if unless == "valid" else counts()
    way = _given(MarkRow.direction)
    same = and_(theirs, MarkRow.direction.is_not_distinct_from(way))
    blocked = and_(exists().where(same, stands), ~_is_due(theirs, same, stands, turns=turns, aging=aging))
    if unless == "valid":
        return blocked
    later = aliased(MarkRow)
    void = select(later.id).where(
        later.person_id == _given(MarkRow.person_id),
        later.session_id == _given(MarkRow.session_id),
        later.direction.is_not_distinct_from(way),
        later.ordinal > select(func.coalesce(func.max(MarkRow.ordinal), 0)).where(same, stands).scalar_subquery(),
        ~_valid(later),
    )
    return or_(blocked, void.exists())


def _is_due(theirs: Any, same: Any, stands: Any, *, turns: bool, aging: bool) -> Any:
    """Whether there is to be another of the same direction."""
    due: list[Any] = []
    at, way = _given(MarkRow.at), _given(MarkRow.direction)
    if turns:
        told = and_(theirs, stands, MarkRow.direction.is_not(None), MarkRow.time_known, MarkRow.at <= at)
        latest = select(MarkRow.direction).where(told).order_by(MarkRow.at.desc(), MarkRow.ordinal.desc()).limit(1)
        due.append(func.coalesce(latest.scalar_subquery(), way) != way)
    if aging:
        recent = bindparam("new_recent", type_=MarkRow.at.type)
        due.append(~exists().where(same, stands, or_(MarkRow.at > recent, MarkRow.time_known.is_(False))))
    return or_(*due) if due else false()


def by_id(session: Session, mark: str) -> StoredMark | None:
    """The mark of this id, or None."""
    return next(iter(_read(session, select(MarkRow).where(MarkRow.id == mark))), None)


def unrecorded(session: Session) -> list[str]:
    """The ids of marks that no event tells of, but for those from before entries were let go by a rule."""
    told = select(EventRow.subject).where(EventRow.action == MARK_ADDED)
    due = MarkRow.entered >= chain.purged_before(session)
    return list(session.scalars(select(MarkRow.id).where(MarkRow.id.not_in(told), due).order_by(MarkRow.id)))


def of_others(session: Session) -> list[tuple[str, str, str]]:
    """Id, external id and session of valid marks whose sighting names somebody else, and nobody reassigned it."""
    told = exists().where(CorrectionRow.sighting_id == SightingRow.id, CorrectionRow.person_id == MarkRow.person_id)
    query = (
        select(MarkRow.id, Person.external_id, SessionRow.name)
        .join(SightingRow, SightingRow.id == MarkRow.sighting_id)
        .join(Person, Person.id == MarkRow.person_id)
        .join(SessionRow, SessionRow.id == MarkRow.session_id)
        .where(SightingRow.person_id.is_distinct_from(MarkRow.person_id), ~told, valid())
    )
    return [(mark, person, name) for mark, person, name in session.execute(query.order_by(MarkRow.id))]


def marked(
    row: MarkRow, means: str | None, void: CorrectionRow | None, approval: ApprovalRow | None = None
) -> StoredMark:
    """What the row says, with the means of the face it rests on, the correction that makes it void, its approval."""
    return StoredMark(
        id=row.id,
        person=row.person_id,
        session=row.session_id,
        ordinal=row.ordinal,
        at=row.at,
        time_is_known=row.time_known,
        entered=row.entered,
        by=row.by,
        method=row.method,  # type: ignore[arg-type]
        sighting=row.sighting_id,
        details=row.details,
        direction=row.direction,  # type: ignore[arg-type]
        site=row.site,
        means=means if row.method == "face" else None,
        voided=None if void is None else corrected(void),
        awaits=awaits(row.details),
        approval=approved_by(approval),
    )
