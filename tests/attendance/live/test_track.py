"""Tracks: held together by place where their picture was followed, by the face's own proof where it was not."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.live.track import LOST_S, Tracker
from enroll.face import Detection
from enroll.geometry import TEMPLATE_112, iou


def detection(x, y=50.0, side=40.0):
    landmarks = (TEMPLATE_112 / 112 * side + [x, y]).astype(np.float32)
    return Detection((float(x), float(y), float(side), float(side)), landmarks, 0.9)


def always(*_):
    return True


def never(*_):
    return False


def ids(update):
    return [track.id for track in update.seen]


def test_a_face_keeps_its_track():
    """A face that moves a little from detection to detection stays one track."""
    tracker = Tracker()
    seen = [ids(tracker.update([detection(10 + 8 * step)], step / 6, never)) for step in range(10)]
    assert [[1]] * 10 == seen


def test_two_faces_crossing_keep_their_tracks():
    """Detections come in any order; each goes to the track it overlaps most."""
    tracker = Tracker()
    tracker.update([detection(10), detection(60)], 0.0, never)
    assert [2, 1] == ids(tracker.update([detection(56), detection(16)], 0.2, never))


def test_a_far_jump_is_a_new_track():
    """A face that appears elsewhere is somebody new until proven otherwise."""
    tracker = Tracker()
    tracker.update([detection(10)], 0.0, always)
    assert [2] == ids(tracker.update([detection(200)], 0.2, always))


@pytest.mark.parametrize(("answer", "expected"), [(always, [1]), (never, [2])])
def test_where_flow_was_lost_the_face_decides(answer, expected):
    """After a cut, place alone is no proof: the same face continues the track, another begins its own."""
    tracker = Tracker()
    tracker.update([detection(10)], 0.0, never)
    tracker.move({1: None})
    assert expected == ids(tracker.update([detection(11)], 0.2, answer))


def test_a_face_that_left_does_not_stand_in_the_way():
    """After a cut the new face keeps its new track, though the old one's box still lies there."""
    tracker = Tracker()
    tracker.update([detection(10)], 0.0, never)
    tracker.move({1: None})
    assert [[2], [2], [2]] == [ids(tracker.update([detection(10)], step / 6, never)) for step in range(1, 4)]


@pytest.mark.parametrize(("gap", "expected"), [(2.9, [1]), (3.1, [2])])
def test_a_slow_computer_still_tracks(gap, expected):
    """Detections more than a second apart continue a track that proves to be the same face, up to three."""
    tracker = Tracker()
    tracker.update([detection(10)], 0.0, always)
    tracker.move({1: None})
    assert expected == ids(tracker.update([detection(10)], gap, always))


def test_a_minute_apart_is_another_visit():
    """A face at the same place after more than a second is a new track, however alike."""
    tracker = Tracker()
    tracker.update([detection(10)], 0.0, always)
    update = tracker.update([detection(10)], 60.0, always)
    assert ([2], [1]) == (ids(update), [track.id for track in update.lost])


def test_flow_carries_a_track_over_a_fast_move():
    """A box that flow moved far meets its detection there."""
    tracker = Tracker()
    tracker.update([detection(10)], 0.0, never)
    tracker.move({1: detection(150).box})
    assert [1] == ids(tracker.update([detection(152)], 0.2, never))


def test_a_lost_track_ends_once():
    """A face not detected for a second has left; its track is reported lost exactly once."""
    tracker = Tracker()
    tracker.update([detection(10)], 0.0, never)
    lost = [[track.id for track in tracker.update([], time, never).lost] for time in (0.5, LOST_S, LOST_S + 0.1, 3.0)]
    assert [[], [], [1], []] == lost


def test_drain_ends_all():
    """At the end every track is handed out and none is left."""
    tracker = Tracker()
    tracker.update([detection(10), detection(100)], 0.0, never)
    assert [1, 2] == [track.id for track in tracker.drain()]
    assert [] == tracker.tracks


@given(st.lists(st.lists(st.integers(0, 400), max_size=5), max_size=8))
def test_each_detection_has_one_track_and_each_track_one_detection(rounds):
    """Whatever is detected, every detection gets a track and no two get the same."""
    tracker = Tracker()
    for number, places in enumerate(rounds):
        found = [detection(x) for x in places]
        update = tracker.update(found, number / 6, never)
        assert len(found) == len(update.seen) == len({track.id for track in update.seen})
        assert [each.box for each in found] == [track.box for track in update.seen]


@given(st.permutations(range(4)))
def test_matching_is_the_best_of_all(order):
    """The sum of overlaps is as large as that of the best of all assignments tried one by one."""
    starts, ends = [0, 22, 44, 66], [9, 30, 51, 80]
    tracker = Tracker(min_overlap=0.0)
    tracker.update([detection(x) for x in starts], 0.0, never)
    found = [detection(ends[place]) for place in order]
    boxes = {track.id: track.box for track in tracker.tracks}
    update = tracker.update(found, 0.1, never)
    total = sum(iou(boxes[track.id], each.box) for track, each in zip(update.seen, found, strict=True))
    best = max(
        sum(iou(boxes[number + 1], found[place].box) for number, place in enumerate(way))
        for way in itertools.permutations(range(4))
    )
    assert total == pytest.approx(best)


def test_a_proof_that_fails_changes_nothing():
    """Where nobody can tell whether it is the same face, all tracks stay as they were, the lost ones too."""
    tracker = Tracker()
    tracker.update([detection(10), detection(200)], 0.0, never)
    tracker.move({1: None})

    def fails(*_):
        raise ValueError("by design")

    with pytest.raises(ValueError, match="by design"):
        tracker.update([detection(10), detection(300)], 2.0, fails)
    assert [(1, 0.0), (2, 0.0)] == [(track.id, track.last_seen) for track in tracker.tracks]
    assert [2] == [track.id for track in tracker.update([detection(10)], 2.1, always).lost]
