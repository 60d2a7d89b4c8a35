"""Whether a face answers to the light of the screen before it, whose colours change in an order that nobody can guess.

The screen's light comes to the light of the room: a face before it gets redder and bluer with it. What is measured is
the share of the screen's light in the light on the face, by the colour of the face (the logarithms of red by green and
of blue by green) against the colours shown, over all delays up to `DELAYS_S`. The colour of what stands beside the face
is taken off, so that a camera's white balance and exposure, which change a whole picture, cancel; the room behind is
far from the screen and answers little. Whether an answer is one by chance is told by other orders: those that the
screen did not show, but might have, must explain the face less well.

A stream that is put in the place of the camera answers not at all, nor does a picture that a display shines itself.
**A print answers as skin does**: the cue never speaks for a live face strongly enough to make one. That a face does not
answer says nothing by itself, for in a bright room none does: it speaks against a face only where the faces before it
(`Answers`) did answer, or where the room beside the face answers more than the face.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from attendance.liveness.colours import COLOURS
from attendance.liveness.following import BORDER, SIDE
from attendance.liveness.moments import Moment
from attendance.liveness.saying import TOO_DARK, TOO_FEW_FRAMES, TOO_SMALL, Said, rising, silent
from enroll.geometry import crop_transform

Array = NDArray[np.float64]

ID: Final = "light"
MOMENTS: Final = 12
RUNS: Final = 5  # colours, one after the other
FACE_PX: Final = 40.0
SPAN_S: Final = 8.0  # what is older than the newest moment by more is forgotten
DELAYS_S: Final = tuple(0.05 * each for each in range(7))  # from the screen's change to a picture that shows it
RAMP_S: Final = 0.15  # over which a change is seen: exposure, the page's fade, and not knowing when between two frames
ORDERS: Final = 199  # others that the shown one is compared with
CHANCE: Final = 0.01  # of the other orders may explain the face as well
SURE: Final = 4.0  # standard errors of an answer that is one
LEAST: Final = 0.004  # of the light; what is less is no answer, whatever chance says
NONE: Final = 1 / 3  # of the answer that is due; a face that surely answers less does not answer

WEIGHT: Final = (
    0.4  # of a full word: takes `live` away, or adds to evidence; alone it rules neither `live` nor `attack`
)

CHEEKS: Final = (slice(60 + BORDER, 88 + BORDER), slice(32 + BORDER, 80 + BORDER))  # template pixels, below the eyes
BLOCKS: Final = 6  # along a face's longer side, of what is beside it
BESIDE: Final = 0.62  # of the face's longer side, from its middle: what is farther is not the face
ABOVE: Final = 0.85
CHIN: Final = 0.35  # what is lower is the body, as near to the screen as the face
STANDING: Final = 6  # blocks that a moment must share with most others
OFTEN: Final = 0.7
DARK: Final = 0.01  # linear light below which colour is noise
BRIGHT: Final = 250  # grey levels; a channel there is full
FULL: Final = 0.2  # of the face may be full

KEPT: Final = 12  # answers of a kiosk
FEWEST: Final = 5
LATELY_S: Final = 1800.0


@dataclass(frozen=True, slots=True)
class Answer:
    """The `share` of the screen's light in some light, its standard `error`, `delay` in seconds, and `chance`.

    `chance` is the share of the orders, of those that might have been shown, that explain it as well.
    """

    share: float
    error: float
    delay: float
    chance: float

    @property
    def sure(self) -> bool:
        """Whether it is an answer, of whichever sign."""
        return self.chance <= CHANCE and abs(self.share) >= max(LEAST, SURE * self.error)


class Answers:
    """What the faces before one kiosk answered lately, whoever they were: what the next is to answer."""

    def __init__(self) -> None:
        self._kept: deque[tuple[float, float]] = deque(maxlen=KEPT)

    def add(self, time: float, said: Said) -> None:
        """Note what was measured of a track; one that could not be measured is left out."""
        if "answer" in said.measured:
            self._kept.append((time, said.measured["answer"]))

    def expected(self, time: float) -> float | None:
        """The answer that three of four faces exceeded; None where too few came lately."""
        lately = [share for at, share in self._kept if time - LATELY_S <= at <= time]
        return float(np.quantile(lately, 0.25)) if len(lately) >= FEWEST else None


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """The colours of one moment: of the `face` (2,), and of blocks beside it by their place in the frame."""

    time: float
    shown: int
    face: Array
    beside: dict[tuple[int, int], Array]


class Lighting:
    """Judges one track. `expected` is the share of the screen's light that a face should show, None if not known."""

    def __init__(self, expected: float | None = None) -> None:
        self._expected = expected
        self._block = 0.0
        self._samples: list[Sample] = []
        self._refused: list[str] = []

    def see(self, moment: Moment, shown: int | None) -> None:
        """Take in a moment; `shown` is the place in `COLOURS` of what the page showed when the frame was taken.

        A moment without a colour, or not later than the one before, is left out. Raises ValueError for a colour that
        there is not.
        """
        if shown is None or (self._samples and moment.time <= self._samples[-1].time):
            return
        if not 0 <= shown < len(COLOURS):
            raise ValueError(f"shown: expected 0 to {len(COLOURS) - 1}, got {shown}")
        why = _unfit(moment)
        if why:
            self._refused.append(why)
            return
        self._block = self._block or max(2.0 / moment.scale, moment.face_px / BLOCKS)
        sample = Sample(moment.time, shown, face_colour(moment), beside(moment, self._block))
        since = moment.time - SPAN_S
        self._samples = [each for each in [*self._samples, sample] if each.time >= since]

    def said(self, time: float) -> Said:  # noqa: ARG002 - as others that are asked over time
        """What the face's answer says; see the top of this file."""
        if len(self._samples) < MOMENTS:
            if len(self._refused) > len(self._samples):
                return silent(max(self._refused, key=self._refused.count), {"moments": len(self._samples)})
            return silent(TOO_FEW_FRAMES, {"moments": len(self._samples)})
        samples, around = standing(self._samples)
        if len(samples) < MOMENTS:
            return silent("nothing_stands", {"moments": len(samples)})
        times = np.array([each.time for each in samples])
        shown = [each.shown for each in samples]
        runs = 1 + sum(a != b for a, b in pairwise(shown))
        if runs < RUNS:
            return silent("too_few_colours", {"moments": len(samples), "colours": runs})
        face = np.array([each.face for each in samples])
        more, own, theirs = (answer_of(times, shown, each) for each in (face - around, face, around))
        return rule(more, own, theirs, self._expected, {"moments": len(samples), "colours": runs})


class LightCue:
    """The cue of one track, asked now and then with the newest moments; of one run, for its thread alone.

    `shown` tells the place in `COLOURS` of what the page showed with the frame of a time, None where it showed none.
    """

    def __init__(self, shown: Callable[[float], int | None], expected: float | None = None) -> None:
        self.id = ID
        self._shown, self._lighting = shown, Lighting(expected)
        self._newest = float("-inf")
        self.last: Said | None = None

    def judge(self, moments: Sequence[Moment]) -> Said:
        """Take in what is new of the moments, and say what the face's answer says."""
        for each in moments:
            if each.time > self._newest:
                self._newest = each.time
                self._lighting.see(each, self._shown(each.time))
        self.last = self._lighting.said(self._newest)
        return self.last


def rule(more: Answer, face: Answer, around: Answer, expected: float | None, counts: dict[str, float]) -> Said:
    """What the answers say: of the face `more` than around it, of the face, and of what is around it."""
    measured = counts | {
        "answer": more.share,
        "error": more.error,
        "delay_s": more.delay,
        "chance": more.chance,
        "around": around.share,
    }
    if expected is not None:
        measured["expected"] = expected
    if more.sure and more.share > 0:
        return Said(WEIGHT, 1.0, "answers", measured)
    if more.sure:
        return Said(-WEIGHT, 1.0, "surround_answers", measured) if around.sure else silent("unclear", measured)
    if face.sure or around.sure:
        return silent("answers_alike", measured)
    return _missing(more, expected, measured)


def _missing(more: Answer, expected: float | None, measured: dict[str, float]) -> Said:
    """What it says that nothing answers, by the answer that was due."""
    if expected is None:
        return silent("no_response_possible", measured)
    clear = rising(expected - LEAST, (SURE * more.error, 2 * SURE * more.error))
    if clear == 0:
        return silent("too_bright", measured)
    if more.share + 2 * more.error < NONE * expected:
        return Said(-WEIGHT, clear, "no_answer", measured)
    return silent("between", measured)


def answer_of(times: Array, shown: Sequence[int], colours: Array) -> Answer:
    """How far `colours` (n, 2) at `times` (n,) follow the colours shown then, at the best delay.

    One share for both colours: a face of light 1 that gets the share e of the screen's has red by green of
    (1 + e R) / (1 + e G), whose logarithm is e (R - G) to first order. A constant and a straight drift are taken off.
    """
    drift = np.linalg.qr(np.vander(times - times.mean(), 2))[0]
    left = colours - drift @ (drift.T @ colours)
    places = [0, *(i for i in range(1, len(shown)) if shown[i] != shown[i - 1])]
    ends = np.array([(times[i - 1] + times[i]) / 2 for i in places[1:]])
    orders = other_orders([shown[i] for i in places])
    waves = np.stack([_seen(times, ends, delay) for delay in DELAYS_S])
    waves -= np.einsum("nk,km,dmr->dnr", drift, drift.T, waves)
    lit = np.einsum("dnr,orc->donc", waves, _SIGNALS[orders])  # (delays, orders, moments, 2), the shown order first
    power = np.maximum((lit**2).sum((2, 3)), 1e-12)
    along = np.einsum("donc,nc->do", lit, left)
    fit = np.abs(along) / np.sqrt(power)
    best = fit.argmax(0)
    delay, first = int(best[0]), np.arange(len(orders))
    share = float(along[delay, 0] / power[delay, 0])
    chance = float((fit[best, first] >= fit[delay, 0] - 1e-12).mean())
    rest = np.einsum("onc,nc->o", lit[delay, 1:], left - share * lit[delay, 0]) / power[delay, 1:]
    return Answer(share, float(np.sqrt(np.mean(rest**2))), DELAYS_S[delay], chance)


def other_orders(shown: Sequence[int]) -> NDArray[np.int64]:
    """The order (runs,) that was shown and `ORDERS` others that might have been, none followed by itself."""
    rng = np.random.default_rng(len(shown))  # the same for the same track: evidence is judged again alike
    steps = np.concatenate(
        [rng.integers(0, len(COLOURS), (ORDERS, 1)), rng.integers(1, len(COLOURS), (ORDERS, len(shown) - 1))], 1
    )
    return np.concatenate([np.array([shown]), steps.cumsum(1) % len(COLOURS)])


def standing(samples: Sequence[Sample]) -> tuple[list[Sample], Array]:
    """The moments (n) that show enough of what stands beside the face, and its colours (n, 2) against their means."""
    places = sorted({place for each in samples for place in each.beside})
    seen = np.full((len(samples), len(places), 2), np.nan)
    number = {place: i for i, place in enumerate(places)}
    for i, each in enumerate(samples):
        for place, colour in each.beside.items():
            seen[i, number[place]] = colour
    seen = seen[:, np.isfinite(seen[..., 0]).mean(0) >= OFTEN]
    there = np.isfinite(seen[..., 0]).sum(1) >= STANDING
    if not there.any():
        return [], np.zeros((0, 2))
    seen = seen[there] - np.nanmedian(seen[there], 0)
    return [each for each, kept in zip(samples, there, strict=True) if kept], np.nanmedian(seen, 1)


def face_colour(moment: Moment) -> Array:
    """The logarithms of red by green and of blue by green, of the light of cheeks and nose."""
    patch = _cheeks(moment)
    light = _LINEAR[patch[(patch < BRIGHT).all(-1)]].mean(0)
    return _colour(light)


def beside(moment: Moment, block: float) -> dict[tuple[int, int], Array]:
    """The same of blocks, `block` frame pixels a side, beside and above the face, by their place in the frame."""
    import cv2

    left, top, right, bottom = moment.inside
    sums = cv2.integral(np.asarray(_LINEAR[moment.view], np.float32), sdepth=cv2.CV_64F)
    (x0, y0), (x1, y1) = (moment.placed(np.array([corner]))[0] for corner in ((left, top), (right - 1, bottom - 1)))
    columns, rows = (np.arange(np.ceil(a / block), np.floor(b / block)) for a, b in ((x0, x1), (y0, y1)))
    if not (len(columns) and len(rows)):
        return {}
    x, y = np.meshgrid(columns, rows)
    from_middle = (np.stack([x, y], -1) + 0.5) * block - [
        moment.box[0] + moment.box[2] / 2,
        moment.box[1] + moment.box[3] / 2,
    ]
    across, down = np.moveaxis(from_middle / moment.face_px, -1, 0)
    kept = (down < CHIN) & ((np.abs(across) > BESIDE) | (down < -ABOVE))
    x, y = x[kept], y[kept]
    u0, v0, u1, v1 = (
        ((place * block - start) * moment.scale + 0.5).round().astype(int)
        for place, start in (
            (x, moment.origin[0]),
            (y, moment.origin[1]),
            (x + 1, moment.origin[0]),
            (y + 1, moment.origin[1]),
        )
    )
    total: Any = sums[v1, u1] - sums[v0, u1] - sums[v1, u0] + sums[v0, u0]
    light = total / ((u1 - u0) * (v1 - v0))[:, None]
    fit = (light.min(1) > DARK) & (light.max(1) < _LINEAR[BRIGHT])
    return {(int(a), int(b)): _colour(each) for a, b, each in zip(x[fit], y[fit], light[fit], strict=True)}


def _unfit(moment: Moment) -> str:
    """Why a moment's face tells no colour; empty where it does."""
    if moment.face_px < FACE_PX:
        return TOO_SMALL
    patch = _cheeks(moment)
    full = (patch >= BRIGHT).any(-1)
    if full.mean() > FULL:
        return "too_bright"
    return TOO_DARK if _LINEAR[patch[~full]].mean(0).min() < DARK else ""


def _cheeks(moment: Moment) -> NDArray[np.uint8]:
    import cv2

    matrix = crop_transform(moment.seen(moment.landmarks), 112, BORDER)
    crop = cv2.warpAffine(moment.view, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(crop[CHEEKS], np.uint8)


def _colour(light: Any) -> Array:
    red, green, blue = np.log(np.maximum(light, 1e-6))
    return np.array([red - green, blue - green])


def _seen(times: Array, ends: Array, delay: float) -> Array:
    """How much of each run's colour (n, runs) is seen at each time, where a change takes `RAMP_S`."""
    begun = np.clip((times[:, None] - delay - ends) / RAMP_S + 0.5, 0, 1)  # of all runs but the first
    ones, zeros = np.ones((len(times), 1)), np.zeros((len(times), 1))
    return np.asarray(np.hstack([ones, begun]) - np.hstack([begun, zeros]))


_LEVELS: Final = np.arange(256) / 255
_LINEAR: Final[Array] = np.where(_LEVELS <= 0.04045, _LEVELS / 12.92, ((_LEVELS + 0.055) / 1.055) ** 2.4)  # noqa: PLR2004
_SIGNALS: Final[Array] = np.array([(r - g, b - g) for r, g, b in (each.light for each in COLOURS)])
