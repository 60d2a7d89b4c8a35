"""Groups and who belongs to them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from gallery.names import clean
from gallery.schema import Group, Membership, PlaceRow, SessionRow


def names(session: Session) -> list[str]:
    """The names of all groups, sorted."""
    return list(session.scalars(select(Group.name).order_by(Group.name)))


def number_of(session: Session, name: str) -> int | None:
    """The number of the group with exactly this name, or None."""
    return session.scalars(select(Group.id).where(Group.name == name)).one_or_none()


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


def add_member(session: Session, person_id: int, groups: Iterable[str]) -> bool:
    """Make the person a member of each; true where one was new."""
    changed = False
    for name in groups:
        group = _row(session, name)
        if session.get(Membership, (person_id, group.id)) is None:
            session.add(Membership(person_id=person_id, group_id=group.id))
            session.flush()
            changed = True
    return changed


def set_member(session: Session, person_id: int, groups: Iterable[str]) -> None:
    """Make the person a member of these groups and no others; groups left empty go."""
    session.execute(delete(Membership).where(Membership.person_id == person_id))
    session.expire_all()
    add_member(session, person_id, groups)
    drop_empty(session)


def drop_empty(session: Session) -> None:
    """Delete groups that nobody belongs to and no session or place is for."""
    used = select(Membership.group_id).union(
        select(SessionRow.group_id).where(SessionRow.group_id.is_not(None)),
        select(PlaceRow.group_id).where(PlaceRow.group_id.is_not(None)),
    )
    session.execute(delete(Group).where(Group.id.not_in(used)))


def of_people(session: Session, ids: Sequence[int] | None) -> dict[int, list[str]]:
    """The names of their groups, sorted, by person id; of everybody where `ids` is None."""
    query = select(Membership.person_id, Group.name).join(Group, Group.id == Membership.group_id).order_by(Group.name)
    found = defaultdict(list)
    for person, name in session.execute(query if ids is None else query.where(Membership.person_id.in_(ids))):
        found[person].append(name)
    return found
