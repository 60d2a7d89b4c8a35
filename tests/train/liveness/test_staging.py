"""Both sides of the training are made alike, but for the surface; and views are the product's."""

import cv2
import numpy as np
import pytest

from attendance.liveness import moment_of
from attendance.liveness.moments import AROUND, VIEW_SIDE
from enroll.face import Detection
from enroll.geometry import TEMPLATE_112
from train.liveness import staging
from train.liveness.media import UNSEEN
from train.liveness.staging import CONTROLS, KINDS, LIVE, NOTHING_FILLING, Scene, framed, plane_at, staged, view_of


@pytest.fixture
def scene(portrait, room):
    return Scene(portrait, room, room.pixels, portrait.extent)


def test_views_are_cut_as_the_products_moments_are():
    """The same pixels, within the frame and beyond its edges."""
    random = np.random.default_rng(4)
    frame = random.integers(0, 256, (240, 320, 3)).astype(np.uint8)
    assert (AROUND, VIEW_SIDE) == (staging.AROUND, staging.VIEW_SIDE)
    for _ in range(20):
        box = (*random.uniform(0, 200, 2), *random.uniform(20, 110, 2))
        moment = moment_of(frame, Detection(tuple(map(float, box)), TEMPLATE_112.astype(np.float32), 0.9), 0.0)
        np.testing.assert_array_equal(moment.view, view_of(frame, box))


@pytest.mark.parametrize("kind", [*KINDS, *CONTROLS])
def test_pictures_are_compressed_no_more_often_than_faces(kind, scene, monkeypatch):
    """With one camera both sides go through the same number of JPEGs, and the face through one resampling."""
    counted, real = [], cv2.imencode
    monkeypatch.setattr(cv2, "imencode", lambda *given: (counted.append(1), real(*given))[1])
    looked, lookup = [], staging.looked_up
    monkeypatch.setattr(staging, "looked_up", lambda shot, plane: (looked.append(shot.box), lookup(shot, plane))[1])
    for seed in range(6):
        counts = []
        for which in (LIVE, kind):
            counted.clear()
            looked.clear()
            staged(which, scene, np.random.default_rng(seed))
            counts.append((len(counted), looked.count(scene.face.box)))
        assert counts[0] == counts[1]


def fineness(views):
    """The energy of what is finer than two pixels by that of all, in the middle of grey views."""
    shares = []
    for view in views:
        grey = cv2.cvtColor(view, cv2.COLOR_RGB2GRAY)[56:136, 56:136].astype(np.float32)
        fine = grey - cv2.GaussianBlur(grey, (0, 0), 1.5)
        shares.append(fine.var() / max(1.0, grey.var()))
    return float(np.median(shares))


def test_a_surface_without_a_medium_is_as_fine_as_a_face(simulation):
    """What is shown by a surface that changes nothing is neither softer nor noisier than a live face."""
    live, shown = ([simulation.view(n, kind) for n in range(60)] for kind in (LIVE, NOTHING_FILLING))
    assert pytest.approx(fineness(live), rel=0.15) == fineness(shown)


def test_every_kind_is_drawn_with_all_limits(scene):
    """A view of the right shape each, by better and worse cameras, and no two alike."""
    views = [
        staged(kind, scene, np.random.default_rng(7), **more)
        for kind in (LIVE, *KINDS, *CONTROLS)
        for more in ({}, {"limits": UNSEEN, "worse": True})
    ]
    assert {((192, 192, 3), "uint8")} == {(view.shape, view.dtype.name) for view in views}
    assert len(views) == len({view.tobytes() for view in views})


def test_the_face_stands_in_the_middle_of_its_view(portrait, room):
    """A white face on black photos lights up the middle of the view and not its rim, live and shown."""
    marked = np.zeros_like(portrait.pixels)
    x, y, width, height = (int(value) for value in portrait.box)
    marked[y : y + height, x : x + width] = 255
    dark = staging.Shot(np.zeros_like(room.pixels), room.box)
    scene = Scene(staging.Shot(marked, portrait.box), dark, dark.pixels, portrait.extent)
    for kind in (LIVE, "cut-out", NOTHING_FILLING):
        for seed in range(10):
            view = staged(kind, scene, np.random.default_rng(seed))
            assert view[86:106, 86:106].mean() > 90


def test_a_plane_is_seen_as_it_stands():
    """Straight ahead a length is a face long; turned by 60 degrees about the upright axis it is half as wide."""
    straight = plane_at(101, 50.0, (0, 0, 0), 1e6, (0, 0))
    np.testing.assert_allclose([-1, 1], straight.x[50, [0, 100]], atol=1e-4)
    np.testing.assert_allclose([-1, 1], straight.y[[0, 100], 50], atol=1e-4)
    turned = plane_at(101, 50.0, (60, 0, 0), 1e6, (0, 0))
    np.testing.assert_allclose([-2, 2], turned.x[50, [0, 100]], atol=1e-3)


def test_a_bent_sheet_is_longer_than_it_looks():
    """On a cylinder of radius 2, what stands 1 aside is arcsin(1 / 2) * 2 along the sheet."""
    bent = plane_at(101, 50.0, (0, 0, 0), 1e6, (0, 0), bend=0.5)
    assert pytest.approx(2 * np.arcsin(0.5), abs=1e-3) == bent.x[50, 100]


def test_a_frame_ends_where_it_is_said_to():
    """Two faces to the left of the middle, one to the right: 40 and 20 pixels of 20 each; None leaves all."""
    picture = np.arange(100 * 100 * 3).reshape(100, 100, 3)
    part, start = framed(picture, (-2.0, -1.0, 1.0, 9.0), 20.0)
    assert [10.0, 30.0] == start.tolist()
    np.testing.assert_array_equal(picture[30:100, 10:70], part)
    assert framed(picture, None, 20.0)[0] is picture
