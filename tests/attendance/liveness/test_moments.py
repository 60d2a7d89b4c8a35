"""Moments map their view to the frame, and a track keeps few of them."""

from dataclasses import replace

import numpy as np
import pytest

from attendance.liveness import Track, moment_of
from attendance.liveness.moments import GAPS_S, KEPT, VIEW_SIDE
from enroll.face import Detection

FRAME = np.zeros((240, 320, 3), np.uint8)
MARKS = np.array([[150, 100], [170, 100], [160, 112], [152, 124], [168, 124]], np.float32)


def detection(x=140.0, y=85.0, width=40.0, height=50.0) -> Detection:
    return Detection((x, y, width, height), MARKS, 0.9)


def moment(time: float):
    return moment_of(FRAME, detection(), time)


@pytest.mark.parametrize("box", [(140, 85, 40, 50), (140, 85, 15, 20), (60, 20, 160, 200), (0, 0, 40, 50)])
def test_view_pixels_map_to_frame_pixels(box) -> None:
    """A bright spot of the frame is in the view where `seen` says, and `placed` leads back."""
    frame = FRAME.copy()
    spot = np.array([[box[0] + box[2] // 2, box[1] + box[3] // 2]], np.float64)
    half = max(2, box[3] // 12)
    x, y = spot[0].astype(int)
    frame[y - half : y + half + 1, x - half : x + half + 1] = 255
    made = moment_of(frame, detection(*map(float, box)), 0.0)
    rows, columns = np.nonzero(made.view[..., 0] > 127)
    found = np.array([columns.mean(), rows.mean()])
    assert (VIEW_SIDE, VIEW_SIDE, 3) == made.view.shape
    assert made.seen(spot)[0] == pytest.approx(found, abs=0.75)
    assert made.placed(made.seen(spot)) == pytest.approx(spot)


def test_what_is_outside_of_the_frame_is_told() -> None:
    """`inside` bounds the view's pixels that the frame has."""
    made = moment_of(FRAME + np.uint8(9), detection(0.0, 0.0), 0.0)
    corners = made.placed(np.array([made.inside[:2], made.inside[2:]], np.float64))
    assert (corners[0] >= -1).all()
    assert made.inside[0] > 0 < made.inside[1]
    assert moment(0.0).inside == (0, 0, VIEW_SIDE, VIEW_SIDE)


@pytest.mark.parametrize(
    "bad",
    [detection(float("nan")), detection(width=0.0), detection(x=4000.0), detection(x=float("inf")), detection(x=1e9)],
)
def test_a_detection_that_is_none_is_refused(bad) -> None:
    """What is not finite, has no extent, or lies elsewhere makes no moment."""
    with pytest.raises(ValueError, match="detection"):
        moment_of(FRAME, bad, 0.0)


def test_garbage_makes_no_moment() -> None:
    """Each field is checked."""
    good = moment(0.0)
    for change in (
        {"time": float("nan")}, {"landmarks": np.zeros((4, 2))}, {"landmarks": np.full((5, 2), np.nan)},
        {"view": np.zeros((5, 6, 3), np.uint8)}, {"view": np.zeros((6, 6, 3))}, {"scale": 0.0}, {"scale": float("nan")},
    ):  # fmt: skip
        with pytest.raises(ValueError, match="expected"):
            replace(good, **change)


def test_a_track_keeps_the_newest_and_is_bounded() -> None:
    """No more than KEPT moments, in the order of time, whatever comes."""
    track = Track(span_s=100.0)
    for number in range(3 * KEPT):
        track.add(moment(float(number)))
    track.add(moment(5.0))
    assert [float(number) for number in range(2 * KEPT, 3 * KEPT)] == [each.time for each in track]


def test_a_track_forgets_what_is_old() -> None:
    """What is older than the span goes."""
    track = Track(span_s=1.0)
    for time in (0.0, 0.5, 1.2):
        track.add(moment(time))
    assert [0.5, 1.2] == [each.time for each in track.moments]


def test_moments_are_wanted_unevenly() -> None:
    """Of a quick camera's frames those are taken that are GAPS_S apart, to within a frame."""
    track, taken = Track(), []
    for number in range(200):
        if track.wants(number / 100):
            track.add(moment(number / 100))
            taken.append(number / 100)
    gaps = np.diff(taken)[: len(GAPS_S) - 1]
    assert GAPS_S[1:] == pytest.approx(gaps, abs=0.011)
