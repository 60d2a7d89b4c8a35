"""Whether a face moves as a plane does, flat or bent, or as a head.

Three things tell a plane, and each is asked only where a head that moved as much must have shown more:

* A turn foreshortens, and that can be measured exactly: by the ratio of the singular values of the fitted affine part.
  A head foreshortened as much shows its curve and its nose move; a flat sheet neither, a bent one no nose.
* Perspective makes what is near larger. On a flat sheet it is all that a turn adds to an affine map (`key`); on a head
  the curve adds as much and more.
* What turns the curve of a skull turns its nose with it. A sheet that is bent has the curve alone.

For a live face speak a nose that goes with the curve, over all moments, and eyes and mouth that move more than the face
around them: for a moment, as in a blink, or all the time. A sheet that is waved, or a light that runs over it, moves
all of a face alike, and much of it cannot be followed.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import combinations
from statistics import median
from typing import Final

import numpy as np

from attendance.liveness.following import aligned
from attendance.liveness.moments import Moment, looked_at, median_face_px
from attendance.liveness.parallax import Compared, Fit, Together, compare, fit_between, together, turned, unmoved
from attendance.liveness.saying import NO_MOTION, TOO_DARK, Said, falling, rising, silent, too_little

MOMENTS: Final = 4
FACE_PX: Final = 40.0  # of the frame; smaller faces have no nose to speak of
DARK: Final = 25.0  # mean grey of a face (0 to 255)
PAIRS: Final = 3  # of them, those most unlike, whose median counts
FITS: Final = 3  # moments that could be followed, at least
CURVE: Final = 2.5  # what a head's curve moves by, at least, for each pixel that its nose must move

# What follows was chosen on the development part alone, see docs/liveness.md; in template pixels, but for the ratios.
# Each is a ramp: at which value the word against (or for) a live face is full or none.
FLAT: Final = (0.25, 0.4)  # the curve's motion by that of a head
CURVE_DUE: Final = (0.7, 1.0)  # the motion of a head's curve from which on it would have been seen
FLAT_KEY: Final = (0.45, 0.6)  # the curve's motion by perspective's: of heads, the least was 0.74
KEY_DUE: Final = (0.28, 0.44)  # perspective's motion from which on a head's curve would have been seen
KEY_SEEN: Final = (0.15, 0.25)  # and what a turn that only foreshortens must show of it to be believed
BENT: Final = (0.3, 0.45)  # the nose's motion by that of a head
NOSE_DUE: Final = (0.6, 0.8)
BENT_SLOPE: Final = (0.03, 0.06)  # the nose's motion by the curve's: of heads, the least was 0.09, half had 0.36
BACK: Final = 3.0  # times as much may the nose go against the curve: a sheet's does by what a fit mistakes
SKULL_DUE: Final = (0.5, 0.7)  # the curve's motion from which on the nose would have been seen to go with it
APART: Final = (0.4, 0.6)  # the correlation of nose and curve, from none that goes with it to one that does
LEFT: Final = (0.26, 0.34)  # what neither a plane nor a bent sheet explains
LEFT_OF_DUE: Final = (0.06, 0.09)  # the same by the motion of a head's curve: steep turns leave more
MOVED: Final = (0.02, 0.04)  # how far a face must go, by its size: what stands is no photo in a hand
LIVE_ALONG: Final = (0.14, 0.28)  # the nose's motion along the curve's
LIVE_AGREED: Final = (0.55, 0.75)
LIVE_SLOPE: Final = (0.08, 0.14)
NOSED: Final = (0.12, 0.2), (0.5, 0.7)  # the same two from which on a face is no plane, though not yet alive
LIVE_CLEAN: Final = (0.2, 0.35)  # what is left beyond `FLOOR`, by the curve's motion: of waved sheets, 0.5 and more
FLOOR: Final = 0.15
LIVE_REST: Final = (0.6, 0.8)  # and in itself: what is not followed well has no nose to speak of
LIVE_LEFT: Final = (0.4, 0.6)  # what is left around eyes and mouth, where it is more than elsewhere
LIVE_MORE: Final = (1.0, 1.1)  # times: of waved sheets, the most was 0.96
BLINK: Final = (0.35, 0.5)  # the same of a moment, where little is left elsewhere
BLINK_MORE: Final = (1.2, 1.5)
BLINK_REST: Final = (0.3, 0.4)
BLINK_SHARE: Final = 0.2  # of the pairs: one moment of seven is part of 0.29 of them
LEAST_REST: Final = 0.12  # what noise alone leaves
FOLLOWED: Final = (0.65, 0.8)  # of all pairs, those that could be compared: a hand or a glare takes points away


@dataclass(frozen=True, slots=True)
class PlanarCue:
    """Tells planes, flat or bent, from heads by how they turn."""

    id: str = "planar"

    def judge(self, moments: Sequence[Moment]) -> Said:
        """Compare some of the moments with one of them, and so with each other."""
        lacking = too_little(moments, MOMENTS, FACE_PX)
        if lacking is not None:
            return lacking
        size = median_face_px(moments)
        places, middle = looked_at(len(moments))
        chosen = [moments[place] for place in places]
        if float(np.mean([each.once(_brightness) for each in chosen])) < DARK:
            return silent(TOO_DARK, {"face_px": size})
        fits = fits_of(chosen, moments[middle])
        degrees = [turned(each) for each in chosen]
        found = [
            compare(chosen[i], chosen[j], fits[i], fits[j], max(degrees[i], degrees[j]))
            for i, j in combinations(fits, 2)
        ]
        pairs = [each for each in found if each is not None]
        if len(fits) < FITS or not pairs:
            return silent("not_followed", {"face_px": size})
        return rule(pairs, together(list(fits.values())), math.comb(len(chosen), 2))


def fits_of(moments: Sequence[Moment], middle: Moment) -> dict[int, Fit]:
    """Each moment whose face can be followed, by its place, against the middle one, which is among them."""
    found = {place: unmoved() if each is middle else fit_between(middle, each) for place, each in enumerate(moments)}
    return {place: each for place, each in found.items() if each is not None}


def rule(pairs: Sequence[Compared], all_moments: Together, wanted: int) -> Said:
    """What the pairs, so many of those `wanted`, say together, each figure by its median over those most unlike."""
    most = _middle(pairs, lambda pair: -pair.stretch)
    near = _middle(pairs, lambda pair: pair.key)
    measured = asdict(most) | {"near_key": near.key, "near_curve": near.curve, "pairs": len(pairs)}
    measured |= asdict(all_moments)
    against = _against(most, near, all_moments)
    why, score, quality = max(against, key=lambda each: each[1] * each[2])
    nosed = rising(all_moments.along, NOSED[0]) * rising(all_moments.agreed, NOSED[1])
    calm = (1 - nosed) * rising(most.moved, MOVED) * _little_left(most, max(CURVE * most.due, most.key))
    if score * calm * quality > 0:
        return Said(-score * calm, quality, why, measured)
    words = _for(pairs, all_moments)
    why, score = max(words.items(), key=lambda each: each[1])
    score *= rising(len(pairs) / wanted, FOLLOWED)
    if score > 0:
        return Said(score, 1.0, why, measured)
    return silent("between" if any(each[2] > 0 for each in against) else NO_MOTION, measured)


def _for(pairs: Sequence[Compared], both: Together) -> dict[str, float]:
    """The words for a live face: why, and the score."""
    rest = float(np.median([each.rest for each in pairs]))
    more = [each.features / max(each.rest, LEAST_REST) for each in pairs]
    blinks = [
        rising(each.features, BLINK) * rising(times, BLINK_MORE) * falling(each.rest, BLINK_REST)
        for each, times in zip(pairs, more, strict=True)
    ]
    clean = falling((rest - FLOOR) / max(both.skull, 1e-6), LIVE_CLEAN) * falling(rest, LIVE_REST)
    features = rising(float(np.median([each.features for each in pairs])), LIVE_LEFT)
    return {
        "parallax": rising(both.along, LIVE_ALONG)
        * rising(both.agreed, LIVE_AGREED)
        * rising(both.slope, LIVE_SLOPE)
        * clean,
        "features_move": features * rising(float(np.median(more)), LIVE_MORE),
        "blink": float(np.quantile(blinks, 1 - BLINK_SHARE)),
    }


def _against(most: Compared, near: Compared, both: Together) -> list[tuple[str, float, float]]:
    """The words against a live face: why, the score, and the quality."""
    curve_due = max(CURVE * most.due, most.key)
    apart = falling(both.agreed, APART)
    no_curve = falling(most.curve / max(curve_due, 1e-6), FLAT)
    no_curve_near = falling(near.curve / max(near.key, 1e-6), FLAT_KEY)
    no_nose = falling(most.nose / max(most.due, 1e-6), BENT) * apart
    no_slope = falling(max(both.slope, -both.slope / BACK), BENT_SLOPE) * apart
    return [
        ("plane", no_curve, rising(curve_due, CURVE_DUE) * rising(near.key, KEY_SEEN)),
        ("plane", no_curve_near, rising(near.key, KEY_DUE)),
        ("bent_sheet", no_nose, rising(most.due, NOSE_DUE)),
        ("bent_sheet", no_slope, rising(both.skull, SKULL_DUE)),
    ]


def _little_left(most: Compared, curve_due: float) -> float:
    """1 where a plane explains all, 0 where much is left."""
    return max(falling(most.left, LEFT), falling(most.left / max(curve_due, 1e-6), LEFT_OF_DUE))


def _middle(pairs: Sequence[Compared], by: Callable[[Compared], float]) -> Compared:
    """The medians of the pairs that come highest."""
    highest = sorted(pairs, key=by, reverse=True)[:PAIRS]
    return Compared(*(float(median([getattr(each, field.name) for each in highest])) for field in fields(Compared)))


def _brightness(moment: Moment) -> float:
    return float(aligned(moment).mean())
