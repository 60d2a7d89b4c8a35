"""Does the fitted tail of the score model agree with what can be counted down there?

    python benchmarks/tail.py DATA [--encoder default]

For each FMR the score that the card's model gives it, and how many comparisons of different development people reach
it: all photos of a set with all others, as they are and as a bad camera sees them. `FMR` is the counted one with the
95 % interval of a bootstrap over people (comparisons that share a person are not independent), `times` is it as a
multiple of what the model says, and `one each` the same where each two people count once, however many photos they
have. `counting allows` is `ScoreModel.highest_fmr`, what `check` announces, in the same multiples. The model was
fitted on one random photo each of the people of one of these sets; the other set it has not seen. Photos without a
label are left out: their people come twice, which nobody has written down. DATA is the folder of training data
(train/README.md); needs the extra `train`.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from enroll import ScoreModel, load_encoder
from train.data.faces import cache_folder, load_faces
from train.score.cameras import bad_camera
from train.score.embedding import AS_THEY_ARE, kept_vectors
from train.score.encoders import Carded
from train.score.openset import scores

RATES = (1e-3, 3e-4, 1e-4, 6e-5, 3e-5, 1e-5, 3e-6, 1e-6)
SEED = 33  # of the camera: not the calibration's
RESAMPLES = 500


@dataclass(frozen=True)
class Compared:
    """Comparisons of different people that reach the lowest score asked for: scores (k,) and people (k, 2)."""

    scores: np.ndarray
    people: np.ndarray
    photos: np.ndarray  # of each person, (p,)

    def rate(self, score: float, drawn: np.ndarray, *, once: bool) -> float:
        """The share of comparisons at `score` or above when each person was drawn so many times (p,)."""
        photos = np.ones_like(self.photos) if once else self.photos
        pairs = ((drawn * photos).sum() ** 2 - (drawn**2 * photos**2).sum()) / 2
        one, other = self.people[self.scores >= score].T
        weight = drawn[one] * drawn[other]
        return float((weight / (self.photos[one] * self.photos[other]) if once else weight).sum() / pairs)


def compared(vectors: np.ndarray, means: np.ndarray, labels: np.ndarray, lowest: float) -> Compared:
    """Each photo with each other one of somebody else."""
    _, person, photos = np.unique(labels, return_inverse=True, return_counts=True)
    rows = np.arange(len(labels))
    table = scores(vectors, rows, rows, means)
    one, other = np.nonzero(np.triu((table >= lowest) & (person[:, None] != person[None]), 1))
    return Compared(table[one, other], np.stack([person[one], person[other]], 1), photos.astype(float))


def measured(found: Compared, model: ScoreModel) -> Iterator[tuple[str, ...]]:
    """A row for each rate."""
    random, people = np.random.default_rng(3), len(found.photos)
    draws = [np.bincount(random.integers(people, size=people), minlength=people) for _ in range(RESAMPLES)]
    for rate in RATES:
        score = model.score_at(rate)
        hits = found.scores >= score
        cells = []
        for once in (False, True):
            value = found.rate(score, np.ones(people), once=once)
            low, high = np.percentile([found.rate(score, drawn, once=once) for drawn in draws], [2.5, 97.5])
            cells.append(f"{value / rate:.2f} ({low / rate:.2f}-{high / rate:.2f})")
        yield (
            f"{rate:.0e}",
            f"{score:.3f}",
            f"{hits.sum():,} of {len(np.unique(found.people[hits], axis=0))}",
            f"{found.rate(score, np.ones(people), once=False):.1e}",
            *cells,
            f"{model.highest_fmr(rate) / rate:.2f}",
        )


def main() -> None:
    """Print one table for each set and view."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--encoder", default="default")
    options = parser.parse_args()
    encoder = Carded(load_encoder(options.encoder))
    model = encoder.encoder.card.score_model
    pictures = load_faces(options.data, drop_heldout=True)
    rows = pictures.rows("dev", labelled=True)
    sets, labels = pictures.columns["set"][rows], pictures.labels[rows]
    for way, view in {"as they are": AS_THEY_ARE, "bad camera": bad_camera(SEED)}.items():
        vectors = kept_vectors(encoder, pictures, rows, cache_folder(), view)
        means = encoder.encoder.cohort_means(vectors)
        for name in np.unique(sets):
            own = sets == name
            found = compared(vectors[own], means[own], labels[own], model.score_at(max(RATES)))
            people, photos = len(found.photos), found.photos.sum()
            pairs = (photos**2 - (found.photos**2).sum()) / 2
            title = (
                f"{name}, {way}: {people} people, {pairs:,.0f} comparisons ({people * (people - 1) // 2:,} of people)"
            )
            table = Table("FMR", "score", "reached, by pairs", "counted", "times", "one each", "counting allows")
            table.title, table.title_justify = title, "left"
            for row in measured(found, model):
                table.add_row(*row)
            Console(width=130).print(table)


if __name__ == "__main__":
    main()
