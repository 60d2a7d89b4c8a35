"""Finished runs side by side: a table (Markdown, CSV, on the terminal) and their ROC and DET curves over each other."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from train.errors import RecipeInvalid
from train.files import save_text
from train.workbench import plots
from train.workbench.plots import Curve
from train.workbench.report import PAGE, inline_page, read_log, read_metrics, read_pool
from train.workbench.steps import measure_steps, step_row

PROGRESS = "dev roc-auc"
COLUMNS = (
    "run", "method", "model", "training pictures", "test classes",
    "accuracy", "F1", "ROC-AUC", "EER", "rank 1", "chance", "train s",
)  # fmt: skip


def compare_runs(folders: Sequence[Path], out: Path, encoders: Sequence[str] = (), data: Path = Path()) -> Path:
    """Print the table and write it (compare.md, compare.csv) with its curves (PNG) and report.html to `out`.

    With `encoders`, pixels, untrained networks and these are asked about the first run's people, too (steps.md,
    steps.csv); data are looked for in `data`. Returns report.html; raises DataMissing for a folder that holds no
    finished run, and what `measure_steps` raises.
    """
    runs = _named(folders)
    table = [row(name, read_metrics(folder)) for name, folder in runs.items()]
    steps = measure_steps(folders, encoders, data) if encoders else []
    pools = {name: read_pool(folder) for name, folder in runs.items()}
    logs = {name: read_log(folder / "log.csv") for name, folder in runs.items()}
    out.mkdir(parents=True, exist_ok=True)
    figures = {
        "roc": (plots.roc_curves(pools), "ROC of each run's test pairs"),
        "det": (plots.det_curves(pools), "DET of each run's test pairs"),
        "progress": (plots.progress_curves(_progress(logs)), "ROC-AUC of validation pairs while each run trained"),
        "loss": (plots.loss_curves(_relative(logs)), "Training loss as a share of what it was when its stage began"),
    }
    if steps:
        figures["steps"] = (plots.roc_curves({s.name: s.outcome.pool for s in steps}), "ROC of the same pairs by step")
    for name, (figure, _) in figures.items():
        plots.save(figure, out / f"{name}.png")
    tables = {"compare": table, "steps": [step_row(step) for step in steps]}
    for name, lines in tables.items():
        _save(out / name, lines)
    pictures = {name: ((out / f"{name}.png").read_bytes(), caption) for name, (_, caption) in figures.items()}
    save_text(out / PAGE, inline_page("Runs compared", "".join(map(_html, tables.values())), pictures))
    for lines in tables.values():
        _print(lines)
    return out / PAGE


def row(name: str, metrics: Mapping[str, Any]) -> dict[str, str]:
    """One run's line of the table."""
    figures, data = metrics["figures"], metrics["data"]
    what = "triples" if metrics["task"] == "three" else "pairs"
    cells = (
        name,
        metrics["method"],
        metrics["model"],
        f"{data['kind']}: {data['pictures']['train']:,}",
        "unseen" if data["test_classes_unseen"] else "seen",
        f"{figures['accuracy']:.1%} of {figures['points']:,} {what}",
        f"{figures['f1']:.3f}",
        f"{figures['roc_auc']:.4f}",
        f"{figures['equal_error_rate']:.1%}",
        _rank1(figures.get("identification")),
        f"{figures['chance']:.0%}",
        f"{metrics['seconds']['train']:.0f}",
    )
    return dict(zip(COLUMNS, cells, strict=True))


def markdown(table: Sequence[Mapping[str, str]]) -> str:
    """A table of one row or more as Markdown."""
    lines = [list(table[0]), ["---"] * len(table[0]), *(list(r.values()) for r in table)]
    return "".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |\n" for line in lines)


def _rank1(found: Mapping[str, Any] | None) -> str:
    """Empty where classes are no people, and for a run judged before people were identified."""
    return f"{found['rank1']:.1%} of {found['probes']:,} among {found['people']}" if found else ""


def _named(folders: Sequence[Path]) -> dict[str, Path]:
    runs = {folder.resolve().name: folder for folder in folders}
    if len(runs) < len(folders):
        raise RecipeInvalid("compare", "two runs have folders of the same name; give each another name")
    return runs


def _relative(logs: Mapping[str, Mapping[str, Curve]]) -> dict[str, Curve]:
    """Losses of different kinds as shares of the first values of their stage."""
    return {name: _by_stage(log["loss"]) for name, log in logs.items()}


def _by_stage(loss: Curve) -> Curve:
    stage = np.searchsorted([start for start, _ in loss.stages], loss.steps - 1, side="right")
    first = {number: max(float(loss.values[stage == number][:3].mean()), 1e-12) for number in np.unique(stage)}
    return replace(loss, values=loss.values / np.array([first[number] for number in stage]))


def _progress(logs: Mapping[str, Mapping[str, Curve]]) -> dict[str, Curve]:
    """Validation ROC-AUC of the runs that logged it."""
    return {name: log[PROGRESS] for name, log in logs.items() if PROGRESS in log}


def _save(path: Path, table: Sequence[Mapping[str, str]]) -> None:
    """Write a table as Markdown and CSV; one without rows is not written."""
    if table:
        save_text(path.with_suffix(".md"), markdown(table))
        save_text(path.with_suffix(".csv"), _csv(table))


def _csv(table: Sequence[Mapping[str, str]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(table[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(table)
    return text.getvalue()


def _html(table: Sequence[Mapping[str, str]]) -> str:
    if not table:
        return ""
    head = "".join(f"<th>{escape(c)}</th>" for c in table[0])
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in r.values())}</tr>" for r in table)
    return f'<table class="runs"><tr>{head}</tr>{body}</table>'


def _print(table: Sequence[Mapping[str, str]]) -> None:
    if not table:
        return
    shown = Table(*table[0])
    for line in table:
        shown.add_row(*line.values())
    console = Console()
    console.print(shown if console.is_terminal else f"{markdown(table)}\n", soft_wrap=True, highlight=False, end="")
