"""What runs find of simulated pictures that they never saw, and what they say of faces.

    python -m train.liveness.figures runs/liveness [runs/another ...] --data ../shared/data [--each 200]

People are kept out of training. Each kind is drawn as in training, beyond it (other dots, cells, tints, glare), and
before worse cameras. The controls are surfaces that leave the picture as it is: one that fills the view differs from a
live face in nothing that the simulation draws, so that it must be called a picture no more often than that.

All of it is SIMULATED. Intervals are exact (Clopper and Pearson), 95 %, and count views as if each were of another
person; they are of fewer people than that.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from scipy.stats import beta
from torch import nn

from train.liveness.media import SEEN, UNSEEN, Limits
from train.liveness.specimens import Simulation
from train.liveness.staging import CONTROLS, KINDS, LIVE
from train.liveness.task import LivenessTask, area, as_input, logits_of, make_network
from train.nets.models import load_weights
from train.recipe import RECIPE_COPY, Recipe, finished_weights, load_recipe

FALSE_ALARMS = 0.01
"""Share of live views of kept-out people at which a run's threshold is set, on other views than those of its table."""
MEASURED = 100_000  # the first specimen of those that are measured; thresholds are set on those from 0 on
CHOSEN_ON = 5  # times as many views as are measured of a kind


@dataclass(frozen=True)
class How:
    """A column of the table."""

    title: str
    limits: Limits = SEEN
    worse: bool = False


COLUMNS = (How("as trained"), How("other media", UNSEEN), How("worse cameras", worse=True))
Found = dict[tuple[str, str], list[np.ndarray]]
"""Logits (n,) by kind and column, one array a run."""


def measured(
    simulation: Simulation, networks: Sequence[nn.Module], kind: str, how: How, numbers: range
) -> list[np.ndarray]:
    """What each network says (n,) of the views of one kind."""
    views = as_input(np.stack([simulation.view(n, kind, how.limits, worse=how.worse) for n in numbers]))
    return [logits_of(network, views) for network in networks]


def interval(hits: int, count: int) -> str:
    """A share with its exact interval, in percent."""
    low = 100 * beta.ppf(0.025, hits, count - hits + 1) if hits else 0.0
    high = 100 * beta.ppf(0.975, hits + 1, count - hits) if hits < count else 100.0
    return f"{100 * hits / count:.1f} ({low:.1f}-{high:.1f})"


def table_of(recipe: Recipe, number: int, live: np.ndarray, found: Found) -> Table:
    """One run's table; its threshold is set on the logits `live` (n,) of faces."""
    threshold = float(np.quantile(live, 1 - FALSE_ALARMS))
    titles = ("simulated views", *(how.title for how in COLUMNS), "area under the curve")
    table = Table(*titles, title=f"{recipe.name}: called a picture, % (logit above {threshold:.2f})")
    faces = found[LIVE, COLUMNS[0].title][number]
    for kind in (LIVE, *CONTROLS, *KINDS):
        said = [found[kind, how.title][number] for how in COLUMNS]
        cells = [interval(int((each > threshold).sum()), len(each)) for each in said]
        shown = np.arange(len(said[0]) + len(faces)) < len(said[0])
        left_out = " (left out of training)" if kind in recipe.data.options.get("without", ()) else ""
        table.add_row(kind + left_out, *cells, f"{area(np.concatenate([said[0], faces]), shown):.3f}")
    return table


def main() -> None:
    """Measure and print."""
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("runs", type=Path, nargs="+")
    given.add_argument("--data", type=Path, required=True)
    given.add_argument("--each", type=int, default=200, help="views of each kind")
    options = given.parse_args()
    recipes = [load_recipe(run / RECIPE_COPY) for run in options.runs]
    networks = [make_network(recipe).eval() for recipe in recipes]
    for network, run in zip(networks, options.runs, strict=True):
        load_weights(network, finished_weights(run))
    kept_out = LivenessTask(recipes[0], options.data, networks[0]).simulations[1]
    live = measured(kept_out, networks, LIVE, COLUMNS[0], range(CHOSEN_ON * options.each))
    numbers = range(MEASURED, MEASURED + options.each)
    found = {
        (kind, how.title): measured(kept_out, networks, kind, how, numbers)
        for kind in (LIVE, *CONTROLS, *KINDS)
        for how in COLUMNS
    }
    for number, recipe in enumerate(recipes):
        Console(width=150).print(table_of(recipe, number, live[number], found))


if __name__ == "__main__":
    main()
