"""The shipped detector: the reading of its maps, any picture size, and refusal of any other file."""

import json
import math
import shutil
import threading

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enroll.detectors.finder import (
    FOLDER,
    LOOKS,
    DetectorCard,
    FaceFinder,
    _cut,
    decode,
    load_detector_card,
    merge,
    suppress,
)
from enroll.errors import DetectorAltered, DetectorFailed, DetectorMissing
from enroll.face import Detection
from enroll.geometry import iou


def test_portraits_have_one_face_where_it_is(detector, astronaut, hopper):
    """Each portrait has one face, its landmarks within a tenth of its width of where a person would put them."""
    for picture, by_hand in (
        (astronaut, [[204, 102], [246, 104], [224, 126], [204, 142], [241, 144]]),
        (hopper, [[224, 186], [311, 179], [269, 229], [230, 266], [311, 263]]),
    ):
        (face,) = detector.detect(picture)
        assert face.confidence > 0.8
        assert np.linalg.norm(face.landmarks - by_hand, axis=1).max() < 0.1 * face.box[2]
        x, y, w, h = face.box
        inside = (face.landmarks > [x, y]) & (face.landmarks < [x + w, y + h])
        assert inside.all()


def test_landmarks_are_named_as_seen_in_the_picture(detector, astronaut):
    """Also in the mirrored picture the first eye and the first mouth corner are the left ones."""
    for picture in (astronaut, np.ascontiguousarray(astronaut[:, ::-1])):
        (face,) = detector.detect(picture)
        left_eye, right_eye, nose, left_mouth, right_mouth = face.landmarks
        assert left_eye[0] < nose[0] < right_eye[0]
        assert left_mouth[0] < right_mouth[0]
        assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])


@pytest.mark.parametrize("size", [(250, 250), (300, 211), (129, 130), (40, 64), (33, 500), (1, 1), (1, 700)])
def test_any_size_is_taken(detector, astronaut, size):
    """Pictures of any size are searched; one that shows the face finds it in the same place."""
    height, width = size
    picture = np.ascontiguousarray(np.resize(astronaut[20 : 20 + height, 130 : 130 + width], (height, width, 3)))
    if width <= 382:
        picture = np.ascontiguousarray(astronaut[20 : 20 + height, 130 : 130 + width])
    faces = detector.detect(picture)
    if height >= 160 and 140 <= width <= 382:
        (whole,), (part,) = detector.detect(astronaut), faces
        np.testing.assert_allclose(part.landmarks + np.array([130, 20]), whole.landmarks, atol=0.1 * whole.box[2])


def test_large_pictures_are_searched_on_a_smaller_copy(astronaut, detector):
    """With a maximum side the face is found at the same place, in the coordinates of the picture given."""
    (expected,) = detector.detect(astronaut)
    (actual,) = FaceFinder(threads=1, max_side=256).detect(astronaut)
    np.testing.assert_allclose(actual.landmarks, expected.landmarks, atol=0.1 * expected.box[2])


def test_no_face_gives_nothing(detector):
    """A plain wall, a black picture and pure noise hold no face."""
    noise = np.random.default_rng(0).integers(0, 255, (200, 200, 3), np.uint8)
    for picture in (np.full((200, 200, 3), 127, np.uint8), np.zeros((720, 1280, 3), np.uint8), noise):
        assert [] == detector.detect(picture)


def test_thirty_faces_are_thirty_detections(detector, astronaut):
    """Of a wall of thirty portraits every face is found, the most confident first."""
    portrait = astronaut[30:200, 140:290]
    faces = detector.detect(np.tile(portrait, (5, 6, 1)))
    confidences = [face.confidence for face in faces]
    assert 30 == len(faces)
    assert sorted(confidences, reverse=True) == confidences


def test_a_small_face_in_a_large_frame_is_found(detector, astronaut):
    """A face of 40 pixels in a frame of 1280x720 is found at its place."""
    scale = 0.35
    small = cv2.resize(astronaut, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    frame = np.full((720, 1280, 3), 110, np.uint8)
    frame[500 : 500 + len(small), 900 : 900 + small.shape[1]] = small
    (expected,), (face,) = detector.detect(astronaut), detector.detect(frame)
    x, y, w, h = (value * scale for value in expected.box)
    assert iou(face.box, (900 + x, 500 + y, w, h)) > 0.6


def naive_decode(sure, places, min_score):
    """Read the maps cell by cell."""
    found = []
    for level, place, stride in zip(sure, places, (8, 16, 32), strict=True):
        for row in range(level.shape[2]):
            for column in range(level.shape[3]):
                score = math.sqrt(level[0, 0, row, column])
                if level[0, 0, row, column] <= np.float32(min_score**2):
                    continue
                values = place[0, :, row, column].astype(float)
                x, y = (column + values[0]) * stride, (row + values[1]) * stride
                w, h = math.exp(values[2]) * stride, math.exp(values[3]) * stride
                marks = [((column + values[4 + 2 * k]) * stride, (row + values[5 + 2 * k]) * stride) for k in range(5)]
                found.append((score, [(x - w / 2, y - h / 2), (x + w / 2, y + h / 2)], marks))
    return sorted(found, key=lambda item: -item[0])


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(1, 2), st.integers(1, 3))
def test_decode_equals_reading_cell_by_cell(seed, rows, columns):
    """The vectorised reading of random maps equals a naive loop, the best first."""
    random = np.random.default_rng(seed)
    shapes = [(rows * k, columns * k) for k in (4, 2, 1)]
    sure = [random.uniform(0, 1, (1, 1, *shape)).astype(np.float32) for shape in shapes]
    places = [random.normal(0, 1.5, (1, 14, *shape)).astype(np.float32) for shape in shapes]
    boxes, landmarks, scores = decode(sure, places, min_score=0.8)
    expected = naive_decode(sure, places, 0.8)
    assert len(expected) == len(scores)
    for i, (score, corners, marks) in enumerate(expected):
        assert score == pytest.approx(scores[i], abs=1e-6)
        np.testing.assert_allclose(boxes[i], corners, rtol=1e-4, atol=1e-3)
        np.testing.assert_allclose(landmarks[i], marks, rtol=1e-4, atol=1e-3)


@given(st.lists(st.tuples(*[st.integers(0, 30)] * 2, *[st.integers(1, 20)] * 2, st.integers(1, 99)), max_size=12))
def test_suppress_keeps_the_best_of_each_group(rows):
    """What stays equals a naive loop: best first, and nothing that overlaps a kept one too much."""
    rows = sorted({row[4]: row for row in rows}.values(), key=lambda row: -row[4])
    kept: list[int] = []
    for i, row in enumerate(rows):
        if all(iou(row[:4], rows[j][:4]) < 0.3 for j in kept):
            kept.append(i)
    boxes = np.array([[[x, y], [x + w, y + h]] for x, y, w, h, _ in rows], np.float32).reshape(-1, 2, 2)
    scores = np.array([row[4] for row in rows], np.float32)
    assert kept == suppress(boxes, scores, 0.3)


@pytest.fixture
def copied(tmp_path):
    """A copy of the shipped detector's folder, to be spoilt."""
    return shutil.copytree(FOLDER, tmp_path / "detector")


def test_an_altered_file_is_refused(copied):
    """One changed byte in the detector's file, and it is not used."""
    path = copied / "detector.onnx"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(DetectorAltered):
        FaceFinder(folder=copied)


@pytest.mark.parametrize("change", [{"sha256": None}, {"min_score": 1.5}, {"box": [0, 0, 1]}, {"min_score": "high"}])
def test_a_card_without_sense_is_refused(copied, change):
    """A card that lacks an entry, or has one outside its range, is no card."""
    path = copied / "card.json"
    facts = json.loads(path.read_text()) | change
    path.write_text(json.dumps({name: value for name, value in facts.items() if value is not None}))
    with pytest.raises(DetectorAltered):
        load_detector_card(copied)


@pytest.mark.parametrize("name", ["detector.onnx", "card.json"])
def test_a_missing_file_is_named_with_what_to_do(copied, name):
    """Without the file or its card the error names it, and how to get it back."""
    (copied / name).unlink()
    with pytest.raises(DetectorMissing, match=name) as caught:
        FaceFinder(folder=copied)
    assert "attendance" in caught.value.help


def test_the_least_confidence_is_the_cards_unless_another_is_given():
    """The card says from which confidence on something is a face; who gives another gets that."""
    assert load_detector_card().min_score == FaceFinder(threads=1).min_score
    assert FaceFinder(0.9, threads=1).min_score == 0.9


def test_boxes_follow_the_convention_on_the_card(copied, astronaut):
    """A box is shifted and stretched about its middle as the card says, landmarks stay."""
    path = copied / "card.json"
    facts = json.loads(path.read_text())
    path.write_text(json.dumps(facts | {"box": [0.0, 0.0, 1.0, 1.0]}))
    (plain,) = FaceFinder(threads=1, folder=copied).detect(astronaut)
    path.write_text(json.dumps(facts | {"box": [0.1, -0.2, 2.0, 0.5]}))
    (face,) = FaceFinder(threads=1, folder=copied).detect(astronaut)
    x, y, w, h = plain.box
    middle = x + 0.6 * w, y + 0.3 * h
    np.testing.assert_allclose(face.box, (middle[0] - w, middle[1] - h / 4, 2 * w, h / 2), atol=0.01)
    np.testing.assert_array_equal(face.landmarks, plain.landmarks)


def test_threads_share_a_detector(detector, astronaut, hopper):
    """What several threads find at the same time is what one finds."""
    pictures = [astronaut, hopper] * 4
    expected = [detector.detect(picture)[0].box for picture in pictures]
    found: dict[int, tuple[float, ...]] = {}

    def work(number: int) -> None:
        found[number] = detector.detect(pictures[number])[0].box

    workers = [threading.Thread(target=work, args=(number,)) for number in range(len(pictures))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert expected == [found[number] for number in range(len(pictures))]


@pytest.mark.parametrize(
    ("looks", "expected"),
    [((0.9, 0.8, 0.7), 0.8), ((0.2, 0.95, 0.1), 0.7), ((0.2, 0.3, 0.1), None), ((1e-9, 1e-9, 1e-9), None)],
)
def test_two_looks_make_a_face(monkeypatch, astronaut, looks, expected):
    """A doubtful face has the second highest confidence of its first look and the others, and goes below the limit."""
    (face,) = FaceFinder(threads=1).detect(astronaut)
    finder, others = FaceFinder(0.6, threads=1), dict(zip(LOOKS, looks, strict=True))
    monkeypatch.setattr(finder, "_search", lambda *_: [Detection(face.box, face.landmarks, 0.7)])
    monkeypatch.setattr(finder, "_look", lambda _, faces, side, mirrored: np.full(len(faces), others[side, mirrored]))
    found = finder.detect(astronaut[:340, :340])
    assert ([] if expected is None else [expected]) == [each.confidence for each in found]


def test_a_face_is_seen_at_every_look(detector, astronaut):
    """The face of a portrait is seen where it should be when it is cut out, mirrored or not; a wall is not."""
    (face,) = detector.detect(astronaut)
    wall = np.full_like(astronaut, 120)
    for side in (32, 64):
        for mirrored in (False, True):
            assert detector._look(astronaut, [face], side, mirrored=mirrored)[0] > 0.8
            assert detector._look(wall, [face], side, mirrored=mirrored)[0] < 0.1


@pytest.mark.parametrize("box", [(10.0, 20.0, 30.0, 40.0), (-5.0, -8.0, 20.0, 12.0), (80.0, 90.0, 40.0, 30.0)])
@pytest.mark.parametrize("side", [32, 64])
def test_a_cut_shows_the_box_in_its_middle(box, side):
    """The middle of the box is the middle of the cut at the cut's scale, and what lies outside the picture is black."""
    y, x = np.mgrid[0:100, 0:100].astype(np.float32)
    picture = np.stack([x * 2, y * 2, np.full_like(x, 255)], -1).astype(np.uint8)
    cut = _cut(picture, box, side)
    assert (3 * side, 3 * side, 3) == cut.shape
    scale = side / max(box[2:])
    middle = box[0] + box[2] / 2, box[1] + box[3] / 2
    for row, column in ((side, side), (1.5 * side, 1.5 * side), (2 * side, 1.2 * side)):
        at = [middle[0] + (column - 1.5 * side) / scale, middle[1] + (row - 1.5 * side) / scale]
        value = cut[int(row), int(column)].astype(float)
        if all(3 < place < 96 for place in at):
            np.testing.assert_allclose(value[:2] / 2, at, atol=1.5)
        elif any(place < -3 or place > 102 for place in at):
            assert [0, 0, 0] == value.tolist()


@pytest.mark.parametrize("found_in", ["_enlarged", "_framed"])
def test_a_small_picture_gets_another_chance(monkeypatch, astronaut, found_in):
    """A face found only in the enlarged or the framed copy of a small picture is told in the picture's pixels."""
    picture = np.ascontiguousarray(astronaut[20:220, 130:310])
    finder = FaceFinder(threads=1)
    (expected,) = finder.detect(picture)
    plain = finder._faces
    shapes = {"_enlarged": (400, 360, 3), "_framed": (400, 360, 3)}

    def only_there(pixels, side, plain_from=0.9):
        return plain(pixels, side, plain_from) if pixels.shape == shapes[found_in] else []

    monkeypatch.setattr(finder, "_faces", only_there)
    if found_in == "_framed":
        monkeypatch.setattr(finder, "_enlarged", lambda _: [])
    (face,) = finder.detect(picture)
    assert iou(face.box, expected.box) > 0.8
    np.testing.assert_allclose(face.landmarks, expected.landmarks, atol=0.15 * expected.box[2])


class Session:
    """Stands for the network and returns maps full of one value, or raises."""

    def __init__(self, sure: float | None, place: float = 0.0) -> None:
        self.sure, self.place = sure, place

    def run(self, _names, feed):
        if self.sure is None:
            raise RuntimeError("out of memory")
        (blob,) = feed.values()
        maps = []
        for stride in (8, 16, 32):
            shape = blob.shape[2] // stride, blob.shape[3] // stride
            maps += [np.full((1, 1, *shape), self.sure, np.float32), np.full((1, 14, *shape), self.place, np.float32)]
        return maps


@pytest.mark.parametrize("session", [Session(np.nan), Session(np.inf), Session(None), Session(0.9, np.nan)])
def test_a_network_that_fails_is_an_error_not_an_empty_room(monkeypatch, session):
    """Numbers that are not finite, or an exception, end in `DetectorFailed`."""
    finder = FaceFinder(threads=1)
    monkeypatch.setattr(finder, "_session", session)
    with pytest.raises(DetectorFailed):
        finder.detect(np.zeros((64, 64, 3), np.uint8))


@pytest.mark.parametrize("options", [{"min_score": 0.0}, {"min_score": 1.0}, {"max_side": 8}])
def test_options_are_checked(options):
    """Options outside their range are refused with the range."""
    with pytest.raises(ValueError, match="expected"):
        FaceFinder(**options)


@pytest.mark.parametrize("box", [(0.0, 0.0, 1.0), (0.0, 0.0, 0.0, 1.0), (math.nan, 0.0, 1.0, 1.0)])
def test_cards_are_checked(box):
    """A card's box is four finite numbers, its factors above zero."""
    with pytest.raises(ValueError, match="expected"):
        DetectorCard("test-1", "0" * 64, 0.5, box)


@pytest.mark.parametrize("shape", [(64, 64), (64, 64, 4), (0, 64, 3)])
def test_only_rgb_pictures_are_taken(detector, shape):
    """Anything but a non-empty RGB picture is refused with the shape that came."""
    with pytest.raises(ValueError, match="expected"):
        detector.detect(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("side", [384, 640, 1200])
@pytest.mark.parametrize("margin", [0.0, 0.3])
def test_a_face_that_fills_the_picture_is_one_whole_face(detector, hopper, side, margin):
    """A portrait taken from so near that the face fills it is found whole, in one piece, at any size."""
    x, y, w, h = detector.detect(hopper)[0].box
    rows = slice(max(0, int(y - margin * h)), int(y + (1 + margin) * h))
    columns = slice(max(0, int(x - margin * w)), int(x + (1 + margin) * w))
    near = hopper[rows, columns]
    scale = side / max(near.shape)
    (face,) = detector.detect(cv2.resize(near, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC))
    expected = (x - columns.start, y - rows.start, w, h)
    assert iou(tuple(value / scale for value in face.box), expected) > 0.6


def test_merge_drops_the_pieces_of_a_large_face_only(detection_at):
    """Pieces inside a large face go, a small face before it and faces beside it stay, the most confident first."""
    large = detection_at(100, 100, 4.0, confidence=0.8)
    piece, other = detection_at(200, 200, 1.6, confidence=0.7), detection_at(700, 100, 1.5, confidence=0.6)
    small = detection_at(250, 250, 0.3, confidence=0.9)
    assert [small, large, other] == merge([large], [piece, other, small])
    assert [piece, other] == merge([], [piece, other])
