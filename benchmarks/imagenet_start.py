"""Does a pretrained start do what was published of it? Top-1 of its own classifier among ImageNet's 1,000 classes.

    python benchmarks/imagenet_start.py --data ../shared/data [--side 224] [--initial efficientnet-lite0]

Pictures are Imagenette's, enlarged to `side`; the ten classes' numbers are their places among the sorted synsets of
ImageNet's 1,000. Also said: top-1 where only the ten are asked about, and top-1 of the pictures that are ImageNet's own
validation pictures, which no network was trained on.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import nn

from train.data.sets import IMAGENETTE, imagenette
from train.nets.joined import renormalised
from train.nets.pretrained import STARTS, create
from train.tensors import to_tensor

NUMBERS = {
    "n01440764": 0, "n02102040": 217, "n02979186": 482, "n03000684": 491, "n03028079": 497,
    "n03394916": 566, "n03417042": 569, "n03425413": 571, "n03445777": 574, "n03888257": 701,
}  # fmt: skip
BATCH = 32


def classifier(initial: str) -> nn.Module:
    """The start with its own classifier, fed as this program feeds its networks."""
    start = STARTS[initial]
    network = create(start.network)
    network.load_state_dict(start.state(network))
    return nn.Sequential(renormalised(*start.statistics), network).eval()


@torch.inference_mode()
def main() -> None:
    """Read the pictures, ask the classifier, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--side", type=int, default=224)
    parser.add_argument("--initial", default="efficientnet-lite0", choices=sorted(STARTS))
    given = parser.parse_args()
    torch.set_num_threads(1)
    pictures, network = imagenette(given.data, side=given.side), classifier(given.initial)
    number = {IMAGENETTE[synset]: place for synset, place in NUMBERS.items()}
    truth = np.array([number[pictures.classes[label]] for label in pictures.labels])
    batches = [to_tensor(pictures.pixels[i : i + BATCH]) for i in range(0, len(truth), BATCH)]
    logits = torch.cat([network(batch) for batch in batches]).numpy()
    ten = np.array(sorted(NUMBERS.values()))
    right, among_ten = logits.argmax(1) == truth, ten[logits[:, ten].argmax(1)] == truth
    unseen = np.array(["ILSVRC2012_val" in name for name in pictures.names])
    for name, rows in {"all": np.ones(len(truth), bool), "ImageNet's validation pictures": unseen}.items():
        print(
            f"{name}: {rows.sum():,} pictures, top-1 {right[rows].mean():.1%} of 1,000 classes, "
            f"{among_ten[rows].mean():.1%} of the ten"
        )


if __name__ == "__main__":
    main()
