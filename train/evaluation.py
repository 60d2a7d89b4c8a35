"""`attendance train eval`: every encoder through every protocol in one run, into one folder."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from train import facereport as reports
from train.data.faces import cache_folder, load_faces
from train.encoders import Carded, cost, open_contender, save_json
from train.evaluate import Embedded, Measured, evaluate, measure, numbered, pair_scores, realised
from train.export import record_figures
from train.openset import Outcome

ERRORS_SHOWN = 40


def evaluate_all(names: Sequence[str], folder: Path, out: Path, *, record: bool = False) -> list[dict[str, Any]]:
    """Measure, print the tables on stdout, and write metrics.json, plots and error sheets to `out`.

    `record` puts the figures into the cards of the encoders that have one.
    """
    out.mkdir(parents=True, exist_ok=True)
    pictures = load_faces(folder, drop_heldout=True)
    results: list[dict[str, Any]] = []
    outcomes: dict[str, Outcome] = {}
    pairs = {}
    for name in names:
        contender = open_contender(name, folder, cache_folder())
        measured = measure(contender, folder, pictures)
        report, outcome = evaluate(measured)
        report = {"name": contender.name, **report, "P5": cost(name, folder, cache_folder())}
        outcomes[contender.name] = outcome
        pairs[contender.name] = _pair_values(measured)
        if isinstance(contender, Carded):
            _calibration(contender, measured.lfw, report, outcome, out)
            if record:
                record_figures(contender.encoder.folder, report)
        results.append(report)
        save_json(out / "metrics.json", results)
        _error_sheets(contender.name, measured, out)
    reports.plot_det(outcomes, out / "det.png")
    reports.plot_roc(pairs, out / "roc.png")
    _print(results)
    return results


def _calibration(contender: Carded, lfw: Embedded, report: dict[str, Any], outcome: Outcome, out: Path) -> None:
    model = contender.encoder.card.score_model
    report["realised"] = realised(lfw, model)
    thresholds = {f"target {f:.1%}": model.threshold(394, f) for f in (0.01, 0.003, 0.001)}
    reports.plot_scores(outcome.mated, outcome.strangers, out / f"scores-{contender.name}.png", thresholds)


def _pair_values(measured: Measured) -> tuple[np.ndarray, np.ndarray]:
    values = pair_scores(measured.lfw, measured.pairs, measured.lfw.means)
    return values[measured.same], values[~measured.same]


def _error_sheets(name: str, measured: Measured, out: Path) -> None:
    lfw, labels = measured.lfw, numbered(measured.lfw.crops.people)
    missed, named = reports.worst_errors(lfw.vectors, labels, measured.runs, lfw.means, ERRORS_SHOWN)
    reports.picture_sheet(lfw.crops.crops, missed, out / f"missed-{name}.png")
    reports.picture_sheet(lfw.crops.crops, named, out / f"named-{name}.png")


def _print(results: Sequence[dict[str, Any]]) -> None:
    console = Console(width=None if Console().is_terminal else 160)
    console.print(reports.comparison_table(results))
    for report in results:
        console.print(reports.group_table(report))
        if "realised" in report:
            console.print(reports.realised_table(report["name"], report["realised"]))
