"""The decision, against a naive re-implementation and by its properties."""

import dataclasses
import itertools
import math
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.judge.decision import Candidate, Compared, Policy, Verdict, decide

POLICY = Policy(0.20, 0.10, 0.05, 0.003, 100)


def face(*scores: tuple[int, float]) -> Compared:
    return Compared(tuple(Candidate(person, score, score + 0.3) for person, score in scores))


def alike(*pairs: tuple[int, int], score: float = 0.12) -> dict[frozenset[int], float]:
    """Remembered pairs whose templates have this score with each other."""
    return {frozenset(pair): score for pair in pairs}


def rulings(*faces: Compared, policy: Policy = POLICY, pairs=()) -> list[str]:
    return [verdict.ruling for verdict in decide(faces, policy, alike(*pairs))]


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


@pytest.mark.parametrize(
    ("score", "ruling", "reasons"),
    [
        (0.40, "review", ("flat", "still")),
        (0.20, "review", ("flat", "still")),
        (0.15, "review", ("close_call", "flat", "still")),
        (0.05, "unknown", ()),
    ],
)
def test_a_doubted_face_marks_nobody(score, ruling, reasons):
    """What is doubtful in the picture makes a face that would be present a case for a person, with these reasons."""
    doubted = dataclasses.replace(face((1, score)), doubts=("flat", "still"))
    (verdict,) = decide([doubted], POLICY)
    assert (ruling, reasons) == (verdict.ruling, verdict.reasons)


def test_a_doubt_is_that_faces_alone():
    """The other faces of a frame are judged as without it, and a doubted face still has its claim to its person."""
    doubted = dataclasses.replace(face((1, 0.4)), doubts=("flat",))
    first, second, third = decide([doubted, face((2, 0.4)), face((1, 0.3))], POLICY)
    assert ["review", "present", "review"] == [each.ruling for each in (first, second, third)]
    assert [("flat",), (), ("person_taken",)] == [each.reasons for each in (first, second, third)]


EXACT = Policy(0.5, 0.25, 0.125, 0.003, 100, lookalike_margin=0.25)  # eighths, so that a difference is exact


def just_below(number: float) -> float:
    """The next smaller number there is."""
    return math.nextafter(number, -math.inf)


def just_above(number: float) -> float:
    """The next greater number there is."""
    return math.nextafter(number, math.inf)


@pytest.mark.parametrize(
    ("scores", "ruling", "reasons"),
    [
        ([(1, 0.5)], "present", ()),
        ([(1, just_below(0.5))], "review", ("close_call",)),
        ([(1, 0.25)], "review", ("close_call",)),
        ([(1, just_below(0.25))], "unknown", ()),
        ([(1, 0.75), (2, 0.625)], "present", ()),
        ([(1, 0.75), (2, just_above(0.625))], "review", ("small_lead",)),
    ],
)
def test_a_limit_that_is_just_reached_is_reached(scores, ruling, reasons):
    """A score at a threshold passes it and a lead of the margin suffices; the next smaller number does not."""
    (verdict,) = decide([face(*scores)], EXACT)
    assert (ruling, reasons) == (verdict.ruling, verdict.reasons)


@pytest.mark.parametrize(
    ("raised", "ruling", "reasons"),
    [
        (0.25, "present", ()),
        (just_above(0.25), "review", ("close_call",)),
        (0.5, "review", ("close_call",)),
        (0.625, "unknown", ()),
    ],
)
def test_what_a_person_needs_more_is_just_reached(raised, ruling, reasons):
    """A score of a threshold and what the person needs above it passes, a hair less does not."""
    (verdict,) = decide([Compared((Candidate(1, 0.75, 0.9, raised),))], EXACT)
    assert (ruling, reasons) == (verdict.ruling, verdict.reasons)


@pytest.mark.parametrize(
    ("other", "score", "ruling"),
    [
        (0.5, 0.125, "present"),
        (just_above(0.5), 0.125, "review"),
        (0.375, 0.375, "present"),
        (just_above(0.375), 0.375, "review"),
    ],
    ids=["margin", "below margin", "their own score", "below their own score"],
)
def test_a_lead_over_a_lookalike_is_just_clear(other, score, ruling):
    """A lead of the look-alike margin, or of the pair's own score where that is more, is clear; a hair less is not."""
    (verdict,) = decide([face((1, 0.75), (2, other))], EXACT, alike((1, 2), score=score))
    assert (ruling, () if ruling == "present" else ("look_alike",)) == (verdict.ruling, verdict.reasons)


def test_a_lookalike_at_the_review_threshold_is_a_candidate():
    """A remembered look-alike counts from the review threshold on, and not a hair below."""
    wide = dataclasses.replace(EXACT, lookalike_margin=0.5)
    assert ["review"] == rulings(face((1, 0.625), (2, 0.25)), policy=wide, pairs=[(1, 2)])
    assert ["present"] == rulings(face((1, 0.625), (2, just_below(0.25))), policy=wide, pairs=[(1, 2)])


def test_thresholds_may_be_one():
    """Where both thresholds are the same, a score at them is present and nothing asks for a look."""
    one = dataclasses.replace(EXACT, review_threshold=0.5)
    assert ["present"] == rulings(face((1, 0.5)), policy=one)
    assert ["unknown"] == rulings(face((1, just_below(0.5))), policy=one)


def test_two_faces_at_the_review_threshold():
    """A face at the review threshold competes for its person: of two such, one has the person and one has not."""
    verdicts = decide([face((1, 0.25)), face((1, 0.25))], EXACT)
    assert [("close_call",), ("close_call", "person_taken")] == sorted(verdict.reasons for verdict in verdicts)


@pytest.mark.parametrize(
    ("score", "ruling", "reasons"),
    [(0.36, "present", ()), (0.34, "review", ("close_call",)), (0.24, "unknown", ())],
)
def test_a_person_may_need_more_than_the_threshold(score, ruling, reasons):
    """What a person needs above the thresholds is asked for; the score stays as it is."""
    (verdict,) = decide([Compared((Candidate(1, score, 0.7, 0.15),))], POLICY)
    assert (ruling, reasons, score) == (verdict.ruling, verdict.reasons, verdict.best.score)


def test_who_needs_more_takes_nobody_from_another_face():
    """A face below what its best person needs does not compete for that person."""
    near = Compared((Candidate(1, 0.30, 0.6, 0.25), Candidate(2, 0.29, 0.6)))
    found = decide([near, face((2, 0.5))], POLICY)
    assert ["unknown", "present"] == [verdict.ruling for verdict in found]


def test_a_need_that_is_no_number_is_refused():
    """A candidate whose need is NaN cannot be judged."""
    (verdict,) = decide([Compared((Candidate(1, 0.9, 0.9, math.nan),))], POLICY)
    assert "refused" == verdict.ruling


def test_empty_gallery_is_unknown():
    """With nobody enrolled everybody is unknown, and the reason says so."""
    empty = Policy(0.2, 0.1, 0.05, 0.003, 0)
    assert decide([face(), face()], empty) == [Verdict("unknown", reasons=("gallery_empty",))] * 2


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_not_finite_is_refused_alone(bad):
    """A score that is no number refuses its face and leaves the others alone."""
    broken = Compared((Candidate(1, bad, 0.5), Candidate(2, 0.1, 0.2)))
    verdicts = decide([broken, face((1, 0.4))], POLICY)
    assert verdicts[0] == Verdict("refused", reasons=("not_finite",))
    assert verdicts[1].ruling == "present"


def test_quality_refusal_is_passed_on():
    """A face that quality forbids judging is refused for its own reasons, whatever its score."""
    evidence = Compared((Candidate(1, 0.9, 0.9),), refusals=("blurred",))
    assert decide([evidence], POLICY) == [Verdict("refused", reasons=("blurred",))]


def test_known_lookalike_asks_for_review():
    """A remembered look-alike who is a candidate too turns a mark into a review; one who is none does not."""
    assert ["review"] == rulings(face((1, 0.24), (2, 0.12)), pairs=[(1, 2)])
    assert ["present"] == rulings(face((1, 0.24), (2, 0.09)), pairs=[(1, 2)])
    assert ["review"] == rulings(face((1, 0.24), (3, 0.15), (2, 0.12)), pairs=[(1, 2)])
    assert ["present"] == rulings(face((1, 0.24), (3, 0.15), (2, 0.09)), pairs=[(1, 2)])
    assert ["present"] == rulings(face((1, 0.24), (2, 0.12)), pairs=[(2, 3)])


@pytest.mark.parametrize(
    ("best", "score", "ruling"),
    [
        (0.2699, 0.12, "review"),
        (0.2701, 0.12, "present"),
        (0.54, 0.12, "present"),
        (0.3199, 0.20, "review"),
        (0.3201, 0.20, "present"),
        (0.54, 0.50, "review"),
    ],
)
def test_a_clear_lead_tells_lookalikes_apart(best, score, ruling):
    """A lead of 0.15 over a look-alike is a mark; where their own templates score more than that, it must be more."""
    (verdict,) = decide([face((1, best), (2, 0.12))], POLICY, alike((1, 2), score=score))
    assert (ruling, () if ruling == "present" else ("look_alike",)) == (verdict.ruling, verdict.reasons)


def test_every_lookalike_is_led_clearly():
    """Of several look-alikes the nearest decides, wherever it stands among the candidates."""
    pairs = {frozenset((1, 2)): 0.12, frozenset((1, 3)): 0.4}
    assert ["review"] == [v.ruling for v in decide([face((1, 0.5), (2, 0.3), (3, 0.11))], POLICY, pairs)]
    assert ["present"] == [v.ruling for v in decide([face((1, 0.52), (2, 0.3), (3, 0.11))], POLICY, pairs)]
    assert ["review"] == [v.ruling for v in decide([face((1, 0.52), (2, 0.38), (3, 0.11))], POLICY, pairs)]


def test_the_clear_lead_can_be_set():
    """The policy's look-alike margin decides which lead is clear; the common margin holds as well."""
    strict = dataclasses.replace(POLICY, lookalike_margin=0.3)
    loose = dataclasses.replace(POLICY, lookalike_margin=0.0)
    assert ["review"] == rulings(face((1, 0.40), (2, 0.11)), policy=strict, pairs=[(1, 2)])
    assert ["present"] == rulings(face((1, 0.42), (2, 0.11)), policy=strict, pairs=[(1, 2)])
    assert ["present"] == rulings(face((1, 0.24), (2, 0.11)), policy=loose, pairs=[(1, 2)])
    assert ["review"] == rulings(face((1, 0.22), (2, 0.11)), policy=loose, pairs=[(1, 2)])


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
        "import sys; from attendance.judge.decision import *;"
        "decide([Compared((Candidate(1, .5, .5),))], Policy(.2, .1, 0, .01, 1));"
        "print([m for m in ('scipy', 'numpy') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


scores = st.floats(-0.5, 1.0).map(lambda score: round(score, 3))
frames = st.lists(
    st.dictionaries(st.integers(1, 4), scores, max_size=4).map(lambda found: face(*found.items())), max_size=4
)
pair_scores = st.dictionaries(
    st.sampled_from([frozenset(pair) for pair in itertools.combinations(range(1, 5), 2)]), st.floats(0.1, 0.6)
)


def naive_best_total(faces: list[Compared], floor: float) -> float:
    """The largest sum of claims over all ways to give people out, by trying every one."""

    def best(number: int, taken: frozenset[int]) -> float:
        if number == len(faces):
            return 0.0
        claims = [c for c in faces[number].candidates if c.score >= floor and c.person not in taken]
        given_out = (c.score - floor + best(number + 1, taken | {c.person}) for c in claims)
        return max([best(number + 1, taken), *given_out])

    return best(0, frozenset())


def naive_single(evidence: Compared, policy: Policy, pairs) -> str:
    ordered = sorted(evidence.candidates, key=lambda c: (-c.score, c.person))
    if not ordered or ordered[0].score < policy.review_threshold:
        return "unknown"
    lead = ordered[0].score - ordered[1].score if len(ordered) > 1 else math.inf
    rival = any(
        pair == {ordered[0].person, other.person}
        and other.score >= policy.review_threshold
        and ordered[0].score - other.score < max(policy.margin, policy.lookalike_margin, score)
        for other in ordered[1:]
        for pair, score in pairs.items()
    )
    return "present" if ordered[0].score >= policy.threshold and lead >= policy.margin and not rival else "review"


@given(frames, pair_scores)
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
    from attendance.judge.decision import _best_matching

    claims = {
        n: wanted
        for n, f in enumerate(faces)
        if (wanted := {c.person: c.score - floor for c in f.candidates if c.score >= floor})
    }
    given_out = _best_matching(claims)
    assert len(set(given_out.values())) == len(given_out)
    total = sum(claims[number][person] for number, person in given_out.items())
    assert total == pytest.approx(naive_best_total(faces, floor), abs=1e-6)


@given(frames, pair_scores, st.floats(0, 0.5), st.floats(0, 0.2), st.floats(0, 0.5))
def test_stricter_policy_never_makes_marks(faces, pairs, more_threshold, more_margin, more_lead):
    """A higher threshold or margin, of either kind, turns no face into a mark that was none before."""
    stricter = Policy(0.2 + more_threshold, 0.1, 0.05 + more_margin, 0.003, 100, lookalike_margin=0.15 + more_lead)
    for before, after in zip(decide(faces, POLICY, pairs), decide(faces, stricter, pairs), strict=True):
        assert after.ruling != "present" or before.ruling == "present"


@given(frames, pair_scores)
def test_no_person_is_present_twice(faces, pairs):
    """No person is present on two faces of one frame."""
    marked = [v.best.person for v in decide(faces, POLICY, pairs) if v.ruling == "present"]
    assert len(set(marked)) == len(marked)


@given(frames, st.randoms(use_true_random=False))
def test_order_of_candidates_is_irrelevant(faces, random):
    """The order in which the search lists candidates changes nothing."""
    shuffled = [Compared(tuple(random.sample(f.candidates, len(f.candidates)))) for f in faces]
    assert decide(faces, POLICY) == decide(shuffled, POLICY)


@pytest.mark.parametrize(
    "numbers",
    [
        (math.nan, 0.1, 0.05, 0.003, 1),
        (0.1, 0.2, 0.05, 0.003, 1),
        (0.2, 0.1, -0.05, 0.003, 1),
        (0.2, 0.1, 0.05, 0.0, 1),
        (0.2, 0.1, 0.05, 0.003, -1),
        (0.2, 0.1, 0.05, 0.003, 1, False, -0.1),
        (0.2, 0.1, 0.05, 0.003, 1, False, math.nan),
    ],
)
def test_senseless_policy_is_refused(numbers):
    """A policy that could mark anybody by a slip is never made."""
    with pytest.raises(ValueError, match=r"finite|above|within"):
        Policy(*numbers)
