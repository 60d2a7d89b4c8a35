"""Limits of quality: today's numbers, and what the cards of detector and encoder say instead."""

import dataclasses
import json
import shutil

import pytest

from enroll.card import load_card
from enroll.detectors.finder import FOLDER, load_detector_card
from enroll.errors import CardInvalid, DetectorAltered
from enroll.limits import CHECK_LIMITS, ENROLL_LIMITS, NO_LIMITS, CardLimits, limits_of, parse_limits
from enroll.pipeline import open_pipeline
from enroll.registry import MODELS


def with_limits(folder, target, block):
    """A copy of a model's folder whose card has this block."""
    shutil.copytree(folder, target)
    card = json.loads((target / "card.json").read_text())
    (target / "card.json").write_text(json.dumps({**card, "limits": block}))
    return target


def test_what_ships_keeps_its_numbers():
    """The shipped detector with either shipped encoder refuses by the numbers that hold where no card names any."""
    for name in ("default", "fast"):
        pipeline = open_pipeline(name, threads=1)
        assert (CHECK_LIMITS, ENROLL_LIMITS) == (pipeline.limits, pipeline.enrol_limits)


def test_a_card_names_what_it_needs(tmp_path):
    """What an encoder's card names goes before today's numbers, each stage by itself; the others stay."""
    folder = with_limits(MODELS / "fast", tmp_path / "e", {"check": {"min_face_px": 40}, "enrol": {"max_yaw": 30.5}})
    pipeline = open_pipeline(folder, threads=1)
    assert dataclasses.replace(CHECK_LIMITS, min_face_px=40) == pipeline.limits
    assert dataclasses.replace(ENROLL_LIMITS, max_yaw=30.5) == pipeline.enrol_limits


def test_the_encoders_card_goes_before_the_detectors():
    """Of a limit that both cards name, the later one's holds."""
    detector, encoder = CardLimits({"min_confidence": 0.7, "min_face_px": 30}), CardLimits({"min_face_px": 50})
    check, enrol = limits_of(detector, encoder)
    assert (0.7, 50, ENROLL_LIMITS) == (check.min_confidence, check.min_face_px, enrol)


def test_a_detectors_card_may_name_limits(tmp_path):
    """The detector's card has the same block."""
    folder = with_limits(FOLDER, tmp_path / "d", {"check": {"min_confidence": 0.6}})
    assert {"min_confidence": 0.6} == dict(load_detector_card(folder).limits.check)
    assert NO_LIMITS == load_detector_card().limits


@pytest.mark.parametrize(
    "block",
    [
        [],
        {"checks": {}},
        {"check": []},
        {"check": {"min_face": 3}},
        {"check": {"min_face_px": 24.5}},
        {"check": {"min_face_px": True}},
        {"check": {"max_yaw": "60"}},
        {"check": {"max_yaw": -1}},
        {"check": {"min_face_px": 0}},
        {"enrol": {"min_brightness": 95}},
    ],
)
def test_a_block_that_makes_no_sense_is_refused(tmp_path, block):
    """A card with limits that are none is refused whole, the encoder's as the detector's."""
    with pytest.raises((ValueError, TypeError)):
        parse_limits(block)
    with pytest.raises(CardInvalid):
        load_card(with_limits(MODELS / "fast", tmp_path / "e", block))
    with pytest.raises(DetectorAltered):
        load_detector_card(with_limits(FOLDER, tmp_path / "d", block))
