"""The landmark network: better points for faces found, and no worse ones where its answer is none."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from enroll.detectors import landmarks
from enroll.detectors.landmarks import (
    FILE_NAME,
    FOLDER,
    FRAME_BORDER,
    FRAME_SIDE,
    FRAME_SIZE,
    PASSES,
    TEMPLATE_FRAME,
    LandmarkNet,
    load_landmark_card,
)
from enroll.errors import DetectorAltered, DetectorFailed, DetectorMissing
from enroll.face import Detection
from enroll.geometry import TEMPLATE_112, align, apply, crop_transform, invert, umeyama


@pytest.fixture(scope="module")
def net():
    """The network that ships, on one thread."""
    return LandmarkNet(threads=1)


@pytest.fixture
def fixed():
    """Make a network that always answers the same offsets (5, 2) and counts its frames."""

    def make(answer):
        made = LandmarkNet(threads=1)
        made.seen = []
        made.offsets = lambda frames: made.seen.append(frames) or np.stack([np.float32(answer)] * len(frames))
        return made

    return make


@pytest.fixture
def faces(centerface, astronaut, hopper):
    """Both portraits side by side, and CenterFace's two faces of them, the one on the left first."""
    picture = np.zeros((600, 1024, 3), np.uint8)
    picture[:512, :512], picture[:, 512:] = astronaut, hopper[:600]
    (left,), (right,) = centerface.detect(astronaut), centerface.detect(hopper)
    x, y, *size = right.box
    moved = Detection((x + 512, y, *size), right.landmarks + np.float32([512, 0]), right.confidence)
    return picture, [left, moved]


def disturbed(face, turn=12.0, growth=1.12, shift=0.05):
    """The same face with points as a poor detector would place them."""
    angle, middle = np.radians(turn), face.landmarks.mean(0)
    linear = growth * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = (face.landmarks - middle) @ linear.T + middle + shift * face.box[2]
    return Detection(face.box, points.astype(np.float32), face.confidence)


def misaligned(points, right):
    """Mean distance of the aligned crop's corners between two sets of landmarks, in px of the 112 crop."""
    corners = np.array([[0, 0], [112, 0], [0, 112], [112, 112]], float)
    there = apply(crop_transform(right), apply(invert(crop_transform(points)), corners))
    return float(np.linalg.norm(there - corners, axis=1).mean())


def test_poor_points_become_good_ones(net, faces):
    """Points turned, grown and shifted come back to where the face is; boxes, order and confidence stay."""
    picture, found = faces
    poor = [disturbed(face) for face in found]
    better = net.refine(picture, poor)
    for before, after, right in zip(poor, better, found, strict=True):
        assert before.box == after.box
        assert before.confidence == after.confidence
        assert np.float32 == after.landmarks.dtype
        assert misaligned(after.landmarks, right.landmarks) < 0.4 * misaligned(before.landmarks, right.landmarks)
        assert np.linalg.norm(after.landmarks - right.landmarks, axis=1).max() < 0.1 * right.box[2]


def test_one_by_one_is_as_together(net, faces):
    """Faces looked at together get the points that each gets alone."""
    picture, found = faces
    many = [disturbed(face, turn) for turn in range(-20, 20, 4) for face in found]
    together = net.refine(picture, many)
    for face, expected in zip(many, together, strict=True):
        (alone,) = net.refine(picture, [face])
        np.testing.assert_allclose(alone.landmarks, expected.landmarks, atol=0.01)


def test_answers_are_mapped_back_as_computed_by_hand(fixed, faces):
    """Each pass lands where the inverse of the cut puts template and offsets, written out for every point."""
    picture, (face, _) = faces
    answer = np.array([[1, 2], [-3, 1], [0.5, -2], [2, 2], [-1, 0]], float)
    points = face.landmarks.astype(float)
    for _ in range(PASSES):
        (a, b, x), (c, d, y) = umeyama(points, TEMPLATE_112 * FRAME_SIZE / 112 + FRAME_BORDER)
        next_points = []
        for (tx, ty), (ox, oy) in zip(TEMPLATE_112, answer, strict=True):
            u, v = (tx + ox) * 0.5 + FRAME_BORDER - x, (ty + oy) * 0.5 + FRAME_BORDER - y
            determinant = a * d - b * c
            next_points.append([(d * u - b * v) / determinant, (a * v - c * u) / determinant])
        points = np.array(next_points)
    net = fixed(answer)
    (better,) = net.refine(picture, [face])
    np.testing.assert_allclose(better.landmarks, points, atol=1e-3)
    assert PASSES == len(net.seen)
    assert np.array_equal(align(picture, face.landmarks, FRAME_SIZE, FRAME_BORDER), net.seen[0][0])


@pytest.mark.parametrize(
    "answer",
    [
        np.full((5, 2), np.nan),
        np.full((5, 2), np.inf),
        np.full((5, 2), 30.0),
        -TEMPLATE_112 + 56,
        np.roll(TEMPLATE_112, 2, axis=0) - TEMPLATE_112,
        [[0, 0], [0, 0], [0, 0], [0, 0], [300, 0]],
    ],
    ids=["nan", "infinite", "far away", "one place", "mixed up", "one point astray"],
)
def test_no_answer_keeps_the_detectors_points(fixed, faces, answer):
    """An answer that no face could give leaves the detection as it is."""
    picture, found = faces
    assert found == fixed(answer).refine(picture, found)


def test_points_in_one_place_are_sought_in_the_box(net, faces):
    """A detector whose points are no face still gets landmarks: they are looked for from the box."""
    picture, found = faces
    for bad in (np.zeros((5, 2)), np.full((5, 2), np.nan)):
        lost = [Detection(face.box, bad.astype(np.float32), face.confidence) for face in found]
        for after, right in zip(net.refine(picture, lost), found, strict=True):
            assert np.linalg.norm(after.landmarks - right.landmarks, axis=1).max() < 0.15 * right.box[2]


def test_a_face_without_points_and_box_stays(net, faces):
    """Where neither points nor box make sense the detection is handed back, and others are refined all the same."""
    picture, (face, _) = faces
    nothing = Detection((0.0, 0.0, float("nan"), 5.0), np.full((5, 2), np.nan, np.float32), 0.5)
    first, second = net.refine(picture, [nothing, disturbed(face)])
    assert nothing is first
    assert misaligned(second.landmarks, face.landmarks) < misaligned(disturbed(face).landmarks, face.landmarks)


def test_no_face_gives_nothing(net, astronaut):
    """Nothing found, nothing to refine; and no frames give no offsets."""
    assert [] == net.refine(astronaut, [])
    assert (0, 5, 2) == net.offsets(np.zeros((0, FRAME_SIDE, FRAME_SIDE, 3), np.uint8)).shape


def test_pictures_and_frames_of_a_wrong_kind_are_refused(net, faces):
    """A grey picture, or frames of another size, say what was expected."""
    picture, found = faces
    with pytest.raises(ValueError, match="expected \\(H, W, 3\\) uint8"):
        net.refine(picture[..., 0], found)
    with pytest.raises(ValueError, match="expected \\(n, 64, 64, 3\\) uint8"):
        net.offsets(np.zeros((1, 32, 32, 3), np.uint8))


def test_a_face_at_the_edge_stays_finite(net, astronaut):
    """Half of the face outside the picture is no reason for points that are no numbers."""
    half = np.ascontiguousarray(astronaut[:, 224:])
    box = (-40.0, 60.0, 84.0, 110.0)
    face = Detection(box, (TEMPLATE_112 * 0.8 + [-40, 65]).astype(np.float32), 0.6)
    (after,) = net.refine(half, [face])
    assert np.isfinite(after.landmarks).all()


def test_threads_share_a_network(net, faces):
    """Four threads that refine at once get what one gets."""
    picture, found = faces
    poor = [disturbed(face) for face in found]
    expected = net.refine(picture, poor)
    with ThreadPoolExecutor(4) as pool:
        for better in pool.map(lambda _: net.refine(picture, poor), range(16)):
            for one, other in zip(expected, better, strict=True):
                assert np.array_equal(one.landmarks, other.landmarks)


def test_the_frame_is_the_template_at_half_the_size():
    """The template's points lie where `align` puts them in a frame."""
    landmarks_at = TEMPLATE_112 * 3 + 40
    np.testing.assert_allclose(
        apply(crop_transform(landmarks_at, FRAME_SIZE, FRAME_BORDER), landmarks_at), TEMPLATE_FRAME
    )
    assert 64 == FRAME_SIDE


def test_an_altered_or_absent_file_is_refused(tmp_path):
    """One byte changed, a file gone, a card that is none: each is refused as the detector's are."""
    copy = shutil.copytree(FOLDER, tmp_path / "net")
    data = bytearray((copy / FILE_NAME).read_bytes())
    data[len(data) // 2] ^= 1
    (copy / FILE_NAME).write_bytes(data)
    with pytest.raises(DetectorAltered, match="sha256"):
        LandmarkNet(threads=1, folder=copy)
    (copy / FILE_NAME).unlink()
    with pytest.raises(DetectorMissing, match=FILE_NAME):
        LandmarkNet(threads=1, folder=copy)
    for text in ("", "[]", "{}", '{"id": "x", "landmarks": 3}', "\udc80"):
        (copy / "card.json").write_text(text, "utf-8", errors="surrogateescape")
        with pytest.raises(DetectorAltered, match="card"):
            LandmarkNet(threads=1, folder=copy)
    (copy / "card.json").unlink()
    with pytest.raises(DetectorMissing, match=r"card\.json"):
        LandmarkNet(threads=1, folder=copy)


def test_a_file_that_is_no_network_fails(tmp_path):
    """Bytes that the card vouches for and ONNX Runtime cannot read are a failure of the detector."""
    import hashlib

    (tmp_path / FILE_NAME).write_bytes(b"no network")
    seal = {"sha256": hashlib.sha256(b"no network").hexdigest()}
    (tmp_path / "card.json").write_text(json.dumps({"id": "x", "landmarks": seal}), "utf-8")
    with pytest.raises(DetectorFailed):
        LandmarkNet(threads=1, folder=tmp_path)


def test_the_card_names_what_ships(net):
    """Id, size and data are in the card; the file takes less than a megabyte."""
    card = load_landmark_card()
    assert net.id == card.id
    assert (FOLDER / FILE_NAME).stat().st_size == card.raw["landmarks"]["bytes"] < 1_000_000
    assert {"celeba", "lfw"} <= {entry["set"] for entry in card.raw["data"]}
    assert landmarks.FRAME_SIDE == card.raw["input"]["size"]
