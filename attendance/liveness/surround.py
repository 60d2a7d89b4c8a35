"""Whether what is beside a face moves with it, as the rest of a print does, before a background that stands.

Where the face went is known from points of it that were followed; where the background went, from the camera, which
does not move. What each of the two motions foretells is compared with the picture, block by block; only blocks in which
they foretell different pictures have a say. Where nothing stands still, the camera moves or the print fills the view,
and the cue is silent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from attendance.liveness.following import MIN_POINTS, passed, placing
from attendance.liveness.moments import Moment, looked_at
from attendance.liveness.saying import NO_MOTION, TOO_DARK, TOO_FEW_FRAMES, TOO_SMALL, Said, rising, silent
from enroll.geometry import apply, invert

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

MOMENTS: Final = 4
FACE_PX: Final = 32.0
DARK: Final = 25.0  # mean grey of the view
COMPARED: Final = 3  # moments, those in which the face is farthest from where it was in the middle one
BLOCK: Final = 8  # view pixels along a block's side
APART_PX: Final = 2.0  # view pixels between the two motions, from which on a block can tell them apart
WRONG: Final = 4.0  # grey levels by which the wrong motion must miss, and
BETTER: Final = 0.5  # by how much of that the right one may
# Where the three parts beside and above a face lie, in its box's longer side from the box's centre.
NEAR: Final = 0.62
FAR: Final = 1.25
CHIN: Final = 0.35
TOP: Final = 0.8

# Chosen on the development part alone, see docs/liveness.md. Ramps from no word to a full one.
SHARE: Final = (0.5, 0.7)  # of the blocks with a say that move with the face
ENOUGH: Final = (15.0, 40.0)  # blocks with a say
STANDING: Final = 6  # blocks, anywhere, that stand still
PARTS: Final = 2  # of the three, in which
IN_A_PART: Final = 8  # blocks or more, most of them, move with the face


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """Which blocks (n, n) of the view move with the `face`, and which stand `still`; most can tell neither."""

    face: Mask
    still: Mask


@dataclass(frozen=True, slots=True)
class SurroundCue:
    """Finds prints and screens by what else is on them; for a live face it never speaks."""

    id: str = "surround"

    def judge(self, moments: Sequence[Moment]) -> Said:
        """Compare the middle moment with those in which the face is elsewhere."""
        if len(moments) < MOMENTS:
            return silent(TOO_FEW_FRAMES, {"moments": len(moments)})
        places, place = looked_at(len(moments))
        middle, chosen = moments[place], [moments[each] for each in places]
        if middle.face_px < FACE_PX:
            return silent(TOO_SMALL, {"face_px": middle.face_px})
        if float(middle.view.mean()) < DARK:
            return silent(TOO_DARK, {"face_px": middle.face_px})
        compared = [middle.against(other, compare) for other in farthest(chosen, middle)]
        found = [blocks for blocks in compared if blocks is not None]
        return rule(found, parts_around(middle)) if found else silent("not_followed", {"face_px": middle.face_px})


def rule(found: Sequence[Blocks], parts: Sequence[Mask]) -> Said:
    """What the blocks of all comparisons say together."""
    with_face = [sum(int((each.face & part).sum()) for each in found) for part in parts]
    standing = [sum(int((each.still & part).sum()) for each in found) for part in parts]
    everywhere = sum(int(each.still.sum()) for each in found)
    count = sum(with_face) + sum(standing)
    share = sum(with_face) / count if count else 0.0
    covered = sum(a >= IN_A_PART and a > b for a, b in zip(with_face, standing, strict=True))
    measured = {"blocks": count, "share": share, "parts": covered, "standing": everywhere}
    quality = rising(count, ENOUGH)
    if quality == 0:
        return silent(NO_MOTION, measured)
    if everywhere < STANDING:
        return silent("nothing_stands", measured)
    against = rising(share, SHARE) if covered >= PARTS else 0.0
    return Said(-against, quality, "moves_with_face", measured) if against else silent("stands_beside_face", measured)


def farthest(moments: Sequence[Moment], middle: Moment) -> list[Moment]:
    """The moments in which the face is farthest, in the frame, from where it is in the middle one."""
    others = [each for each in moments if each is not middle]
    return sorted(others, key=lambda each: -float(np.abs(each.landmarks - middle.landmarks).mean()))[:COMPARED]


def parts_around(moment: Moment) -> list[Mask]:
    """The blocks left of the face, right of it, and above it."""
    side = len(moment.view) // BLOCK
    ticks = (np.arange(side) + 0.5) * BLOCK - 0.5
    x, y, width, height = moment.box
    centre = moment.seen(np.array([[x + width / 2, y + height / 2]]))[0]
    across, down = (
        (grid - at) / (moment.face_px * moment.scale)
        for grid, at in zip(np.meshgrid(ticks, ticks), centre, strict=True)
    )
    beside = (down < CHIN) & (down > -FAR)
    return [
        beside & (across < -NEAR) & (across > -FAR),
        beside & (across > NEAR) & (across < FAR),
        (down < -TOP) & (down > -FAR) & (np.abs(across) <= NEAR),
    ]


def compare(first: Moment, other: Moment) -> Blocks | None:
    """Which blocks of the first moment's view went where; None where the face cannot be followed."""
    import cv2

    face = face_motion(first, other)
    if face is None:
        return None
    still, side = still_motion(first, other), len(first.view)
    greys = [each.once(_soft) for each in (first, other)]
    inside = other.once(_inside)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    valid, missed = first.once(_inside), []
    for motion in (face, still):
        missed.append(_blocks(np.abs(cv2.warpAffine(greys[1], motion, (side, side), flags=flags) - greys[0])))
        valid = valid * cv2.warpAffine(inside, motion, (side, side), flags=flags)
    ticks = (np.arange(side // BLOCK) + 0.5) * BLOCK - 0.5
    centres = np.stack(np.meshgrid(ticks, ticks), -1).reshape(-1, 2)
    apart = np.linalg.norm(apply(face, centres) - apply(still, centres), axis=1).reshape(missed[0].shape)
    told = (_blocks(valid) > 0.99) & (apart >= APART_PX)  # noqa: PLR2004 - whole blocks, but for rounding
    by_face, by_still = missed
    return Blocks(
        told & (by_still > WRONG) & (by_face < BETTER * by_still),
        told & (by_face > WRONG) & (by_still < BETTER * by_face),
    )


def face_motion(first: Moment, other: Moment) -> Array | None:
    """The affine map (2, 3) from view to view by which the face went; None where too little of it could be followed."""
    import cv2

    followed = passed(first, other)
    if len(followed.starts) < MIN_POINTS:
        return None
    starts, ends = (
        apply(invert(placing(each)), points) for each, points in ((first, followed.starts), (other, followed.ends))
    )
    matrix, _ = cv2.estimateAffine2D(starts, ends, ransacReprojThreshold=1.0, maxIters=200)
    return None if matrix is None else np.asarray(matrix, np.float64)


def still_motion(first: Moment, other: Moment) -> Array:
    """The map (2, 3) from view to view of what stands still in the frame."""
    shift = (np.array(first.origin) - other.origin) * other.scale
    return np.column_stack([np.eye(2) * (other.scale / first.scale), shift])


def _soft(moment: Moment) -> Any:
    import cv2

    return cv2.GaussianBlur(cv2.cvtColor(moment.view, cv2.COLOR_RGB2GRAY), (0, 0), 1.0).astype(np.float32)


def _inside(moment: Moment) -> Any:
    """1 where the view shows the frame, 2 pixels within its edge."""
    left, top, right, bottom = moment.inside
    mask = np.zeros(moment.view.shape[:2], np.float32)
    mask[top + 2 : max(top + 2, bottom - 2), left + 2 : max(left + 2, right - 2)] = 1
    return mask


def _blocks(values: Any) -> Array:
    """Means of the blocks of (V, V)."""
    side = len(values) // BLOCK
    return np.asarray(values[: side * BLOCK, : side * BLOCK].reshape(side, BLOCK, side, BLOCK).mean((1, 3)), np.float64)
