"""Which lead over a remembered look-alike is clear enough for a mark?

    python benchmarks/look_alikes.py DATA [--encoder default]

Enrolment remembers two people whose templates score at or above the review threshold. Here these are all pairs of
photos of different development people that do so at the policy's threshold for N people; the probes are all other
photos of the first one of a pair, as they are and as a bad camera sees them. A probe with either of the two at the
threshold and the other at the review threshold is held up unless its lead is clear: at least the score of the two
templates with each other, and at least the lead of the row (`none`: no pair is remembered). `wrong` are marks of the
other one of the pair, in per cent of all probes, with the 95 % interval of a bootstrap over people; `anyway` those
among them whose right person is no candidate, so that no lead would help; `freed` the share of right marks that are
not held up any more. `strangers` are marks of photos of third people before such a pair that the lead lets pass,
beside those that pass anyway. `twins` are a worst case that the data do not hold: one person's photos enrolled as two
people, and the share of the rest that would be marked as the wrong one of them. DATA is the folder of training data
(train/README.md); needs the extra `train`.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from attendance.judge.decision import Policy
from attendance.judge.policy import policy_for
from attendance.settings import Settings
from enroll import ScoreModel, load_encoder
from enroll.face import scores
from train.data.faces import cache_folder, load_faces
from train.score.cameras import bad_camera
from train.score.embedding import AS_THEY_ARE, kept_vectors
from train.score.encoders import Carded
from train.score.scoring import Scoring

SIZES = (30, 400)
LEADS = (0.0, 0.05, 0.075, 0.10, 0.125, 0.15, 0.175, 0.20, 0.25, 0.30)
SEED = 33  # of the camera: neither the cohort's nor the calibration's
TWIN_DRAWS = 30  # a person
RESAMPLES = 300


@dataclass(frozen=True)
class Photos:
    """Development photos: whose (n,), scores of templates (n, n), and of each way to probe against them (n, n)."""

    labels: np.ndarray
    enrolled: np.ndarray
    probed: dict[str, np.ndarray]


@dataclass(frozen=True)
class Seen:
    """Probes of a pair (n,): scores with the right and the wrong one, that of the pair, and the labels of both."""

    right: np.ndarray
    wrong: np.ndarray
    alike: np.ndarray
    people: np.ndarray

    def present(self, policy: Policy, lead: float) -> np.ndarray:
        """Whether a probe is marked as one of the two, (n,); a lead of 0 stands for no look-alikes remembered."""
        ahead = np.abs(self.right - self.wrong)
        enough = (np.maximum(self.right, self.wrong) >= policy.threshold) & (ahead >= policy.margin)
        clear = np.maximum(lead, self.alike) if lead else 0.0
        return enough & (~self.rivalled(policy) | (ahead >= clear))

    def rivalled(self, policy: Policy) -> np.ndarray:
        """Whether both are candidates, (n,)."""
        return np.minimum(self.right, self.wrong) >= policy.review_threshold


def photos(encoder: Carded, data: Path) -> Photos:
    """All labelled development photos."""
    pictures = load_faces(data, drop_heldout=True)
    rows = pictures.rows("dev", labelled=True)
    views = {"as they are": AS_THEY_ARE, "bad camera": bad_camera(SEED)}
    vectors = {name: kept_vectors(encoder, pictures, rows, cache_folder(), view) for name, view in views.items()}
    seen = {name: encoder.scorings(found)["with cohort"] for name, found in vectors.items()}
    clean = seen["as they are"]
    return Photos(
        pictures.labels[rows], table(clean, clean), {name: table(scoring, clean) for name, scoring in seen.items()}
    )


def table(probes: Scoring, enrolled: Scoring) -> np.ndarray:
    """Scores (n, m) of probes against enrolled templates, both with cohort means."""
    return scores(probes.vectors, probes.offsets, enrolled.vectors, enrolled.offsets)


def pairs_of(found: Photos, policy: Policy) -> np.ndarray:
    """Rows (n, 2) of templates of different people that enrolment would remember, each pair both ways."""
    different = found.labels[:, None] != found.labels[None]
    return np.argwhere((found.enrolled >= policy.review_threshold) & different)


def seen_by(found: Photos, scores: np.ndarray, triples: np.ndarray) -> Seen:
    """Of triples (n, 3) of rows, the probe, the right template and the wrong one."""
    probe, right, wrong = triples.T
    labels = np.stack([found.labels[right], found.labels[wrong]], 1)
    return Seen(scores[probe, right], scores[probe, wrong], found.enrolled[right, wrong], labels)


def mated(found: Photos, pairs: np.ndarray) -> np.ndarray:
    """Triples (n, 3): every other photo of the first person of each pair."""
    own = {label: np.flatnonzero(found.labels == label) for label in np.unique(found.labels)}
    return np.array([(q, a, b) for a, b in pairs for q in own[found.labels[a]] if q != a])


def twins(found: Photos, policy: Policy) -> np.ndarray:
    """Triples (n, 3) of photos of one person, of which the last two are remembered as two people."""
    random, drawn = np.random.default_rng(SEED), []
    for label in np.unique(found.labels):
        own = np.flatnonzero(found.labels == label)
        if len(own) > 2:
            drawn += [random.choice(own, 3, replace=False) for _ in range(TWIN_DRAWS)]
    triples = np.array(drawn)
    return triples[found.enrolled[triples[:, 1], triples[:, 2]] >= policy.review_threshold]


def strangers(found: Photos, scores: np.ndarray, pairs: np.ndarray, policy: Policy) -> tuple[Seen, int]:
    """Photos of third people that either one of a pair reaches the threshold for, and how many were looked at."""
    hits, looked = [], 0
    for a, b in pairs[pairs[:, 0] < pairs[:, 1]]:
        third = (found.labels != found.labels[a]) & (found.labels != found.labels[b])
        looked += int(third.sum())
        near = third & (np.maximum(scores[:, a], scores[:, b]) >= policy.threshold)
        hits += [(q, a, b) for q in np.flatnonzero(near)]
    return seen_by(found, scores, np.array(hits).reshape(-1, 3)), looked


def interval(flags: np.ndarray, people: np.ndarray) -> tuple[float, float]:
    """95 % interval of a share, resampling people: a probe of a pair counts as often as both of them are drawn."""
    random = np.random.default_rng(1)
    numbers, where = np.unique(people, return_inverse=True)
    where, shares = where.reshape(-1, 2), []
    for _ in range(RESAMPLES):
        count = np.bincount(random.integers(len(numbers), size=len(numbers)), minlength=len(numbers))
        weight = count[where[:, 0]] * count[where[:, 1]]
        shares.append((weight * flags).sum() / max(1, weight.sum()))
    low, high = np.percentile(shares, [2.5, 97.5])
    return float(low), float(high)


def measured(found: Photos, model: ScoreModel) -> Iterator[tuple[str, ...]]:
    """A row of the table for each size of the gallery, way to probe and lead."""
    for size in SIZES:
        policy = policy_for(model, Settings(), size)
        pairs = pairs_of(found, policy)
        for way, probed in found.probed.items():
            probes = seen_by(found, probed, mated(found, pairs))
            doubles = seen_by(found, probed, twins(found, policy))
            others, looked = strangers(found, probed, pairs, policy)
            for lead in LEADS:
                yield (
                    str(size),
                    way,
                    f"{lead:.3f}" if lead else "none",
                    *figures(probes, doubles, others, looked, policy, lead),
                )


def figures(
    probes: Seen, doubles: Seen, others: Seen, looked: int, policy: Policy, lead: float
) -> tuple[str, str, str, str, str]:
    """Wrong marks, those that pass anyway, right ones freed, strangers, twins."""
    wrong = probes.present(policy, lead) & (probes.wrong > probes.right)
    right = (probes.right - probes.wrong >= policy.margin) & (probes.right >= policy.threshold)
    right &= probes.rivalled(policy)
    freed = (right & probes.present(policy, lead)).sum() / max(1, right.sum())
    low, high = interval(wrong, probes.people)
    marked = others.present(policy, lead)
    mistaken = doubles.present(policy, lead) & (doubles.wrong > doubles.right)
    return (
        f"{wrong.sum()} of {len(wrong)}: {wrong.mean():.3%} ({low:.3%}-{high:.3%})",
        str((wrong & ~probes.rivalled(policy)).sum()),
        f"{freed:.1%} of {right.sum()}",
        f"{(marked & others.rivalled(policy)).sum()} + {(marked & ~others.rivalled(policy)).sum()} of {looked:,}",
        f"{mistaken.mean():.2%}",
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--encoder", default="default")
    options = parser.parse_args()
    columns = ("enrolled", "probes", "lead", "wrong", "anyway", "freed", "strangers", "twins")
    shown = Table(*columns, title=f"probes of look-alikes, {options.encoder}")
    encoder = Carded(load_encoder(options.encoder))
    for row in measured(photos(encoder, options.data), encoder.encoder.card.score_model):
        shown.add_row(*row)
    Console(width=150).print(shown)


if __name__ == "__main__":
    main()
