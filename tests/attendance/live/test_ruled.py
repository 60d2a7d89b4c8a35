"""What cues said is kept with a decision, comes to the same ruling again, and makes a review of a mark."""

import dataclasses
import itertools
import json
import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.judge.decision import Candidate, Verdict
from attendance.live.ruled import FORM, LIVENESS, Bounds, Ruled
from attendance.liveness import Said, combine
from attendance.liveness.saying import CUE_FAILED, silent
from attendance.records import Decision

PRESENT = Decision("door", datetime(2026, 3, 2, 8, tzinfo=UTC), None, "present", 0.5, 0.003, 2, "test")
LIVE, ATTACK, SILENT = Said(1.0, 1.0, "parallax"), Said(-1.0, 1.0, "plane"), silent("no_motion")
FAILED = silent(CUE_FAILED)
UNIT = st.floats(0, 1)

saids = st.builds(Said, st.floats(-1, 1), UNIT, st.sampled_from(["parallax", CUE_FAILED]))
cues = st.dictionaries(st.sampled_from(["planar", "surround", "repeats", "turns"]), saids)
rulings = st.builds(
    Ruled,
    wanted=st.sampled_from(["review", "require"]),
    cues=cues,
    asked=st.booleans(),
    challenge=st.sampled_from(["", "turns"]),
    distrust=st.sampled_from([(), ("virtual_camera",)]),
    bounds=st.sampled_from([Bounds(), Bounds(0.7, 0.4, 0.1)]),
)


@given(cues)
def test_rules_as_the_cues_are_combined(said):
    """Where no cue failed and nothing was asked of the person, it is the ruling of `combine`."""
    if all(each.why != CUE_FAILED for each in said.values()):
        assert combine(said).ruling == Ruled("review", said).ruling


@given(rulings)
def test_kept_numbers_come_to_the_same(ruled):
    """Through JSON and back nothing is another, to the last digit."""
    kept = json.loads(json.dumps(ruled.to_dict(), allow_nan=False))
    found = Ruled.from_dict(kept)
    assert (ruled, ruled.ruling, ruled.reasons("present")) == (found, kept["ruling"], found.reasons("present"))


@given(rulings)
def test_require_marks_nobody_unsure(ruled):
    """Whatever cues say, with `require`, or once something was asked of the person, only the living are marked."""
    told = ruled.applied(PRESENT)
    if told.decision == "present":
        assert told.liveness == "live" or (ruled.wanted == "review" and not ruled.asked and told.liveness == "unsure")
        assert not ruled.distrust


@given(rulings)
def test_nobody_is_live_by_what_failed(ruled):
    """One cue that failed, or something asked and not done, and nobody is live."""
    if any(each.why == CUE_FAILED for each in ruled.cues.values()) or (ruled.asked and not ruled.passed):
        assert ruled.ruling != "live"


@pytest.mark.parametrize(
    ("wanted", "said", "ruling", "reasons"),
    [
        ("review", LIVE, "live", ()),
        ("review", SILENT, "unsure", ()),
        ("review", FAILED, "unsure", ()),
        ("review", ATTACK, "attack", ("liveness_attack",)),
        ("require", LIVE, "live", ()),
        ("require", SILENT, "unsure", ("liveness_unsure",)),
        ("require", FAILED, "unsure", ("liveness_unsure",)),
        ("require", ATTACK, "attack", ("liveness_attack",)),
    ],
)
def test_what_becomes_of_a_mark(wanted, said, ruling, reasons):
    """A mark stays one, noted as unsure, or becomes a review with the reason."""
    told = Ruled(wanted, {"planar": said}).applied(PRESENT)
    assert ("review" if reasons else "present", ruling, reasons) == (told.decision, told.liveness, told.reasons)
    assert {"form": FORM, "ruling": ruling} == {key: told.judged[LIVENESS][key] for key in ("form", "ruling")}


@pytest.mark.parametrize("kind", ["unknown", "refused", "already"])
def test_others_get_no_reasons(kind):
    """Whoever is not marked by this decision is no case for anybody."""
    assert () == Ruled("require", {"planar": ATTACK}, distrust=("virtual_camera",)).reasons(kind)


def test_a_review_keeps_its_reasons():
    """What speaks against a living face is told beside what speaks against the person."""
    review = dataclasses.replace(PRESENT, decision="review", reasons=("few_frames",))
    assert ("few_frames", "liveness_attack") == Ruled("review", {"planar": ATTACK}).applied(review).reasons


def test_a_verdict_is_settled_as_the_decision_was():
    """Decided again, the verdict has the reasons of the decision."""
    verdict = Verdict("present", Candidate(1, 0.9, 0.9), 0.3)
    for wanted, said in itertools.product(("review", "require"), (LIVE, SILENT, ATTACK)):
        ruled = Ruled(wanted, {"planar": said})
        told, again = ruled.applied(PRESENT), ruled.settled(verdict)
        assert (told.decision, told.reasons) == (again.ruling, again.reasons)


@pytest.mark.parametrize(
    "change",
    [
        {"form": 99},
        {"wanted": "perhaps"},
        {"cues": {"planar": {"score": 2.0, "quality": 1.0, "why": "plane", "measured": {}}}},
        {"cues": {"planar": {"score": math.nan, "quality": 1.0, "why": "plane", "measured": {}}}},
        {"cues": None},
        {"bounds": {"attack": 0.0, "live": 0.5, "against": 0.2}},
        {"distrust": 7},
    ],
)
def test_what_was_not_kept_like_this_is_none(change):
    """Another form, or numbers that cannot be, are no evidence."""
    assert Ruled.from_dict({**Ruled("review", {"planar": LIVE}).to_dict(), **change}) is None
    assert Ruled.from_dict({}) is None
