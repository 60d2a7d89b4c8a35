"""`attendance train eval`: every encoder through every protocol in one run, into one folder."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from train import report as reports
from train.data.faces import cache_folder, load_faces
from train.encoders import Carded, cost, open_contender, save_json
from train.evaluate import embed_set, evaluate, numbered, realised
from train.openset import Outcome, scores
from train.testsets import open_protocol, pair_protocol, test_crops

ERRORS_SHOWN = 40


def evaluate_all(names: Sequence[str], folder: Path, out: Path) -> list[dict[str, Any]]:
    """Measure, print the tables on stdout, and write metrics.json, plots and error sheets to `out`."""
    out.mkdir(parents=True, exist_ok=True)
    pictures = load_faces(folder, drop_heldout=True)
    results: list[dict[str, Any]] = []
    outcomes: dict[str, Outcome] = {}
    pairs = {}
    for name in names:
        contender = open_contender(name, folder, cache_folder())
        report, outcome = evaluate(contender, folder, pictures)
        report["P5"] = cost(name, folder, cache_folder())
        outcomes[contender.name] = outcome
        pairs[contender.name] = _pair_values(contender, folder)
        if isinstance(contender, Carded):
            _calibration(contender, folder, report, outcome, out)
        results.append(report)
        save_json(out / "metrics.json", results)
        _error_sheets(contender, folder, out)
    reports.plot_det(outcomes, out / "det.png")
    reports.plot_roc(pairs, out / "roc.png")
    _print(results)
    return results


def _calibration(contender: Carded, folder: Path, report: dict[str, Any], outcome: Outcome, out: Path) -> None:
    model = contender.encoder.card.score_model
    report["realised"] = realised(embed_set(contender, test_crops(folder / "lfw_test.zip")), model)
    thresholds = {f"target {f:.1%}": model.threshold(394, f) for f in (0.01, 0.003, 0.001)}
    reports.plot_scores(outcome.mated, outcome.strangers, out / f"scores-{contender.name}.png", thresholds)


def _pair_values(contender: Any, folder: Path) -> tuple[Any, Any]:
    embedded = embed_set(contender, test_crops(folder / "lfw_test.zip"))
    rows, same = pair_protocol(folder / "protocols" / "lfw_pairs.csv", embedded.crops)
    values = scores(embedded.vectors, rows[:, 0], rows[:, 1], embedded.means).diagonal()
    return values[same], values[~same]


def _error_sheets(contender: Any, folder: Path, out: Path) -> None:
    embedded = embed_set(contender, test_crops(folder / "lfw_test.zip"))
    runs = open_protocol(folder / "protocols" / "lfw_open.csv", embedded.crops)
    labels = numbered(embedded.crops.people)
    missed, named = reports.worst_errors(embedded.vectors, labels, runs, embedded.means, ERRORS_SHOWN)
    reports.picture_sheet(embedded.crops.crops, missed, out / f"missed-{contender.name}.png")
    reports.picture_sheet(embedded.crops.crops, named, out / f"named-{contender.name}.png")


def _print(results: Sequence[dict[str, Any]]) -> None:
    console = Console(width=None if Console().is_terminal else 160)
    console.print(reports.comparison_table(results))
    for report in results:
        console.print(reports.group_table(report))
        if "realised" in report:
            console.print(f"{report['name']}:")
            console.print(reports.realised_table(report["realised"]))
