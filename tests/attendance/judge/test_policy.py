"""The numbers to judge by, and galleries too large for them."""

import pytest

from attendance.errors import TooManyPeople
from attendance.judge.policy import most_people, own_threshold, policy_for
from attendance.settings import Settings
from enroll.card import ScoreModel, Tail

MODEL = ScoreModel(600, 180_000, ((0.5, -0.2), (0.01, 0.0)), Tail(0.06, 0.001, 0.0, 0.03))
PHOTO, TRACK = 0.003, 0.003 / 4


@pytest.mark.parametrize(("track", "target"), [(False, PHOTO), (True, TRACK)])
def test_a_gallery_beyond_the_model_is_refused(track, target):
    """As many people as the card tells a threshold for are judged, one more is refused, with both numbers."""
    most = most_people(MODEL, Settings(), target)
    assert target == policy_for(MODEL, Settings(), most, track=track).target_fpir
    with pytest.raises(TooManyPeople, match=f"{most + 1:,} people.*{most:,} at most where {100 * target:.3g} %"):
        policy_for(MODEL, Settings(), most + 1, track=track)


def test_the_guard_counts_among_the_people():
    """The people added to guard small galleries are taken off what may be searched."""
    assert MODEL.most_people(PHOTO) - 30 == most_people(MODEL, Settings(), PHOTO)


def test_the_target_of_a_place_moves_the_limit():
    """A place that lets ten times as many strangers pass may search ten times as many people."""
    most = most_people(MODEL, Settings(), PHOTO)
    assert 2 * most == policy_for(MODEL, Settings(), 2 * most, target_fpir=0.03).gallery_size
    with pytest.raises(TooManyPeople):
        policy_for(MODEL, Settings(), most, target_fpir=0.0003)


def test_a_threshold_set_by_hand_is_not_refused():
    """Whoever has measured a threshold may use it for any number of people."""
    policy = policy_for(MODEL, Settings(match_threshold=0.7), 10**8)
    assert 0.7 == policy.threshold
    assert policy.overridden


def test_photos_can_be_enrolled_beyond_the_limit():
    """Whether a photo shows its own person is asked of their templates alone, however many people there are."""
    assert MODEL.threshold(2, PHOTO) == pytest.approx(own_threshold(MODEL, Settings(), 10**8, 2))
