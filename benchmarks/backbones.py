"""What is each backbone worth on pairs of objects, and what does a picture cost?

    python benchmarks/backbones.py runs/objects-pair-supcon runs/objects-pair-sface [more runs] --data ../shared/data

Accuracy with its 95 % interval comes from the runs' metrics.json. Milliseconds a picture are taken here: PyTorch, one
thread, one picture at a time, the networks in turn, the median of all rounds; the ratio to the first run's network is
what to compare, for the seconds are those of this machine. Megabytes are the weights in 32 bits. A table (Markdown,
CSV) and one plot are written.
"""

import argparse
import csv
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import nn

from train.files import save_text
from train.nets.pretrained import named, unfilled
from train.recipe import RECIPE_COPY, load_recipe
from train.workbench.report import read_metrics
from train.workbench.towers import InputShape, make_tower

COLUMNS = ("run", "backbone", "side", "accuracy", "low", "high", "ROC-AUC", "ms", "ratio", "MB", "train s")
MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Backbone:
    """A finished run's network with what its report says."""

    name: str
    what: str
    network: nn.Module
    side: int
    metrics: dict[str, Any]

    def picture_ms(self) -> float:
        """Milliseconds of one picture, once."""
        picture = torch.zeros(1, self.metrics["input"]["channels"], self.side, self.side)
        begun = time.perf_counter()
        with torch.inference_mode():
            self.network(picture)
        return 1000 * (time.perf_counter() - begun)


def opened(folder: Path, data: Path) -> Backbone:
    """The network of a run's recipe; what it weighs and costs does not depend on its weights."""
    metrics, recipe = read_metrics(folder), load_recipe(folder / RECIPE_COPY)
    shape = InputShape(**metrics["input"])
    network = make_tower(unfilled(recipe.model), shape, seed=1, folder=data).eval()
    return Backbone(folder.name, named(recipe.model), network, shape.side, metrics)


def measured(backbones: Sequence[Backbone], rounds: int) -> list[dict[str, str]]:
    """The table's rows; the networks take turns, so that what else runs meets them all."""
    taken = [[backbone.picture_ms() for backbone in backbones] for _ in range(rounds)]
    first = median(round_[0] for round_ in taken)
    return [row(one, median(round_[i] for round_ in taken), first) for i, one in enumerate(backbones)]


def row(one: Backbone, ms: float, first: float) -> dict[str, str]:
    """One line of the table."""
    figures = one.metrics["figures"]
    low, high = figures["interval"]
    size = sum(value.numel() for value in one.network.parameters()) * 4 / MEGABYTE
    cells = (
        one.name, one.what, str(one.side), f"{figures['accuracy']:.4f}", f"{low:.4f}", f"{high:.4f}",
        f"{figures['roc_auc']:.4f}", f"{ms:.1f}", f"{ms / first:.2f}", f"{size:.1f}",
        f"{one.metrics['seconds']['train']:.0f}",
    )  # fmt: skip
    return dict(zip(COLUMNS, cells, strict=True))


def plotted(table: Sequence[dict[str, str]]) -> Figure:
    """Accuracy with its interval over the cost of a picture, as a ratio; the dot's area grows with the weights."""
    figure = Figure(figsize=(7.5, 4.6), layout="constrained")
    axes = figure.add_subplot()
    for number, line in enumerate(table):
        x, y = float(line["ratio"]), 100 * float(line["accuracy"])
        error = [[y - 100 * float(line["low"])], [100 * float(line["high"]) - y]]
        colour = f"C{number}"
        axes.errorbar(x, y, yerr=error, fmt="none", capsize=3, ecolor=colour)
        axes.scatter(x, y, s=12 + 6 * float(line["MB"]), label=f"{line['run']}, {line['MB']} MB", color=colour)
    axes.axhline(50, color="grey", linestyle=":", label="chance")
    axes.set_xlabel("time of a picture, one thread, as a ratio to the first")
    axes.set_ylabel("accuracy of test pairs, % (95 % interval)")
    axes.set_xlim(left=0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure


def main() -> None:
    """Read runs, measure their networks, write table and plot."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--out", type=Path, default=Path("runs/backbones"))
    parser.add_argument("--rounds", type=int, default=40)
    given = parser.parse_args()
    torch.set_num_threads(1)
    table = measured([opened(run, given.data) for run in given.runs], given.rounds)
    given.out.mkdir(parents=True, exist_ok=True)
    lines = [COLUMNS, ["---"] * len(COLUMNS), *(list(line.values()) for line in table)]
    text = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    save_text(given.out / "backbones.md", text)
    with (given.out / "backbones.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(table)
    plotted(table).savefig(given.out / "backbones.png", dpi=110, bbox_inches="tight")
    print(text, end="")


if __name__ == "__main__":
    main()
