"""The score of two templates: one formula, whoever asks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enroll.face import Template, normalised, scores
from gallery.search.index import Index

DIM = 16


def templates(count: int, seed: int) -> list[Template]:
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(count, DIM))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return [Template("a+b+c", vector.astype(np.float32), float(rng.uniform(-0.2, 0.6))) for vector in vectors]


def naive(a: Template, b: Template) -> float:
    cosine = sum(float(x) * float(y) for x, y in zip(a.vector, b.vector, strict=True))
    return cosine - (a.cohort_mean + b.cohort_mean) / 2


@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_scores_equal_a_plain_loop(many, others, seed):
    """The table of scores, the score of each pair and the formula itself equal a plain re-implementation."""
    left, right = templates(many, seed), templates(others, seed + 1)
    expected = np.array([[naive(a, b) for b in right] for a in left])
    table = scores(
        np.stack([each.vector for each in left]),
        [each.cohort_mean for each in left],
        np.stack([each.vector for each in right]),
        [each.cohort_mean for each in right],
    )
    np.testing.assert_allclose(table, expected, atol=1e-6)
    np.testing.assert_allclose([[a.score(b) for b in right] for a in left], expected, atol=1e-6)
    assert naive(left[0], right[0]) == pytest.approx(
        normalised(left[0].vector @ right[0].vector, left[0].cohort_mean, right[0].cohort_mean), abs=1e-6
    )


@given(st.integers(2, 12), st.integers(0, 2**32 - 1))
def test_the_search_scores_as_templates_do(count, seed):
    """What the gallery's index finds has the score that the templates have with each other, best first."""
    probe, *enrolled = templates(count + 1, seed)
    index = Index(DIM)
    for number, each in enumerate(enrolled):
        index.add(number, number, each.vector, each.cohort_mean)
    (hits,) = index.search(probe.vector[None], [probe.cohort_mean], people=count)
    expected = {number: probe.score(each) for number, each in enumerate(enrolled)}
    assert expected == pytest.approx({hit.person_id: hit.score for hit in hits}, abs=1e-6)
    assert sorted(expected.values(), reverse=True) == pytest.approx([hit.score for hit in hits], abs=1e-6)
    others = index.scores_with_others(0, range(count), most=count)
    assert [enrolled[0].score(each) for each in enrolled[1:]] == pytest.approx(others.tolist(), abs=1e-6)


def test_templates_of_two_pipelines_are_never_compared():
    """A template that was made in another way raises, whatever its numbers."""
    (one,) = templates(1, 0)
    other = Template("a+b+d", one.vector, one.cohort_mean)
    with pytest.raises(ValueError, match=r"expected one of a\+b\+c, got one of a\+b\+d"):
        one.score(other)
