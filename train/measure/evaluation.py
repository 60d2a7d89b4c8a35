"""`attendance train eval`: every encoder through every protocol in one run, into one folder."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from train.data.faces import cache_folder
from train.data.realigned import load_pictures
from train.errors import RecipeInvalid
from train.files import save_json
from train.measure import report as reports
from train.measure.cost import cost
from train.measure.devpeople import Cell, dev_outcomes, dev_people, dev_rows, save_csv
from train.measure.large import dev_faces, realised_large, test_faces
from train.measure.left_out import left_out
from train.measure.paired import ROUNDS, SEED, Drawn, Evidence, Key, Pairs, Searches, compare, draw_figures
from train.measure.peer_thresholds import SHIPPED
from train.measure.protocols import (
    ATT_FPIRS,
    Embedded,
    Measured,
    at_threshold,
    att_outcome,
    evaluate,
    measure,
    pair_scores,
    realised,
)
from train.score.encoders import Carded, Contender, open_contender
from train.score.openset import Outcome
from train.ship.cards import record_figures, sealed

ERRORS_SHOWN = 40
TARGET_FPIR = 0.003
DRAWN_TARGETS = (0.01, 0.003, 0.001)


def evaluate_all(
    names: Sequence[str],
    folder: Path,
    out: Path,
    *,
    record: bool = False,
    without: bool = False,
    against: str | None = None,
) -> list[dict[str, Any]]:
    """Measure, print the tables on stdout, and write metrics.json, plots and error sheets to `out`.

    `record` puts the figures into the cards of the encoders that have one; `without` measures groups with cohorts
    that a set gave nothing to. All others are compared with `against`, one of the names; else with the first.
    """
    out.mkdir(parents=True, exist_ok=True)
    pictures = load_pictures(folder, drop_heldout=True)
    contenders = {name: open_contender(name, folder, cache_folder()) for name in names}
    results: list[dict[str, Any]] = []
    outcomes, pairs, drawn = {}, {}, {}
    labels = _labels({name: contender.name for name, contender in contenders.items()})
    for name, contender in contenders.items():
        measured = measure(contender, folder, pictures)
        report = _report(contender, measured, out)
        report["P5"] = cost(name, contender, folder, cache_folder())
        if without:
            report["P4 left out"] = left_out(contender, measured, pictures)
        if record and isinstance(contender, Carded):
            record_figures(contender.encoder.folder, report)
        outcomes[contender.name] = measured.outcomes[measured.lfw.best]
        pairs[contender.name] = _pair_values(measured)
        drawn[labels[name]] = draw_figures(evidence(measured)) if len(contenders) > 1 else {}
        results.append(report)
        save_json(out / "metrics.json", results)
        _error_sheets(contender.name, measured, out)
    reports.plot_det(outcomes, out / "det.png")
    reports.plot_roc(pairs, out / "roc.png")
    _print(reports.tables(results))
    rows = _differences(drawn, labels[against or next(iter(labels))], out)
    results = [_with_differences(report, label, rows) for report, label in zip(results, drawn, strict=True)]
    save_json(out / "metrics.json", results)
    return results


def _with_differences(report: dict[str, Any], label: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    own = [row for row in rows if row["encoder"] == label]
    return {**report, "paired": {"draws": ROUNDS, "seed": SEED, "differences": own}} if own else report


def evidence(measured: Measured) -> dict[Key, Evidence]:
    """What P1 to P3 compare contenders by, for each scoring."""
    lfw, people = measured.lfw, measured.lfw.labels[measured.pairs]
    found: dict[Key, Evidence] = {}
    for how in lfw.scorings:
        found["P1", how] = Searches(measured.outcomes[how])
        found["P2", how] = Pairs(pair_scores(lfw, measured.pairs, how), measured.same, people)
        found["P3", how] = Searches(att_outcome(measured.att, how), ATT_FPIRS)
    return found


def _labels(shown: Mapping[str, str]) -> dict[str, str]:
    """What each argument's contender is called in comparisons: as elsewhere, and by the argument where two share it."""
    twice = [name for name, number in Counter(shown.values()).items() if number > 1]
    return {given: f"{name} ({given})" if name in twice else name for given, name in shown.items()}


def _differences(drawn: Mapping[str, Drawn], against: str, out: Path) -> list[dict[str, Any]]:
    """Print and keep (paired.csv) how all others differ from one."""
    rows = compare(drawn, against)
    if rows:
        save_csv(out / "paired.csv", rows)
        _print(reports.difference_tables(rows))
    return rows


def _report(contender: Contender, measured: Measured, out: Path) -> dict[str, Any]:
    """The figures of one contender but its cost, and a plot of its scores."""
    report: dict[str, Any] = {"name": contender.name, "N": len(measured.runs[0].enrolled), **evaluate(measured)}
    if isinstance(contender, Carded):
        report["measured"] = sealed(contender.encoder.card.raw)
        report["realised"] = realised(measured.lfw, contender.encoder.card.score_model)
    found = default_threshold(contender, report["N"])
    if found is not None:
        says, score = found
        report["default threshold"] = {"says": says, **at_threshold(measured.outcomes[measured.lfw.best], score)}
    outcome, thresholds = measured.outcomes[measured.lfw.best], _thresholds(contender, report["N"])
    reports.plot_scores(outcome.mated, outcome.strangers, out / f"scores-{contender.name}.png", thresholds)
    return report


def default_threshold(contender: Contender, enrolled: int) -> tuple[str, float] | None:
    """What decides out of the box, and from which score: by target FPIR here, what its makers ship for a peer."""
    if isinstance(contender, Carded):
        return f"target FPIR {TARGET_FPIR:.1%}", contender.encoder.card.score_model.threshold(enrolled, TARGET_FPIR)
    shipped = SHIPPED.get(contender.name)
    return None if shipped is None else (shipped.says, shipped.score)


def _thresholds(contender: Contender, enrolled: int) -> dict[str, float]:
    if isinstance(contender, Carded):
        model = contender.encoder.card.score_model
        return {f"target {f:.1%}": model.threshold(enrolled, f) for f in DRAWN_TARGETS}
    found = default_threshold(contender, enrolled)
    return {} if found is None else {found[0]: found[1]}


def _pair_values(measured: Measured) -> tuple[np.ndarray, np.ndarray]:
    values = pair_scores(measured.lfw, measured.pairs, measured.lfw.best)
    return values[measured.same], values[~measured.same]


def _error_sheets(name: str, measured: Measured, out: Path) -> None:
    lfw: Embedded = measured.lfw
    missed, named = reports.worst_errors(lfw.scorings[lfw.best], lfw.labels, measured.runs, ERRORS_SHOWN)
    reports.picture_sheet(lfw.crops.crops, missed, out / f"missed-{name}.png")
    reports.picture_sheet(lfw.crops.crops, named, out / f"named-{name}.png")


def evaluate_dev(
    names: Sequence[str], folder: Path, out: Path, *, mirror: bool = False, against: str | None = None
) -> list[dict[str, Any]]:
    """Contenders on development people, to choose among them: tables on stdout, dev.csv and paired.csv in `out`.

    All others are compared with `against`, one of the names; else with the first. With `mirror` each is measured a
    second time with the mean of each crop's vector and its mirror image's, and compared likewise.
    """
    out.mkdir(parents=True, exist_ok=True)
    pictures = load_pictures(folder, drop_heldout=True)
    people = dev_people(pictures)
    rows: list[dict[str, Any]] = []
    contenders = {name: open_contender(name, folder, cache_folder(), threads=2) for name in names}
    labels = _labels({name: each.name for name, each in contenders.items()})
    ways = {"": False, " + mirror": True} if mirror else {"": False}
    drawn = {}
    for (name, contender), (way, mirrored) in product(contenders.items(), ways.items()):
        outcomes = dev_outcomes(contender, pictures, people, mirror=mirrored)
        rows += [{"encoder": labels[name] + way, **row} for row in dev_rows(outcomes)]
        save_csv(out / "dev.csv", rows)
        compared = len(contenders) * len(ways) > 1
        drawn[labels[name] + way] = draw_figures(_dev_evidence(outcomes)) if compared else {}
    _print([reports.dev_table(rows)])
    _differences(drawn, labels[against or next(iter(labels))], out)
    return rows


def evaluate_realised(
    names: Sequence[str], folder: Path, out: Path, sizes: Sequence[int], *, people: str = "dev"
) -> list[dict[str, Any]]:
    """FPIR that encoders with a card realise in galleries of these sizes: a table on stdout, realised.csv in `out`.

    `people` are development people (`dev`) or test people (`test`). Raises RecipeInvalid for what has no card, and
    ManifestInvalid where there are too few people for each size.
    """
    out.mkdir(parents=True, exist_ok=True)
    contenders = [_carded(open_contender(name, folder, cache_folder(), threads=2)) for name in names]
    pictures = load_pictures(folder, drop_heldout=True)
    rows: list[dict[str, Any]] = []
    for contender in contenders:
        faces = dev_faces(contender, pictures) if people == "dev" else test_faces(contender, folder, pictures)
        found = realised_large(faces, contender.encoder.card.score_model, sizes)
        rows += [{"encoder": contender.name, **row} for row in found]
        save_csv(out / "realised.csv", [_flat(row) for row in rows])
    _print([reports.large_table(rows)])
    return rows


def _carded(contender: Contender) -> Carded:
    if not isinstance(contender, Carded):
        raise RecipeInvalid(contender.name, "only an encoder with a card says which score is which FPIR")
    return contender


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    low, high = row["interval"]
    return {**{name: value for name, value in row.items() if name != "interval"}, "low": low, "high": high}


def _dev_evidence(outcomes: Mapping[Cell, Outcome]) -> dict[Key, Evidence]:
    return {(f"{view}, {part}", how): Searches(outcome) for (view, how, part), outcome in outcomes.items()}


def _print(tables: Sequence[Table]) -> None:
    console = Console(width=None if Console().is_terminal else 160)
    for table in tables:
        console.print(table)
