"""The network's cue: what it hands over, how it weighs the answer, and when it says nothing."""

import numpy as np
import pytest

from attendance.liveness import CUES, ask
from attendance.liveness.printed import PrintedCue


def always(value):
    return lambda views: np.full(len(views), value, np.float32)


@pytest.fixture(scope="module")
def track(studio):
    """Ten moments of the print."""
    return studio.track(studio.plane(), turn=5.0, count=10)


def test_the_middle_answer_counts(track):
    """One moment that looks like a picture is no picture; most that do are."""
    few, most = np.array([0.99, 0.1, 0.1, 0.1, 0.1, 0.99]), np.array([0.1, 0.99, 0.99, 0.99, 0.99, 0.1])
    assert ("as_a_face", 0.0) == (
        PrintedCue(lambda _: few).judge(track).why,
        PrintedCue(lambda _: few).judge(track).weight,
    )
    said = PrintedCue(lambda _: most).judge(track)
    assert ("as_a_picture", -1.0) == (said.why, said.weight)


def test_it_hands_over_normalised_views(track):
    """Six views of the track, channels first, `(x - 127.5) / 128`."""
    seen = []
    PrintedCue(lambda views: (seen.append(views), np.zeros(len(views)))[1]).judge(track)
    assert (6, 3, 192, 192) == seen[0].shape
    np.testing.assert_allclose((track[0].view[10, 20] - 127.5) / 128, seen[0][0, :, 10, 20], atol=1e-6)


def test_it_never_speaks_for_a_face(track):
    """A network that is sure of a face makes nobody live."""
    assert "unsure" == ask((PrintedCue(always(0.0)),), track).ruling


def test_it_abstains(studio, track):
    """Too few moments, a face too small, one too dark; and no network is asked."""

    def failing(_):
        raise AssertionError

    said = [
        PrintedCue(failing).judge(track[:3]),
        PrintedCue(failing).judge(studio.track(studio.plane(), scale=0.25, count=5)),
        PrintedCue(failing).judge(studio.track(studio.plane(), dark=0.1, count=5)),
    ]
    assert [("too_few_frames", 0.0), ("too_small", 0.0), ("too_dark", 0.0)] == [
        (each.why, each.weight) for each in said
    ]


@pytest.mark.parametrize("answer", [np.full(6, np.nan), np.zeros(5), np.zeros((6, 1))])
def test_an_answer_that_is_none_has_no_say(track, answer):
    """Neither a NaN nor another number of answers is a word against anybody."""
    assert ("cue_failed", 0.0) == (PrintedCue(lambda _: answer).judge(track).why, 0.0)


def test_a_network_that_fails_has_no_say(track):
    """What it raises is swallowed by whoever asks."""

    def failing(_):
        raise RuntimeError

    assert "unsure" == ask((PrintedCue(failing),), track).ruling


def test_the_product_does_not_ask_it():
    """docs/liveness.md tells why."""
    assert "printed" not in {cue.id for cue in CUES}
