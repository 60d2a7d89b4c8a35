"""A shipped encoder as the teacher: asked once for each picture that a step draws."""

import numpy as np
import pytest

pytest.importorskip("torch")

from train.data.pictures import Pictures
from train.fit.teaching import Asked


class Telling:
    """An encoder that says of a crop how bright it is, and counts the crops that it is shown."""

    digest = "telling"

    def __init__(self):
        self.shown = 0

    def embed(self, crops):
        self.shown += len(crops)
        level = crops.astype(np.float32).mean((1, 2, 3)) / 255
        return np.column_stack([level, np.sqrt(1 - level**2)])


@pytest.fixture
def pictures():
    """Ten pictures of one brightness each."""
    pixels = np.repeat(np.arange(10, dtype=np.uint8) * 20, 128 * 128 * 3).reshape(10, 128, 128, 3)
    labels = np.arange(10)
    return Pictures(pixels, labels, np.full(10, "train"), labels.astype(str), tuple("abcdefghij"))


def test_rows_are_asked_once_and_come_in_their_order(pictures):
    """Repeated and unordered rows get each their own vector, and what was asked before is not asked again."""
    telling = Telling()
    asked = Asked(telling, pictures, 2)
    assert (10, 2) == asked.shape
    rows = np.array([7, 2, 7, 0])
    assert rows * 20 / 255 == pytest.approx(asked[rows][:, 0], abs=1e-6)
    assert np.array([2, 9]) * 20 / 255 == pytest.approx(asked[np.array([2, 9])][:, 0], abs=1e-6)
    assert telling.shown == 4
