"""What does one face cost in each encoder?

    python benchmarks/encoder_cost.py [ENCODER ...] [--rounds 40]

Encoders are names of shipped ones or folders with a card, such as those of an earlier version. One crop of noise at a
time is embedded on one thread by each of them in turn, so that other work on the computer meets all of them. Told are
milliseconds of the processor (medians over the rounds) and their ratio to the first encoder's in the same round.
"""

import argparse
import statistics
import time

import numpy as np

from enroll.encoder import OnnxEncoder
from enroll.registry import load_encoder


def took(encoder: OnnxEncoder, crop: np.ndarray) -> float:
    """Milliseconds of the processor for one crop."""
    begun = time.process_time()
    encoder.embed(crop)
    return (time.process_time() - begun) * 1000


def main() -> None:
    """Print one line an encoder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("encoders", nargs="*", default=["default", "fast"])
    parser.add_argument("--rounds", type=int, default=40)
    given = parser.parse_args()
    encoders = [load_encoder(name, threads=1) for name in given.encoders]
    side = encoders[0].crop_size
    crops = np.random.default_rng(5).integers(0, 256, (given.rounds + 1, 1, side, side, 3), np.uint8)
    found = [[took(encoder, crop) for encoder in encoders] for crop in crops][1:]  # the first is slow to begin
    for place, encoder in enumerate(encoders):
        middle = statistics.median(row[place] for row in found)
        print(f"{encoder.id:16} {middle:6.1f} ms ({statistics.median(row[place] / row[0] for row in found):.2f})")


if __name__ == "__main__":
    main()
