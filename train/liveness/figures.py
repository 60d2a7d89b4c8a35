"""What a run finds of simulated pictures that it never saw, and what it says of faces.

    python -m train.liveness.figures runs/liveness --data ../shared/data [--each 200]

People are kept out of training. Each kind is drawn as in training, beyond it (other dots, cells, tints, glare), and
before worse cameras. The controls are surfaces that leave the picture as it is: one that fills the view differs from a
live face in nothing that the simulation draws, so that it must be called a picture no more often than that.

All of it is SIMULATED. Intervals are exact (Clopper and Pearson), 95 %, and count views as if each were of another
person; they are of fewer people than that.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table
from scipy.stats import beta

from train.liveness.media import SEEN, UNSEEN, Limits
from train.liveness.staging import CONTROLS, KINDS, LIVE
from train.liveness.task import LivenessTask, area, as_input, logits_of, make_network
from train.nets.models import load_weights
from train.recipe import RECIPE_COPY, finished_weights, load_recipe

FALSE_ALARMS = 0.01
"""Share of live views of kept-out people at which thresholds are set, on other views than those of the table."""
CHOOSING = 0, 2000  # specimens that a threshold is chosen on
SHOWN = 2000  # the first of those that are measured


@dataclass(frozen=True)
class How:
    """A column of the table."""

    title: str
    limits: Limits = SEEN
    worse: bool = False


COLUMNS = (How("as trained"), How("other media", UNSEEN), How("worse cameras", worse=True))


def measured(task: LivenessTask, kind: str, how: How, numbers: range) -> np.ndarray:
    """Logits (n,) of views of one kind, of people who are kept out."""
    simulation = task.simulations[1]
    views = np.stack([simulation.view(number, kind, how.limits, worse=how.worse) for number in numbers])
    return logits_of(task.network, as_input(views))


def interval(hits: int, count: int) -> str:
    """A share with its exact interval, in percent."""
    low = 100 * beta.ppf(0.025, hits, count - hits + 1) if hits else 0.0
    high = 100 * beta.ppf(0.975, hits + 1, count - hits) if hits < count else 100.0
    return f"{100 * hits / count:.1f} ({low:.1f}-{high:.1f})"


def main() -> None:
    """Measure and print."""
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("run", type=Path)
    given.add_argument("--data", type=Path, required=True)
    given.add_argument("--each", type=int, default=200, help="views of each kind")
    options = given.parse_args()
    recipe = load_recipe(options.run / RECIPE_COPY)
    network = make_network(recipe)
    load_weights(network, finished_weights(options.run))
    task = LivenessTask(recipe, options.data, network.eval())
    live = measured(task, LIVE, How(""), range(CHOOSING[0], CHOOSING[0] + 5 * options.each))
    threshold = float(np.quantile(live, 1 - FALSE_ALARMS))
    without = recipe.data.options.get("without", [])
    table = Table(
        "simulated views", *(how.title for how in COLUMNS), "area under the curve", title=f"% above {threshold:.2f}"
    )
    faces = measured(task, LIVE, COLUMNS[0], range(SHOWN, SHOWN + options.each))
    for kind in (LIVE, *CONTROLS, *KINDS):
        found = [measured(task, kind, how, range(SHOWN, SHOWN + options.each)) for how in COLUMNS]
        cells = [interval(int((each > threshold).sum()), len(each)) for each in found]
        scores, shown = np.concatenate([found[0], faces]), np.arange(2 * options.each) < options.each
        name = f"{kind} (left out of training)" if kind in without else kind
        table.add_row(name, *cells, f"{area(scores, shown):.3f}")
    Console(width=150).print(table)


if __name__ == "__main__":
    main()
