"""A run's folder for people and programs: plots, sheet of mistakes, offline `report.html`, `metrics.json`."""

import base64
import csv
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from train.data.pictures import SPLITS, Pictures
from train.errors import DataMissing
from train.files import save_text
from train.nets.pretrained import named
from train.recipe import Recipe
from train.workbench import plots
from train.workbench.distance import Fused
from train.workbench.plots import Curve
from train.workbench.questions import Outcome
from train.workbench.sheets import mistake_sheet
from train.workbench.task import steps_an_epoch
from train.workbench.verification import Trials, equal_error_rate, roc_auc

SCHEMA = 1
METRICS = "metrics.json"
PAGE = "report.html"
TRIALS = "trials.npz"
PERPLEXITY = 30


@dataclass(frozen=True)
class Timing:
    """Wall-clock seconds of this invocation; a continued run's earlier ones are not in it."""

    train: float
    evaluate: float


def write_report(out: Path, recipe: Recipe, pictures: Pictures, outcome: Outcome, timing: Timing) -> Path:
    """Write everything into `out`; returns the path of report.html."""
    figures = _figures(out, recipe, pictures, outcome)
    for name, (figure, _) in figures.items():
        plots.save(figure, out / f"{name}.png")
    np.savez_compressed(
        out / TRIALS, distances=outcome.pool.distances, positive=outcome.pool.positive, rows=outcome.pool.rows
    )
    metrics = measured(recipe, pictures, outcome, timing)
    save_text(out / METRICS, json.dumps(metrics, indent=1))
    save_text(
        out / PAGE,
        page(metrics, {n: ((out / f"{n}.png").read_bytes(), caption) for n, (_, caption) in figures.items()}),
    )
    return out / PAGE


def read_metrics(folder: Path) -> dict[str, Any]:
    """`metrics.json` of a finished run; raises DataMissing."""
    try:
        return dict(json.loads((folder / METRICS).read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise DataMissing(str(folder), f"no finished run: {METRICS} is missing or damaged") from error


def read_pool(folder: Path) -> Trials:
    """The test pairs of a finished run with their distances; raises DataMissing."""
    try:
        with np.load(folder / TRIALS) as arrays:
            return Trials(arrays["rows"], arrays["positive"], arrays["distances"])
    except (OSError, ValueError, KeyError) as error:
        raise DataMissing(str(folder), f"no finished run: {TRIALS} is missing or damaged") from error


def measured(recipe: Recipe, pictures: Pictures, outcome: Outcome, timing: Timing) -> dict[str, Any]:
    """`metrics.json`: everything under `figures` repeats exactly with the same seed on the same kind of device."""
    _, side, _, channels = pictures.pixels.shape
    verdict = asdict(outcome.verdict)
    return {
        "schema": SCHEMA,
        "recipe": recipe.name,
        "digest": recipe.digest,
        "task": recipe.task,
        "seed": recipe.seed,
        "method": ", then ".join(" + ".join(p.kind for p in stage.losses) for stage in recipe.stage),
        "model": named(recipe.model),
        "input": {"side": side, "channels": channels},
        "data": {
            "kind": recipe.data.kind,
            "classes": len(pictures.classes),
            "pictures": {split: int((pictures.splits == split).sum()) for split in SPLITS},
            "left_out": [asdict(item) for item in pictures.left_out],
            "test_classes_unseen": outcome.unseen_classes,
        },
        "fused": _fused(outcome),
        "figures": {
            "threshold": asdict(outcome.threshold),
            "points": len(outcome.trials.rows),
            **verdict,
            "report": classification_report(verdict["confusion"]),
            "roc_auc": roc_auc(outcome.pool),
            "equal_error_rate": equal_error_rate(outcome.pool),
            "pool": {"mated": int(outcome.pool.positive.sum()), "non_mated": int((~outcome.pool.positive).sum())},
            "dev_roc_auc": roc_auc(outcome.dev_pool),
            "identification": asdict(outcome.identified) if outcome.identified else None,
            "three_roc_auc": roc_auc(outcome.trials) if recipe.task == "three" else None,
        },
        "seconds": {"train": round(timing.train, 1), "evaluate": round(timing.evaluate, 1)},
    }


def classification_report(confusion: tuple[tuple[int, int], tuple[int, int]]) -> dict[str, dict[str, float]]:
    """Precision, recall, F1 and support of both answers and their mean, from counts (truth, answer)."""
    (true_no, false_yes), (false_no, true_yes) = confusion
    rows = {
        "no": _row(true_no, true_no + false_no, true_no + false_yes),
        "yes": _row(true_yes, true_yes + false_yes, true_yes + false_no),
    }
    mean = {name: (rows["no"][name] + rows["yes"][name]) / 2 for name in ("precision", "recall", "f1")}
    return {**rows, "mean": {**mean, "support": rows["no"]["support"] + rows["yes"]["support"]}}


def page(metrics: Mapping[str, Any], pictures: Mapping[str, tuple[bytes, str]]) -> str:
    """The report of one run as one HTML file; it asks nothing of the network."""
    facts = f"{_summary(metrics)}{_report_table(metrics['figures']['report'])}{_left_out(metrics)}"
    return inline_page(str(metrics["recipe"]), facts, pictures)


def inline_page(title: str, body: str, pictures: Mapping[str, tuple[bytes, str]]) -> str:
    """An HTML page with its pictures (PNG and caption) inside; `body` is HTML that comes before them."""
    figures = "".join(_figure_html(name, data, caption) for name, (data, caption) in pictures.items())
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style></head>"
        f"<body><h1>{escape(title)}</h1>{body}<main>{figures}</main></body></html>\n"
    )


def questions(task: str) -> tuple[str, str]:
    """The names of the answers no and yes of a task."""
    return ("all different", "two alike") if task == "three" else ("different", "same")


STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:1100px;margin:2rem auto;padding:0 1rem;color:#22252a}"
    "h1{margin-bottom:.2rem}table{border-collapse:collapse;margin:1rem 0}"
    "td,th{padding:.25rem .8rem;border-bottom:1px solid #ddd;text-align:right}"
    "td:first-child,th:first-child{text-align:left}main{display:flex;flex-wrap:wrap;gap:1rem}"
    ".runs{font-size:.8rem}.runs td:nth-child(-n+5),.runs th:nth-child(-n+5){text-align:left}"
    ".runs td,.runs th{padding:.25rem .5rem}.runs td:first-child,.runs td:nth-child(n+6){white-space:nowrap}"
    "figure{margin:0;flex:1 1 480px}figure.wide{flex-basis:100%}img{max-width:100%}"
    "figcaption{color:#555;font-size:.9rem}"
)


def _summary(metrics: Mapping[str, Any]) -> str:
    figures, data = metrics["figures"], metrics["data"]
    threshold, interval = figures["threshold"], figures["interval"]
    people = (
        "classes never seen in training" if data["test_classes_unseen"] else "classes seen in training, other pictures"
    )
    counts = ", ".join(f"{data['pictures'][split]:,} {split}" for split in SPLITS)
    facts = {
        "Method": f"{metrics['method']} on {metrics['model']}",
        "Data": f"{data['kind']}: {counts} pictures of {data['classes']} classes; test on {people}",
        "Threshold": f"distance ≤ {threshold['value']:.4g} is a yes; {threshold['how']} "
        f"({threshold['balanced_accuracy']:.1%})",
        "Accuracy": f"{figures['accuracy']:.2%} of {figures['points']:,} balanced test points "
        f"(95 % interval {interval[0]:.1%} to {interval[1]:.1%}); chance {figures['chance']:.0%}",
        "F1": f"{figures['f1']:.3f}",
        "ROC-AUC": f"{figures['roc_auc']:.4f} over {figures['pool']['mated']:,} mated and "
        f"{figures['pool']['non_mated']:,} non-mated test pairs; chance 0.5; "
        f"equal error rate {figures['equal_error_rate']:.2%}",
        **_identification(figures["identification"]),
        "Seconds": f"{metrics['seconds']['train']:.0f} to train, {metrics['seconds']['evaluate']:.0f} to judge",
        "Recipe": f"seed {metrics['seed']}, digest {metrics['digest']}",
    }
    rows = "".join(
        f'<tr><th>{escape(k)}</th><td style="text-align:left">{escape(v)}</td></tr>' for k, v in facts.items()
    )
    return f"<table>{rows}</table>"


def _identification(found: Mapping[str, Any] | None) -> dict[str, str]:
    if found is None:
        return {}
    low, high = found["interval"]
    told = (
        f"{found['rank1']:.1%} of {found['probes']:,} pictures are nearest to their own person among {found['people']} "
        f"enrolled with one picture each (95 % interval {low:.1%} to {high:.1%}); chance {found['chance']:.1%}"
    )
    return {"Rank 1": told}


def _report_table(report: Mapping[str, Mapping[str, float]]) -> str:
    columns = ("precision", "recall", "f1", "support")
    head = "".join(f"<th>{name}</th>" for name in columns)
    body = ""
    for name, row in report.items():
        cells = "".join(f"<td>{row[c]:.0f}</td>" if c == "support" else f"<td>{row[c]:.3f}</td>" for c in columns)
        body += f"<tr><td>{escape(name)}</td>{cells}</tr>"
    return f"<h2>Classification report at the threshold</h2><table><tr><th></th>{head}</tr>{body}</table>"


def _left_out(metrics: Mapping[str, Any]) -> str:
    items = metrics["data"]["left_out"]
    if not items:
        return ""
    rows = "".join(f"<li>{escape(item['name'])}: {escape(item['reason'])}</li>" for item in items)
    return f"<details><summary>{len(items)} left out</summary><ul>{rows}</ul></details>"


def _figure_html(name: str, data: bytes, caption: str) -> str:
    encoded = base64.b64encode(data).decode("ascii")
    kind = ' class="wide"' if name == "mistakes" else ""
    return (
        f'<figure{kind}><img src="data:image/png;base64,{encoded}" alt="{escape(caption)}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def _figures(out: Path, recipe: Recipe, pictures: Pictures, outcome: Outcome) -> dict[str, tuple[Figure, str]]:
    log = read_log(out / "log.csv")
    pool = {recipe.name: outcome.pool}
    points, how = flattened(outcome.embeddings, recipe.seed)
    labels = pictures.labels[outcome.mapped]
    what = "triples" if recipe.task == "three" else "pairs"
    return {
        "loss": (
            plots.loss_curve(log["loss"], log.get("dev roc-auc"), steps_an_epoch(recipe, pictures)),
            "Loss on training points; ROC-AUC on validation pairs",
        ),
        "rate": (plots.rate_curve(log["lr"]), "Learning rate"),
        "distances": (
            plots.distance_histogram(outcome.pool, outcome.threshold.value),
            f"Distances of test pairs; the threshold is the {outcome.threshold.how}",
        ),
        "roc": (plots.roc_curves(pool), f"ROC of test pairs, area {roc_auc(outcome.pool):.4f}"),
        "det": (plots.det_curves(pool), f"DET of test pairs, equal error rate {equal_error_rate(outcome.pool):.2%}"),
        "confusion": (
            plots.confusion(outcome.verdict.confusion, questions(recipe.task)),
            f"{len(outcome.trials.rows)} balanced test {what} at the threshold",
        ),
        "map": (
            plots.embedding_map(points, labels, pictures.classes, how),
            "The embedding of test pictures, flattened",
        ),
        "mistakes": (
            mistake_sheet(outcome.trials, outcome.threshold.value, pictures),
            f"The hardest mistakes among the test {what}",
        ),
    }


def read_log(path: Path) -> dict[str, Curve]:
    """Each logged value over the whole run; the steps of a stage follow those of the stages before it."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = [
            (int(r["number"]), r["stage"], int(r["step"]), r["name"], float(r["value"])) for r in csv.DictReader(file)
        ]
    lengths: dict[int, int] = {}
    names: dict[int, str] = {}
    for number, stage, step, _, _ in rows:
        lengths[number] = max(step, lengths.get(number, 0))
        names[number] = stage
    starts = {number: sum(lengths[n] for n in lengths if n < number) for number in lengths}
    stages = tuple((starts[number], names[number]) for number in sorted(names))
    curves = {}
    for name in dict.fromkeys(row[3] for row in rows):
        own = [
            (starts[number] + step, value)
            for number, _, step, kind, value in rows
            if kind == name and math.isfinite(value)
        ]
        curves[name] = Curve(np.array([s for s, _ in own]), np.array([v for _, v in own]), stages)
    return curves


def flattened(embeddings: np.ndarray, seed: int) -> tuple[np.ndarray, str]:
    """Embeddings (n, d) on a plane (n, 2): themselves where d is two, else t-SNE (van der Maaten, Hinton 2008)."""
    if embeddings.shape[1] == 2:  # noqa: PLR2004 - a plane already
        return embeddings, "the embedding itself"
    from sklearn.manifold import TSNE

    perplexity = min(PERPLEXITY, max(2, len(embeddings) // 4))
    return np.asarray(TSNE(perplexity=perplexity, random_state=seed, init="pca").fit_transform(embeddings)), "t-SNE"


def _row(right: int, answered: int, support: int) -> dict[str, float]:
    precision = right / answered if answered else 0.0
    recall = right / support if support else 0.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return {"precision": precision, "recall": recall, "f1": f1, "support": support}


def _fused(outcome: Outcome) -> dict[str, Any] | None:
    if not isinstance(outcome.distance, Fused):
        return None
    return {"dims": list(outcome.distance.dims), "scales": list(outcome.distance.scales)}
