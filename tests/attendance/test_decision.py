"""The decision, against a naive re-implementation and by its properties."""

import itertools
import math
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.decision import Candidate, FaceEvidence, Policy, Verdict, decide

POLICY = Policy(0.20, 0.10, 0.05, 0.003, 100)


def face(*scores: tuple[int, float]) -> FaceEvidence:
    return FaceEvidence(tuple(Candidate(person, score, score + 0.3) for person, score in scores))


def rulings(*faces: FaceEvidence, policy: Policy = POLICY, pairs=()) -> list[str]:
    return [verdict.ruling for verdict in decide(faces, policy, pairs)]


def test_clear_match_is_present():
    """A score above the threshold with a clear lead is present, with the lead as margin."""
    (verdict,) = decide([face((7, 0.4), (3, 0.1))], POLICY)
    assert verdict.ruling == "present"
    assert verdict.best == Candidate(7, 0.4, 0.7)
    assert verdict.margin == pytest.approx(0.3)
    assert verdict.reasons == ()


@pytest.mark.parametrize(
    ("scores", "ruling", "reasons"),
    [
        ([(1, 0.20)], "present", ()),
        ([(1, 0.19999)], "review", ("close_call",)),
        ([(1, 0.10)], "review", ("close_call",)),
        ([(1, 0.09999)], "unknown", ()),
        ([(1, 0.40), (2, 0.3501)], "review", ("small_lead",)),
        ([(1, 0.40), (2, 0.3499)], "present", ()),
        ([(1, 0.15), (2, 0.14)], "review", ("close_call", "small_lead")),
    ],
)
def test_boundaries(scores, ruling, reasons):
    """Each boundary belongs to the side the documentation says."""
    (verdict,) = decide([face(*scores)], POLICY)
    assert (ruling, reasons) == (verdict.ruling, verdict.reasons)


def test_empty_gallery_is_unknown():
    """With nobody enrolled everybody is unknown, and the reason says so."""
    empty = Policy(0.2, 0.1, 0.05, 0.003, 0)
    assert decide([face(), face()], empty) == [Verdict("unknown", reasons=("gallery_empty",))] * 2


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_not_finite_is_refused_alone(bad):
    """A score that is no number refuses its face and leaves the others alone."""
    broken = FaceEvidence((Candidate(1, bad, 0.5), Candidate(2, 0.1, 0.2)))
    verdicts = decide([broken, face((1, 0.4))], POLICY)
    assert verdicts[0] == Verdict("refused", reasons=("not_finite",))
    assert verdicts[1].ruling == "present"


def test_quality_refusal_is_passed_on():
    """A face that quality forbids judging is refused for its own reasons, whatever its score."""
    evidence = FaceEvidence((Candidate(1, 0.9, 0.9),), refusals=("blurred",))
    assert decide([evidence], POLICY) == [Verdict("refused", reasons=("blurred",))]


def test_known_lookalike_asks_for_review():
    """A remembered look-alike who is a candidate too turns a mark into a review; one who is none does not."""
    assert rulings(face((1, 0.6), (2, 0.12)), pairs={frozenset((1, 2))}) == ["review"]
    assert rulings(face((1, 0.6), (2, 0.0)), pairs={frozenset((1, 2))}) == ["present"]
    assert rulings(face((1, 0.6), (3, 0.2), (2, 0.12)), pairs={frozenset((1, 2))}) == ["review"]
    assert rulings(face((1, 0.6), (3, 0.2), (2, 0.05)), pairs={frozenset((1, 2))}) == ["present"]
    assert rulings(face((1, 0.6), (2, 0.0)), pairs={frozenset((2, 3))}) == ["present"]


def test_one_person_goes_to_one_face():
    """Of two faces alike to the same person the better one is present, the other asks for review."""
    verdicts = decide([face((1, 0.5), (2, 0.0)), face((1, 0.6), (2, 0.0))], POLICY)
    assert [verdict.ruling for verdict in verdicts] == ["review", "present"]
    assert verdicts[0].reasons == ("person_taken",)


def test_loser_is_not_marked_as_second_choice():
    """A face whose person goes to another face is never marked as its second choice."""
    first, second = face((1, 0.50), (2, 0.40)), face((1, 0.49), (2, 0.10))
    verdicts = decide([first, second], POLICY)
    assert [(v.ruling, v.best.person) for v in verdicts] == [("review", 1), ("present", 1)]


def test_noise_pushes_nobody_aside():
    """A stranger's faint likeness to somebody takes no part in giving people out."""
    assert rulings(face((1, 0.35), (2, 0.29)), face((1, 0.09))) == ["present", "unknown"]


def test_one_face_needs_no_scipy():
    """Judging a single face imports neither SciPy nor NumPy."""
    code = (
        "import sys; from attendance.decision import *;"
        "decide([FaceEvidence((Candidate(1, .5, .5),))], Policy(.2, .1, 0, .01, 1));"
        "print([m for m in ('scipy', 'numpy') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


scores = st.floats(-0.5, 1.0).map(lambda score: round(score, 3))
frames = st.lists(
    st.dictionaries(st.integers(1, 4), scores, max_size=4).map(lambda found: face(*found.items())), max_size=4
)
pair_sets = st.sets(st.sampled_from([frozenset(pair) for pair in itertools.combinations(range(1, 5), 2)]))


def naive_best_total(faces: list[FaceEvidence], floor: float) -> float:
    """The largest sum of claims over all ways to give people out, by trying every one."""

    def best(number: int, taken: frozenset[int]) -> float:
        if number == len(faces):
            return 0.0
        claims = [c for c in faces[number].candidates if c.score >= floor and c.person not in taken]
        given_out = (c.score - floor + best(number + 1, taken | {c.person}) for c in claims)
        return max([best(number + 1, taken), *given_out])

    return best(0, frozenset())


def naive_single(evidence: FaceEvidence, policy: Policy, pairs) -> str:
    ordered = sorted(evidence.candidates, key=lambda c: (-c.score, c.person))
    if not ordered or ordered[0].score < policy.review_threshold:
        return "unknown"
    lead = ordered[0].score - ordered[1].score if len(ordered) > 1 else math.inf
    rival = any(
        {ordered[0].person, other.person} in pairs and other.score >= policy.review_threshold for other in ordered[1:]
    )
    return "present" if ordered[0].score >= policy.threshold and lead >= policy.margin and not rival else "review"


@given(frames, pair_sets)
def test_equals_naive_rules(faces, pairs):
    """A frame's rulings equal the naive rule of each face alone, less the people given to other faces."""
    verdicts = decide(faces, POLICY, pairs)
    for evidence, verdict in zip(faces, verdicts, strict=True):
        alone = naive_single(evidence, POLICY, pairs)
        taken = "person_taken" in verdict.reasons
        assert verdict.ruling == ("review" if taken and alone == "present" else alone)
    winners = [v.best for v in verdicts if v.best and v.ruling != "unknown" and "person_taken" not in v.reasons]
    assert len({c.person for c in winners}) == len(winners)


@given(frames)
def test_giving_out_is_optimal(faces):
    """Leaving any winner as it is, no way to give people out has a larger sum of claims."""
    floor = POLICY.review_threshold
    from attendance.decision import _best_matching

    claims = {
        n: wanted
        for n, f in enumerate(faces)
        if (wanted := {c.person: c.score - floor for c in f.candidates if c.score >= floor})
    }
    given_out = _best_matching(claims)
    assert len(set(given_out.values())) == len(given_out)
    total = sum(claims[number][person] for number, person in given_out.items())
    assert total == pytest.approx(naive_best_total(faces, floor), abs=1e-6)


@given(frames, pair_sets, st.floats(0, 0.5), st.floats(0, 0.2))
def test_stricter_policy_never_makes_marks(faces, pairs, more_threshold, more_margin):
    """A higher threshold or margin turns no face into a mark that was none before."""
    stricter = Policy(0.2 + more_threshold, 0.1, 0.05 + more_margin, 0.003, 100)
    for before, after in zip(decide(faces, POLICY, pairs), decide(faces, stricter, pairs), strict=True):
        assert after.ruling != "present" or before.ruling == "present"


@given(frames, pair_sets)
def test_no_person_is_present_twice(faces, pairs):
    """No person is present on two faces of one frame."""
    marked = [v.best.person for v in decide(faces, POLICY, pairs) if v.ruling == "present"]
    assert len(set(marked)) == len(marked)


@given(frames, st.randoms(use_true_random=False))
def test_order_of_candidates_is_irrelevant(faces, random):
    """The order in which the search lists candidates changes nothing."""
    shuffled = [FaceEvidence(tuple(random.sample(f.candidates, len(f.candidates)))) for f in faces]
    assert decide(faces, POLICY) == decide(shuffled, POLICY)


@pytest.mark.parametrize(
    "numbers",
    [
        (math.nan, 0.1, 0.05, 0.003, 1),
        (0.1, 0.2, 0.05, 0.003, 1),
        (0.2, 0.1, -0.05, 0.003, 1),
        (0.2, 0.1, 0.05, 0.0, 1),
        (0.2, 0.1, 0.05, 0.003, -1),
    ],
)
def test_senseless_policy_is_refused(numbers):
    """A policy that could mark anybody by a slip is never made."""
    with pytest.raises(ValueError, match=r"finite|above|within"):
        Policy(*numbers)
