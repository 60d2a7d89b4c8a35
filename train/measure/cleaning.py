"""What a trained encoder finds wrong with a manifest, listed with reasons and counts; the manifest without it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from enroll.registry import load_encoder
from train.data.faces import cache_folder, load_faces
from train.data.manifest import COLUMNS, manifest_path, read_manifest, refuse_other, write_table
from train.data.pictures import Pictures, encode_labels
from train.errors import SourceRefused
from train.measure.suspects import BLOCK, centres, leave_one_out, near_duplicates, nearest, thumbnail, two_names
from train.measure.testsets import test_crops
from train.score.embedding import crops_of, kept_crops, kept_vectors
from train.score.encoders import Carded

NOISE, DUPLICATE, TWO_NAMES, LOOK_ALIKE = "label_noise", "near_duplicate", "two_names", "test_lookalike"
REMOVED = (NOISE, DUPLICATE, LOOK_ALIKE)  # whether two names are one person, a person must decide
FINDING_COLUMNS = ("reason", "set", "file", "person", "other", "cosine", "difference", "removed")


@dataclass(frozen=True)
class Limits:
    """Where a photo becomes suspect, in cosines of the shipped encoders (their scales agree within 0.02).

    Chosen on 36,000 labelled crops of four public sets by looking at those on either side:
    noise: 1 in 68 strangers is closer to a centre than 0.2; below it most pairs of photos show two people or cannot be
    told, above 0.25 they are profiles and sunglasses of the right person;
    duplicate, difference: up to 0.25 mean difference of standardised grey thumbnails all pairs were one photo, cut or
    compressed anew, from 0.3 on some were two of one occasion; the cosine only saves comparing;
    name: above 0.6 nearly all pairs of centres were one person (else siblings), from 0.5 to 0.55 one in three;
    look-alike: of 13 people of a training set whose centre was closer than 0.5 to a test person's, four or five were
    that person under a number or another spelling; what is dropped besides costs little.
    """

    noise: float = 0.2
    duplicate: float = 0.85
    difference: float = 0.25
    name: float = 0.6
    look_alike: float = 0.5

    def __post_init__(self) -> None:
        for name in ("noise", "duplicate", "name", "look_alike"):
            if not -1 <= getattr(self, name) <= 1:
                raise SourceRefused(f"limit {name}", f"expected a cosine from -1 to 1, got {getattr(self, name)}")


@dataclass(frozen=True)
class Finding:
    """A suspect photo (row of the manifest), why, and which other photo or person it was held against."""

    reason: str
    row: int
    other: str
    cosine: float
    difference: float | None = None


def clean_faces(
    source: Path,
    encoder: str,
    *,
    out: Path,
    limits: Limits,
    against: Sequence[Path] = (),
    apply: bool,
    threads: int = 0,
) -> str:
    """Write the list of findings to `out`, with `apply` the manifest without them, too; returns what to tell the user.

    Rows of the split `test` are neither judged nor dropped. Raises DataMissing, ManifestInvalid, OutUnwritten, and
    EnrollError for an encoder that cannot be used.
    """
    refuse_other(out, FINDING_COLUMNS)
    pictures = load_faces(source, drop_heldout=True)
    findings = find(pictures, Carded(load_encoder(encoder, threads)), limits, against)
    manifest = manifest_path(source)
    rows = read_manifest(manifest)
    write_table(out, FINDING_COLUMNS, [_line(finding, rows[finding.row]) for finding in findings])
    lines = [_told(reason, findings, pictures) for reason in (NOISE, DUPLICATE, LOOK_ALIKE, TWO_NAMES)]
    lines.append(f"{out}: {len(findings):,} findings in {len(rows):,} crops")
    if apply:
        dropped = {finding.row for finding in findings if finding.reason in REMOVED}
        cleaned = manifest.with_name(f"{manifest.stem}-cleaned.csv")
        write_table(cleaned, COLUMNS, [row for number, row in enumerate(rows) if number not in dropped])
        lines.append(f"{cleaned}: {len(rows) - len(dropped):,} crops, {len(dropped):,} fewer than {manifest.name}")
    return "\n".join(lines)


def find(pictures: Pictures, encoder: Carded, limits: Limits, against: Sequence[Path] = ()) -> list[Finding]:
    """Everything suspect among training and development photos, reason by reason."""
    rows = np.flatnonzero(pictures.splits != "test")
    vectors = kept_vectors(encoder, pictures, rows, cache_folder())
    labels = pictures.labels[rows]
    findings = _noise(vectors, labels, rows, pictures, limits)
    findings += _duplicates(vectors, labels, rows, pictures, limits)
    for archive in against:
        findings += _look_alikes(vectors, rows, pictures, archive, encoder, limits)
    for a, b, cosine in two_names(vectors, labels, limits.name):
        first = int(rows[np.flatnonzero(labels == a)[0]])
        findings.append(Finding(TWO_NAMES, first, pictures.classes[b], cosine))
    return findings


def _noise(
    vectors: np.ndarray, labels: np.ndarray, rows: np.ndarray, pictures: Pictures, limits: Limits
) -> list[Finding]:
    alike = leave_one_out(vectors, labels)
    return [
        Finding(NOISE, int(rows[i]), pictures.classes[labels[i]], float(alike[i]))
        for i in np.flatnonzero(alike < limits.noise)
    ]


def _duplicates(
    vectors: np.ndarray, labels: np.ndarray, rows: np.ndarray, pictures: Pictures, limits: Limits
) -> list[Finding]:
    parts = (crops_of(pictures.pixels, rows[i : i + BLOCK]) for i in range(0, len(rows), BLOCK))
    thumbs = np.concatenate([thumbnail(part) for part in parts])
    twins = near_duplicates(vectors, labels, thumbs, cosine=limits.duplicate, difference=limits.difference)
    return [
        Finding(DUPLICATE, int(rows[t.row]), str(pictures.names[rows[t.of]]), t.cosine, t.difference) for t in twins
    ]


def _look_alikes(
    vectors: np.ndarray, rows: np.ndarray, pictures: Pictures, archive: Path, encoder: Carded, limits: Limits
) -> list[Finding]:
    """Who may be one of an archive of people who must not be trained on.

    A person as a whole, by the centre: one who is photographed often has photos that no single test photo resembles.
    A photo, labelled or not, by the nearest test photo.
    """
    tests = test_crops(archive)
    found = np.flatnonzero(tests.found)
    others = kept_crops(encoder, tests.crops[found], cache_folder())
    test_labels, test_names = encode_labels(tests.people[found])
    people, middles = centres(vectors, pictures.labels[rows])
    best, where = nearest(middles, centres(others, test_labels)[1])
    whole = {int(people[i]): (test_names[where[i]], float(best[i])) for i in np.flatnonzero(best > limits.look_alike)}
    best, where = nearest(vectors, others)
    findings = []
    for i, row in enumerate(rows.tolist()):
        if pictures.labels[row] in whole:
            findings.append(Finding(LOOK_ALIKE, row, *whole[int(pictures.labels[row])]))
        elif best[i] > limits.look_alike:
            findings.append(Finding(LOOK_ALIKE, row, tests.names[found[where[i]]], float(best[i])))
    return findings


def _line(finding: Finding, row: dict[str, str]) -> dict[str, str]:
    return {
        **{name: row[name] for name in ("set", "file", "person")},
        "reason": finding.reason,
        "other": finding.other,
        "cosine": f"{finding.cosine:.3f}",
        "difference": "" if finding.difference is None else f"{finding.difference:.3f}",
        "removed": "yes" if finding.reason in REMOVED else "no",
    }


def _told(reason: str, findings: Sequence[Finding], pictures: Pictures) -> str:
    rows = [finding.row for finding in findings if finding.reason == reason]
    by_set = Counter(str(name) for name in pictures.columns["set"][rows]) if rows else Counter()
    parts = ", ".join(f"{name} {count:,}" for name, count in by_set.most_common())
    return f"{reason}: {len(rows):,}" + (f" ({parts})" if parts else "")
