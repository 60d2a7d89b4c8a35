"""Something a person is asked to do before a mark, as a track has it: whatever it raises, it is not done."""

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol, TypeVar, cast

from attendance.liveness.saying import CUE_FAILED, Said, silent

if TYPE_CHECKING:
    from attendance.liveness.moments import Moment

Answer = TypeVar("Answer")
UNNAMED: Final = "challenge"
LOOKS: Final = 6  # the last ones, of three seconds; who was there before that proves nothing of who is passing
UNPROVEN: Final = "turn_other_face"
"""Why nothing is passed by a face that was not, or not plainly, the one that was recognised before."""


class Prompted(Protocol):
    """What one person is asked to do, such as turns of the head in an order that nobody knows before.

    Times are in seconds of the frames' clock.
    """

    id: str
    """Its name among the cues."""

    def begin(self, time: float) -> None:
        """Ask from now on."""
        ...

    def see(self, moment: "Moment") -> None:
        """A moment of the face, from the first one after `begin` on."""
        ...

    def prompt(self, time: float) -> str:
        """What the person is asked to do now: "left", "right", "up", "straight", or "" for nothing."""
        ...

    def over(self, time: float) -> bool:
        """Whether it is passed, failed or out of time."""
        ...

    def said(self, time: float) -> Said:
        """A score of 1 where it was passed, and a quality of 0 while it was not."""
        ...


class Prompting:
    """One challenge from `begin` on; one that raises, or says what cannot be, is over and never passed.

    It is passed by the face that was recognised before, and by no other one: of the last looks that were taken while
    something was asked more than half must have recognised a person, and none, until the mark, may be of another face.
    """

    def __init__(self, make: Callable[[], Prompted]) -> None:
        self._failed = self._other = False
        self._votes: deque[bool] = deque(maxlen=LOOKS)
        self._prompted = self._safely(make, None)
        name: object = self._safely(lambda: self._it().id, "")
        self.id = name if isinstance(name, str) and name else UNNAMED

    def begin(self, time: float) -> None:
        """Ask from now on."""
        self._safely(lambda: self._it().begin(time), None)

    def see(self, moment: "Moment") -> None:
        """Hand a moment on."""
        if not self._failed:
            self._safely(lambda: self._it().see(moment), None)

    def look(self, time: float, *, votes: bool, other: bool) -> None:
        """A look at the face: whether it `votes` for the person by itself, or is an `other` face than before."""
        self._other = self._other or other
        if self.prompt(time):
            self._votes.append(votes)

    def prompt(self, time: float) -> str:
        """What the person is asked to do now; nothing once it is over."""
        if self.over(time):
            return ""
        found: object = self._safely(lambda: self._it().prompt(time), "")
        return found if isinstance(found, str) else ""

    def over(self, time: float) -> bool:
        """Whether nothing more is to be waited for."""
        return self._failed or self._other or bool(self._safely(lambda: self._it().over(time), True))

    def said(self, time: float) -> Said:
        """What it says as a cue."""
        found: object = None if self._failed else self._safely(lambda: self._it().said(time), None)
        if not isinstance(found, Said) or self._failed:
            return silent(CUE_FAILED)
        alone = self._other or 2 * sum(self._votes) <= len(self._votes)
        return silent(UNPROVEN, found.measured) if alone and found.weight > 0 else found

    def _it(self) -> Prompted:
        return cast("Prompted", self._prompted)

    def _safely(self, work: Callable[[], Answer], otherwise: Answer) -> Answer:
        try:
            return work()
        except Exception:  # noqa: BLE001 - whatever it is: nobody has passed it
            self._failed = True
            return otherwise
