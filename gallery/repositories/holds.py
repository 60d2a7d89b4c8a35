"""Holds: of a person, or of the whole home, nothing is erased or purged until somebody lifts them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from gallery.privacytables import HoldRow


@dataclass(frozen=True, slots=True)
class Hold:
    """Why something is kept, since when and by whom; ``person`` is an internal id, None for the whole home."""

    id: int
    person: int | None
    reason: str
    begun: datetime
    by: str
    lifted: datetime | None = None
    lifted_by: str | None = None

    @property
    def active(self) -> bool:
        """Whether nobody has lifted it."""
        return self.lifted is None


@dataclass(frozen=True, slots=True)
class Held:
    """What no rule may take away: the whole home, or all that is of these people (internal ids)."""

    home: bool
    people: frozenset[int]

    @property
    def anything(self) -> bool:
        """Whether there is any hold."""
        return self.home or bool(self.people)


NOTHING = Held(home=False, people=frozenset())


def add(session: Session, person: int | None, reason: str, *, at: datetime, by: str) -> Hold:
    """A new hold."""
    row = HoldRow(person_id=person, reason=reason, begun=at, by=by)
    session.add(row)
    session.flush()
    return _hold(row)


def numbered(session: Session, number: int) -> Hold | None:
    """The hold of this number, or None."""
    row = session.get(HoldRow, number)
    return None if row is None else _hold(row)


def lift(session: Session, number: int, *, at: datetime, by: str) -> Hold:
    """End a hold that is there; it stays, with who lifted it."""
    row = session.get_one(HoldRow, number)
    row.lifted, row.lifted_by = at, by
    session.flush()
    return _hold(row)


def all_holds(session: Session, *, lifted: bool = False) -> list[Hold]:
    """Those that hold, or with ``lifted`` all that ever did, in the order in which they began."""
    query = select(HoldRow).order_by(HoldRow.id)
    return [_hold(row) for row in session.scalars(query if lifted else query.where(HoldRow.lifted.is_(None)))]


def on(session: Session, person: int) -> list[Hold]:
    """Those that keep what is of a person: their own, and those of the whole home."""
    concerns = or_(HoldRow.person_id.is_(None), HoldRow.person_id == person)
    query = select(HoldRow).where(HoldRow.lifted.is_(None), concerns).order_by(HoldRow.id)
    return [_hold(row) for row in session.scalars(query)]


def of_people(session: Session, people: Collection[int]) -> list[Hold]:
    """All that ever were on any of these people, lifted ones too."""
    query = select(HoldRow).where(HoldRow.person_id.in_(people)).order_by(HoldRow.id)
    return [_hold(row) for row in session.scalars(query)]


def held(session: Session) -> Held:
    """What no rule may take away now."""
    whose = list(session.scalars(select(HoldRow.person_id).where(HoldRow.lifted.is_(None))))
    return Held(None in whose, frozenset(each for each in whose if each is not None))


def merge(session: Session, source: int, into: int) -> None:
    """What holds one person holds the other."""
    moving = update(HoldRow).where(HoldRow.person_id == source).values(person_id=into)
    session.execute(moving, execution_options={"synchronize_session": False})


def _hold(row: HoldRow) -> Hold:
    return Hold(row.id, row.person_id, row.reason, row.begun, row.by, row.lifted, row.lifted_by)
