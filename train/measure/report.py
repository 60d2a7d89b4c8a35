"""Plots, tables and picture sheets of an evaluation of face encoders."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from train.score.openset import FPIRS, Outcome, Run, scores
from train.score.scoring import Scoring

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from rich.table import Table

SHEET_COLUMNS = 10
POINTS = 400
SCORINGS = ("plain", "cosine", "with cohort")


def new_figure(title: str, across: str, up: str) -> tuple["Figure", "Axes"]:
    """An empty plot that needs no display and leaves Matplotlib's global state alone."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set(title=title, xlabel=across, ylabel=up)
    axes.grid(alpha=0.3)
    return figure, axes


def plot_det(outcomes: Mapping[str, Outcome], path: Path) -> None:
    """FNIR over FPIR of P1, both logarithmic; lower is better."""
    figure, axes = new_figure("Open-set identification, one photo enrolled", "FPIR", "FNIR")
    for name, outcome in outcomes.items():
        fpirs = np.geomspace(1 / len(outcome.strangers), 0.5, POINTS)
        thresholds = np.quantile(outcome.strangers[np.isfinite(outcome.strangers)], 1 - fpirs)
        axes.loglog(fpirs, [1 - (outcome.right & (outcome.mated >= t)).mean() for t in thresholds], label=name)
    for line in FPIRS:
        axes.axvline(line, color="grey", linewidth=0.6, linestyle=":")
    axes.legend()
    figure.savefig(path)


def plot_roc(pairs: Mapping[str, tuple[np.ndarray, np.ndarray]], path: Path) -> None:
    """True over false acceptance of P2 from mated and non-mated scores."""
    figure, axes = new_figure("Pairs", "false acceptance", "true acceptance")
    for name, (mated, other) in pairs.items():
        thresholds = np.quantile(other, 1 - np.geomspace(1 / len(other), 1, POINTS))
        far = [(other >= t).mean() for t in thresholds]
        axes.semilogx(far, [(mated >= t).mean() for t in thresholds], label=name)
    axes.legend()
    figure.savefig(path)


def plot_scores(mated: np.ndarray, strangers: np.ndarray, path: Path, thresholds: Mapping[str, float]) -> None:
    """Histograms of mated probes' and strangers' best scores with thresholds drawn in."""
    figure, axes = new_figure("Best scores", "score", "density")
    for values, name in ((strangers, "strangers"), (mated, "mated")):
        axes.hist(values[np.isfinite(values)], bins=100, density=True, histtype="step", label=name)
    for i, (name, threshold) in enumerate(thresholds.items()):
        axes.axvline(threshold, color="black", linewidth=0.8, linestyle=("-", "--", ":")[i % 3], label=name)
    axes.legend()
    figure.savefig(path)


def worst_errors(
    scoring: Scoring, labels: np.ndarray, runs: Sequence[Run], count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Row pairs (count, 2): mated probes that score lowest, and strangers that score highest.

    Each with the photo enrolled.
    """
    missed: dict[tuple[int, int], float] = {}
    named: dict[tuple[int, int], float] = {}
    for run in runs:
        enrolled, place = run.enrolled, {int(labels[row]): i for i, row in enumerate(run.enrolled)}
        mated, strangers = (
            scores(scoring.vectors, probes, enrolled, scoring.offsets) for probes in (run.mated, run.strangers)
        )
        for i, probe in enumerate(run.mated.tolist()):
            own = place[int(labels[probe])]
            missed[probe, int(enrolled[own])] = float(mated[i, own])
        for probe, best, score in zip(run.strangers.tolist(), strangers.argmax(1), strangers.max(1), strict=True):
            named[probe, int(enrolled[best])] = float(score)
    low = sorted(missed, key=missed.__getitem__)[:count]
    high = sorted(named, key=named.__getitem__, reverse=True)[:count]
    return np.array(low), np.array(high)


def picture_sheet(pictures: np.ndarray, pairs: np.ndarray, path: Path) -> None:
    """Pairs of pictures (n, H, W, C) uint8, one above the other, ten pairs a line."""
    from PIL import Image

    tiles = [np.concatenate([pictures[a], pictures[b]], 0) for a, b in pairs]
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % SHEET_COLUMNS)
    lines = [np.concatenate(tiles[i : i + SHEET_COLUMNS], 1) for i in range(0, len(tiles), SHEET_COLUMNS)]
    Image.fromarray(np.concatenate(lines, 0).squeeze()).save(path)


def tables(results: Sequence[Mapping[str, Any]]) -> list["Table"]:
    """All tables of an evaluation in the order in which they are read."""
    found = [comparison_table(results), default_table(results), att_table(results)]
    for report in results:
        found.append(group_table(report))
        found += [left_out_table(report["name"], report["P4 left out"])] if "P4 left out" in report else []
        found += [realised_table(report["name"], report["realised"])] if "realised" in report else []
    return found


def _lines(results: Sequence[Mapping[str, Any]]) -> list[tuple[Mapping[str, Any], str]]:
    return [(report, how) for report in results for how in SCORINGS if how in report]


def comparison_table(results: Sequence[Mapping[str, Any]]) -> "Table":
    """One line an encoder and scoring: pairs, rank 1, FNIR with intervals, cost."""
    headings = (
        *("encoder", "score", "pairs", "rank 1", *(f"FNIR at FPIR {f:.1%}" for f in FPIRS)),
        *("ms", "best", "ratio", "file MB", "memory MB"),
    )
    rows = [(report["name"], how, *_cells(report[how], report["P5"])) for report, how in _lines(results)]
    return _table("P1 and P2 on LFW's test people (%), P5: ratio to MobileFaceNet's processor time", headings, rows)


def _cells(facts: Mapping[str, Any], cost: Mapping[str, float]) -> tuple[str, ...]:
    fnir = [_with_interval(entry["value"], entry["interval"]) for entry in facts["P1"]["fnir"].values()]
    accuracy, rank1 = f"{facts['P2']['accuracy']:.1f}", f"{facts['P1']['rank1']['value']:.2f}"
    costs = [f"{cost[name]:.1f}" if name in cost else "" for name in ("embed_ms", "embed_ms_best", "ratio", "file_mb")]
    return (accuracy, rank1, *fnir, *costs, f"{cost['memory_mb']:.0f}" if "memory_mb" in cost else "")


def _with_interval(value: float, interval: Sequence[float]) -> str:
    return f"{value:.1f} ({interval[0]:.1f}-{interval[1]:.1f})"


def default_table(results: Sequence[Mapping[str, Any]]) -> "Table":
    """P1 at the threshold that decides out of the box: how many strangers are named, how many people are not."""
    rows = []
    for report in results:
        facts = report.get("default threshold")
        cells = ("none", "", "") if facts is None else (facts["says"], *(_share(facts, n) for n in ("fpir", "fnir")))
        rows.append((report["name"], str(report["N"]), *cells))
    return _table("P1 at the threshold that each one ships (%)", ("encoder", "N", "threshold", "FPIR", "FNIR"), rows)


def _share(facts: Mapping[str, Any], name: str) -> str:
    return _with_interval(facts[name], facts[f"{name}_interval"])


def att_table(results: Sequence[Mapping[str, Any]]) -> "Table":
    """P3 of each encoder and scoring."""
    rows = []
    for report, how in _lines(results):
        facts = report[how]["P3"]
        fnir = [f"{value:.1f}" for value in facts["fnir"].values()]
        rows.append((report["name"], how, f"{facts['rank1']:.1f}", *fnir, f"{facts['auc']:.5f}"))
    names = [f"FNIR at FPIR {name}" for name in next(iter(results))["plain"]["P3"]["fnir"]] if results else []
    title = "P3, AT&T: people 31-40 enrolled (N = 10), people 1-30 strangers (%)"
    return _table(title, ("encoder", "score", "rank 1", *names, "ROC-AUC"), rows)


def group_table(report: Mapping[str, Any]) -> "Table":
    """P4 of one encoder: how many times 1e-4 the FMR of each group is, by scoring."""
    scorings = [scoring for scoring in SCORINGS if scoring in report]
    rows = [
        (group, str(facts["photos"]), *(f"{report[scoring]['P4'][group]['times']:.1f}" for scoring in scorings))
        for group, facts in report[scorings[0]]["P4"].items()
    ]
    return _table(f"P4, {report['name']}: FMR as multiples of 1e-4", ("group", "photos", *scorings), rows)


def left_out_table(name: str, sets: Mapping[str, Any]) -> "Table":
    """P4 with cohorts made with and without the set that is measured."""
    rows = []
    for ways in sets.values():
        with_it, without = ways["with it"]["groups"], ways["without it"]["groups"]
        rows += [
            (
                group,
                str(facts["photos"]),
                str(facts["pairs"]),
                f"{facts['times']:.1f}",
                f"{without[group]['times']:.1f}",
            )
            for group, facts in with_it.items()
        ]
    headings = ("group", "photos", "pairs", "cohort with the set", "without it")
    return _table(f"P4 on sets left out, {name}: FMR as multiples of 1e-4", headings, rows)


def dev_table(rows: Sequence[Mapping[str, Any]]) -> "Table":
    """Development people: a line for encoder, view and scoring; all people, then LFW's, as rank 1 and FNIR."""
    lines: dict[tuple[str, ...], list[str]] = {}
    parts = list(dict.fromkeys(row["part"] for row in rows))
    for row in rows:
        fnir = " / ".join(f"{row[f'fnir@{fpir:.1%}']:.1f}" for fpir in FPIRS)
        lines.setdefault((row["encoder"], row["view"], row["score"]), []).extend([f"{row['rank1']:.1f}", fnir])
    headings = [heading for part in parts for heading in (f"{part}: rank 1", "FNIR at 1 / 0.3 / 0.1 %")]
    title = "Development people (%)"
    return _table(title, ("encoder", "view", "score", *headings), [(*key, *cells) for key, cells in lines.items()])


def difference_tables(rows: Sequence[Mapping[str, Any]]) -> list["Table"]:
    """One table for each encoder that another one is the reference of: both figures, difference, interval and word."""
    contenders = dict.fromkeys((row["encoder"], row["against"]) for row in rows)
    return [_difference_table(*who, [r for r in rows if (r["encoder"], r["against"]) == who]) for who in contenders]


def _difference_table(encoder: str, against: str, rows: Sequence[Mapping[str, Any]]) -> "Table":
    title = f"{encoder} minus {against} (%), 95 % bootstrap interval: the same people drawn for both"
    headings = ("on", "score", "figure", against, encoder, "difference", "interval", "that is")
    table = _table(title, headings, [])
    for row, following in zip(rows, [*rows[1:], None], strict=True):
        ends = following is None or any(row[name] != following[name] for name in ("protocol", "score"))
        spread = f"{row['low']:+z.2f} to {row['high']:+z.2f}"
        cells = (f"{row['reference']:.2f}", f"{row['value']:.2f}", f"{row['difference']:+z.2f}", spread)
        table.add_row(row["protocol"], row["score"], row["figure"], *cells, row["verdict"], end_section=ends)
    return table


def realised_table(name: str, rows: Sequence[Mapping[str, Any]]) -> "Table":
    """FPIR realised beside the target for several gallery sizes."""
    lines = [
        (
            str(row["enrolled"]),
            f"{row['target']:.1f}",
            f"{row['realised']:.2f}",
            f"{row['interval'][0]:.2f}-{row['interval'][1]:.2f}",
            f"{row['fnir']:.1f}",
        )
        for row in rows
    ]
    return _table(f"{name}: FPIR realised (%)", ("enrolled", "target", "realised", "95 % interval", "FNIR"), lines)


def large_table(rows: Sequence[Mapping[str, Any]]) -> "Table":
    """FPIR realised in large galleries: a line for encoder, people and size, a column for each target."""
    targets = list(dict.fromkeys(row["target"] for row in rows))
    lines: dict[tuple[str, ...], list[str]] = {}
    for row in rows:
        key = (row["encoder"], row["people"], str(row["enrolled"]), str(row["strangers"]))
        low, high = row["interval"]
        missed = "" if math.isnan(row["fnir"]) else f"; {row['fnir']:.1f}"
        lines.setdefault(key, []).append(f"{row['realised']:.2f} ({low:.2f}-{high:.2f}){missed}")
    headings = ("encoder", "people", "enrolled", "strangers", *(f"target {target:.1f}" for target in targets))
    title = "FPIR realised in large galleries (%, 95 % interval); FNIR where there are second photos"
    return _table(title, headings, [(*key, *cells) for key, cells in lines.items()])


def _table(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> "Table":
    from rich.table import Table

    table = Table(*headings, title=title)
    for row in rows:
        table.add_row(*row)
    return table
