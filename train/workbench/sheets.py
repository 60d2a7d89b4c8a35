"""The hardest mistakes as one picture: pairs or triples that the threshold got wrong, the worst first."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from train.data.pictures import Pictures
from train.workbench.verification import Trials

SHOWN = 12  # of each kind of mistake
ACROSS = 4
SHORT = 45  # letters that fit above the pictures of one mistake
WIDTH, HEADING = 11.0, 0.4  # inches: of the sheet, and of the two lines above each row of pictures


def hardest(trials: Trials, threshold: float, *, answer: bool) -> np.ndarray:
    """Numbers of the trials wrongly answered with `answer`, the most confident mistake first, none shown twice."""
    wrong = np.flatnonzero(((trials.distances <= threshold) == answer) & (trials.positive != answer))
    ordered = wrong[np.argsort(trials.distances[wrong] * (1 if answer else -1), kind="stable")]
    once: dict[frozenset[int], int] = {}
    for number in ordered.tolist():
        once.setdefault(frozenset(trials.rows[number].tolist()), number)  # either way round
    return np.array(list(once.values())[:SHOWN], dtype=np.int64)


def mistake_sheet(trials: Trials, threshold: float, pictures: Pictures) -> Figure:
    """Above: called alike but are not; below: are alike but were missed. Each with its distance and classes."""
    kinds = (("called alike, but are not", True), ("alike, but missed", False))
    found = [(title, hardest(trials, threshold, answer=answer)) for title, answer in kinds]
    lines = [max(1, -(-len(numbers) // ACROSS)) for _, numbers in found]
    row = WIDTH / ACROSS / trials.rows.shape[1] + HEADING  # pictures are square and stand side by side
    figure = Figure(figsize=(WIDTH, 0.5 + row * sum(lines)), layout="constrained")
    halves = np.ravel(np.array(figure.subfigures(2, 1, height_ratios=lines), dtype=object))
    for half, (title, numbers), count in zip(halves, found, lines, strict=True):
        half.suptitle(f"{title}: {'none' if not len(numbers) else f'the {len(numbers)} hardest'}", fontsize=11)
        grid = half.subplots(count, ACROSS, squeeze=False)
        for axes in grid.flat:
            axes.set_axis_off()
        for axes, number in zip(grid.flat, numbers, strict=False):
            _draw(axes, trials, int(number), pictures)
    return figure


def _draw(axes: Axes, trials: Trials, number: int, pictures: Pictures) -> None:
    rows = trials.rows[number]
    strip = np.concatenate([_framed(np.asarray(pictures.pixels[row])) for row in rows], axis=1)
    axes.imshow(strip.squeeze(), cmap="gray", vmin=0, vmax=255)
    names = " | ".join(_short(pictures.classes[pictures.labels[row]], SHORT // len(rows)) for row in rows)
    axes.set_title(f"{names}\nd = {trials.distances[number]:.3g}", fontsize=7, color="#30343b")


def _framed(pixels: np.ndarray) -> np.ndarray:
    edge = max(1, pixels.shape[0] // 40)
    return np.pad(pixels, ((0, 0), (edge, edge), (0, 0)), constant_values=255)


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
