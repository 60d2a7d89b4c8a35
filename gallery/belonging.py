"""Since when people belong to a group or not, as the words say that were entered: who belonged on a day long gone.

The latest word counts: what was said before it of its day and of later ones is taken back. Before the first change it
was the other way round; without a change it was ever as it is now.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

Change = tuple[date, bool]


@dataclass(frozen=True, slots=True)
class Belonging:
    """Whether somebody belonged to a group from ever, and each day on which that changed, in order."""

    from_ever: bool
    changes: tuple[Change, ...] = ()

    def on(self, day: date) -> bool:
        """Whether they belonged on that day."""
        return [self.from_ever, *(member for since, member in self.changes if since <= day)][-1]

    def is_so_from(self, day: date, *, member: bool) -> bool:
        """Whether they belong (or not) on that day and on all that follow."""
        return {member} == {self.on(day), *(state for since, state in self.changes if since > day)}

    @property
    def words(self) -> tuple[Change, ...]:
        """What is to be said for it to be so, whatever was said before."""
        return ((date.min, self.from_ever), *self.changes)


def told_by(words: Iterable[Change], *, member: bool) -> Belonging:
    """What the words say, in the order in which they were entered; without any, it was ever as it is now.

    A word from the first day there is (`date.min`) tells how it was from ever.
    """
    changes: list[Change] = []
    from_ever: bool | None = None
    for day, state in words:
        if day == date.min:
            from_ever, changes = state, []
            continue
        from_ever = (not state) if from_ever is None else from_ever
        changes = [earlier for earlier in changes if earlier[0] < day]
        if state != (changes[-1][1] if changes else from_ever):
            changes.append((day, state))
    return Belonging(member if from_ever is None else from_ever, tuple(changes))


def united(one: Belonging, other: Belonging) -> Belonging:
    """On each day: whether either belonged."""
    from_ever = one.from_ever or other.from_ever
    days = sorted({day for day, _ in (*one.changes, *other.changes)})
    states = [(date.min, from_ever), *((day, one.on(day) or other.on(day)) for day in days)]
    return Belonging(from_ever, tuple(later for earlier, later in pairwise(states) if earlier[1] != later[1]))
