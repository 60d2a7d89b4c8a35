"""Plots of a run as Matplotlib figures; nothing here touches pyplot or its process-wide state."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import norm

from train.workbench.verification import Trials, det, roc

SIZE = (7.0, 4.2)
DPI = 110
RATES = (0.001, 0.01, 0.05, 0.2, 0.5, 0.8, 0.95)  # ticks of DET axes, which end at the outer ones
LEAST = 1e-9  # what a rate of none becomes where none has no place
NAMED_CLASSES = 20
ABOVE = 0.08  # of the axis, for the names of stages
LETTERS_BELOW = 100  # of a legend's line under a plot
LOWEST_SHOWN = 0.9  # a curve that begins near 1 is not drawn along the floor
DARK = 0.6  # a cell this full needs white figures
MATED, STRANGERS, MARK = "#1b7f5c", "#c2452d", "#30343b"


@dataclass(frozen=True)
class Curve:
    """One logged value over a run's steps, stages one after the other; `stages` are (first step, name)."""

    steps: np.ndarray
    values: np.ndarray
    stages: tuple[tuple[int, str], ...]


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG."""
    figure.savefig(path, dpi=DPI, bbox_inches="tight")


def loss_curve(loss: Curve, progress: Curve | None, steps_an_epoch: float = math.nan) -> Figure:
    """Training loss, thin, and its running mean, thick; the validation ROC-AUC on an axis of its own.

    Where the steps of an epoch are known (not nan), epochs stand along the upper edge.
    """
    figure, axes = _figure("step", "loss (training points)")
    axes.plot(loss.steps, loss.values, color=STRANGERS, alpha=0.3, linewidth=1, label="loss")
    axes.plot(loss.steps, running_mean(loss), color=STRANGERS, linewidth=2, label="loss, running mean")
    if progress is not None and len(progress.values):
        right = axes.twinx()
        right.plot(progress.steps, progress.values, "o-", color=MATED, markersize=3, label="validation ROC-AUC")
        right.set_ylabel("ROC-AUC (validation pairs)", color=MATED)
        right.set_ylim(min(LOWEST_SHOWN, float(progress.values.min()) - 0.02), 1.005)
    if not math.isnan(steps_an_epoch):
        upper = axes.secondary_xaxis(
            "top", functions=(partial(np.multiply, 1 / steps_an_epoch), partial(np.multiply, steps_an_epoch))
        )
        upper.set_xlabel("epoch (as many pictures as there are to train on)")
    axes.set_ylim(bottom=0)
    _mark_stages(axes, loss)
    return _legend_below(figure)


def loss_curves(curves: Mapping[str, Curve]) -> Figure:
    """Running means of several runs' losses over each other."""
    figure, axes = _figure("step", "loss, as a share of its stage's start")
    for name, curve in curves.items():
        axes.plot(curve.steps, running_mean(curve), label=name)
    axes.set_ylim(bottom=0)
    return _legend_below(figure)


def progress_curves(curves: Mapping[str, Curve]) -> Figure:
    """ROC-AUC on validation pairs of several runs over their steps."""
    figure, axes = _figure("step", "ROC-AUC (validation pairs)")
    for name, curve in curves.items():
        axes.plot(curve.steps, curve.values, "o-", markersize=3, label=name)
    axes.axhline(0.5, color="grey", linestyle=":", label="chance")
    axes.set_ylim(0.45, 1.01)
    return _legend_below(figure)


def running_mean(curve: Curve) -> np.ndarray:
    """The mean of the values around each (a tenth of them), of its own stage alone: losses of two are no one curve."""
    width = max(1, len(curve.values) // 20)
    parts = np.split(curve.values, np.searchsorted(curve.steps, [start for start, _ in curve.stages[1:]], "right"))
    return np.concatenate([_running(part, width) for part in parts])


def rate_curve(rate: Curve) -> Figure:
    """Learning rate over the steps."""
    figure, axes = _figure("step", "learning rate")
    axes.plot(rate.steps, rate.values, color=MARK)
    axes.ticklabel_format(axis="y", style="sci", scilimits=(0, 0))
    _mark_stages(axes, rate)
    return figure


def distance_histogram(pool: Trials, threshold: float) -> Figure:
    """Distances of mated and non-mated test pairs, each with area one, and the threshold."""
    figure, axes = _figure("distance (lower is more alike)", "density")
    bins = np.linspace(float(pool.distances.min()), float(np.quantile(pool.distances, 0.999)), 60)
    for chosen, colour, name in ((pool.positive, MATED, "mated"), (~pool.positive, STRANGERS, "non-mated")):
        axes.hist(
            pool.distances[chosen], bins=bins.tolist(), density=True, color=colour, alpha=0.55,
            label=f"{name}, {int(chosen.sum()):,} pairs",
        )  # fmt: skip
    axes.set_ylim(top=1.25 * axes.get_ylim()[1])  # room for the legend
    axes.axvline(threshold, color=MARK, linestyle="--", label=f"threshold {threshold:.3g}")
    axes.legend(frameon=False, loc="upper right")
    return figure


def roc_curves(pools: Mapping[str, Trials]) -> Figure:
    """True match rate over false match rate; the diagonal is chance."""
    figure, axes = _figure("false match rate", "true match rate")
    for name, pool in pools.items():
        axes.plot(*roc(pool), label=name)
    axes.plot([0, 1], [0, 1], color="grey", linestyle=":", label="chance")
    return _legend_below(figure)


def det_curves(pools: Mapping[str, Trials]) -> Figure:
    """False non-match rate over false match rate on normal-deviate axes (Martin et al. 1997): lower left is better."""
    figure, axes = _figure("false match rate", "false non-match rate")
    for name, pool in pools.items():
        axes.plot(*(norm.ppf(np.clip(rate, LEAST, 1 - LEAST)) for rate in det(pool)), label=name)
    ticks = norm.ppf(RATES)
    axes.plot(ticks, -ticks, color="grey", linestyle=":", label="chance")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks(ticks, [f"{rate:.4g}" for rate in RATES])
    axes.set_xlim(ticks[0], ticks[-1])
    axes.set_ylim(ticks[0], ticks[-1])
    axes.grid(visible=True, alpha=0.3)
    return _legend_below(figure)


def embedding_map(points: np.ndarray, labels: np.ndarray, classes: Sequence[str], how: str) -> Figure:
    """Test pictures as dots on a plane, coloured and named by class; of many classes those with most pictures."""
    figure, axes = _figure("", "")
    present, counts = np.unique(labels, return_counts=True)
    named = np.sort(present[np.argsort(-counts, kind="stable")][:NAMED_CLASSES])
    others = points[~np.isin(labels, named)]
    if len(others):
        axes.scatter(others[:, 0], others[:, 1], s=6, color="#e2e4e7", label=f"{len(present) - len(named)} more")
    for colour, label in zip(_class_colours(len(named)), named, strict=True):
        own = points[labels == label]
        axes.scatter(own[:, 0], own[:, 1], s=9, color=colour, label=str(classes[label]))
    axes.set_title(f"{len(points):,} test pictures of {len(present)} classes, {how}", fontsize=9)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[["left", "bottom"]].set_visible(False)  # a plane without scales has no axes
    axes.legend(frameon=False, fontsize=7, bbox_to_anchor=(1.0, 1.0), loc="upper left")
    return figure


def confusion(table: Sequence[Sequence[int]], names: tuple[str, str]) -> Figure:
    """Counts of truth (rows) against answer (columns), shaded by the share of the truth."""
    counts = np.array(table)
    figure, axes = _figure("answer", "truth", size=(4.2, 3.6))
    axes.imshow(counts / counts.sum(1, keepdims=True).clip(1), cmap="Greens", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        share = count / max(1, counts[row].sum())
        axes.text(
            column, row, f"{count}\n{share:.0%}", ha="center", va="center", color="white" if share > DARK else MARK
        )
    axes.set_xticks([0, 1], names)
    axes.set_yticks([0, 1], names)
    return figure


def _figure(x: str, y: str, size: tuple[float, float] = SIZE) -> tuple[Figure, Axes]:
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.add_subplot()
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _legend_below(figure: Figure) -> Figure:
    """One legend of all axes under them, where no curve runs; long names take a line each."""
    entries = [axes.get_legend_handles_labels() for axes in figure.axes]
    handles = [handle for own, _ in entries for handle in own]
    labels = [str(label) for _, own in entries for label in own]
    columns = max(1, min(len(labels), LETTERS_BELOW // (max(len(label) for label in labels) + 6)))
    figure.legend(handles, labels, loc="outside lower center", ncols=columns, frameon=False, fontsize=8)
    return figure


def _class_colours(count: int) -> list[tuple[float, float, float, float]]:
    """Ten or twenty colours told apart by name."""
    return [mpl.colormaps["tab10" if count <= NAMED_CLASSES // 2 else "tab20"](i) for i in range(count)]


def _running(values: np.ndarray, width: int) -> np.ndarray:
    summed = np.cumsum(np.concatenate([[0.0], values]))
    low = np.maximum(np.arange(len(values)) - width, 0)
    high = np.minimum(np.arange(len(values)) + width + 1, len(values))
    return np.asarray((summed[high] - summed[low]) / (high - low))


def _mark_stages(axes: Axes, curve: Curve) -> None:
    """A line where each of several stages begins, its name above all that is drawn: the axis has its limits already."""
    if len(curve.stages) < 2:  # noqa: PLR2004 - one alone needs no name
        return
    low, high = axes.get_ylim()
    axes.set_ylim(top=low + (high - low) * (1 + ABOVE))
    for start, name in curve.stages:
        axes.axvline(start, color="grey", linewidth=0.8, linestyle=":")
        axes.text(start, 0.98, f" {name}", transform=axes.get_xaxis_transform(), fontsize=7, va="top", color="grey")
