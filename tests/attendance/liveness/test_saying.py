"""What a cue may say, and what all of them say together."""

import json
import math

import pytest

from attendance.liveness import CUES, Said, ask, combine
from attendance.liveness.saying import falling, rising, silent


class Stand:
    """A stand-in cue that says, or raises, what it is given."""

    def __init__(self, name: str, says: object) -> None:
        self.id, self._says = name, says

    def judge(self, moments):  # noqa: ARG002
        if isinstance(self._says, type):
            raise self._says("broken")
        return self._says


@pytest.mark.parametrize(
    ("weights", "ruling"),
    [
        ((), "unsure"),
        ((0.0, 0.0), "unsure"),
        ((0.9,), "live"),
        ((0.9, 0.9, -0.9), "attack"),
        ((0.9, -0.3), "unsure"),
        ((-0.4, -0.4), "unsure"),
        ((0.4, 0.4), "unsure"),
    ],
)
def test_one_strong_word_decides(weights, ruling) -> None:
    """A strong word against outweighs any number for; silence and weak words leave it unsure."""
    said = {str(place): Said(weight, 1.0, "made") for place, weight in enumerate(weights)}
    assert ruling == combine(said).ruling


def test_a_word_counts_by_its_quality() -> None:
    """Full score at little quality is weak."""
    assert combine({"a": Said(-1.0, 0.3, "made")}).ruling == "unsure"


@pytest.mark.parametrize("says", [ValueError, RuntimeError, ZeroDivisionError, None, "attack", math.nan, (-1.0, 1.0)])
def test_a_cue_that_fails_has_no_say(says) -> None:
    """An exception or garbage is `cue_failed` of no quality, and the others are heard."""
    verdict = ask((Stand("bad", says), Stand("good", Said(1.0, 1.0, "made"))), ())
    assert "live" == verdict.ruling
    assert ("cue_failed", 0.0, 0.0) == (verdict.said["bad"].why, verdict.said["bad"].quality, verdict.said["bad"].score)


@pytest.mark.parametrize("score", [math.nan, math.inf, 1.1, -1.1])
def test_a_score_out_of_range_is_refused(score) -> None:
    """So is one that is no number: a cue that computes it fails, and has no say."""
    with pytest.raises(ValueError, match="score"):
        Said(score, 1.0, "made")


@pytest.mark.parametrize(
    "bad", [{"quality": math.nan}, {"quality": 2.0}, {"why": ""}, {"measured": {"a": math.nan}}, {"measured": {1: 1.0}}]
)
def test_what_is_said_is_checked(bad) -> None:
    """Quality, code and numbers, too."""
    with pytest.raises(ValueError, match="expected"):
        Said(**{"score": 0.0, "quality": 1.0, "why": "made", "measured": {}} | bad)


def test_evidence_is_json() -> None:
    """A verdict's evidence holds plain, finite values."""
    told = ask(CUES, ()).to_dict()
    assert told == json.loads(json.dumps(told, allow_nan=False))
    assert "unsure" == told["ruling"]
    assert {"too_few_frames"} == {cue["why"] for cue in told["cues"].values()}


def test_ramps() -> None:
    """Nothing before the first end, everything from the second."""
    assert [0.0, 0.5, 1.0] == [rising(value, (1.0, 3.0)) for value in (0.0, 2.0, 9.0)]
    assert [1.0, 0.5, 0.0] == [falling(value, (1.0, 3.0)) for value in (0.0, 2.0, 9.0)]
    assert 0.0 == silent("made").weight
