"""What an index in memory follows: whose templates, or whose right to be searched, changed, step by step.

Whoever files, moves or deletes templates, or sets somebody active or inactive, says so here within the very step. A
step that says nothing is taken to have changed everybody's: that costs time and is never wrong.
"""

from collections.abc import Collection
from typing import Final

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from gallery.sitetables import TemplateChange
from gallery.transactions import UNTOLD

KEPT: Final = 100_000
"""As many of the latest are kept: whoever comes from before them reads everything."""
_MANY: Final = 10_000
"""Of more people in one step it is shorter to compare everybody's."""


def note(session: Session, people: Collection[int] | None) -> None:
    """Remember that the templates of these people (internal ids) changed; None: everybody's may have.

    It comes after the change. Of nobody it says so, too: what lies sealed anew is what it was.
    """
    session.flush()
    session.connection().info.pop(UNTOLD, None)
    many = people is None or len(people) > _MANY
    rows = [{"person_id": person} for person in ([None] if many else sorted(set(people or ())))]
    if rows:
        session.execute(insert(TemplateChange), rows)


def last(session: Session) -> int:
    """The number of the latest change; 0 before the first."""
    return session.scalar(select(func.max(TemplateChange.seq))) or 0


def since(session: Session, seq: int, most: int) -> set[int] | None:
    """Whose templates changed after `seq`; None where it cannot be told, or where it is of more than `most` changes."""
    latest, first = last(session), session.scalar(select(func.min(TemplateChange.seq)))
    if first is None:
        return set() if seq == 0 else None
    if seq > latest or first > seq + 1 or latest - seq > most:
        return None
    people = set(session.scalars(select(TemplateChange.person_id).where(TemplateChange.seq > seq)))
    return None if None in people else {person for person in people if person is not None}


def forget_old(session: Session) -> int:
    """Let go what is older than the latest `KEPT`; how many went."""
    gone = delete(TemplateChange).where(TemplateChange.seq <= last(session) - KEPT).returning(TemplateChange.seq)
    return len(session.execute(gone).all())
