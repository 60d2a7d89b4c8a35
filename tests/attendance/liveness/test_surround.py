"""What moves with a face betrays what it is on; what stands beside it does not."""

import numpy as np
import pytest

from attendance.liveness import SurroundCue
from attendance.liveness.surround import still_motion


def test_a_print_moves_with_its_face(studio) -> None:
    """Its border and what is on it go where the face goes, the room does not."""
    said = SurroundCue().judge(studio.track(studio.plane(), travel=20.0, scale=0.6))
    assert ("moves_with_face", True) == (said.why, said.weight <= -0.5)


@pytest.mark.parametrize("surface", ["head", "cut-out"])
def test_a_head_and_a_cut_out_do_not(studio, surface) -> None:
    """The room stands beside both: a cut-out print defeats this cue."""
    made = studio.head() if surface == "head" else studio.plane(border=False)
    said = SurroundCue().judge(studio.track(made, turn=8.0, travel=20.0, scale=0.6))
    assert ("stands_beside_face", 0.0) == (said.why, said.weight)


def test_nothing_is_said_where_nothing_moves(studio) -> None:
    """A print that is held still is not told from a room."""
    said = SurroundCue().judge(studio.track(studio.plane(), travel=0.0, scale=0.6))
    assert ("no_motion", 0.0) == (said.why, said.quality)


@pytest.mark.parametrize("surface", ["plane", "head"])
def test_nothing_is_said_where_nothing_stands(studio, surface) -> None:
    """A camera that is carried past a face: everything moves alike, and nobody is accused of it."""
    moments = studio.track(getattr(studio, surface)(), turn=0.0, travel=20.0, scale=0.6, carried=True)
    said = SurroundCue().judge(moments)
    assert ("nothing_stands", 0.0) == (said.why, said.weight)


def test_it_abstains(studio) -> None:
    """Too few moments, a small face, a dark view."""
    said = [
        SurroundCue().judge(studio.track(studio.plane(), count=3)),
        SurroundCue().judge(studio.track(studio.plane(), scale=0.25)),
        SurroundCue().judge(studio.track(studio.plane(), dark=0.1)),
    ]
    assert ["too_few_frames", "too_small", "too_dark"] == [each.why for each in said]
    assert [0.0] * 3 == [each.quality for each in said]


def test_the_still_map_is_that_of_the_frame(studio) -> None:
    """A point of the frame is led from one view to where the other has it."""
    first, other = (studio.moment(studio.plane(), shift=(shift, 0)) for shift in (0, 17))
    point = np.array([[300.0, 220.0]])
    matrix = still_motion(first, other)
    assert other.seen(point) == pytest.approx(first.seen(point) @ matrix[:, :2].T + matrix[:, 2])
