"""Each picture is embedded once for each encoder and view, whatever is asked for and in which order."""

import numpy as np
import pytest

from train.data.pictures import Pictures
from train.score.embedding import View, crops_of, kept_crops, kept_vectors


class Counting:
    """An encoder that counts the crops it has seen."""

    def __init__(self, digest="one"):
        self.digest = digest
        self.seen = 0

    def embed(self, crops):
        self.seen += len(crops)
        return crops[:, ::40, ::40].reshape(len(crops), -1).astype(np.float32)


@pytest.fixture
def pictures():
    pixels = np.random.default_rng(1).integers(0, 256, (100, 128, 128, 3), dtype=np.uint8)
    return Pictures(pixels, np.zeros(100, int), np.repeat("dev", 100), np.arange(100).astype(str), ("one",))


def test_rows_known_are_not_embedded_again(pictures, tmp_path):
    """A second call embeds what is new alone; answers equal a plain loop, in the order asked for."""
    encoder = Counting()
    kept_vectors(encoder, pictures, np.array([7, 3, 50]), tmp_path)
    rows = np.array([3, 99, 7, 7])
    actual = kept_vectors(encoder, pictures, rows, tmp_path)
    expected = np.stack([Counting().embed(pictures.pixels[row][None, 8:120, 8:120])[0] for row in rows])
    assert np.array_equal(expected, actual)
    assert 4 == encoder.seen


def test_other_encoders_sets_and_views_are_kept_apart(pictures, tmp_path):
    """Neither another encoder's vectors nor those of another view or set are ever taken."""
    rows = np.arange(3)
    for encoder, view in ((Counting(), View()), (Counting("two"), View()), (Counting(), View().mirrored())):
        kept_vectors(encoder, pictures, rows, tmp_path, view)
        assert 3 == encoder.seen
    other = Pictures(pictures.pixels, pictures.labels, pictures.splits, pictures.names, ("one",), digest="other")
    encoder = Counting()
    kept_vectors(encoder, other, rows, tmp_path)
    assert 3 == encoder.seen


def test_the_mirrored_view_exchanges_left_and_right(pictures):
    """Of the crop as it is, and of what a change makes of it."""
    changed = View("inverted", lambda pixels, row: 255 - pixels[8:120, 8:120] - np.uint8(row))
    for view in (View(), changed):
        straight = crops_of(pictures.pixels, np.arange(4), view)
        assert np.array_equal(straight[:, :, ::-1], crops_of(pictures.pixels, np.arange(4), view.mirrored()))


def test_a_run_that_was_stopped_goes_on(pictures, tmp_path):
    """What was embedded before an error is kept: the next run embeds the rest alone."""
    crops = pictures.pixels[:, 8:120, 8:120]
    stopped = Counting()
    whole = stopped.embed
    stopped.embed = lambda batch: whole(batch) if not stopped.seen else 1 / 0
    with pytest.raises(ZeroDivisionError):
        kept_crops(stopped, crops, tmp_path)
    encoder = Counting()
    assert np.array_equal(Counting().embed(crops), kept_crops(encoder, crops, tmp_path))
    assert 100 - stopped.seen == encoder.seen
    assert 0 < encoder.seen < 100
