"""What do three ways to find people in photos cost, and whom do they name, each at its own defaults?

    python benchmarks/beside.py DATA [--run 1] [--probes 400]

DATA holds `lfw_test.zip` and `protocols/lfw_open.csv` (docs/design.md). One photo of each of about 394 people is
enrolled; probes are other photos of theirs and photos of strangers, the same for all three:

* this product: `Attendance.enroll_many` and `check`, settings as shipped. A mark names somebody, "please look" nobody.
* face_recognition (dlib): detector, encoder and `compare_faces` as its examples have them, the nearest that matches.
* OpenCV's sample of YuNet and SFace: scores, thresholds and alignment as its example has them, the nearest.

Photos go through in turns, a few at a time, so that whatever else the machine does slows all alike. Photos a second
are of the wall clock, milliseconds of all threads' processor time; compare both as ratios. FPIR: strangers' photos to
which a name was given. FNIR: photos of enrolled people that did not get their right name. Intervals: 95 %, bootstrap
over people. What is not installed (`pip install dlib-bin face_recognition_models 'setuptools<81'` and then
`pip install --no-deps face_recognition`) or has no weights (DATA/weights) is left out and said.
"""

import argparse
import csv
import sys
import tempfile
import time
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

RESAMPLES = 1000
TURN = 20  # photos of one system before the next one's turn


class System(Protocol):
    """One way to enrol and to name."""

    name: str

    def enrol(self, photos: Sequence[Path]) -> None:
        """Take in one photo a person; the file's stem names the person."""

    def named(self, photos: Sequence[Path]) -> list[str | None]:
        """Whom each photo is said to show: a stem that was enrolled, or None."""


@dataclass
class Product:
    """This product, as the command line uses it."""

    folder: Path
    name: str = "attendance"
    looks: int = 0

    def __post_init__(self) -> None:
        from attendance import Attendance

        self.app = Attendance.open(self.folder / "home")

    def enrol(self, photos: Sequence[Path]) -> None:
        """As `attendance enroll FOLDER`."""
        from enroll.roster import Entry

        list(self.app.enroll_many([Entry(path, path.stem) for path in photos]))

    def named(self, photos: Sequence[Path]) -> list[str | None]:
        """As `attendance check PHOTO ...`."""
        found: dict[str, list[Any]] = defaultdict(list)
        for decision in self.app.check(*photos, on_problem=lambda _: None):
            found[Path(decision.source).stem].append(decision)
        central = [_central(found[path.stem], lambda decision: decision.box) for path in photos]
        self.looks += sum(decision is not None and decision.decision == "review" for decision in central)
        return [
            decision.person.name
            if decision is not None and decision.person is not None and decision.decision in {"present", "already"}
            else None
            for decision in central
        ]


@dataclass
class FaceRecognition:
    """face_recognition 1.3 as its README compares: `compare_faces`, tolerance 0.6, the nearest that matches."""

    name: str = "face_recognition (dlib)"
    known: list[Any] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        import face_recognition

        self.library: Any = face_recognition

    def enrol(self, photos: Sequence[Path]) -> None:
        """The first encoding of each photo."""
        for path in photos:
            encodings = self.library.face_encodings(self.library.load_image_file(path))
            if encodings:
                self.known.append(encodings[0])
                self.names.append(path.stem)

    def named(self, photos: Sequence[Path]) -> list[str | None]:
        """One photo after the other."""
        return [self._one(path) for path in photos]

    def _one(self, path: Path) -> str | None:
        pixels = self.library.load_image_file(path)
        places = self.library.face_locations(pixels)
        place = _central(places, lambda box: (box[3], box[0], box[1] - box[3], box[2] - box[0]))
        if place is None:
            return None
        (encoding,) = self.library.face_encodings(pixels, [place])
        matches = self.library.compare_faces(self.known, encoding)
        best = int(np.argmin(self.library.face_distance(self.known, encoding)))
        return self.names[best] if matches[best] else None


@dataclass
class Sample:
    """OpenCV's `face_detect` sample: YuNet from a score of 0.9, SFace, the same person from a cosine of 0.363."""

    weights: Path
    name: str = "OpenCV's YuNet and SFace"
    known: list[Any] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    threshold: float = 0.363

    def __post_init__(self) -> None:
        import cv2

        detector, encoder = (
            str(self.weights / name)
            for name in ("face_detection_yunet_2023mar.onnx", "face_recognition_sface_2021dec.onnx")
        )
        self.cv2: Any = cv2
        self.detector: Any = cv2.FaceDetectorYN.create(detector, "", (320, 320), 0.9, 0.3, 5000)
        self.encoder: Any = cv2.FaceRecognizerSF.create(encoder, "")

    def enrol(self, photos: Sequence[Path]) -> None:
        """The first face of each photo."""
        for path in photos:
            pixels, faces = self._faces(path)
            if faces:
                self.known.append(self._feature(pixels, faces[0]))
                self.names.append(path.stem)

    def named(self, photos: Sequence[Path]) -> list[str | None]:
        """One photo after the other."""
        return [self._one(path) for path in photos]

    def _one(self, path: Path) -> str | None:
        pixels, faces = self._faces(path)
        face = _central(faces, lambda row: row[:4])
        if face is None:
            return None
        feature = self._feature(pixels, face)
        alike = [self.encoder.match(feature, other, self.cv2.FaceRecognizerSF_FR_COSINE) for other in self.known]
        best = int(np.argmax(alike))
        return self.names[best] if alike[best] >= self.threshold else None

    def _faces(self, path: Path) -> tuple[Any, list[Any]]:
        pixels = self.cv2.imread(str(path))
        self.detector.setInputSize((pixels.shape[1], pixels.shape[0]))
        found = self.detector.detect(pixels)[1]
        return pixels, [] if found is None else list(found)

    def _feature(self, pixels: Any, face: Any) -> Any:
        return self.encoder.feature(self.encoder.alignCrop(pixels, face)).copy()


def _central(found: Sequence[Any], box: Callable[[Any], Any]) -> Any:
    """The face nearest to the middle of LFW's cut photos (176x176); None for no face."""

    def off(each: Any) -> float:
        left, top, width, height = box(each)
        return float(np.hypot(left + width / 2 - 88, top + height / 2 - 88))

    return min((each for each in found if box(each) is not None), key=off, default=None)


@dataclass(frozen=True)
class Probe:
    """A photo, whose it is, and whether that person is enrolled."""

    photo: Path
    person: str
    mated: bool


@dataclass
class Measured:
    """What one system answered, and what it took; seconds of the wall clock and of processor time."""

    system: System
    right: dict[Probe, bool] = field(default_factory=dict)
    named: dict[Probe, bool] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    cpu: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def timed(self, what: str, work: Callable[[], Any]) -> Any:
        """Do the work and add up what it takes."""
        begun, cpu = time.perf_counter(), time.process_time()
        result = work()
        self.seconds[what] += time.perf_counter() - begun
        self.cpu[what] += time.process_time() - cpu
        return result


def load(data: Path, run: str, most: int, folder: Path) -> tuple[list[Path], list[Probe]]:
    """Photos to enrol, one a person, and probes: evenly taken from mated ones and strangers, `most` of each."""
    with (data / "protocols" / "lfw_open.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["run"] == run]
    with zipfile.ZipFile(data / "lfw_test.zip") as archive:
        members = {Path(name).stem: name for name in archive.namelist() if name.endswith(".jpg")}

        def extracted(stem: str, kind: str, name: str) -> Path:
            path = folder / kind / f"{name}.jpg"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(archive.read(members[stem]))
            return path

        enrolled = [extracted(row["photo"], "enrolled", row["person"]) for row in rows if row["role"] == "enrolled"]
        probes = []
        for role in ("mated", "stranger"):
            some = [row for row in rows if row["role"] == role]
            probes += [
                Probe(extracted(row["photo"], role, row["photo"]), row["person"], mated=role == "mated")
                for row in some[:: max(1, len(some) // most)][:most]
            ]
    return enrolled, probes


def systems(data: Path, folder: Path) -> Iterator[System]:
    """Those that can be had here; says which cannot."""
    yield Product(folder)
    try:
        yield FaceRecognition()
    except (ImportError, SystemExit) as problem:  # it ends the program where its models are missing
        print(f"left out: face_recognition ({problem})", file=sys.stderr)
    if (data / "weights").is_dir():
        yield Sample(data / "weights")
    else:
        print("left out: OpenCV's sample, its weights are not in DATA/weights", file=sys.stderr)


def measure(enrolled: Sequence[Path], probes: Sequence[Probe], contenders: Sequence[System]) -> list[Measured]:
    """Every system over every photo, in turns."""
    results = [Measured(system) for system in contenders]
    order = np.random.default_rng(1).permutation(len(probes))
    for turn in track(list(_batched(enrolled))):
        for result in results:
            result.timed("enrol", lambda system=result.system, photos=turn: system.enrol(photos))
    for numbers in track(list(_batched(order.tolist()))):
        turn = [probes[number] for number in numbers]
        for result in results:
            names = result.timed(
                "check", lambda system=result.system, some=turn: system.named([probe.photo for probe in some])
            )
            for probe, name in zip(turn, names, strict=True):
                result.named[probe] = name is not None
                result.right[probe] = name == probe.person
    return results


def _batched(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (items[start : start + TURN] for start in range(0, len(items), TURN))


def share(hits: dict[Probe, bool], *, mated: bool, inverted: bool = False) -> str:
    """A share in percent, its bootstrap interval over people; of none, what so many people still allow (binomial)."""
    people: dict[str, list[bool]] = defaultdict(list)
    for probe, hit in hits.items():
        if probe.mated == mated:
            people[probe.person].append(hit != inverted)
    counts = np.array([[sum(some), len(some)] for some in people.values()], float)
    draws = np.random.default_rng(2).integers(len(counts), size=(RESAMPLES, len(counts)))
    drawn = counts[draws].sum(1)
    low, high = np.quantile(100 * drawn[:, 0] / drawn[:, 1], [0.025, 0.975])
    if not counts[:, 0].any():
        high = 100 * (1 - 0.025 ** (1 / len(counts)))
    return f"{100 * counts[:, 0].sum() / counts[:, 1].sum():.1f} ({low:.1f}-{high:.1f})"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--run", default="1")
    parser.add_argument("--probes", type=int, default=400, help="of enrolled people, and as many of strangers")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        enrolled, probes = load(options.data, options.run, options.probes, folder)
        results = measure(enrolled, probes, list(systems(options.data, folder)))
    table = Table(
        "at its defaults",
        "enrolled/s",
        "checked/s",
        "CPU ms a check",
        "FPIR %",
        "FNIR %",
        title=f"{len(enrolled)} people",
    )
    for result in results:
        mated = sum(probe.mated for probe in probes)
        table.add_row(
            result.system.name,
            f"{len(enrolled) / result.seconds['enrol']:.1f}",
            f"{len(probes) / result.seconds['check']:.1f}",
            f"{1e3 * result.cpu['check'] / len(probes):.0f}",
            share(result.named, mated=False),
            share(result.right, mated=True, inverted=True),
        )
        if isinstance(result.system, Product):
            print(f"{result.system.name} asks somebody to look at {result.system.looks} of {len(probes)} photos")
    print(f"{mated} photos of enrolled people, {len(probes) - mated} of strangers")
    Console(width=130).print(table)


if __name__ == "__main__":
    main()
