"""How many strangers does the product mark, and how many enrolled people does it miss? Protocol P1, end to end.

    python benchmarks/open_set.py DATA [--encoder NAME] [--runs 10]

DATA holds `lfw_test.zip` and `protocols/lfw_open.csv` (docs/design.md). Each run opens a fresh home, enrols
one photo each of about 394 people, and judges every probe with the policy that `attendance check` uses: at the
shipped target, and at 1 % and 0.1 %. Detection and embedding of a photo are done once for all runs. A photo without
a usable face counts as a miss when it is a mated probe or was to enrol somebody. Intervals: 95 %, bootstrap over
people.
"""

import argparse
import csv
import io
import sys
import tempfile
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from attendance import Attendance
from enroll import EnrollError, Face, Photo, decode_photo

TARGETS = (0.01, 0.003, 0.001)
RESAMPLES = 1000


@dataclass(frozen=True)
class Probe:
    """One judged probe: whose photo, is its person enrolled, what was decided, and is the name right."""

    person: str
    mated: bool
    decision: str
    right: bool


@dataclass
class Photos:
    """The test photos' faces, computed once: the largest face for enrolment, the most central one for a probe."""

    archive: zipfile.ZipFile
    app: Attendance

    def __post_init__(self) -> None:
        self.members = {Path(name).stem: name for name in self.archive.namelist() if name.endswith(".jpg")}
        self.enrolments: dict[str, Face | None] = {}
        self.probes: dict[str, Face | None] = {}

    def read(self, stem: str) -> Photo:
        """Decode one photo of the archive."""
        return decode_photo(self.archive.read(self.members[stem]), stem)

    def enrolment(self, stem: str) -> Face | None:
        """Return the largest face, or None when the product refuses the photo."""
        if stem not in self.enrolments:
            try:
                self.enrolments[stem] = self.app.pipeline.enrol_face(self.read(stem), multi="largest")
            except EnrollError:
                self.enrolments[stem] = None
        return self.enrolments[stem]

    def probe(self, stem: str) -> Face | None:
        """Return the most central face, or None when none is found."""
        if stem not in self.probes:
            photo = self.read(stem)
            centre = np.array(photo.pixels.shape[1::-1]) / 2
            faces = self.app.pipeline.faces(photo.pixels)
            self.probes[stem] = min(
                faces,
                key=lambda face: float(np.linalg.norm(face.detection.landmarks.mean(0) - centre)),
                default=None,
            )
        return self.probes[stem]


def protocol(path: Path) -> dict[int, dict[str, list[tuple[str, str]]]]:
    """Run number -> role -> (person, photo) pairs."""
    runs: dict[int, dict[str, list[tuple[str, str]]]] = defaultdict(lambda: defaultdict(list))
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            runs[int(row["run"])][row["role"]].append((row["person"], row["photo"]))
    return runs


def enrol_all(app: Attendance, photos: Photos, people: list[tuple[str, str]]) -> int:
    """Enrol one photo each; the number of people who could not be enrolled."""
    now, failures = datetime.now(UTC), 0
    for person, stem in people:
        face = photos.enrolment(stem)
        if face is None or face.template is None:
            failures += 1
            continue
        app.gallery.enroll(
            person,
            vector=face.template.vector,
            cohort_mean=face.template.cohort_mean,
            quality=face.quality.to_dict(),
            source=stem,
            source_sha256=f"{hash(stem) & 0xFFFFFFFFFFFFFFFF:064x}",
            crop=None,
            at=now,
            by="benchmark",
        )
    return failures


def judge_all(app: Attendance, photos: Photos, probes: list[tuple[str, str]], *, mated: bool) -> Iterator[Probe]:
    """Judge each probe alone, as `attendance check PHOTO` would."""
    for person, stem in probes:
        face = photos.probe(stem)
        if face is None:
            yield Probe(person, mated, "no face", right=False)
            continue
        (decision,) = app.judge([face], source=stem)
        name = decision.person.name if decision.person else None
        yield Probe(person, mated, decision.decision, right=name == person)


def rates(probes: list[Probe]) -> dict[str, float]:
    """FPIR, FNIR, share sent to review: strangers marked, enrolled not marked as themselves, and close calls."""
    mated = [probe for probe in probes if probe.mated]
    strangers = [probe for probe in probes if not probe.mated]
    return {
        "strangers marked": share(probe.decision == "present" for probe in strangers),
        "strangers to review": share(probe.decision == "review" for probe in strangers),
        "enrolled not marked": share(not (probe.decision == "present" and probe.right) for probe in mated),
        "of these, to review": share(probe.decision == "review" and probe.right for probe in mated),
        "marked as another": share(probe.decision == "present" and not probe.right for probe in mated),
    }


def share(flags: Iterator[bool]) -> float:
    """The mean of booleans."""
    return float(np.mean(list(flags)))


def intervals(probes: list[Probe]) -> dict[str, tuple[float, float]]:
    """95 % bootstrap intervals, resampling people with all their probes."""
    by_person: dict[str, list[Probe]] = defaultdict(list)
    for probe in probes:
        by_person[probe.person].append(probe)
    names = sorted(by_person)
    sums = {name: counts(by_person[name]) for name in names}
    table = np.array([sums[name] for name in names], float)
    generator = np.random.default_rng(7)
    drawn = np.array([table[generator.integers(0, len(names), len(names))].sum(0) for _ in range(RESAMPLES)])
    strangers, mated, *events = drawn.T
    bottoms = (strangers, strangers, mated, mated, mated)
    keys = rates(probes).keys()
    return {
        key: tuple(np.percentile(event / bottom, [2.5, 97.5]))
        for key, event, bottom in zip(keys, events, bottoms, strict=True)
    }


def counts(probes: list[Probe]) -> list[int]:
    """Strangers, mated, and the five events of `rates`, of one person."""
    mated = [probe for probe in probes if probe.mated]
    strangers = [probe for probe in probes if not probe.mated]
    return [
        len(strangers),
        len(mated),
        sum(probe.decision == "present" for probe in strangers),
        sum(probe.decision == "review" for probe in strangers),
        sum(not (probe.decision == "present" and probe.right) for probe in mated),
        sum(probe.decision == "review" and probe.right for probe in mated),
        sum(probe.decision == "present" and not probe.right for probe in mated),
    ]


def one_target(target: float, runs: dict, photos: Photos, encoder: str) -> tuple[list[Probe], list[int], float]:
    """All runs at one target FPIR: probes, failures to enrol, the mean threshold."""
    probes: list[Probe] = []
    failures, thresholds = [], []
    for parts in track(runs.values(), f"target FPIR {target:.1%}", console=Console(stderr=True)):
        flags = {"target_fpir": target, "encoder": encoder}
        with tempfile.TemporaryDirectory() as home, Attendance.open(home, flags=flags) as app:
            failures.append(enrol_all(app, photos, parts["enrolled"]))
            thresholds.append(app.policy().threshold)
            probes += judge_all(app, photos, parts["mated"], mated=True)
            probes += judge_all(app, photos, parts["stranger"], mated=False)
    return probes, failures, float(np.mean(thresholds))


def main() -> int:
    """Print the table of all targets."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--encoder", default="default")
    parser.add_argument("--runs", type=int, default=10)
    options = parser.parse_args()
    runs = dict(list(protocol(options.data / "protocols" / "lfw_open.csv").items())[: options.runs])
    archive = zipfile.ZipFile(io.BytesIO((options.data / "lfw_test.zip").read_bytes()))

    table = Table(title=f"P1 through the product, encoder {options.encoder}, {len(runs)} runs", title_justify="left")
    for heading in (
        "target FPIR",
        "threshold",
        *rates([Probe("", True, "", False), Probe("", False, "", False)]),
    ):
        table.add_column(heading, justify="right")
    with (
        tempfile.TemporaryDirectory() as home,
        Attendance.open(home, flags={"encoder": options.encoder}) as app,
    ):
        photos = Photos(archive, app)
        for target in TARGETS:
            probes, failures, threshold = one_target(target, runs, photos, options.encoder)
            measured, bounds = rates(probes), intervals(probes)
            cells = [f"{measured[key]:.2%} ({low:.2%} to {high:.2%})" for key, (low, high) in bounds.items()]
            table.add_row(f"{target:.1%}", f"{threshold:.3f}", *cells)
    Console(width=200).print(table)
    mated = sum(probe.mated for probe in probes)
    print(f"{mated} mated probes, {len(probes) - mated} stranger probes, failures to enrol a run: {failures}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
