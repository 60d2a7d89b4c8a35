"""A plane that turns is told from a head that turns; without a turn nobody is."""

import math
from dataclasses import replace

import numpy as np
import pytest

from attendance.liveness import PlanarCue, ask
from attendance.liveness.following import FACE, aligned, follow, grid, refine, second_order
from attendance.liveness.moments import spread
from attendance.liveness.parallax import NOSE, Compared, Fit, Together, due, together, unmoved
from attendance.liveness.planar import fits_of, rule


@pytest.mark.parametrize("axis", ["yaw", "pitch"])
@pytest.mark.parametrize("turn", [12.0, 25.0])
def test_a_turning_print_is_a_plane(studio, axis, turn) -> None:
    """Cut out along the face, so that nothing but its motion tells."""
    said = PlanarCue().judge(studio.track(studio.plane(border=False), turn=turn, axis=axis))
    assert "plane" == said.why
    assert said.weight <= -0.5


@pytest.mark.parametrize("axis", ["yaw", "pitch"])
@pytest.mark.parametrize("turn", [12.0, 20.0])
def test_a_turning_head_is_none(studio, axis, turn) -> None:
    """A rigid head, no blink and no word: its nose moves against its eyes."""
    said = PlanarCue().judge(studio.track(studio.head(), turn=turn, axis=axis))
    assert "parallax" == said.why
    assert said.weight >= 0.5


@pytest.mark.parametrize("surface", ["plane", "head"])
def test_without_a_turn_nothing_is_said(studio, surface) -> None:
    """Carried along alone, a print and a stiff head look alike: the cue says neither."""
    said = PlanarCue().judge(studio.track(getattr(studio, surface)(), turn=0.0, base=0.0))
    assert ("no_motion", 0.0) == (said.why, said.weight)


def test_what_stands_is_no_plane(studio) -> None:
    """A picture that does not move is no photo in a hand, however it was compressed."""
    said = PlanarCue().judge(studio.track(studio.plane(), turn=0.0, travel=0.0))
    assert said.weight == 0.0


def test_a_bent_sheet_is_told_by_its_nose(studio) -> None:
    """A cut-out on a cylinder has a head's curve, but no nose."""
    bent = studio.scenes.bent(studio.plane(border=False), 130.0)
    said = PlanarCue().judge(studio.track(bent, turn=25.0))
    assert said.why in {"bent_sheet", "plane"}
    assert said.weight <= -0.5


def talking(studio, *, elsewhere: float = 0.0) -> list:
    """A face that opens its mouth and shuts its eyes while it does not turn; with `elsewhere`, all of it wobbles."""
    still, photo = studio.plane(border=False), studio.photo
    rows, columns = np.mgrid[: len(photo), : len(photo)].astype(np.float32)
    moments = []
    for number in range(12):
        lift = 5 * math.sin(number) * np.exp(-(((columns - 161) / 22) ** 2 + ((rows - 145) / 14) ** 2))
        for x, y in studio.landmarks[:2]:
            lift = lift + 4 * math.cos(number) * np.exp(-(((columns - x) / 12) ** 2 + ((rows - y) / 8) ** 2))
        lift = (elsewhere == 0) * lift + elsewhere * np.sin(rows / 9 + columns / 12 + number)
        drawn = studio.scenes.cv2.remap(photo, columns, rows + lift.astype(np.float32), 1)
        surface = studio.scenes.Surface(drawn, still.alpha, still.height)
        moments.append(studio.moment(surface, time=0.15 * number, seed=number, shift=(number, 0)))
    return moments


def test_moving_eyes_and_mouth_speak_for_a_live_face(studio) -> None:
    """They move, and the face around them does not."""
    said = PlanarCue().judge(talking(studio))
    assert ("features_move", True) == (said.why, said.weight >= 0.5)


def test_what_wobbles_all_over_is_not_alive(studio) -> None:
    """A sheet in waves moves eyes and mouth, too, and no more than all else."""
    said = PlanarCue().judge(talking(studio, elsewhere=3.0))
    assert said.measured["features"] > 0.6
    assert said.weight < 0.5


def pair(**more) -> Compared:
    """A pair of moments in which next to nothing happened."""
    calm = {"moved": 0.1, "nose": 0.05, "due": 0.05, "key": 0.1, "curve": 0.1, "left": 0.15}
    return Compared(**calm | {"features": 0.1, "rest": 0.12, "stretch": 0.999} | more)


STILL = Together(0.05, 0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("pairs", "both", "why", "weight"),
    [
        ([pair()] * 21, STILL, "no_motion", 0.0),
        ([pair(key=0.5, curve=0.1)] * 21, STILL, "plane", -1.0),
        ([pair(key=0.5, curve=0.4)] * 21, STILL, "between", 0.0),
        ([pair(key=0.5, curve=0.1)] * 21, Together(0.3, 0.25, 0.9, 0.3), "parallax", 0.79),
        ([pair(curve=1.0, key=1.0)] * 21, Together(0.8, 0.02, 0.1, 0.02), "bent_sheet", -1.0),
        ([pair(curve=1.0, key=1.0)] * 21, Together(0.8, -0.1, -0.4, -0.08), "bent_sheet", -1.0),
        ([pair(curve=1.0, key=1.0)] * 21, Together(0.8, 0.6, 0.95, 0.3), "parallax", 1.0),
        ([pair(curve=1.0, key=1.0, rest=0.8)] * 21, Together(0.8, 0.6, 0.95, 0.3), "between", 0.0),
        ([pair(features=0.8, rest=0.9)] * 21, STILL, "no_motion", 0.0),
        ([pair(features=0.8, rest=0.4)] * 21, STILL, "features_move", 1.0),
        ([pair(features=0.8, rest=0.4)] * 10, STILL, "no_motion", 0.0),
        ([pair(features=0.8, rest=0.15)] * 6 + [pair()] * 15, STILL, "blink", 1.0),
        ([pair(features=0.8, rest=0.15)] * 3 + [pair()] * 18, STILL, "no_motion", 0.0),
    ],
)
def test_what_the_figures_say(pairs, both, why, weight) -> None:
    """Each word by made figures, one of seven moments being part of six pairs of 21."""
    said = rule(pairs, both, 21)
    assert (why, pytest.approx(weight, abs=0.02)) == (said.why, said.weight)


@pytest.mark.parametrize("kind", ["waved", "calm"])
def test_a_blink_is_alive_and_a_wave_is_not(studio, kind) -> None:
    """One blink in a calm face; the same face on a sheet that is bent to waves."""
    surface, moments = studio.plane(border=False), []
    rows, columns = np.mgrid[:300, :300]
    for number in range(14):
        shut = {6: 0.6, 7: 1.0, 8: 0.6}.get(number, 0.0)
        photo = studio.scenes.blinking(studio.photo, studio.landmarks, shut if kind == "calm" else 0.0)
        wave = 8 * math.sin(number) * np.sin(columns / 12 + rows / 30 + number)
        height = wave if kind == "waved" else surface.height
        drawn = studio.scenes.Surface(photo, surface.alpha, height)
        moments.append(studio.moment(drawn, yaw=4.0, shift=(number, 0), time=0.15 * number, seed=number))
    said = PlanarCue().judge(moments)
    assert ("blink" == said.why and said.weight >= 0.5) if kind == "calm" else said.weight < 0.5


def test_it_abstains(studio) -> None:
    """Too few moments, a small face, a dark one: no quality, with the reason."""
    surface = studio.plane()
    whys = [
        PlanarCue().judge(studio.track(surface, turn=15.0, count=3)),
        PlanarCue().judge(studio.track(surface, turn=15.0, scale=0.25)),
        PlanarCue().judge(studio.track(surface, turn=15.0, dark=0.1)),
    ]
    assert ["too_few_frames", "too_small", "too_dark"] == [said.why for said in whys]
    assert [0.0] * 3 == [said.quality for said in whys]


def test_a_face_without_texture_is_not_followed(studio) -> None:
    """A blank oval: nothing to follow, nothing said."""
    surface = studio.scenes.flat(np.full_like(studio.photo, 128))
    moments = studio.track(surface, turn=20.0)
    verdict = ask((PlanarCue(),), moments)
    assert "unsure" == verdict.ruling
    assert verdict.said["planar"].why in {"not_followed", "no_motion"}


def test_due_falls_with_the_pose() -> None:
    """The same foreshortening is a large turn from the front, a small one from the side."""
    whole = NOSE * math.sin(math.radians(30))
    assert whole == pytest.approx(due(math.cos(math.radians(40)) / math.cos(math.radians(10)), 0.0), rel=0.2)
    values = [due(0.98, turned) for turned in (0.0, 10.0, 20.0, 35.0)]
    assert sorted(values, reverse=True) == values
    assert due(1.0, 0.0) == pytest.approx(0.0, abs=1e-9)


def test_a_homography_is_of_second_order_to_the_noise(studio) -> None:
    """What the fit leaves of a turned plane is no more than a few tenths of a template pixel."""
    first, other = (studio.moment(studio.plane(), yaw=yaw, seed=int(yaw)) for yaw in (0.0, 15.0))
    refined = refine(aligned(first), aligned(other))
    lengths = np.linalg.norm(refined.left.ends - refined.left.starts, axis=1)
    assert np.quantile(lengths, 0.9) < 0.4
    assert (6, 2) == refined.coefficients.shape


def test_following_finds_a_known_shift(studio) -> None:
    """A face drawn two pixels aside is found there, point by point."""
    face = aligned(studio.moment(studio.plane()))
    followed = follow(face, np.roll(face, 2, axis=1))
    assert np.median(followed.ends - followed.starts, axis=0) == pytest.approx([2.0, 0.0], abs=0.05)
    assert followed.noise < 0.1
    assert len(followed.starts) > 0.8 * len(grid())


def test_moments_are_chosen_and_compared_with_the_middle_one(studio) -> None:
    """Moments are taken evenly with both ends; what cannot be followed is left out."""
    assert [0, 2, 4, 6, 8] == spread(9, 5)
    assert [0, 1, 2] == spread(3, 7)
    first, second, last = (studio.moment(studio.plane(), yaw=yaw) for yaw in (2.0, 6.0, 12.0))
    blank = replace(first, view=np.full_like(first.view, 128))
    same = replace(second)
    fits = fits_of([first, second, same, blank, last], same)
    assert [0, 1, 2, 4] == list(fits)
    assert 0.0 == np.abs(fits[2].maps[0]).max()
    assert np.array([[1, 0, 0, 0, 0, 0]]) == pytest.approx(second_order(FACE.mean(0)[None]))


@pytest.mark.parametrize("axis", ["yaw", "pitch"])
def test_a_nose_goes_with_the_curve_of_its_head(studio, axis) -> None:
    """To the same side, by about a third as the mean face is; on a bent sheet only the curve goes."""
    bent = studio.scenes.bent(studio.plane(border=False), 130.0)
    found = {}
    for name, surface in (("head", studio.head()), ("bent", bent)):
        turned = [studio.moment(surface, **{axis: turn}, seed=turn) for turn in (2, 6, 10, 14, 18)]
        found[name] = together(list(fits_of(turned, turned[2]).values()))
    assert found["head"].agreed > 0.8
    assert found["head"].along > 0.8
    assert 0.15 < found["head"].slope < 0.7
    assert abs(found["bent"].slope) < 0.1


def test_together_is_a_correlation() -> None:
    """Of made motions: half the curve's along it, none across it, and against it."""

    def made(nose, skull) -> Fit:
        return replace(unmoved(), nose=np.array(nose, float), skull=np.array(skull, float))

    along = together([made((0, 0), (0, 0)), made((1, 0), (2, 0)), made((0, -1), (0, -2))])
    across = together([made((0, 1), (1, 0)), made((0, -1), (-1, 0)), made((0, 0), (0, 0))])
    against = together([made((-1, 0), (1, 0)), made((1, 0), (-1, 0))])
    assert (1.0, 0.5) == (pytest.approx(along.agreed), pytest.approx(along.slope))
    assert (0.0, 0.0) == (pytest.approx(across.agreed), pytest.approx(across.along))
    assert (-1.0, -1.0, 1.0) == pytest.approx((against.agreed, against.slope, against.skull))


def test_nothing_moved_is_told_of_nothing() -> None:
    """No motion at all divides by nothing."""
    still = together([unmoved(), unmoved(), unmoved()])
    assert (0.0, 0.0, 0.0, 0.0) == (still.skull, still.along, still.agreed, still.slope)
