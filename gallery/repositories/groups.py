"""Groups, who belongs to them, and since when."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from gallery.belonging import Belonging, Change, told_by, united
from gallery.names import clean
from gallery.schema import (
    CalendarEntryRow,
    CoverageRow,
    Group,
    Membership,
    MembershipChange,
    PlaceRow,
    RuleRow,
    SessionRow,
)
from gallery.servicetables import AccountGroup
from gallery.timetablevalues import MembershipTurn, MembershipWord
from gallery.transactions import REKEYING


def names(session: Session) -> list[str]:
    """The names of all groups, sorted."""
    return list(session.scalars(select(Group.name).order_by(Group.name)))


def number_of(session: Session, name: str) -> int | None:
    """The number of the group with exactly this name, or None."""
    return session.scalars(select(Group.id).where(Group.name == name)).one_or_none()


def ensure(session: Session, name: str) -> int:
    """The number of the group of this name; made where it is new. Raises PersonInvalid."""
    return _row(session, name).id


def is_there(group_id: Any) -> Any:
    """Whether a row joined with `Group` is for no group, or for one that is there: else it is for nobody.

    Only a file that somebody has changed holds another; read as being for no group it would be for everybody.
    """
    return or_(group_id.is_(None), Group.id.is_not(None))


def sizes(session: Session) -> dict[str, int]:
    """How many people belong to each group, by name."""
    members = select(Group.name, func.count(Membership.person_id)).outerjoin(Membership).group_by(Group.name)
    return {row[0]: row[1] for row in session.execute(members.order_by(Group.name))}


def _row(session: Session, name: str) -> Group:
    """The group with this name; made where it is new."""
    cleaned = clean(name, "group")
    row = session.scalar(select(Group).where(Group.name == cleaned))
    if row is None:
        row = Group(name=cleaned)
        session.add(row)
        session.flush()
    return row


# Who belongs


def add_member(
    session: Session, person_id: int, groups: Iterable[str], *, day: date | None, at: datetime, by: str
) -> bool:
    """Make the person a member of each from ``day`` on; true where that changed anything.

    Without a day the person was just made: they belong from ever.
    """
    wanted = dict.fromkeys(_row(session, name).id for name in groups)
    if not wanted:
        return False
    have = {group for group in wanted if session.get(Membership, (person_id, group)) is not None}
    changed = bool(wanted.keys() - have)
    for group in wanted:
        if group not in have:
            session.add(Membership(person_id=person_id, group_id=group))
    session.flush()
    return _say(session, person_id, wanted, have, wanted, day=day, at=at, by=by) or changed


def remove_member(session: Session, person_id: int, groups: Iterable[str], *, day: date, at: datetime, by: str) -> None:
    """From ``day`` on the person belongs to none of these groups, and to others as before; groups left empty go."""
    numbers = (number_of(session, name) for name in groups)
    gone = [number for number in numbers if number is not None]
    theirs = (Membership.person_id == person_id, Membership.group_id.in_(gone))
    have = set(session.scalars(select(Membership.group_id).where(*theirs)))
    session.execute(delete(Membership).where(*theirs))
    session.expire_all()
    _say(session, person_id, gone, have, (), day=day, at=at, by=by)
    drop_empty(session)


def set_member(
    session: Session, person_id: int, groups: Iterable[str], *, day: date | None, at: datetime, by: str
) -> None:
    """Make the person a member of these groups and no others from ``day`` on; groups left empty go.

    Without a day the person was just made: they belong from ever.
    """
    wanted = dict.fromkeys(_row(session, name).id for name in groups)
    have = set(session.scalars(select(Membership.group_id).where(Membership.person_id == person_id)))
    session.execute(
        delete(Membership).where(Membership.person_id == person_id, Membership.group_id.not_in(list(wanted)))
    )
    session.expire_all()
    session.add_all(Membership(person_id=person_id, group_id=group) for group in wanted if group not in have)
    session.flush()
    _say(session, person_id, None, have, wanted, day=day, at=at, by=by)
    drop_empty(session)


def _say(
    session: Session,
    person: int,
    about: Collection[int] | None,
    have: Collection[int],
    wanted: Collection[int],
    *,
    day: date | None,
    at: datetime,
    by: str,
) -> bool:
    """Write down from which day on it is so, of the groups ``about`` (None: all), where it was not; whether any was.

    ``have`` are those the person belonged to so far.
    """
    if day is None:
        return False
    said = _words(session, person)
    new = [
        MembershipChange(
            person_id=person, group_id=group, member=group in wanted, from_day=day.isoformat(), entered=at, by=by
        )
        for group in sorted({*said, *have, *wanted} if about is None else about)
        if not told_by(said.get(group, ()), member=group in have).is_so_from(day, member=group in wanted)
    ]
    session.add_all(new)
    session.flush()
    return bool(new)


def drop_empty(session: Session) -> None:
    """Delete groups that nobody belongs to and no session, place, rule, calendar entry, coverage or account is for.

    What was said of who belonged to them goes with them: nothing asks for it.
    """
    used = select(Membership.group_id).union(
        *(
            select(table.group_id).where(table.group_id.is_not(None))
            for table in (SessionRow, PlaceRow, RuleRow, CalendarEntryRow, CoverageRow, AccountGroup)
        )
    )
    session.execute(delete(Group).where(Group.id.not_in(used)))


def of_people(session: Session, ids: Sequence[int] | None) -> dict[int, list[str]]:
    """The names of their groups, sorted, by person id; of everybody where `ids` is None."""
    query = select(Membership.person_id, Group.name).join(Group, Group.id == Membership.group_id).order_by(Group.name)
    found = defaultdict(list)
    for person, name in session.execute(query if ids is None else query.where(Membership.person_id.in_(ids))):
        found[person].append(name)
    return found


# Since when


def turns(session: Session, person: int | None = None) -> list[MembershipTurn]:
    """Every day on which somebody (this person) came to a group or left it, by person, group and day.

    Before the first of a person and a group it was the other way round; without one, it was ever as it is now. What
    a later word took back is not among them.
    """
    query = (
        select(MembershipChange.person_id, Group.name, MembershipChange.from_day, MembershipChange.member)
        .join(Group, Group.id == MembershipChange.group_id)
        .order_by(MembershipChange.id)
    )
    said = defaultdict[tuple[int, str], list[Change]](list)
    for whose, group, day, member in session.execute(
        query if person is None else query.where(MembershipChange.person_id == person)
    ):
        said[whose, group].append((date.fromisoformat(day), member))
    return [
        MembershipTurn(whose, group, member, day)
        for (whose, group), theirs in sorted(said.items())
        for day, member in told_by(theirs, member=False).changes
    ]


def words(session: Session, person: int) -> list[MembershipWord]:
    """What was said of when a person belongs to groups, in the order in which it was entered."""
    query = (
        select(MembershipChange, Group.name)
        .join(Group, Group.id == MembershipChange.group_id)
        .where(MembershipChange.person_id == person)
        .order_by(MembershipChange.id)
    )
    return [
        MembershipWord(group, row.member, date.fromisoformat(row.from_day), row.entered, row.by)
        for row, group in session.execute(query)
    ]


def _words(session: Session, person: int) -> dict[int, list[Change]]:
    """What was said of a person, by group, in order."""
    query = select(MembershipChange.group_id, MembershipChange.from_day, MembershipChange.member)
    found = defaultdict[int, list[Change]](list)
    for group, day, member in session.execute(
        query.where(MembershipChange.person_id == person).order_by(MembershipChange.id)
    ):
        found[group].append((date.fromisoformat(day), member))
    return found


def _belongings(session: Session, person: int) -> dict[int, Belonging]:
    """By group, when a person belonged to it; one that is not there they never belonged to."""
    have = set(session.scalars(select(Membership.group_id).where(Membership.person_id == person)))
    said = _words(session, person)
    return {group: told_by(said.get(group, ()), member=group in have) for group in {*have, *said}}


def merge(session: Session, source: int, into: int, *, at: datetime, by: str) -> None:
    """On each day ``into`` belongs to what either belonged to; what was said of ``source`` was said of ``into``."""
    theirs, own = _belongings(session, source), _belongings(session, into)
    never = Belonging(from_ever=False)
    both = {each: united(theirs.get(each, never), own.get(each, never)) for each in theirs | own}
    had = select(Membership.group_id).where(Membership.person_id == into)
    rows = update(Membership).where(Membership.person_id == source, Membership.group_id.not_in(had))
    theirs_said = update(MembershipChange).where(MembershipChange.person_id == source)
    for moving in (rows, theirs_said):
        options = {**REKEYING, "synchronize_session": False}
        session.execute(moving.values(person_id=into), execution_options=options)
    now = _belongings(session, into)
    session.add_all(
        MembershipChange(person_id=into, group_id=group, member=member, from_day=day.isoformat(), entered=at, by=by)
        for group, wanted in sorted(both.items())
        if now.get(group, never) != wanted
        for day, member in wanted.words
    )
    session.flush()
