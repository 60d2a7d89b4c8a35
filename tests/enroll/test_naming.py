"""What pipelines are called: joined from their parts, and taken apart again."""

import dataclasses

import pytest

from enroll.card import load_card
from enroll.naming import encoder_of, finder_of, joined, parts_of
from enroll.pipeline import pipeline_id
from enroll.registry import MODELS


@pytest.mark.parametrize(
    ("name", "finder", "encoder"),
    [
        ("yunet-1+landmarks-2+default-3", "yunet-1+landmarks-2", "default-3"),
        ("own-1+default-3", "own-1", "default-3"),
        ("default-3", "", "default-3"),
        ("", "", ""),
    ],
)
def test_taken_apart(name, finder, encoder):
    """The encoder is the last part; what only tells an encoder tells no finder."""
    assert (finder, encoder) == (finder_of(name), encoder_of(name))
    assert name == joined(*parts_of(name))


def test_the_pipeline_of_a_card():
    """The card of the encoder that ships names the pipeline that ships; one that names no finder names none."""
    card = load_card(MODELS / "default")
    assert pipeline_id() == card.pipeline
    assert dataclasses.replace(card, finder="").pipeline is None
