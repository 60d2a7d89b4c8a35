"""The Streamlit page of a run: two or three pictures, how far apart they are, the decision; neighbours from a folder.

Streamlit runs this file from top to bottom at every click; what is slow is kept by its caches.
"""

import itertools
import sys
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import numpy as np
import streamlit as st

from train.data.trees import SUFFIXES, Shape, decode
from train.errors import ManifestInvalid
from train.workbench.run import FinishedRun, open_run

THIRD = 2
NEIGHBOURS = 12
MOST_PICTURES = 2_000
SHOWN_WIDTH = 180
LONGEST_NAME = 18
VERDICTS = {True: ":green[alike]", False: ":red[different]"}


@st.cache_resource
def finished_run(folder: str) -> FinishedRun:
    """The run, opened once."""
    return open_run(Path(folder))


@st.cache_data(show_spinner="Embedding the folder's pictures")
def embedded_folder(run: str, folder: str) -> tuple[list[str], np.ndarray, np.ndarray, int]:
    """Names, pixels and embeddings of a folder's pictures, and how many could not be read."""
    opened = finished_run(run)
    paths = [p for p in sorted(Path(folder).rglob("*")) if p.suffix.lower() in SUFFIXES][:MOST_PICTURES]
    names, pixels, unreadable = [], [], 0
    for path in paths:
        try:
            pixels.append(decode(path.read_bytes(), _shape(opened)))
            names.append(path.relative_to(folder).as_posix())
        except ManifestInvalid:
            unreadable += 1
    if not pixels:
        return [], np.zeros((0,)), np.zeros((0,)), unreadable
    stacked = np.stack(pixels)
    return names, stacked, opened.embed(stacked), unreadable


def main(run: str, folder: str | None) -> None:
    """The page."""
    opened = finished_run(run)
    st.set_page_config(page_title=f"{opened.recipe.name}: similarity", layout="wide")
    st.title(opened.recipe.name)
    st.caption(_promise(opened))
    compare(opened, run, folder)
    neighbours(opened, run, folder)


def compare(opened: FinishedRun, run: str, folder: str | None) -> None:
    """Two or three pictures, uploaded or picked: distances and the decision."""
    st.header("Compare two or three pictures")
    pixels = [_chosen(opened, run, folder, number, column) for number, column in enumerate(st.columns(3))]
    given = [(number, picture) for number, picture in enumerate(pixels) if picture is not None]
    if len(given) < 2:  # noqa: PLR2004 - a distance needs two
        st.info("Give at least two pictures.")
        return
    embeddings = opened.embed(np.stack([picture for _, picture in given]))
    distances: dict[str, float] = {}
    for column, (i, j) in zip(st.columns(3), itertools.combinations(range(len(given)), 2), strict=False):
        distance = float(opened.distances(embeddings[i], embeddings[j : j + 1])[0])
        distances[f"{given[i][0] + 1} and {given[j][0] + 1}"] = distance
        column.metric(f"Distance {given[i][0] + 1} to {given[j][0] + 1}", f"{distance:.4f}")
        column.markdown(VERDICTS[distance <= opened.threshold])
    _decide(distances, opened.threshold)


def neighbours(opened: FinishedRun, run: str, folder: str | None) -> None:
    """The nearest pictures of a folder to one of them."""
    st.header("Neighbours in a folder")
    place = st.text_input("Folder", value=folder or "", key="folder")
    if not place:
        st.info("Name a folder of pictures on this machine.")
        return
    if not Path(place).is_dir():
        st.error(f"{place}: no such folder")
        return
    names, pixels, embeddings, unreadable = embedded_folder(run, place)
    if unreadable:
        st.warning(f"{unreadable} files could not be read and are left out.")
    if not names:
        st.error("No readable picture there.")
        return
    query = names.index(str(st.selectbox("Picture", names, key="query")))
    distances = opened.distances(embeddings[query], embeddings)
    order = [int(i) for i in np.argsort(distances, kind="stable") if i != query][:NEIGHBOURS]
    st.image(pixels[query].squeeze(), caption=f"{_short(names[query])} (asked)", width=SHOWN_WIDTH)
    for start in range(0, len(order), 6):
        for column, i in zip(st.columns(6), order[start : start + 6], strict=False):
            verdict = VERDICTS[bool(distances[i] <= opened.threshold)]
            column.image(pixels[i].squeeze(), width="stretch")
            column.markdown(f"{distances[i]:.3f} · {verdict}")
            column.caption(_short(names[i]))


def _chosen(
    opened: FinishedRun, run: str, folder: str | None, number: int, column: "st.delta_generator.DeltaGenerator"
) -> np.ndarray | None:
    title = f"Picture {number + 1}" + (" (optional)" if number == THIRD else "")
    upload = column.file_uploader(title, type=sorted(s.removeprefix(".") for s in SUFFIXES), key=f"upload{number}")
    picture: np.ndarray | None = None
    if upload is not None:
        try:
            picture = decode(upload.getvalue(), _shape(opened))
        except ManifestInvalid as error:
            column.error(f"{upload.name}: {error.detail}")
    elif folder:
        names, pixels, _, _ = embedded_folder(run, folder)
        picked = column.selectbox("or from the folder", names, index=None, key=f"pick{number}", placeholder="none")
        picture = pixels[names.index(picked)] if picked else None
    if picture is not None:
        column.image(picture.squeeze(), width=SHOWN_WIDTH)
    return picture


def _promise(opened: FinishedRun) -> str:
    """What the threshold means, and how often it was right."""
    figures = opened.figures
    what = "triples" if opened.recipe.task == "three" else "pairs"
    return (
        f"Distance at or below **{opened.threshold:.4g}** means alike; lower is more alike. It was right for "
        f"**{figures['accuracy']:.1%}** of {figures['points']:,} balanced test {what}, where chance is "
        f"{figures['chance']:.0%}."
    )


def _decide(distances: Mapping[str, float], threshold: float) -> None:
    closest = min(distances, key=lambda pair: distances[pair])
    yes = distances[closest] <= threshold
    pair = ("Same class", "Different classes")
    words = pair if len(distances) == 1 else ("At least two are of one class", "All three are different")
    text = f"{words[0] if yes else words[1]}: {closest} are closest, {distances[closest]:.4f} apart,"
    (st.success if yes else st.warning)(f"{text} threshold {threshold:.4f}")


def _short(name: str) -> str:
    """What fits below a small picture: the file's name, after its folder's where that says more."""
    path = PurePosixPath(name)
    folder = path.parent.name
    text = f"{folder}/{path.stem}" if folder and not path.stem.startswith(folder) else path.stem
    return text if len(text) <= LONGEST_NAME else f"…{text[1 - LONGEST_NAME :]}"


def _shape(opened: FinishedRun) -> Shape:
    return Shape(opened.shape.side, grey=opened.shape.channels == 1)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)  # noqa: PLR2004 - the folder is optional
