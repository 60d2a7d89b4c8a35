"""Bits a colour: the depth is that of the camera, not of the file."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enroll.depth import depth_of, joined


@pytest.mark.parametrize(
    ("greatest", "bits"), [(0, 8), (255, 8), (256, 10), (1023, 10), (1024, 12), (4096, 14), (16_384, 16), (65_535, 16)]
)
def test_the_depth_is_the_least_that_holds_the_greatest_value(greatest, bits):
    """Depths go up in the steps that cameras have."""
    assert bits == depth_of(greatest)


@given(st.integers(0, 63), st.integers(0, 255))
def test_two_halves_are_joined_as_one_number(high, low):
    """Joining the bytes and scaling is the same as scaling the whole number."""
    value = high << 8 | low
    bits = depth_of(high << 8 | 0xFF)
    halves = (np.full((2, 2, 3), half, np.uint8) for half in (high, low))
    assert value >> (bits - 8) == joined(*halves)[0, 0, 0]
