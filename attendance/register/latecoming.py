"""Which marks of somebody in a session hold, once those are in that a site made while it was cut off.

The answer follows from the marks alone, not from the order in which they came: in order of time each is made that would
have been made had everybody known of all before it. What people have said stands: no mark by hand gives way to one
that comes late, and no face makes a mark again that somebody declared wrong.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from attendance.register.directions import Coming

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from gallery.values import Direction, StoredMark

SUPERSEDED: Final = "an earlier mark of a site came in later"
"""The reason by which a mark is void that would not have been made; it holds again where that one is void."""
_FIXED: Final = frozenset({"manual", "device"})


def is_superseded(mark: "StoredMark") -> bool:
    """Whether a mark is void for no other reason than that an older one came later."""
    return mark.voided is not None and mark.voided.reason == SUPERSEDED


def is_fixed(mark: "StoredMark") -> bool:
    """Whether it stands whatever comes: made by hand, by another device, waiting for somebody, or of no known time."""
    return mark.method in _FIXED or mark.awaits or not mark.time_is_known


@dataclass(frozen=True, slots=True)
class Turn:
    """What is to be done: the ids of marks that hold no longer, of those that hold again, and of late ones to make."""

    void: frozenset[str]
    restore: frozenset[str]
    make: tuple[str, ...]


def turn(made: "Collection[StoredMark]", late: "Collection[StoredMark]", again: timedelta) -> Turn:
    """What becomes of the marks that were ``made`` when those come ``late``, all of one person and session.

    A mark that holds although it would not by these rules (the setting was another) is left alone.
    """
    before, after = holding(made, (), again), holding(made, late, again)
    standing = {each.id for each in made if not each.is_void}
    void = frozenset((before & standing) - after)
    restore = frozenset(each.id for each in made if is_superseded(each) and each.id in after)
    return Turn(void, restore, tuple(each.id for each in late if each.id in after))


def holding(made: "Collection[StoredMark]", late: "Iterable[StoredMark]", again: timedelta) -> set[str]:
    """The ids of the marks that hold, of those ``made`` and those that came ``late``, all of one person and session."""
    fixed = [each for each in made if is_fixed(each) and not each.is_void]
    kept: list[StoredMark] = [each for each in fixed if each.valid or each.waits]
    moving = [each for each in made if not is_fixed(each) or each.is_void]
    wrong: set[Direction | None] = {None} if any(_is_wrong(each) and not each.direction for each in moving) else set()
    for mark in sorted((*moving, *late), key=lambda each: (each.at, not _is_wrong(each), each.id)):
        if _is_wrong(mark):
            wrong.add(mark.direction)
        elif not (mark.method == "face" and mark.direction in wrong) and _comes(mark, kept, again):
            kept.append(mark)
            wrong = wrong & {None, mark.direction}
    return {each.id for each in kept}


def _is_wrong(mark: "StoredMark") -> bool:
    """Whether somebody declared it wrong: no face is to make it again, but of one who went the other way since."""
    return mark.is_void and not is_superseded(mark)


def _comes(mark: "StoredMark", kept: "list[StoredMark]", again: timedelta) -> bool:
    """Whether nothing that holds stands in its way."""
    coming = Coming(mark.at, mark.time_is_known, mark.direction, again, "valid")
    return coming.stopped_by([_as_valid(each) for each in kept]) is None


def _as_valid(mark: "StoredMark") -> "StoredMark":
    return replace(mark, voided=None, awaits=False)
