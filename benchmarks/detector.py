"""Which faces does the detector find, where does it see one that is none, and how long does it take, beside its peers?

    PYTHONPATH=. python benchmarks/detector.py --data ../shared/data [--photos 600]

Peers are CenterFace (extra `train`), with which the test people's faces are found at full size, and YuNet as published
(its file is exported from the data folder's weights, with free sides; one look, as its authors use it). Nothing is
chosen by these tables: test people, test pictures and films took no part in training or in the choice of the least
confidence. Times are ratios in one run on one thread; the machine's speed cancels out.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageSequence
from rich.console import Console
from rich.table import Table

from enroll.detectors.finder import CARD_FILE, MODEL_FILE, FaceFinder
from enroll.face import Detection
from enroll.photo import decode_photo
from enroll.stages import Detector
from train.data.centerface import CenterFace
from train.data.filetree import FileTree
from train.detecting.labels import PICTURES, Labels, labels_of
from train.detecting.measure import Known, conditions, finds, shown
from train.nets.yunet import export_yunet, yunet
from train.ship.cards import sha256_of

SIZES = ((250, 250), (360, 640), (720, 1280))
AT = (0.5, 0.6, 0.7, 0.8)  # confidences at which the tables are read, beside each detector's own


@dataclass(frozen=True)
class Rival:
    """A detector by name; `least` is the confidence from which on the product would call something a face."""

    name: str
    detector: Detector
    least: float


class OneLook(FaceFinder):
    """The product's search as the published network knows it: one look, no second opinion."""

    def _faces(self, pixels: np.ndarray, max_side: int, plain_from: float = 0.0) -> list[Detection]:  # noqa: ARG002
        return self._search(pixels, max_side, self.min_score)


def published(data: Path, folder: Path) -> FaceFinder:
    """YuNet as published, behind the product's own search."""
    export_yunet(yunet(data / "weights" / "face_detection_yunet_2023mar.onnx"), folder / MODEL_FILE)
    facts = {"id": "yunet-published", "sha256": sha256_of(folder / MODEL_FILE), "min_score": 0.5, "box": [0, 0, 1, 1]}
    (folder / CARD_FILE).write_text(json.dumps(facts))
    return OneLook(0.3, threads=1, folder=folder)


def known_faces(data: Path, photos: int) -> list[Known]:
    """Test people whom CenterFace finds at full size, the largest face of each photo, spread over all photos."""
    tree, detector = FileTree(data / "lfw_test.zip"), CenterFace(0.5, threads=1)
    names = tree.names(PICTURES)
    known = []
    for name in names[:: max(1, len(names) // photos)]:
        pixels = decode_photo(tree.read(name), name).pixels
        faces = detector.detect(pixels)
        if faces:
            face = max(faces, key=lambda each: each.box[2] * each.box[3])
            known.append((pixels, Labels(np.array([face.box], np.float32), face.landmarks[None], np.ones(1, bool))))
    return known


def without_faces(data: Path) -> dict[str, list[np.ndarray]]:
    """CIFAR's test pictures, and Imagenette's validation pictures in which CenterFace suspects nobody."""
    small, large = FileTree(data / "cifar10_part.zip"), FileTree(data / "imagenette_part.zip")
    labels = labels_of(data / "imagenette_part.zip")
    empty = [name for name, found in labels.items() if name.startswith("val/") and not len(found)]
    tiny = [name for name in small.names(PICTURES) if name.startswith("test/")]
    return {
        "CIFAR-10 test, 64 px": [_scaled(decode_photo(small.read(name), name).pixels, 2) for name in tiny],
        "Imagenette val, 160 px": [decode_photo(large.read(name), name).pixels for name in empty],
        "Imagenette val, 480 px": [_scaled(decode_photo(large.read(name), name).pixels, 3) for name in empty],
    }


def _scaled(pixels: np.ndarray, factor: int) -> np.ndarray:
    return np.asarray(cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_LINEAR), np.uint8)


def frames(path: Path, every: int = 1) -> Iterator[np.ndarray]:
    """RGB frames of a film or an animated picture."""
    if path.suffix == ".gif":
        with Image.open(path) as film:
            for number, frame in enumerate(ImageSequence.Iterator(film)):
                if number % every == 0:
                    yield np.asarray(frame.convert("RGB"))
        return
    film = cv2.VideoCapture(str(path))
    number = 0
    while True:
        there, frame = film.read()
        if not there:
            break
        if number % every == 0:
            yield np.ascontiguousarray(frame[..., ::-1])
        number += 1
    film.release()


def found_table(rivals: list[Rival], known: list[Known]) -> Table:
    """Share of known faces found, by condition, at each detector's own least confidence and at others."""
    columns = [(rival, at) for rival in rivals for at in dict.fromkeys((rival.least, *AT))]
    table = Table("faces", *[f"{rival.name} {at:g}" for rival, at in columns], title=f"found, % of {len(known)} faces")
    ways = conditions() | {"as they are": lambda pixels, labels, _: (pixels, labels)}
    del ways["400 px"]
    for name, change in ways.items():
        found = {rival.name: finds(rival.detector, shown(known, change)) for rival in rivals}
        table.add_row(name, *[f"{100 * found[rival.name].share(at):.1f}" for rival, at in columns])
    return table


def false_table(rivals: list[Rival], pictures: dict[str, list[np.ndarray]]) -> Table:
    """False faces in a thousand pictures without one."""
    columns = [(rival, at) for rival in rivals for at in dict.fromkeys((rival.least, *AT))]
    table = Table("pictures", *[f"{rival.name} {at:g}" for rival, at in columns], title="false faces per 1,000")
    for name, part in pictures.items():
        found = {
            rival.name: np.array([face.confidence for picture in part for face in rival.detector.detect(picture)])
            for rival in rivals
        }
        cells = [f"{1000 * int((found[rival.name] >= at).sum()) / len(part):.1f}" for rival, at in columns]
        table.add_row(f"{name} ({len(part)})", *cells)
    return table


def film_table(rivals: list[Rival], folder: Path) -> Table:
    """Faces in the frames of films: least, mean and most a frame, at each detector's own least confidence."""
    table = Table("film", "frames", *[rival.name for rival in rivals], title="faces a frame: least / mean / most")
    for path in sorted(folder.iterdir()):
        pictures = list(frames(path, 1 if path.suffix == ".gif" else 10))
        cells = []
        for rival in rivals:
            counts = [sum(f.confidence >= rival.least for f in rival.detector.detect(each)) for each in pictures]
            cells.append(f"{min(counts)} / {statistics.mean(counts):.2f} / {max(counts)}")
        table.add_row(path.name, str(len(pictures)), *cells)
    return table


def seconds(action: Callable[[], object], repeat: int) -> float:
    """Median wall-clock seconds after one warm-up."""
    action()
    taken = []
    for _ in range(repeat):
        begun = time.perf_counter()
        action()
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


def time_table(rivals: list[Rival], picture: np.ndarray, repeat: int) -> Table:
    """Milliseconds a picture on one thread, and the ratio to the first rival."""
    table = Table("size", *[rival.name for rival in rivals], title="ms a picture (ratio to the first)")
    for height, width in SIZES:
        sized = np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
        taken = [seconds(lambda rival=rival, sized=sized: rival.detector.detect(sized), repeat) for rival in rivals]
        table.add_row(f"{width}x{height}", *[f"{1000 * each:.1f} ({each / taken[0]:.3f})" for each in taken])
    return table


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--photos", type=int, default=600)
    parser.add_argument("--repeat", type=int, default=15)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    shipped = FaceFinder(threads=1)
    console = Console(width=190)
    with tempfile.TemporaryDirectory() as folder:
        rivals = [
            Rival("CenterFace", CenterFace(0.3, threads=1), 0.5),
            Rival("published", published(options.data, Path(folder)), 0.5),
            Rival(shipped.id, FaceFinder(0.3, threads=1), shipped.min_score),
        ]
        known = known_faces(options.data, options.photos)
        timed = [rivals[0], rivals[1], Rival(shipped.id, shipped, shipped.min_score)]
        console.print(time_table(timed, known[0][0], options.repeat))
        console.print(film_table(rivals, options.data / "videos"))
        console.print(false_table(rivals, without_faces(options.data)))
        console.print(found_table(rivals, known))


if __name__ == "__main__":
    main()
