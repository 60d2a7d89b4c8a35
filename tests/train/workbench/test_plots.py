"""Plots of a run: nothing that is written lies on what is drawn."""

from itertools import pairwise

import numpy as np
import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("torch")

from matplotlib.backends.backend_agg import FigureCanvasAgg

from train.data.pictures import Pictures
from train.workbench import plots, sheets
from train.workbench.plots import Curve
from train.workbench.verification import Trials

STEPS = np.arange(1, 31) * 10
LOSS = Curve(STEPS, np.full(30, 2.0), ((0, "head"), (150, "tune")))
NEAR_ONE = Curve(STEPS, np.full(30, 0.996), ((0, "head"), (150, "tune")))


@pytest.fixture
def pool():
    """Two hundred pairs whose distances say a little."""
    positive = np.arange(200) % 2 == 0
    return Trials(np.zeros((200, 2), int), positive, np.random.default_rng(1).normal(1.0, 0.3, 200) - 0.2 * positive)


@pytest.fixture
def drawn(pool):
    """Every kind of curve by name, laid out as it is saved."""
    names = [f"faces-contrastive-scratch-of-the-{n}-run" for n in ("first", "second", "third", "fourth")]
    figures = {
        "loss": plots.loss_curve(LOSS, NEAR_ONE, 7.0),
        "losses": plots.loss_curves(dict.fromkeys(names, LOSS)),
        "progress": plots.progress_curves(dict.fromkeys(names, NEAR_ONE)),
        "roc": plots.roc_curves(dict.fromkeys(names, pool)),
        "det": plots.det_curves(dict.fromkeys(names, pool)),
    }
    for figure in figures.values():
        FigureCanvasAgg(figure).draw()
    return figures


@pytest.mark.parametrize("kind", ["loss", "losses", "progress", "roc", "det"])
def test_a_legend_lies_beside_the_curves(drawn, kind):
    """A legend covers no part of the axes, whatever runs there, and is whole on the picture."""
    figure = drawn[kind]
    (legend,) = figure.legends
    box = legend.get_window_extent()
    assert not [axes for axes in figure.axes if box.overlaps(axes.get_window_extent())]
    assert [None] * len(figure.axes) == [axes.get_legend() for axes in figure.axes]
    assert figure.bbox.x0 <= box.x0
    assert box.x1 <= figure.bbox.x1


def test_every_curve_of_a_loss_is_named(drawn):
    """The validation curve on the right-hand axis stands in the legend, too."""
    told = [text.get_text() for text in drawn["loss"].legends[0].get_texts()]
    assert ["loss", "loss, running mean", "validation ROC-AUC"] == told


def test_a_running_mean_ends_with_its_stage():
    """Each value is the mean of those around it in its own stage: a jump between two stages stays a jump."""
    values = np.array([2.0, 2, 1, 1, 9, 8, 7])
    curve = Curve(np.array([10, 20, 30, 40, 50, 60, 70]), values, ((0, "head"), (40, "tune")))
    assert pytest.approx([2, 5 / 3, 4 / 3, 1, 8.5, 8, 7.5]) == plots.running_mean(curve).tolist()


@pytest.mark.parametrize("draw", [plots.rate_curve, lambda curve: plots.loss_curve(curve, None)])
def test_names_of_stages_stand_above_the_curve(draw):
    """The name of a stage whose values reach the top is written above them."""
    figure = draw(LOSS)
    FigureCanvasAgg(figure).draw()
    axes = figure.axes[0]
    highest = axes.transData.transform((0, max(line.get_ydata().max() for line in axes.lines[:1])))[1]
    names = {text.get_text().strip(): text.get_window_extent().y0 for text in axes.texts}
    assert {"head", "tune"} == set(names)
    assert min(names.values()) > highest


def test_a_map_has_no_axes():
    """A flattened embedding has no scales, so nothing that looks like one is drawn."""
    figure = plots.embedding_map(np.zeros((4, 2)), np.array([0, 0, 1, 1]), ("a", "b"), "t-SNE")
    (axes,) = figure.axes
    assert [False] * 4 == [spine.get_visible() for spine in axes.spines.values()]
    assert ["a", "b"] == [text.get_text() for text in axes.get_legend().get_texts()]


@pytest.mark.parametrize("width", [2, 3])
def test_mistakes_are_named_whole(width):
    """Names of fifteen letters stand whole above two or three pictures, apart from each other; rows lie close."""
    random = np.random.default_rng(3)
    classes = ("cassette player", "fifteen letters", "garbage truck..")
    pixels = np.zeros((9, 16, 16, 3), np.uint8)
    pictures = Pictures(pixels, np.arange(9) % 3, np.full(9, "test"), np.arange(9).astype(str), classes)
    rows = np.array([random.permutation(9)[:width] for _ in range(40)])
    figure = sheets.mistake_sheet(Trials(rows, np.arange(40) % 2 == 0, random.random(40)), 0.5, pictures)
    FigureCanvasAgg(figure).draw()
    shown = [axes for half in figure.subfigs for axes in half.axes if axes.images]
    assert 8 < len(shown)
    names = [axes.get_title().splitlines()[0].split(" | ") for axes in shown]
    assert not [name for several in names for name in several if name not in classes]
    boxes = [axes.title.get_window_extent() for axes in shown]
    assert not [i for i in range(len(boxes) - 1) if boxes[i].overlaps(boxes[i + 1])]
    for half in figure.subfigs:
        rows = [axes.get_window_extent() for axes in half.axes[:: sheets.ACROSS] if axes.images]
        assert [] == [above.y0 - below.y1 for above, below in pairwise(rows) if above.y0 - below.y1 > 0.7 * figure.dpi]
