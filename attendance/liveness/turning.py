"""A person asked to turn the head, in an order that nobody knew before: was it done, and in that order?

What is measured is the depth of the face: where the nose lies in the affine frame of eyes and mouth corners, against
where it lay while the same person looked straight ahead. A picture that is turned, shifted, tilted or brought nearer
moves in that frame only by its perspective and by what a detector errs; the nose of a head, which stands out before
the plane of eyes and mouth, moves by its height times the tangent of the turn.

Left and right are the person's own. Who looks into a camera has the left hand at the picture's right, so `left` is a
nose that goes to the right of the frame, as a camera gives it; on a screen that shows the picture mirrored, as the
kiosk's does, it goes to the screen's left. A camera that mirrors its pictures itself must not be used.

`up` can be measured in the same way, and is not asked: the shipped landmarks tell hardly anything of a head's nod (see
docs/liveness.md). Pure, but for the state of one challenge; no clock is read.
"""

import math
import secrets
from collections import deque
from collections.abc import Callable, Sequence
from itertools import product
from typing import Final, Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from attendance.liveness.saying import Said, silent
from enroll.geometry import MEAN_FACE_3D

Array = NDArray[np.float64]
Way = Literal["left", "right", "up"]
Order = tuple[Way, ...]

WAYS: Final[Order] = ("left", "right")
STEPS: Final = 3
"""Every order has as many: of a shorter one, each film of a longer one that begins with it would be an answer."""
CODES: Final[dict[Way, int]] = {"left": 1, "right": 2, "up": 3}

# In distances of the eyes, by the frame of eyes and mouth corners. The nose of the mean face goes by 0.25 when the head
# turns by 28 degrees, and the shipped landmarks tell that at some 35; see docs/liveness.md for turned pictures.
TURNED: Final = 0.25
BACK: Final = 0.12  # from there on down the head is straight again
STILL: Final = 0.08  # how far a head that is held still may go from the median of its last moments
STRAIGHT: Final = 0.2  # of the mean face: who looks aside from the beginning is asked to look straight first

HELD: Final = 3  # moments in a row, and
HELD_S: Final = 0.3  # seconds at least, that a head is straight before the next turn is asked for
SURE: Final = 2  # moments in a row that a head is turned; one alone may be the detector's error
# Nobody reads, understands and turns in less: a choice of two takes some 0.35 s before the first motion (Hick, 1952).
DEAD_S: Final = 0.3
STEP_S: Final = 5.0  # from the prompt to the turn, and from the turn to a head that is straight again
WHOLE_S: Final = 25.0  # of a challenge with both tries; one is done in six to ten seconds
GAP_S: Final = 1.0  # without a moment: nobody knows who was there meanwhile
TRIES: Final = 2

PASSED: Final = "turned"
NOT_ASKED: Final = "turn_not_asked"
RUNNING: Final = "turn_running"
NO_TURN: Final = "no_turn"
OTHER_ORDER: Final = "turn_other_order"

_FRAME: Final = [0, 1, 3, 4]  # eyes and mouth corners
_NOSE: Final = 2
_EYES: Final = float(np.ptp(MEAN_FACE_3D[:2, 0]))
_FIT: Final[Array] = np.linalg.pinv(np.column_stack([MEAN_FACE_3D[_FRAME, :2], np.ones(len(_FRAME))]))
_MEAN_NOSE: Final[Array] = MEAN_FACE_3D[_NOSE, :2] / _EYES
_FLATTEST: Final = 1e-3  # of an affine frame, by its squared size: what is flatter is a line


class Faced(Protocol):
    """What is needed of an `attendance.liveness.Moment`."""

    @property
    def time(self) -> float:
        """Seconds of any one clock."""
        ...

    @property
    def landmarks(self) -> Array:
        """Those of `enroll.face.Detection`, (5, 2)."""
        ...


def nose_of(landmarks: ArrayLike) -> Array | None:
    """Where the nose lies (x, y) in the affine frame of eyes and mouth corners, in distances of the eyes.

    The frame is that of `MEAN_FACE_3D`, fitted to the four points by least squares; its origin lies between the eyes, x
    runs to the picture's right and y down. Any affine map of all five points leaves it alone. None for points that are
    not finite, or on a line.
    """
    points = np.asarray(landmarks, np.float64)
    if points.shape != MEAN_FACE_3D[:, :2].shape or not np.isfinite(points).all():
        return None
    fitted = _FIT @ points[_FRAME]
    axes = fitted[:2]
    if abs(np.linalg.det(axes)) <= _FLATTEST * float((axes**2).sum()):
        return None
    return np.asarray(np.linalg.solve(axes.T, points[_NOSE] - fitted[2]) / _EYES, np.float64)


def way_of(offset: ArrayLike, ways: Sequence[Way] = WAYS, least: float = TURNED) -> Way | None:
    """To which of `ways` a nose went that lies at `offset` (x, y) from its straight place; None for none of them."""
    x, y = (float(each) for each in np.asarray(offset, np.float64))
    reach: dict[Way, float] = {"left": x, "right": -x, "up": -y}
    farthest = max(ways, key=lambda way: reach[way])
    return farthest if reach[farthest] >= least else None


def orders(ways: Sequence[Way] = WAYS, steps: int = STEPS) -> tuple[Order, ...]:
    """All orders that may be asked for, each as likely as any other. Between two turns the head is straight."""
    return tuple(product(ways, repeat=steps))


class Turning:
    """One challenge of one person: up to two tries, each with an order of its own.

    `choose` gives a whole number from 0 up to and without its argument, at random.

    A try begins when the head was held straight. Then, for each step: a prompt; the turn, no sooner than `DEAD_S` after
    it; a head that is straight again. A turn that was on its way before a reaction could be does not count, and is
    asked for again. A turn that was not asked for, whenever it comes, ends the try.
    """

    id = "turns"

    def __init__(self, choose: Callable[[int], int] = secrets.randbelow, ways: Sequence[Way] = WAYS) -> None:
        self._choose, self._ways = choose, tuple(ways)
        self._begun: float | None = None
        self._whole_until = math.inf
        self._ended = ""
        self._last: float | None = None
        self._tries = 0

    # What a run asks and tells

    def begin(self, time: float) -> None:
        """Ask from now on; a second time changes nothing."""
        if self._begun is None:
            self._begun, self._whole_until = time, time + WHOLE_S
            self._start(time)

    def see(self, moment: Faced) -> None:
        """Take in one moment; one not later than the last, or of a face that cannot be measured, changes nothing."""
        time, nose, last = moment.time, nose_of(moment.landmarks), self._last
        if self._begun is None or nose is None or self.over(time) or not time >= self._begun:
            return
        if last is not None and time <= last:
            return
        self._last = time
        if last is not None and time - last > GAP_S:
            self._again(time, NO_TURN)
        elif self._straight is None:
            self._settle(time, nose)
        else:
            self._follow(time, nose - self._straight)

    def prompt(self, time: float) -> str:
        """What the person is asked to do now: `left`, `right`, `up` or `straight`; nothing where nothing is asked."""
        if self._begun is None or self.over(time):
            return ""
        return self._order[self._done] if self._asked is not None else "straight"

    def over(self, time: float) -> bool:
        """Whether it was done, failed, or is out of time."""
        return bool(self._ended) or (self._begun is not None and time > self._until)

    def said(self, time: float) -> Said:
        """Full score and quality where all was done in its order and time; else no quality, with the reason."""
        if self._begun is None:
            return silent(NOT_ASKED)
        if self._ended == PASSED:
            return Said(1.0, 1.0, PASSED, self._measured)
        why = self._ended or (NO_TURN if self.over(time) else RUNNING)
        return silent(why, self._measured)

    @property
    def progress(self) -> tuple[int, int, int]:
        """Steps that are done, steps in all, and the number of the try, 1 or 2 (0: not begun)."""
        return (self._done, len(self._order), self._tries) if self._begun is not None else (0, STEPS, 0)

    # Inside

    def _start(self, time: float) -> None:
        """Begin a try: draw its order, and wait for a straight head."""
        self._tries += 1
        possible = orders(self._ways)
        self._order: Order = possible[self._choose(len(possible))]
        self._done = 0
        self._straight: Array | None = None
        self._held: deque[tuple[float, Array]] = deque()
        self._asked: float | None = None  # when the present step was asked for; None while the head is to be straight
        self._leaving: Way | None = None  # the turn that the head comes back from
        self._turned: list[tuple[float, Way]] = []  # the moments in a row in which it is turned to one way
        self._measured = {"order": _coded(self._order), "tries": float(self._tries), "done": 0.0}
        self._wait(time)

    def _wait(self, time: float) -> None:
        self._until = min(time + STEP_S, self._whole_until)

    def _again(self, time: float, why: str) -> None:
        if self._tries < TRIES:
            self._start(time)
        else:
            self._ended = why

    def _settle(self, time: float, nose: Array) -> None:
        """Find the straight pose: the median of the last moments, when they are alike and the head looks ahead."""
        middle = self._still(time, nose)
        if middle is not None and abs(float((middle - _MEAN_NOSE)[0])) <= STRAIGHT:
            self._straight = middle
            self._measured |= {"straight_x": float(middle[0]), "straight_y": float(middle[1])}
            self._ask(time)

    def _still(self, time: float, place: Array) -> Array | None:
        """The median of the last moments, if they are `HELD` over `HELD_S` at least, and alike."""
        held = self._held
        held.append((time, place))
        while len(held) > HELD and time - held[1][0] >= HELD_S:
            held.popleft()
        places = np.array([each for _, each in held])
        middle = np.asarray(np.median(places, axis=0), np.float64)
        lasted = len(held) >= HELD and time - held[0][0] >= HELD_S
        return middle if lasted and float(np.abs(places - middle).max()) <= STILL else None

    def _ask(self, time: float) -> None:
        self._asked, self._leaving = time, None
        self._held.clear()
        self._turned.clear()
        self._measured[f"asked_{self._done + 1}"] = time - (self._begun or 0.0)
        self._wait(time)

    def _follow(self, time: float, offset: Array) -> None:
        """Take in how far the nose is from its straight place."""
        way = self._sure(time, way_of(offset, self._ways))
        if self._asked is None:
            self._come_back(time, offset, way)
        elif way is not None and way != self._order[self._done]:
            self._again(time, OTHER_ORDER)
        elif time - self._asked < DEAD_S:
            if float(np.abs(offset).max()) > BACK:  # on its way before it can have been an answer
                self._turn_back(time, self._order[self._done])
        elif way is not None:
            self._did(time, offset, way)

    def _sure(self, time: float, way: Way | None) -> Way | None:
        """The way that the head is turned to for `SURE` moments in a row."""
        if way is None or (self._turned and self._turned[-1][1] != way):
            self._turned.clear()
        if way is not None:
            self._turned.append((time, way))
        return way if len(self._turned) >= SURE else None

    def _did(self, time: float, offset: Array, way: Way) -> None:
        self._done += 1
        first = self._turned[0][0] - (self._begun or 0.0)
        told = {f"turned_{self._done}": first, f"x_{self._done}": float(offset[0]), f"y_{self._done}": float(offset[1])}
        self._measured |= {"done": float(self._done), **told}
        if self._done == len(self._order):
            self._ended = PASSED
        else:
            self._turn_back(time, way)

    def _turn_back(self, time: float, leaving: Way) -> None:
        self._asked, self._leaving = None, leaving
        self._held.clear()
        self._wait(time)

    def _come_back(self, time: float, offset: Array, way: Way | None) -> None:
        """Wait until the head is straight and still; any turn but the one that it comes from was not asked for."""
        if way is not None and way != self._leaving:
            self._again(time, OTHER_ORDER)
            return
        if float(np.abs(offset).max()) > BACK:
            self._held.clear()
            return
        self._leaving = None
        if self._still(time, offset) is not None:
            self._ask(time)


def _coded(order: Order) -> float:
    """The order as a number, one digit a step: 1 left, 2 right, 3 up."""
    return float("".join(str(CODES[way]) for way in order)) if order else math.nan
