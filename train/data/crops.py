"""Photos in a folder per person become aligned crops with a manifest, by the product's own detector and aligner.

Each set leaves `faces_<set>/` (crops of 128 px: the 112 px template and 8 px more on each side) and
`faces_<set>.jsonl` (what became of each photo, for going on); all sets together `faces.csv` and `left_out.csv`.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from enroll.kinds import PHOTO_SUFFIXES
from train.data import layouts
from train.data.aligning import FORMATS, SIDE, Outcome, Task
from train.data.cropping import Photos, crop_photos
from train.data.faces import CROP_SIDE
from train.data.filetree import FileTree
from train.data.heldout import canonical, heldout_people
from train.data.joining import joined_rows, split_join, take_crops
from train.data.manifest import COLUMNS, MANIFEST, Row, read_manifest, write_table, writing
from train.data.splits import split_classes
from train.data.without import NOBODY, Without, person_of
from train.errors import SourceRefused

BORDER = (CROP_SIDE - SIDE) // 2
SEVERAL = 2
SET_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
LEFT_OUT = "left_out.csv"
LEFT_OUT_COLUMNS = ("set", "file", "reason")
ASKED = "asked: left out by --without"


@dataclass(frozen=True)
class Choice:
    """How crops are made: share of the people for `dev` and its seed, who is left out, processes (0: one a core).

    `suffix` is the crops' format; `tree` names the one that counts where a source holds the same photos twice.
    """

    dev: float = 0.1
    seed: int = 1
    without: Without = NOBODY
    processes: int = 0
    suffix: str = ".webp"
    tree: str = ""

    def __post_init__(self) -> None:
        if self.suffix not in FORMATS:
            raise SourceRefused("--format", f"expected {' or '.join(s[1:] for s in FORMATS)}, got {self.suffix[1:]}")
        if not 0 <= self.dev < 1:
            raise SourceRefused("--dev", f"expected a share from 0 to below 1, got {self.dev}")


@dataclass(frozen=True)
class Plan:
    """A set before its photos are looked at: who is on which photo, and what is left out beforehand."""

    name: str
    source: Path
    people: Mapping[str, str]
    left_out: tuple[Row, ...]


def make_crops(
    sources: Sequence[Path], out: Path, choice: Choice, *, names: Sequence[str] = (), joins: Sequence[str] = ()
) -> str:
    """Crop every photo of `sources`, add the sets of `joins`, write the manifest; returns what to tell the user.

    `joins` are `FOLDER:SET`, sets of other manifests, taken over with their splits. The same call goes on where an
    earlier one was stopped. Raises SourceRefused, DataMissing, ManifestInvalid, WorkerLost, DetectorMissing.
    """
    named = dict(zip(_set_names(sources, names, joins), sources, strict=False))
    _check_free(out, list(named), [split_join(join)[1] for join in joins])
    plans = [_planned(name, source, choice) for name, source in named.items()]
    joined = {join: joined_rows(join) for join in joins}
    taken_over = [row for rows in joined.values() for row in rows]
    choice.without.check_met({p for plan in plans for p in plan.people.values()} | {r["person"] for r in taken_over})
    rows: list[Row] = []
    left_out = [row for plan in plans for row in plan.left_out]
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
        for plan in plans:
            made, failed = _made(plan, out, choice)
            rows += made
            left_out += failed
        for join, own in joined.items():
            take_crops(join, own, out)
    rows += [_set_aside(row) for row in taken_over if not choice.without.covers(row["person"])]
    left_out += [_left_out(r["set"], r["file"], ASKED) for r in taken_over if choice.without.covers(r["person"])]
    write_table(out / LEFT_OUT, LEFT_OUT_COLUMNS, left_out)
    write_table(out / MANIFEST, COLUMNS, rows)
    return summary(out, rows, left_out)


def _set_names(sources: Sequence[Path], names: Sequence[str], joins: Sequence[str]) -> list[str]:
    """A name for each source, given or its stem; no two alike, for a set is known by its name."""
    if not sources and not joins:
        raise SourceRefused("SOURCE", "no source and no --join given")
    if names and len(names) != len(sources):
        raise SourceRefused("--set", f"expected one name for each of {len(sources)} sources, got {len(names)}")
    chosen = list(names) or [re.sub(r"[^A-Za-z0-9_.-]+", "_", source.resolve().stem) for source in sources]
    for name in chosen:
        if not SET_NAME.fullmatch(name):
            raise SourceRefused("--set", f"{name!r} is no name for a set: expected letters, digits, _ . -")
    every = [*chosen, *(split_join(join)[1] for join in joins)]
    twice = [name for name, count in Counter(name.lower() for name in every).items() if count > 1]
    if twice:
        raise SourceRefused("--set", f"two sources are called {twice[0]}")
    return chosen


def _check_free(out: Path, cropped: Sequence[str], joined: Sequence[str]) -> None:
    """Refuse to drop a set that an earlier command made, or to write crops beside an archive of the same set."""
    if (out / MANIFEST).is_file():
        forgotten = sorted({row["set"] for row in read_manifest(out / MANIFEST)} - {*cropped, *joined})
        if forgotten:
            raise SourceRefused(
                str(out), f"its faces.csv holds {', '.join(forgotten)}, too: name all sets, or another --out"
            )
    for name in cropped:
        if (out / f"faces_{name}.zip").exists():
            raise SourceRefused(str(out), f"holds faces_{name}.zip; move it away or name the set otherwise")


def _planned(name: str, source: Path, choice: Choice) -> Plan:
    """Who is on which photo: by folder, or by file name where all lie in one; of two trees the larger photos count."""
    tree = FileTree(source)
    chosen = layouts.identities(tree.names(PHOTO_SUFFIXES), lambda photo: -tree.size(photo), tree=choice.tree)
    people = {photo: person_of(name, folder) for photo, folder in chosen.people.items()}
    kept = {photo: person for photo, person in people.items() if not choice.without.covers(person)}
    left_out = [_left_out(name, item.name, f"layout: {item.reason}") for item in chosen.left_out]
    left_out += [_left_out(name, photo, ASKED) for photo in people if photo not in kept]
    _check_several(source, Counter(kept.values()), "photos")
    return Plan(name, source, people, tuple(left_out))


def _check_several(source: Path, counts: Counter[str], what: str) -> None:
    """A set needs a person with two photos: nothing can be learnt of people seen once."""
    if not counts:
        raise SourceRefused(str(source), f"no {what} in folders per person")
    if max(counts.values()) < SEVERAL:
        raise SourceRefused(str(source), f"nobody has two {what} ({len(counts):,} people with one each)")


def _made(plan: Plan, out: Path, choice: Choice) -> tuple[list[Row], list[Row]]:
    """The rows of a set and those of its photos that gave no crop."""
    wanted = {photo: person for photo, person in plan.people.items() if not choice.without.covers(person)}
    tasks = _tasks(list(wanted), choice.suffix)
    photos = Photos(plan.source, out / f"faces_{plan.name}", out / f"faces_{plan.name}.jsonl", tasks)
    outcomes = crop_photos(photos, BORDER, choice.processes)
    found = [outcome for outcome in outcomes if outcome.crop]
    _check_several(plan.source, Counter(wanted[outcome.photo] for outcome in found), "photos with a face")
    splits = split_people([wanted[outcome.photo] for outcome in found], choice.dev, choice.seed)
    rows = [_row(plan.name, outcome, wanted[outcome.photo], splits) for outcome in found]
    return rows, [_left_out(plan.name, outcome.photo, outcome.reason) for outcome in outcomes if not outcome.crop]


def _tasks(photos: Sequence[str], suffix: str) -> tuple[Task, ...]:
    """A crop is called as its photo; where photos differ in their suffix alone, the suffix stays part of the name."""
    plain = {photo: str(PurePosixPath(photo).with_suffix("")) for photo in photos}
    count = Counter(plain.values())
    return tuple(Task(photo, (stem if count[stem] == 1 else photo) + suffix) for photo, stem in plain.items())


def split_people(people: Sequence[str], dev: float, seed: int) -> dict[str, str]:
    """The split of each person: `test` for the test list's, `dev` for a share of the others, `train` for the rest.

    Given a person for each photo. The share is kept among people with several photos, one of them at least, and among
    those with one.
    """
    counts = Counter(people)
    splits = {person: "test" for person in counts if canonical(person) in heldout_people()}
    rest = sorted(counts.keys() - splits.keys())
    for kind, least in (([p for p in rest if counts[p] >= SEVERAL], 1), ([p for p in rest if counts[p] < SEVERAL], 0)):
        share = max(dev, least / len(kind)) if dev and len(kind) > 1 else 0.0
        drawn = split_classes(np.arange(len(kind)), share, 0, seed) if kind else ()
        splits |= dict(zip(kind, drawn, strict=True))
    return splits


def _row(name: str, outcome: Outcome, person: str, splits: Mapping[str, str]) -> Row:
    blank = {"age": "", "gender": "", "race": ""}
    return {"set": name, "file": outcome.crop, "person": person, "split": str(splits[person]), **blank}


def _set_aside(row: Row) -> Row:
    """A joined row keeps its split, except that a test person's becomes `test`."""
    return {**row, "split": "test"} if canonical(row["person"]) in heldout_people() else row


def _left_out(name: str, file: str, reason: str) -> Row:
    return {"set": name, "file": file, "reason": reason}


def summary(out: Path, rows: Sequence[Row], left_out: Sequence[Row]) -> str:
    """What was made, one line a set and one for all."""
    names = dict.fromkeys(row["set"] for row in rows)
    lines = [
        _of_set(name, [r for r in rows if r["set"] == name], [r for r in left_out if r["set"] == name])
        for name in names
    ]
    return "\n".join(
        [*lines, f"{out / MANIFEST}: {len(rows):,} crops; left out: {len(left_out):,}, see {out / LEFT_OUT}"]
    )


def _of_set(name: str, rows: Sequence[Row], left_out: Sequence[Row]) -> str:
    people = {split: {row["person"] for row in rows if row["split"] == split} for split in ("train", "dev", "test")}
    line = f"{name}: {len(rows):,} crops; people: {len(people['train']):,} train, {len(people['dev']):,} dev"
    if people["test"]:
        line += f", {len(people['test']):,} of the test list set aside"
    reasons = Counter(row["reason"].partition(":")[0] for row in left_out)
    return line + "".join(f"; {reason} {count:,}" for reason, count in reasons.most_common())
