"""In or out, and which marks of somebody stand in the way of another: one a session and direction, unless told so.

A mark without a direction has a direction of its own. `gallery.repositories.marks.add` asks the same of the database
in the statement that writes.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeVar

from attendance.errors import MarkDirection

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gallery.values import Direction

ONCE: Final = timedelta(0)
DIRECTION: Final = "direction"
"""Under which the quality of a sighting keeps in which direction people went where it was made."""
Heeded = Literal["void", "waiting", "valid"]
"""What stands in the way of a mark besides what counts: of a camera's, of one by hand, of neither."""


class Made(Protocol):
    """A mark that was made, as the gallery keeps it or as it is handed out."""

    @property
    def at(self) -> datetime:
        """Of which instant it is."""
        ...

    @property
    def time_is_known(self) -> bool:
        """Whether that is known."""
        ...

    @property
    def ordinal(self) -> int:
        """The how-manieth of the person in the session it is."""
        ...

    @property
    def direction(self) -> "Direction | None":
        """Which way they went."""
        ...

    @property
    def valid(self) -> bool:
        """Whether it counts as presence."""
        ...

    @property
    def waits(self) -> bool:
        """Whether a second person is still to look at it."""
        ...

    @property
    def is_void(self) -> bool:
        """Whether somebody has declared it wrong."""
        ...


AMark = TypeVar("AMark", bound=Made)


def direction_of(text: str | None, where: str = "--direction") -> "Direction | None":
    """The direction that somebody types, None for an empty text. Raises MarkDirection."""
    match (text or "").strip().lower():
        case "":
            return None
        case "in":
            return "in"
        case "out":
            return "out"
    raise MarkDirection(where, f"{text!r} is neither in nor out")


@dataclass(frozen=True, slots=True)
class Coming:
    """Somebody is about to be marked: when, whether that is known, and which way they go.

    ``again`` is after how long the same direction is marked again (0: never). What counts stands in the way; in that
    of a mark by hand also what ``waits``, in that of a camera's also what is ``void``: no camera makes it again.
    """

    at: datetime
    time_known: bool
    direction: "Direction | None" = None
    again: timedelta = ONCE
    heeds: Heeded = "void"

    def stopped_by(self, found: "Iterable[AMark]") -> "AMark | None":
        """Of the person's marks in the session the one that stands in the way, or None."""
        marks = list(found)
        standing = [each for each in marks if self._stands(each)]
        same = [each for each in standing if each.direction == self.direction]
        if same and not self._is_due(standing, same):
            return _first(same) if self.direction is None and not self.again else max(same, key=_by_time)
        return self._void(marks, max((each.ordinal for each in same), default=0)) if self.heeds == "void" else None

    def _stands(self, mark: "AMark") -> bool:
        return mark.valid or (self.heeds == "waiting" and mark.waits)

    def _void(self, marks: "list[AMark]", last: int) -> "AMark | None":
        """A void mark of this direction that was made after all that count."""
        void = [each for each in marks if each.is_void and each.direction == self.direction and each.ordinal > last]
        return max(void, key=lambda each: each.ordinal, default=None)

    def _is_due(self, standing: "list[AMark]", same: "list[AMark]") -> bool:
        """Whether it is a new one although such a mark stands: they went the other way meanwhile, or it is long ago."""
        if not self.time_known:
            return False
        if self.again and all(each.time_is_known and each.at <= self.at - self.again for each in same):
            return True
        turns = [each for each in standing if each.direction and each.time_is_known and each.at <= self.at]
        latest = max(turns, key=_by_time, default=None)
        return self.direction is not None and latest is not None and latest.direction != self.direction


def _by_time(mark: Made) -> tuple[datetime, int]:
    return mark.at, mark.ordinal


def _first(standing: "list[AMark]") -> "AMark":
    return min(standing, key=lambda each: (not each.time_is_known, each.at, each.ordinal))
