"""Since when people are active or not, as the event log tells: who belonged on a day long gone.

Two lines of time are kept apart. ``spells`` is when somebody belonged: it follows the day a change counts from.
``flags`` is when searches knew them: it follows the moment the change was made.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from gallery.values import Event

Change = tuple[datetime, bool]


@dataclass(frozen=True, slots=True)
class Standing:
    """Changes in order of time, each an aware instant and whether the person is active from it on.

    Before the first change the person is what that one changed; somebody without changes has always been active.
    """

    spells: tuple[Change, ...] = ()
    flags: tuple[Change, ...] = ()

    def belongs_at(self, at: datetime) -> bool:
        """Whether the person belonged at that instant."""
        return _state(self.spells, at)

    def belongs_in(self, begin: datetime, end: datetime) -> bool:
        """Whether the person belonged at any instant of begin <= t < end."""
        return self.belongs_at(begin) or any(active and begin < at < end for at, active in self.spells)

    def searched_at(self, at: datetime) -> bool:
        """Whether a check that ran at that instant looked for the person."""
        return _state(self.flags, at)

    @property
    def away_since(self) -> datetime | None:
        """Since when the person has been inactive; None for somebody active, or where it is not known."""
        return self.spells[-1][0] if self.spells and not self.spells[-1][1] else None


NEVER_LEFT = Standing()


def _state(changes: Sequence[Change], at: datetime) -> bool:
    states = [active for since, active in changes if since <= at]
    return states[-1] if states else True


def told_by(events: Iterable[Event], people: Iterable[tuple[int, bool, datetime]]) -> dict[int, Standing]:
    """Those who have ever been set inactive, by internal id; everybody else is `NEVER_LEFT`.

    ``events`` are those of `PERSON_ACTIVE` in order; of everybody ``people`` tells the internal id, whether they are
    active now, and since when they are enrolled.
    """
    spells: dict[int, list[Change]] = {}
    flags: dict[int, list[Change]] = {}
    for event in events:
        active = bool(event.details["active"])
        since = event.details.get("since")
        _turn(
            spells.setdefault(int(event.subject), []),
            (datetime.fromisoformat(since or event.at.isoformat()), active),
            told=since is not None,
        )
        _turn(flags.setdefault(int(event.subject), []), (event.at, active), told=False)
    for number, active, created in people:
        for found in (spells, flags):
            _as_the_row_says(found, number, active=active, created=created)
    return {number: Standing(tuple(found), tuple(flags[number])) for number, found in spells.items()}


def _turn(changes: list[Change], change: Change, *, told: bool) -> None:
    """The latest word counts: what was said of later days goes, and the same again with a day moves the change there.

    ``told`` is whether the day was given; without it, the same again changes nothing.
    """
    if changes and changes[-1][1] == change[1]:
        if not told:
            return
        changes.pop()
    changes[:] = [earlier for earlier in changes if earlier[0] < change[0]]
    changes.append(change)


def _as_the_row_says(found: dict[int, list[Change]], number: int, *, active: bool, created: datetime) -> None:
    """Older versions made people active by a photo, an import brings inactive ones: neither leaves such an event."""
    changes = found.get(number, [])
    told = changes[-1][1] if changes else True
    if active and not told:
        changes.pop()
    elif told and not active:
        found.setdefault(number, []).append((created, False))
