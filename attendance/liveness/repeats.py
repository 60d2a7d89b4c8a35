"""Whether pictures come again: a stream that stands, or a recording that runs in a loop.

No two pictures of a camera are the same, for its noise is not; what comes again to within the error of compression was
not seen twice. A camera of a low frame rate, or a stream that stumbles, gives a picture several times in a row, too: it
shows new ones within `FROZEN_S`, and never an old one after a new one. Somebody who returns to rest looks like before,
as does the room; so a loop is told by pictures that were taken in motion, several different ones, each of which comes
again after the same time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from attendance.liveness.moments import Moment
from attendance.liveness.saying import TOO_FEW_FRAMES, Said, silent

Array = NDArray[np.float64]
Thumb = NDArray[np.float32]

MOMENTS: Final = 8
FROZEN_S: Final = 2.0  # without any change
EQUAL: Final = 0.05  # mean difference in grey levels (0 to 255) of two copies of one picture
ALIKE: Final = 0.6  # the same, each copy compressed anew; of genuine tracks, in motion, the least was 1.2
MOVED: Final = 1.0  # and what lies between pictures of a moving face, at least
PLACES: Final = 3  # pictures in motion that must come again,
EXACT_PLACES: Final = 2  # or this many, to within `EQUAL`
LAG_ERROR: Final = 0.05  # of the period
THUMB: Final = 64  # pixels of the side of what is compared
SHIFT_PX: Final = 2.5  # of a view, up to which two views show one place


@dataclass(frozen=True, slots=True)
class RepeatsCue:
    """Finds streams that stand still or run in a loop; for a live face it never speaks."""

    id: str = "repeats"

    def judge(self, moments: Sequence[Moment]) -> Said:
        """Compare all pictures with each other."""
        if len(moments) < MOMENTS:
            return silent(TOO_FEW_FRAMES, {"moments": len(moments)})
        apart = differences(moments)
        times = np.array([each.time for each in moments])
        still = standing(apart, times)
        measured = {"moments": len(moments), "standing_s": still}
        if still >= FROZEN_S:
            return Said(-1.0, 1.0, "frozen", measured)
        period, places = looping(apart, times, ALIKE)
        exact_period, exact = looping(apart, times, EQUAL)
        measured |= {"places": places, "period_s": exact_period or period, "exact_places": exact}
        if places >= PLACES or exact >= EXACT_PLACES:
            return Said(-1.0, 1.0, "loop", measured)
        return silent("no_repetition", measured)


def differences(moments: Sequence[Moment]) -> Array:
    """Mean differences (n, n) in grey levels between what is at one place of the frame; infinite where views moved."""
    thumbs = [each.once(_thumb) for each in moments]
    found = np.zeros((len(moments), len(moments)))
    for i, first in enumerate(moments):
        for j in range(i + 1, len(moments)):
            found[i, j] = found[j, i] = _difference(first, moments[j], thumbs[i], thumbs[j])
    return found


def standing(apart: Array, times: Array) -> float:
    """The longest time, in seconds, in which no picture differs from the one before."""
    longest, begun = 0.0, 0
    for place in range(1, len(times)):
        if apart[place - 1, place] > EQUAL or apart[begun, place] > EQUAL:
            begun = place
        longest = max(longest, float(times[place] - times[begun]))
    return longest


def looping(apart: Array, times: Array, alike: float) -> tuple[float, int]:
    """The period in seconds after which most pictures in motion come again, and how many different ones do.

    Pictures up to `alike` grey levels apart are the same.
    """
    count = len(times)
    moving = [min((apart[i, j] for j in (i - 1, i + 1) if 0 <= j < count), default=0.0) >= MOVED for i in range(count)]
    pairs = [
        (i, j)
        for i in range(count)
        for j in range(i + 2, count)
        if moving[i] and moving[j] and apart[i, j] <= alike and apart[i, i + 1 : j].max() >= MOVED
    ]
    best = (0.0, 0)
    for i, j in pairs:
        period = float(times[j] - times[i])
        agreeing = [a for a, b in pairs if _is_multiple(float(times[b] - times[a]), period)]
        best = max(best, (period, _different(apart, agreeing)), key=lambda each: each[1])
    return best


def _is_multiple(lag: float, period: float) -> bool:
    times = round(lag / period)
    return times >= 1 and abs(lag - times * period) <= LAG_ERROR * period


def _different(apart: Array, places: Sequence[int]) -> int:
    """How many of the pictures differ from each other."""
    kept: list[int] = []
    for place in places:
        if all(apart[place, other] >= MOVED for other in kept):
            kept.append(place)
    return len(kept)


def _thumb(moment: Moment) -> Thumb:
    import cv2

    grey = cv2.cvtColor(moment.view, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(grey, (THUMB, THUMB), interpolation=cv2.INTER_AREA), np.float32)


def _difference(first: Moment, other: Moment, thumb: Thumb, other_thumb: Thumb) -> float:
    import cv2

    side = len(first.view)
    ratio = other.scale / first.scale
    shift = (np.array(first.origin) - other.origin) * other.scale
    if abs(ratio - 1) * side > SHIFT_PX or np.abs(shift).max() > SHIFT_PX:
        return float("inf")
    if ratio != 1 or shift.any():
        matrix = np.column_stack([np.eye(2) * ratio, shift * THUMB / side])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        other_thumb = np.asarray(cv2.warpAffine(other_thumb, matrix, (THUMB, THUMB), flags=flags), np.float32)
    return float(np.abs(thumb - other_thumb)[2:-2, 2:-2].mean())
