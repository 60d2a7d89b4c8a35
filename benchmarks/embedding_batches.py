"""How many crops should an encoder take in one run?

    python benchmarks/embedding_batches.py [--rounds 7] [--threads 1 2]

Sixteen crops are embedded by runs of 1, 2, 4, 8 and 16 crops, one size after the other in every round and in another
order each time, so that other work on the computer meets all of them. Told are milliseconds a crop (medians over the
rounds) of the processor and of the clock on the wall, and how both compare with runs of one crop in the same round.
"""

import argparse
import random
import statistics
import time

import numpy as np

from enroll import encoder as module
from enroll.encoder import OnnxEncoder
from enroll.registry import MODELS

SIZES = (1, 2, 4, 8, 16)
CROPS = 16
Took = tuple[float, float]


def took(encoder: OnnxEncoder, crops: np.ndarray, size: int) -> Took:
    """Milliseconds a crop: of the processor, and on the wall."""
    module.BATCH = size
    processor, wall = time.process_time(), time.perf_counter()
    encoder.embed(crops)
    return (time.process_time() - processor) * 1000 / CROPS, (time.perf_counter() - wall) * 1000 / CROPS


def measure(name: str, threads: int, rounds: int) -> None:
    """Print one line a size."""
    encoder, rng = OnnxEncoder(MODELS / name, threads), np.random.default_rng(5)
    side = encoder.crop_size
    crops = rng.integers(0, 256, (CROPS, side, side, 3), np.uint8)
    for size in SIZES:
        took(encoder, crops, size)
    found: dict[int, list[Took]] = {size: [] for size in SIZES}
    for _ in range(rounds):
        for size in random.sample(SIZES, len(SIZES)):  # in another order each time
            found[size].append(took(encoder, crops, size))
    for size in SIZES:
        told = [statistics.median(each[place] for each in found[size]) for place in (0, 1)]
        ratios = [
            statistics.median(a[place] / b[place] for a, b in zip(found[size], found[1], strict=True))
            for place in (0, 1)
        ]
        print(
            f"{name:8} {threads} threads, runs of {size:2}: processor {told[0]:6.1f} ms ({ratios[0]:.2f}), "
            f"wall {told[1]:6.1f} ms ({ratios[1]:.2f})", flush=True
        )  # fmt: skip


def main() -> None:
    """Measure both shipped encoders."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    given = parser.parse_args()
    for name in ("default", "fast"):
        for threads in given.threads:
            measure(name, threads, given.rounds)


if __name__ == "__main__":
    main()
