"""Who may sign in, in which role, and whose people they may see and mark."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from gallery.errors import Conflict
from gallery.names import clean
from gallery.repositories import groups as all_groups
from gallery.schema import Group
from gallery.servicetables import AccountGroup, AccountRow
from gallery.servicevalues import Account, Role

ADMIN: Role = "admin"


def insert(
    session: Session, name: str, password_hash: str, role: Role, *, groups: Collection[str] = (), at: datetime
) -> Account:
    """A new account. Raises PersonInvalid for the name, and Conflict where it is taken or a group is not there."""
    wanted = clean(name, "account")
    _refuse_taken(session, wanted)
    row = AccountRow(name=wanted, password=password_hash, role=role, created=at)
    session.add(row)
    session.flush()
    _set_groups(session, row.id, groups)
    return _told(row, sorted(set(groups)))


def _refuse_taken(session: Session, name: str) -> None:
    if named(session, name) is not None:
        raise Conflict(name, "an account has this name already")


def _set_groups(session: Session, number: int, groups: Collection[str]) -> None:
    session.execute(delete(AccountGroup).where(AccountGroup.account_id == number))
    session.add_all(AccountGroup(account_id=number, group_id=_group(session, each)) for each in sorted(set(groups)))
    session.flush()


def _group(session: Session, name: str) -> int:
    found = all_groups.number_of(session, name)
    if found is None:
        raise Conflict(name, "there is no group of this name")
    return found


def all_accounts(session: Session) -> list[Account]:
    """Every account by name, those out of use, too."""
    return _read(session, select(AccountRow).order_by(AccountRow.name))


def named(session: Session, name: str) -> Account | None:
    """The account of exactly this name, or None."""
    return next(iter(_read(session, select(AccountRow).where(AccountRow.name == name))), None)


def numbered(session: Session, number: int) -> Account | None:
    """The account of this number, or None."""
    return next(iter(_read(session, select(AccountRow).where(AccountRow.id == number))), None)


def password_of(session: Session, number: int) -> str:
    """The argon2 hash of its password."""
    return session.get_one(AccountRow, number).password


def change(
    session: Session,
    number: int,
    *,
    name: str | None = None,
    role: Role | None = None,
    groups: Collection[str] | None = None,
    active: bool | None = None,
    password: str | None = None,
) -> Account:
    """Change what is given of it; ``password`` is a hash. Raises as `insert` does."""
    row = session.get_one(AccountRow, number)
    if name is not None and (wanted := clean(name, "account")) != row.name:
        _refuse_taken(session, wanted)
        row.name = wanted
    row.role = role or row.role
    row.active = row.active if active is None else active
    row.password = password or row.password
    session.flush()
    if groups is not None:
        _set_groups(session, number, groups)
    return next(iter(_read(session, select(AccountRow).where(AccountRow.id == number))))


def remove(session: Session, number: int) -> None:
    """Delete an account; its browsers are signed out."""
    session.execute(delete(AccountRow).where(AccountRow.id == number))
    session.expire_all()


def count_admins(session: Session) -> int:
    """How many admins may sign in."""
    query = select(func.count()).select_from(AccountRow).where(AccountRow.role == ADMIN, AccountRow.active)
    return session.scalar(query) or 0


def _read(session: Session, query: Any) -> list[Account]:
    rows = session.scalars(query).all()
    theirs = defaultdict[int, list[str]](list)
    belongs = select(AccountGroup.account_id, Group.name).join(Group, Group.id == AccountGroup.group_id)
    if rows:
        belongs = belongs.where(AccountGroup.account_id == rows[0].id) if len(rows) == 1 else belongs
        for number, group in session.execute(belongs.order_by(Group.name)):
            theirs[number].append(group)
    return [_told(row, theirs[row.id]) for row in rows]


def _told(row: AccountRow, groups: Collection[str]) -> Account:
    return Account(
        id=row.id,
        name=row.name,
        role=row.role,  # type: ignore[arg-type]
        groups=tuple(groups),
        active=row.active,
        created=row.created,
    )
