"""What is kept of one face over time: a few moments, each a small picture of the face and what is around it."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from enroll.face import Detection

Pixels = NDArray[np.uint8]
Points = NDArray[np.float64]
T = TypeVar("T")

VIEW_SIDE: Final = 192  # pixels of a view; 24 of them are 2.7 MB
AROUND: Final = 3.0  # a view's side by the longer side of the face's box
KEPT: Final = 24  # moments of a track
SPAN_S: Final = 6.0  # what is older than the newest moment by more is forgotten
# From one moment to the next, 0.12 s on average. Uneven, so that a recording that runs in a loop comes back to moments
# that were kept: with these, in 3.2 s at 25 or 30 frames a second, to two or more for each length of 25 to 55 frames.
GAPS_S: Final = (0.2, 0.1, 0.23, 0.165, 0.03, 0.065, 0.065, 0.065, 0.23, 0.03, 0.13)
LOOKED_AT: Final = 7  # moments of a track that are compared, at most two more
YOUNG: Final = 16  # moments up to which a track is compared with one and the same of its first,
FIRST_MIDDLE: Final = 3  # at this place
_LANDMARKS: Final = (5, 2)
_ODDEST: Final = 1e6  # pixels; no picture is that large


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Moment:
    """One face at one `time`, in seconds of any one clock.

    `box` (x, y, width, height) and `landmarks` (5, 2), those of `enroll.face.Detection`, are in pixels of the frame.
    `view` is a square RGB window (V, V, 3) uint8 around the face; its pixel (u, v) lies at `origin + (u, v) / scale` of
    the frame. What is outside of the frame repeats its edge; `inside` (left, top, right, bottom) are the view's pixels
    that are not.

    What is worked out of a moment is kept with it (`once`, `against`), as a track is asked about several times; it is
    gone when the moment is. Nothing of it may be changed by whoever gets it.
    """

    time: float
    box: tuple[float, float, float, float]
    landmarks: Points
    view: Pixels
    origin: tuple[float, float]
    scale: float
    inside: tuple[int, int, int, int]
    _alone: dict[Callable[..., Any], Any] = field(default_factory=dict, init=False, repr=False)
    _pairs: "WeakKeyDictionary[Moment, dict[Callable[..., Any], Any]]" = field(
        default_factory=WeakKeyDictionary, init=False, repr=False
    )

    def __post_init__(self) -> None:
        if not math.isfinite(self.time):
            raise ValueError(f"time: expected a finite number of seconds, got {self.time}")
        if self.landmarks.shape != _LANDMARKS or not np.isfinite(self.landmarks).all():
            raise ValueError(f"landmarks: expected {_LANDMARKS} finite, got {self.landmarks.shape}")
        if self.view.dtype != np.uint8 or self.view.ndim != 3 or self.view.shape != (*self.view.shape[:1] * 2, 3):  # noqa: PLR2004
            raise ValueError(f"view: expected (V, V, 3) uint8, got {self.view.shape} {self.view.dtype}")
        if not (math.isfinite(self.scale) and self.scale > 0 and all(map(math.isfinite, (*self.box, *self.origin)))):
            raise ValueError(f"place: expected finite numbers, got {self.box}, {self.origin}, {self.scale}")

    @property
    def face_px(self) -> float:
        """The longer side of the box, in pixels of the frame."""
        return max(self.box[2], self.box[3])

    def seen(self, points: Points) -> Points:
        """Points (n, 2) of the frame in pixels of the view."""
        return np.asarray((np.asarray(points, np.float64) - self.origin) * self.scale)

    def placed(self, points: Points) -> Points:
        """Points (n, 2) of the view in pixels of the frame."""
        return np.asarray(np.asarray(points, np.float64) / self.scale + self.origin)

    def once(self, work: "Callable[[Moment], T]") -> T:
        """What `work`, which must depend on nothing else, makes of this moment; done the first time alone."""
        return _done(self._alone, work, self)

    def against(self, other: "Moment", work: "Callable[[Moment, Moment], T]") -> T:
        """The same of this moment and another one; kept as long as both are."""
        kept = self._pairs.get(other)
        return _done(self._pairs.setdefault(other, {}) if kept is None else kept, work, self, other)


def _done(kept: dict[Callable[..., Any], Any], work: Callable[..., T], *moments: Moment) -> T:
    """Two threads may both work it out, and find the same."""
    if work not in kept:
        kept[work] = work(*moments)
    found: T = kept[work]
    return found


def moment_of(frame: Pixels, detection: "Detection", time: float, side: int = VIEW_SIDE) -> Moment:
    """Cut the moment of one detection out of an RGB frame (H, W, 3) uint8.

    Raises `ValueError` for a detection that is not finite, has no extent, or lies outside of the frame.
    """
    import cv2

    box, landmarks = detection.box, np.array(detection.landmarks, np.float64)
    numbers = np.array([*box, *landmarks.ravel()])
    if not (np.isfinite(numbers).all() and (np.abs(numbers) < _ODDEST).all() and min(box[2:]) >= 1):
        raise ValueError(f"detection: expected a finite box with an extent, got {box}")
    height, width = frame.shape[:2]
    extent = max(8, round(AROUND * max(box[2:])))
    x0, y0 = (round(start + length / 2 - extent / 2) for start, length in ((box[0], box[2]), (box[1], box[3])))
    left, top, right, bottom = max(0, x0), max(0, y0), min(width, x0 + extent), min(height, y0 + extent)
    if left >= right or top >= bottom:
        raise ValueError(f"detection: expected a box within {width}x{height}, got {box}")
    scale = side / extent
    margins = (top - y0, y0 + extent - bottom, left - x0, x0 + extent - right)
    window: Any = frame[top:bottom, left:right]
    if any(margins):
        window = cv2.copyMakeBorder(window, *margins, cv2.BORDER_REPLICATE)
    view = cv2.resize(window, (side, side), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    origin = x0 + 0.5 / scale - 0.5, y0 + 0.5 / scale - 0.5  # of the first pixel's centre
    inside = (
        math.ceil((left - x0) * scale),
        math.ceil((top - y0) * scale),
        math.floor((right - x0) * scale),
        math.floor((bottom - y0) * scale),
    )
    return Moment(time, box, landmarks, np.asarray(view, np.uint8), origin, scale, inside)


class Track:
    """The moments kept of one face, in the order of time: the newest `kept`, none older than `span_s`.

    A caller asks `wants` first: a moment is cut for the frames that are due, not for every one.
    """

    def __init__(self, kept: int = KEPT, span_s: float = SPAN_S) -> None:
        self._kept, self._span_s = kept, span_s
        self._moments: list[Moment] = []
        self._taken = 0

    def __len__(self) -> int:
        return len(self._moments)

    def __iter__(self) -> Iterator[Moment]:
        return iter(self._moments)

    @property
    def moments(self) -> tuple[Moment, ...]:
        """All that is kept, the oldest first."""
        return tuple(self._moments)

    def wants(self, time: float) -> bool:
        """Whether a moment of this time is due."""
        if not self._moments:
            return True
        return time - self._moments[-1].time >= GAPS_S[self._taken % len(GAPS_S)] - 1e-6

    def add(self, moment: Moment) -> None:
        """Keep one more moment; one that is not later than the last is left out."""
        if self._moments and not moment.time > self._moments[-1].time:
            return
        self._taken += 1
        since = moment.time - self._span_s
        self._moments = [each for each in [*self._moments, moment] if each.time >= since][-self._kept :]


def median_face_px(moments: Sequence[Moment]) -> float:
    """The size of the face, in pixels of the frame, in the middle one of at least one moment by size."""
    return float(np.median([each.face_px for each in moments]))


def looked_at(count: int) -> tuple[list[int], int]:
    """The places, out of `count`, of the moments that are compared, and that of the one they are compared with.

    While a track is young, what has come is added to what was compared before, with the same one; so that asking again
    costs what is new. Later they are spread evenly, around the middle one.
    """
    if count >= YOUNG:
        places = spread(count, LOOKED_AT)
        return places, places[len(places) // 2]
    middle = min(FIRST_MIDDLE, count // 2)
    return (list(range(count)) if count <= LOOKED_AT else sorted({*range(0, count, 2), middle, count - 1})), middle


def spread(count: int, wanted: int) -> list[int]:
    """So many places out of `count`, evenly, the first and the last among them."""
    return sorted({round(each) for each in np.linspace(0, count - 1, min(count, wanted))})
