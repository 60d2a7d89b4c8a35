"""What a decision rests on: kept as JSON and decided again, it comes to the same verdict, always."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.judge.decision import Candidate, Compared, Policy, decide
from attendance.judge.replay import Evidence, evidence
from attendance.judge.voting import Vote

SCORES = st.one_of(
    st.sampled_from([0.1, 0.2, 0.25, 0.3, 0.1 + 0.2]),  # on thresholds, in ties, and one bit beside them
    st.floats(-0.5, 1.0, allow_nan=False),
    st.just(math.nan),
)
RAISED = st.sampled_from([0.0, 0.0, 0.0, 0.05, 0.1])


@st.composite
def faces(draw):
    """One face: up to five of six people, at times refused, at times doubted."""
    people = draw(st.lists(st.integers(1, 6), max_size=5, unique=True))
    found = tuple(Candidate(each, draw(SCORES), 0.5, draw(RAISED)) for each in people)
    refusals = draw(st.sampled_from([(), (), (), (), ("blurred",)]))
    return Compared(found, refusals, draw(st.sampled_from([(), (), (), ("mask",)])))


@st.composite
def policies(draw):
    """Thresholds that the scores above lie on."""
    threshold = draw(st.sampled_from([0.2, 0.3, 0.1 + 0.2]))
    review = min(threshold, draw(st.sampled_from([0.1, 0.2, 0.3])))
    return Policy(threshold, review, draw(st.sampled_from([0.0, 0.05, 0.1])), 0.003, draw(st.integers(0, 9)))


pairs = st.dictionaries(
    st.tuples(st.integers(1, 6), st.integers(1, 6)).filter(lambda pair: pair[0] < pair[1]).map(frozenset),
    st.floats(0.0, 0.3),
    max_size=4,
)


@given(st.lists(faces(), min_size=1, max_size=5), policies(), pairs)
def test_kept_and_decided_again_it_is_the_same(picture, policy, alike):
    """Whatever the faces of a picture, each one's own evidence, through JSON, gives the verdict that it had."""
    kept = [json.dumps(each.to_dict(), allow_nan=False) for each in evidence(picture, policy, alike)]
    again = [Evidence.from_dict(json.loads(each)).verdict() for each in kept]
    assert decide(picture, policy, alike) == again


def test_others_are_kept_where_they_have_a_say_alone():
    """Faces of a picture that want different people are kept each by itself; of two that want one, both."""
    policy = Policy(0.2, 0.1, 0.05, 0.003, 9)
    first, second, third = (Compared((Candidate(who, score, 0.5),)) for who, score in ((1, 0.4), (2, 0.4), (1, 0.3)))
    assert [(), ()] == [each.beside for each in evidence([first, second], policy, {})]
    kept = evidence([first, second, third], policy, {})
    assert [(0, 2), (1, 2), (2, 2)] == [(each.place, len(each.beside)) for each in kept]
    assert ["present", "present", "review"] == [each.verdict().ruling for each in kept]


@pytest.mark.parametrize("told", [{}, {"form": 2}, {"form": 1}, {"form": 1, "policy": {"threshold": 1}}])
def test_what_is_not_whole_is_none(told):
    """Numbers of another form, or without a part, are no evidence; nothing is made up for what lacks."""
    assert Evidence.from_dict(told) is None


@given(st.integers(0, 12), st.integers(0, 12), st.integers(1, 6), st.booleans(), st.sampled_from([(), ("flat",)]))
def test_a_vote_is_kept_whole(agree, kept, needed, switched, doubts):
    """A vote that went through JSON gives the same reasons."""
    vote = Vote(agree, kept, needed, switched, doubts)
    again = Vote.from_dict(json.loads(json.dumps(vote.to_dict())))
    assert vote == again
    assert vote.reasons("present") == again.reasons("present")
