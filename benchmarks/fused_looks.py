"""Does a film's joint verdict keep the promise that was calibrated on single photos?

    python benchmarks/fused_looks.py DATA [--encoder default]

A track's looks are joined into one template, which is then judged by the threshold of single photos. Here each
probe is a photo of a development person seen 1, 2, 4 and 8 times by a bad camera, joined as the product joins looks
(all of the same quality); a clean photo enrols. FPIR and FNIR at the card's thresholds for N people; intervals are
95 %, bootstrap over people. DATA is the folder of training data (train/README.md); needs the extra `train`.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from enroll import load_encoder
from train.data.faces import cache_folder, load_faces
from train.measure.protocols import at_threshold
from train.score.cameras import bad_camera
from train.score.embedding import AS_THEY_ARE, kept_vectors
from train.score.encoders import Carded
from train.score.openset import draw_runs, identify
from train.score.scoring import unit

LOOKS = (1, 2, 4, 8)
SIZES = (50, 400)
TARGETS = (0.01, 0.003, 0.001)
RUNS = 30
SEED = 900  # of the cameras: neither the cohort's nor the calibration's


def looks_of(encoder: Carded, data: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels (n,) of development photos, their clean vectors (n, d), and those of each of eight looks (8, n, d)."""
    pictures = load_faces(data, drop_heldout=True)
    rows = pictures.rows("dev", labelled=True)
    views = [bad_camera(SEED + number) for number in range(max(LOOKS))]
    clean, *seen = (kept_vectors(encoder, pictures, rows, cache_folder(), view) for view in (AS_THEY_ARE, *views))
    return pictures.labels[rows], clean, np.stack(seen)


def measured(encoder: Carded, data: Path) -> Iterator[tuple[str, ...]]:
    """A row of the table for each number of looks, size of the gallery and target."""
    labels, clean, seen = looks_of(encoder, data)
    model = encoder.encoder.card.score_model
    joined = {count: np.concatenate([clean, unit(seen[:count].sum(0))]) for count in LOOKS}
    scorings = {count: encoder.scorings(vectors)["with cohort"] for count, vectors in joined.items()}
    for size in SIZES:
        drawn = draw_runs(np.arange(len(labels)), labels, gallery=size, runs=RUNS, seed=SEED)
        runs = [run.probed_at(len(labels)) for run in drawn]
        for count, scoring in scorings.items():
            outcome = identify(scoring.vectors, np.tile(labels, 2), runs, scoring.offsets)
            for target in TARGETS:
                found = at_threshold(outcome, model.threshold(size, target))
                low, high = found["fpir_interval"]
                fpir = f"{found['fpir']:.2f} ({low:.2f}-{high:.2f})"
                yield str(size), str(count), f"{target:.1%}", fpir, f"{found['fnir']:.1f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--encoder", default="default")
    options = parser.parse_args()
    table = Table("enrolled", "looks", "target FPIR", "FPIR, %", "FNIR, %", title=f"joined looks, {options.encoder}")
    for row in measured(Carded(load_encoder(options.encoder)), options.data):
        table.add_row(*row)
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
