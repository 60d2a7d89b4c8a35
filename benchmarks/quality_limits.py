"""What does each limit of a face's quality cost, and what does it buy?

    python benchmarks/quality_limits.py DATA [--encoder default] [--every 6]

Faces are found, refined, measured and embedded by the product's own stages, refused by none. The first table tells, for
each set of development photos, for whole photos and for films, what share of the faces breaks each limit, of a check
and of a photo that enrols. The others are of labelled development people, at the card's threshold for 400 people and
a target of 0.3 %: FNIR is the share of a person's other photos, as they are, that a face is not taken to be of, FPIR
400 times the share of other people's that it is. They are told for each tenth of what was measured, on both sides of
each limit, and by the size of the face. A comparison knows no sides: a poor photo that enrols misses what it would
miss as a probe.

Photos are stored crops whose edges are mirrored outwards, as they are and, every second, as a bad camera sees it,
together; for the size one in EVERY is shrunk to `SIDES`. The score model was fitted on these people, and some labels
are wrong: compare the tenths, not their level. What was measured is kept in the cache. DATA is the folder
of training data (train/README.md); needs the extra `train`.
"""

import argparse
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image, ImageSequence
from rich.console import Console
from rich.progress import track
from rich.table import Table

from enroll import CHECK_LIMITS, ENROLL_LIMITS, Pipeline, QualityLimits, decode_photo, open_pipeline
from enroll.face import Face, Pixels, scores
from enroll.geometry import outside_share
from train.data.faces import cache_folder, load_faces
from train.data.filetree import FileTree
from train.data.pictures import Pictures
from train.detecting.photos import is_dev, person_of
from train.files import whole
from train.score.cameras import degraded

GALLERY, TARGET = 400, 0.003
CAMERA_SEED = 33  # not the calibration's
SIDES = (12, 16, 24, 32, 48)  # px of a stored crop's template
CLEAN, CAMERA = "as they are", "bad camera"
FRAME = 0.3  # of a crop's side, mirrored outwards
TENTHS = 10
CAMERA_EVERY, UNLABELLED_EVERY = 2, 3  # one in so many labelled photos is spoilt; one without a label is shown
TURNED_SETS, TURNED_EVERY = ("pins", "vggface2"), 6
FRAMES = 10  # of a film one in so many is looked at
ANYTHING = QualityLimits(1, 0, 0, 100, 180.0, 180.0, 0.0, 1.0)


class Limit(NamedTuple):
    """A limit of `QualityLimits`, what it bounds (a column of `Faces`), and whether that is a least value."""

    name: str
    column: str
    least: bool


LIMITS = (
    Limit("min_face_px", "face_px", least=True),
    Limit("min_sharpness", "sharpness", least=True),
    Limit("min_brightness", "brightness", least=True),
    Limit("max_brightness", "brightness", least=False),
    Limit("max_yaw", "yaw", least=False),
    Limit("max_pitch", "pitch", least=False),
    Limit("min_confidence", "detector", least=True),
    Limit("max_outside", "outside", least=False),
    Limit("min_score", "score", least=True),
)
MEASURES = ("face_px", "sharpness", "brightness", "yaw", "pitch", "roll", "detector", "score")


@dataclass(frozen=True)
class Faces:
    """What was measured of faces (n,); yaw, pitch and roll without sign. Where none was found `found` is false."""

    found: np.ndarray
    face_px: np.ndarray
    sharpness: np.ndarray
    brightness: np.ndarray
    yaw: np.ndarray
    pitch: np.ndarray
    roll: np.ndarray
    detector: np.ndarray
    outside: np.ndarray
    score: np.ndarray
    vectors: np.ndarray
    means: np.ndarray

    def broken(self, limit: Limit, limits: QualityLimits) -> np.ndarray:
        """Which faces (n,) break a limit; none that was not found."""
        value, bound = getattr(self, limit.column), getattr(limits, limit.name)
        return self.found & (value < bound if limit.least else value > bound)

    def refused(self, limits: QualityLimits) -> np.ndarray:
        """Which faces (n,) break any limit."""
        return np.asarray(np.any([self.broken(limit, limits) for limit in LIMITS], axis=0))

    def part(self, rows: np.ndarray) -> "Faces":
        """Some of them."""
        return Faces(*(getattr(self, each.name)[rows] for each in fields(self)))


def measured(pipeline: Pipeline, pictures: Iterable[Pixels], *, all_faces: bool = False) -> Faces:
    """The largest face of each picture, or every face."""
    rows = []
    for pixels in pictures:
        faces = pipeline.faces(pixels, limits=ANYTHING)
        if not all_faces:
            faces = sorted(faces, key=lambda face: -face.box[2] * face.box[3])[:1]
        rows += [_facts(face, pixels) for face in faces] or ([] if all_faces else [_nothing(pipeline)])
    names = [each.name for each in fields(Faces)]
    return Faces(*(np.array([row[name] for row in rows]) for name in names))


def _facts(face: Face, pixels: Pixels) -> dict[str, object]:
    quality, template = face.quality, face.template
    if template is None:
        raise RuntimeError(f"a face was refused for {quality.reasons}, though every limit is open")
    turns = {name: abs(getattr(quality, name)) for name in ("yaw", "pitch", "roll")}
    plain = {name: getattr(quality, name) for name in ("face_px", "sharpness", "brightness", "detector", "score")}
    outside = outside_share(face.detection.landmarks, *pixels.shape[:2])
    found = {"found": True, "outside": outside, "vectors": template.vector, "means": template.cohort_mean}
    return {**plain, **turns, **found}


def _nothing(pipeline: Pipeline) -> dict[str, object]:
    numbers = dict.fromkeys((each.name for each in fields(Faces)), np.nan)
    return {**numbers, "found": False, "vectors": np.full(pipeline.encoder.dim, np.nan, np.float32)}


def kept(name: str, key: str, make: Callable[[], Faces]) -> Faces:
    """What `make` measures; kept in the cache by its name and by what it was measured with."""
    path = cache_folder() / f"quality-{hashlib.sha256(f'{name} {key}'.encode()).hexdigest()[:16]}.npz"
    if not path.is_file():
        made = make()
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole(path) as unfinished, unfinished.open("wb") as file:
            np.savez(file, **{each.name: getattr(made, each.name) for each in fields(made)})
    with np.load(path) as stored:
        return Faces(**stored)


def framed(crop: Pixels) -> Pixels:
    """A crop with its edges mirrored outwards, so that a head is seen around the face."""
    border = round(FRAME * len(crop))
    return np.asarray(cv2.copyMakeBorder(crop, *[border] * 4, cv2.BORDER_REFLECT_101), np.uint8)


def shrunk(crop: Pixels, side: int) -> Pixels:
    """A stored crop (128, 128, 3) at the size at which its template has so many pixels."""
    size = round(len(crop) * side / 112)
    return np.asarray(cv2.resize(crop, (size, size), interpolation=cv2.INTER_AREA), np.uint8)


def bad_camera(crop: Pixels, row: int) -> Pixels:
    """The middle of a stored crop as a bad camera sees it."""
    return degraded(crop, np.random.default_rng([CAMERA_SEED, row]))


class Views(NamedTuple):
    """Labelled development people: rows and labels (n,), and each view's faces with the photos (positions) shown."""

    rows: np.ndarray
    labels: np.ndarray
    faces: Mapping[str, tuple[Faces, np.ndarray]]

    @property
    def clean(self) -> Faces:
        """All photos as they are."""
        return self.faces[CLEAN][0]


def views(pipeline: Pipeline, pictures: Pictures, every: int) -> Views:
    """Measure all views of the labelled development people."""
    rows = pictures.rows("dev", labelled=True)
    changes: dict[str, Callable[[int], Pixels]] = {
        CLEAN: lambda row: pictures.pixels[row],
        CAMERA: lambda row: bad_camera(np.array(pictures.pixels[row]), row),
        **{f"{side} px": lambda row, side=side: shrunk(pictures.pixels[row], side) for side in SIDES},
    }
    found = {}
    for name, change in changes.items():
        at = np.arange(0, len(rows), {CLEAN: 1, CAMERA: CAMERA_EVERY}.get(name, every))
        found[name] = (view_of(pipeline, pictures, rows[at], name, change), at)
    return Views(rows, pictures.labels[rows], found)


def turned_people(pipeline: Pipeline, pictures: Pictures) -> Views:
    """A part of the sets with many poses a person, as they are: these have training people alone."""
    rows = pictures.rows("train", labelled=True)
    rows = rows[np.isin(pictures.columns["set"][rows], TURNED_SETS)][::TURNED_EVERY]
    faces = view_of(pipeline, pictures, rows, CLEAN, lambda row: pictures.pixels[row])
    return Views(rows, pictures.labels[rows], {CLEAN: (faces, np.arange(len(rows)))})


def view_of(
    pipeline: Pipeline, pictures: Pictures, rows: np.ndarray, name: str, change: Callable[[int], Pixels]
) -> Faces:
    """One view of some stored crops, each in its frame."""
    which = hashlib.sha256(rows.tobytes()).hexdigest()[:8]
    steps = track(rows, name, console=Console(stderr=True))
    key = f"{pipeline.id} {pictures.digest} {which} {FRAME} {CAMERA_SEED}"
    return kept(name, key, lambda: measured(pipeline, (framed(np.array(change(int(row)))) for row in steps)))


@dataclass(frozen=True)
class Trials:
    """Of each face (n,): comparisons with its person's other photos, how many are missed; with others, how many match.

    Missed is what scores below the threshold, and what was not found.
    """

    mated: np.ndarray
    missed: np.ndarray
    others: np.ndarray
    matched: np.ndarray

    def fnir(self, some: np.ndarray) -> float:
        """Share (%) of the comparisons with their own person's photos that are missed; NaN where there are none."""
        return share(self.missed[some].sum(), self.mated[some].sum())

    def fpir(self, some: np.ndarray) -> float:
        """Share (%) of the comparisons with others that match, times the gallery."""
        return GALLERY * share(self.matched[some].sum(), self.others[some].sum())


def share(part: float, all_of_it: float) -> float:
    """A share in per cent; NaN of nothing."""
    return 100 * float(part) / float(all_of_it) if all_of_it else float("nan")


def compared(faces: Faces, at: np.ndarray, clean: Faces, labels: np.ndarray, threshold: float) -> Trials:
    """Faces, which are views of the photos `at` (n,), with all other photos (m,) as they are, where a face is found."""
    with np.errstate(invalid="ignore"):
        reached = scores(faces.vectors, faces.means, clean.vectors, clean.means) >= threshold
    same = labels[at][:, None] == labels[None]
    own, others = same & clean.found, ~same & clean.found
    own[np.arange(len(at)), at] = False
    return Trials(own.sum(1), (own & ~reached).sum(1), others.sum(1), (others & reached).sum(1))


def joined(parts: Sequence[tuple[Faces, Trials]]) -> tuple[Faces, Trials]:
    """Faces of several views with their trials."""
    faces, trials = zip(*parts, strict=True)
    both = Faces(*(np.concatenate([getattr(each, f.name) for each in faces]) for f in fields(Faces)))
    return both, Trials(*(np.concatenate([getattr(each, f.name) for each in trials]) for f in fields(Trials)))


def tenths_table(title: str, faces: Faces, trials: Trials, measures: Sequence[str]) -> Table:
    """FNIR and FPIR in each tenth of the found faces by each measure, the worst tenth first as the value goes."""
    table = Table("measured", *[f"{n + 1}" for n in range(TENTHS)], title=title, title_justify="left")
    for name in measures:
        found = np.flatnonzero(faces.found)
        ordered = found[np.argsort(getattr(faces, name)[found], kind="stable")]
        cells = []
        for some in np.array_split(ordered, TENTHS):
            low, high = (float(getattr(faces, name)[some[at]]) for at in (0, -1))
            cells.append(f"{low:.3g}-{high:.3g}\n{trials.fnir(some):.1f} / {trials.fpir(some):.2f}")
        table.add_row(name, *cells, end_section=True)
    return table


def limits_table(title: str, faces: Faces, trials: Trials, limits: QualityLimits) -> Table:
    """On both sides of each limit: share of the faces, FNIR and FPIR, and FNIR if the refused are counted as missed."""
    headings = (
        "limit",
        "refused %",
        "refused: FNIR / FPIR",
        "passed: FNIR / FPIR",
        "all: FNIR / FPIR",
        "and refused missed",
    )
    table = Table(*headings, title=title, title_justify="left")
    whole_set = np.flatnonzero(faces.found)
    ways = {f"{limit.name} {getattr(limits, limit.name):g}": faces.broken(limit, limits) for limit in LIMITS}
    for name, broken in {**ways, "any": faces.refused(limits)}.items():
        out, stay = np.flatnonzero(broken), np.flatnonzero(faces.found & ~broken)
        counted = replace(trials, missed=np.where(broken, trials.mated, trials.missed))
        cells = [f"{trials.fnir(some):.1f} / {trials.fpir(some):.2f}" for some in (out, stay, whole_set)]
        table.add_row(name, f"{share(len(out), len(whole_set)):.2f}", *cells, f"{counted.fnir(whole_set):.2f}")
    return table


def sizes_table(seen: Views, trials: Mapping[str, Trials]) -> Table:
    """By the size of the face: how many are found, and FNIR and FPIR, what is not found missed or left out."""
    table = Table("view", "photos", "face px, median", "found %", "FNIR, of all", "of those found", "FPIR")
    for name, (faces, _) in seen.faces.items():
        found, everybody = np.flatnonzero(faces.found), np.arange(len(faces.found))
        rates = (trials[name].fnir(everybody), trials[name].fnir(found), trials[name].fpir(found))
        sizes = (f"{np.median(faces.face_px[found]):.0f}", f"{share(len(found), len(everybody)):.1f}")
        table.add_row(name, str(len(everybody)), *sizes, *(f"{rate:.2f}" for rate in rates))
    return table


def refused_table(sources: Mapping[str, Faces]) -> Table:
    """What share of the faces of each source each limit refuses, at a check and at enrolment."""
    table = Table("faces", "n", "not found %", *[limit.name for limit in LIMITS], "any", title_justify="left")
    table.title = "refused, % of the faces found: at a check / of a photo that enrols"
    for name, faces in sources.items():
        number = int(faces.found.sum())
        pairs = [[faces.broken(limit, limits).sum() for limits in (CHECK_LIMITS, ENROLL_LIMITS)] for limit in LIMITS]
        pairs.append([faces.refused(limits).sum() for limits in (CHECK_LIMITS, ENROLL_LIMITS)])
        cells = [" / ".join(f"{share(each, number):.1f}" for each in pair) for pair in pairs]
        table.add_row(name, str(number), f"{share((~faces.found).sum(), len(faces.found)):.1f}", *cells)
    return table


def scenes(data: Path) -> Iterator[Pixels]:
    """Whole photos of people who were kept out of the detector's training."""
    tree = FileTree(data / "scenes.zip")
    for name in tree.names((".webp",)):
        if is_dev(person_of(name)):
            yield decode_photo(tree.read(name), name).pixels


def frames(path: Path) -> Iterator[Pixels]:
    """RGB frames of a film, one in so many, or of an animated picture, all."""
    if path.suffix == ".gif":
        with Image.open(path) as film:
            for frame in ImageSequence.Iterator(film):
                yield np.asarray(frame.convert("RGB"))
        return
    film = cv2.VideoCapture(str(path))
    number = 0
    while True:
        there, frame = film.read()
        if not there:
            break
        if number % FRAMES == 0:
            yield np.ascontiguousarray(frame[..., ::-1])
        number += 1
    film.release()


def sources(pipeline: Pipeline, pictures: Pictures, seen: Views, turned: Views, data: Path) -> dict[str, Faces]:
    """Crops by set, whole photos, and films."""
    alone = pictures.rows("dev", labelled=False)[::UNLABELLED_EVERY]
    crowd = view_of(pipeline, pictures, alone, CLEAN, lambda row: pictures.pixels[row])
    found = {}
    for rows, faces in ((seen.rows, seen.clean), (alone, crowd), (turned.rows, turned.clean)):
        sets = pictures.columns["set"][rows]
        found |= {f"{name}, crops": faces.part(np.flatnonzero(sets == name)) for name in np.unique(sets)}
    found[f"labelled, {CAMERA}"] = seen.faces[CAMERA][0]
    found["scenes, largest face"] = kept("scenes", pipeline.id, lambda: measured(pipeline, scenes(data)))
    for path in sorted((data / "videos").iterdir()):
        faces = kept(path.name, pipeline.id, lambda path=path: measured(pipeline, frames(path), all_faces=True))
        found |= {path.name: faces} if len(faces.found) else {}
    return found


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--encoder", default="default")
    parser.add_argument("--every", type=int, default=6, help="of the people's photos so many are shrunk: one in EVERY")
    options = parser.parse_args()
    pipeline = open_pipeline(options.encoder, threads=1)
    pictures = load_faces(options.data, drop_heldout=True)
    seen = views(pipeline, pictures, options.every)
    threshold = pipeline.encoder.card.score_model.threshold(GALLERY, TARGET)
    trials = {name: compared(*view, seen.clean, seen.labels, threshold) for name, view in seen.faces.items()}
    console = Console(width=190)
    turned = turned_people(pipeline, pictures)
    console.print(refused_table(sources(pipeline, pictures, seen, turned, options.data)))
    both = joined([(seen.faces[name][0], trials[name]) for name in (CLEAN, CAMERA)])
    console.print(
        tenths_table("as they are and by a bad camera: range, FNIR / FPIR (%) in each tenth", *both, MEASURES)
    )
    for what, limits in (("a check", CHECK_LIMITS), ("a photo that enrols", ENROLL_LIMITS)):
        console.print(limits_table(f"as they are and by a bad camera, limits of {what}", *both, limits))
    console.print(sizes_table(seen, trials))
    poses = compared(*turned.faces[CLEAN], turned.clean, turned.labels, threshold)
    console.print(tenths_table("training people of Pins and VGGFace2", turned.clean, poses, ("yaw", "pitch", "roll")))


if __name__ == "__main__":
    main()
