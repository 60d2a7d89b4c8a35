"""What other systems (a register of pupils, a badge reader) call people."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from gallery.errors import Conflict
from gallery.schema import ForeignId


def of_system(session: Session, system: str) -> dict[str, int]:
    """Whom a system means, by what it calls them: internal ids."""
    query = select(ForeignId.value, ForeignId.person_id).where(ForeignId.system == system)
    return {row[0]: row[1] for row in session.execute(query.order_by(ForeignId.value))}


def of_person(session: Session, person: int) -> list[tuple[str, str]]:
    """The systems that know a person, and what each calls them; one may have several words."""
    query = select(ForeignId.system, ForeignId.value).where(ForeignId.person_id == person)
    return [(system, value) for system, value in session.execute(query.order_by(ForeignId.system, ForeignId.value))]


def add(session: Session, system: str, value: str, person: int) -> None:
    """A system calls this person so; said again it changes nothing. Raises Conflict where that is somebody else."""
    known = session.get(ForeignId, (system, value))
    if known is not None and known.person_id != person:
        raise Conflict(f"{system} {value}", "this system calls somebody else so")
    if known is None:
        session.add(ForeignId(system=system, value=value, person_id=person))
        session.flush()
