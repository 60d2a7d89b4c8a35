"""A gallery of a million: start, memory, one person more or fewer, and what a search takes, by each exact plan.

    python benchmarks/million.py [--people 1000000] [--probes 300] [--home FOLDER]

FAISS's flat index is asked for the same probes in turn, in the same process, as the peer: compare the ratios, as
whatever else the computer does slows all of them. With ``--home`` the made-up gallery is kept and used again.

How the made-up templates are drawn. Embeddings are Gaussian vectors of a falling spectrum, scaled to unit length. The
spectrum has two numbers, chosen so that scores of different people have the spread and the tail that the shipped
encoder's card states: the inner product of two such vectors has the variance (sum of squares) / (sum)^2 of the
spectrum, and a tail that falls by e in every (highest) / (sum). Cohort means are those of a made-up cohort, as the
encoder takes them: the mean of the 20 highest of 1,940. The script prints the scores of a hundred thousand pairs
beside the card's. Another photo of somebody has a cosine of 0.62 with a spread of 0.12 to the template.
"""

import argparse
import gc
import hashlib
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import faiss
import numpy as np
from scipy.optimize import brentq
from sqlalchemy import insert

from attendance.judge.policy import policy_for
from attendance.settings import Settings
from enroll.card import load_card
from gallery import Gallery, GalleryIndex, open_database
from gallery.repositories.templates import VECTOR, pack
from gallery.schema import Group, Membership, Person, Template
from gallery.search import plans

DIM, PIPELINE, PART = 384, "benchmark-1", 8192
COHORT, NEAREST = 1940, 20
MATED_COSINE, MATED_SPREAD = 0.62, 0.12
SCOPE = 4000
AT = datetime(2026, 1, 1, tzinfo=UTC)
CARD = load_card(Path(__file__).parents[1] / "enroll" / "models" / "default")


def spectrum() -> np.ndarray:
    """Variances (d,) by `1 / (rank + offset)^power`, of the spread and tail of the card's score model."""
    model = CARD.score_model
    scores = dict(model.quantiles)
    spread = (scores[0.01] - scores[0.5]) / 2.326
    ranks = np.arange(1, DIM + 1)

    def of(power: float) -> np.ndarray:
        def excess(offset: float) -> float:
            values = (ranks + offset) ** -power
            return float((values**2).sum() / values.sum() ** 2 - spread**2)

        return np.asarray((ranks + brentq(excess, -0.99, 1e4)) ** -power)

    def misses(power: float) -> float:
        values = of(power)
        return abs(float(values[0] / values.sum()) - model.tail.scale)

    return of(min(np.linspace(0.6, 6, 109), key=lambda power: misses(power) if _solvable(power, spread) else np.inf))


def _solvable(power: float, spread: float) -> bool:
    shares = [(np.arange(1, DIM + 1) + offset) ** -power for offset in (-0.99, 1e4)]
    steep, flat = ((values**2).sum() / values.sum() ** 2 for values in shares)
    return bool(flat < spread**2 < steep)


class Made:
    """Made-up people, drawn part by part; the same for ever."""

    def __init__(self) -> None:
        self._scale = np.sqrt(spectrum()).astype(np.float32)
        self._cohort = self.vectors(COHORT, seed=0)

    def vectors(self, count: int, seed: int) -> np.ndarray:
        """Unit vectors (n, d) float32."""
        values = np.random.default_rng(seed).standard_normal((count, DIM), np.float32) * self._scale
        return values / np.linalg.norm(values, axis=1, keepdims=True)

    def means(self, vectors: np.ndarray) -> np.ndarray:
        """Cohort means (n,)."""
        cosines = vectors @ self._cohort.T
        return np.partition(cosines, COHORT - NEAREST, axis=1)[:, -NEAREST:].mean(axis=1)

    def mates(self, vectors: np.ndarray, seed: int) -> np.ndarray:
        """Another photo of each (n, d)."""
        chance = np.random.default_rng(seed)
        cosines = np.clip(chance.normal(MATED_COSINE, MATED_SPREAD, (len(vectors), 1)), -1, 1).astype(np.float32)
        other = self.vectors(len(vectors), seed + 1)
        other -= (other * vectors).sum(axis=1, keepdims=True) * vectors
        other /= np.linalg.norm(other, axis=1, keepdims=True)
        return (cosines * vectors + np.sqrt(1 - cosines**2) * other).astype(np.float32)


def build(home: Path, people: int, made: Made) -> None:
    """Fill a new home straight through the tables, a part a step."""
    with open_database(home) as store:
        seal = Gallery(store, PIPELINE).sealer.seal
        for seed, start in enumerate(range(0, people, PART), 1):
            numbers = range(start + 1, min(start + PART, people) + 1)
            vectors = made.vectors(len(numbers), seed)
            packed = [pack(v, m) for v, m in zip(vectors, made.means(vectors), strict=True)]
            with store.atomic() as session:
                session.execute(insert(Person), [_person(n) for n in numbers])
                rows = [
                    _template(n, seal(each, person=n, pipeline_id=PIPELINE, purpose=VECTOR))
                    for n, each in zip(numbers, packed, strict=True)
                ]
                session.execute(insert(Template), rows)
                store.bump(session)
        with store.atomic() as session:
            session.add(Group(id=1, name="few"))
            session.flush()
            few = range(1, people + 1, max(1, people // SCOPE))
            session.execute(insert(Membership), [{"person_id": n, "group_id": 1} for n in few])
            store.bump(session)


def _person(number: int) -> dict[str, object]:
    return {"id": number, "external_id": f"P-{number}", "name": f"person {number}", "created": AT}


def _template(number: int, sealed: bytes) -> dict[str, object]:
    return {
        "id": number,
        "person_id": number,
        "pipeline_id": PIPELINE,
        "vector": sealed,
        "quality": {"score": 80},
        "source": f"{number}.jpg",
        "source_sha256": hashlib.sha256(str(number).encode()).hexdigest(),
        "created": AT,
    }


def resident() -> int:
    """Bytes of memory that this process has now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def highest() -> int:
    """The most bytes of memory that this process has had."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (line,) = [each for each in lines if each.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


def start(home: Path, plan: str) -> dict[str, float]:
    """A start in a process of its own: seconds, the highest memory, and what stays of it."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_started, (home, plan))


def _started(home: Path, plan: str) -> dict[str, float]:
    before, begun, worked = resident(), time.perf_counter(), time.process_time()
    with open_database(home) as store:
        index = GalleryIndex(Gallery(store, PIPELINE), plan=plan)
        index.refresh()
        seconds, worked = time.perf_counter() - begun, time.process_time() - worked
        gc.collect()
        stays, peak = resident() - before, highest()
        return {
            "seconds": seconds,
            "worked": worked,
            "peak": peak,
            "stays": stays,
            "rows": index.bytes,
            "plan": index.plan,
        }


def timed(act: Callable[[], object]) -> float:
    """Milliseconds."""
    begun = time.perf_counter()
    act()
    return (time.perf_counter() - begun) * 1000


def flat_of(home: Path) -> tuple[faiss.IndexFlatIP, np.ndarray]:
    """FAISS's flat index over the same rows, and the cohort means."""
    flat, means = faiss.IndexFlatIP(DIM + 1), []
    with open_database(home) as store:
        for part in Gallery(store, PIPELINE).load_parts():
            flat.add(np.hstack([part.vectors, -part.cohort_means[:, None] / 2]).astype(np.float32))
            means.append(part.cohort_means)
    return flat, np.concatenate(means)


def probes_of(made: Made, flat: faiss.IndexFlatIP, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Who comes by (n, d) of `count` people from all over the gallery, and who they are (n,)."""
    rows = np.linspace(0, flat.ntotal - 1, count).round().astype(np.int64)
    own = np.stack([flat.reconstruct(int(row)) for row in rows])[:, :DIM]
    return made.mates(own, 10_000_000), rows + 1


def main() -> None:
    """Build, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--probes", type=int, default=300)
    parser.add_argument("--home", type=Path)
    options = parser.parse_args()
    made = Made()
    tell_spread(made)
    with tempfile.TemporaryDirectory() as folder:
        home = options.home or Path(folder) / "home"
        if not home.exists():
            print(f"built in {timed(lambda: build(home, options.people, made)) / 1000:.0f} s")
        load("at the start")
        tell_starts(home)
        tell_searches(home, made, options.probes)
        load("at the end")


def load(when: str) -> None:
    """What else the computer does."""
    one, five, _ = os.getloadavg()
    print(f"load {when}: {one:.1f} (1 min), {five:.1f} (5 min), {os.cpu_count()} cores")


def tell_spread(made: Made) -> None:
    """Scores of different people, made up and by the card."""
    scores = np.concatenate([_scores_of_others(made, 20_000_000 + 2 * seed) for seed in range(13)])
    shares = [share for share, _ in CARD.score_model.quantiles]
    print("| share of different people above | " + " | ".join(f"{share:.1%}" for share in shares) + " |")
    print("|---" * (len(shares) + 1) + "|")
    print("| score, made up | " + " | ".join(f"{np.quantile(scores, 1 - share):.3f}" for share in shares) + " |")
    print("| score, by the card | " + " | ".join(f"{score:.3f}" for _, score in CARD.score_model.quantiles) + " |")


def _scores_of_others(made: Made, seed: int) -> np.ndarray:
    some, others = made.vectors(PART, seed), made.vectors(PART, seed + 1)
    return (some * others).sum(axis=1) - (made.means(some) + made.means(others)) / 2


def tell_starts(home: Path) -> None:
    """The table of starts."""
    print("\n| start from sealed rows | s | of a core (s) | highest (MB) | that stays (MB) | of it rows (MB) |")
    print("|---|---|---|---|---|---|")
    for plan in plans.PLANS:
        found = start(home, plan)
        numbers = " | ".join(f"{found[each] / 1e6:,.0f}" for each in ("peak", "stays", "rows"))
        print(f"| {plan} | {found['seconds']:.1f} | {found['worked']:.1f} | {numbers} |", flush=True)


def tell_searches(home: Path, made: Made, count: int) -> None:
    """The tables of searches and of changes."""
    flat, _ = flat_of(home)
    probes, people = probes_of(made, flat, count)
    means = made.means(probes)
    queries = np.hstack([probes, np.ones((count, 1), np.float32)])
    with open_database(home) as store:
        gallery = Gallery(store, PIPELINE)
        indices = {plan: GalleryIndex(gallery, plan=plan) for plan in plans.PLANS}
        for index in indices.values():
            index.refresh()
        ways: dict[str, Callable[[int], object]] = {"FAISS flat": lambda at: flat.search(queries[at : at + 1], 20)}
        for plan, index in indices.items():
            ways[plan] = lambda at, index=index: index.search(probes[at : at + 1], means[at : at + 1])
            ways[f"{plan}, among {SCOPE:,}"] = lambda at, index=index: index.search(
                probes[at : at + 1], means[at : at + 1], group="few"
            )
        tell_times(ways, count)
        tell_batches(indices, flat, probes, means, queries)
        tell_hits(indices, probes, means, people)
        tell_changes(gallery, indices, made)


def tell_times(ways: dict[str, Callable[[int], object]], count: int) -> None:
    """One probe at a time, each way in turn."""
    times: dict[str, list[float]] = {way: [] for way in ways}
    for at in range(count):
        for way, act in ways.items():
            times[way].append(timed(lambda act=act, at=at: act(at)))
    flat = np.median(times["FAISS flat"])
    print("\n| one probe | p50 (ms) | p95 (ms) | least (ms) | p50 / FAISS flat |\n|---|---|---|---|---|")
    for way, each in times.items():
        p50, p95 = np.percentile(each, [50, 95])
        print(f"| {way} | {p50:.1f} | {p95:.1f} | {min(each):.1f} | {p50 / flat:.2f} |", flush=True)


def tell_batches(
    indices: dict[str, GalleryIndex],
    flat: faiss.IndexFlatIP,
    probes: np.ndarray,
    means: np.ndarray,
    queries: np.ndarray,
) -> None:
    """Eight probes at once."""
    print("\n| eight probes at once | p50 a probe (ms) |\n|---|---|")
    starts = range(0, min(len(probes), 80) - 7, 8)
    rounds = {"FAISS flat": [timed(lambda at=at: flat.search(queries[at : at + 8], 20)) / 8 for at in starts]}
    for plan, index in indices.items():
        rounds[plan] = [
            timed(lambda at=at, index=index: index.search(probes[at : at + 8], means[at : at + 8])) / 8 for at in starts
        ]
    for way, each in rounds.items():
        print(f"| {way} | {np.median(each):.1f} |", flush=True)


def tell_hits(indices: dict[str, GalleryIndex], probes: np.ndarray, means: np.ndarray, people: np.ndarray) -> None:
    """Whom each plan finds, at the threshold of a gallery of this size and at one that strangers of this run set."""
    found = {plan: index.search(probes, means) for plan, index in indices.items()}
    exact = found[plans.EXACT]
    size = indices[plans.EXACT].size()
    strangers = np.array([hits[0].score for hits in indices[plans.EXACT].search(*_strangers(), people=1)])
    for name, threshold in (
        ("the card's threshold for so many", policy_for(CARD.score_model, Settings(), size).threshold),
        ("passed by 0.3 % of strangers here", float(np.quantile(strangers, 0.997))),
    ):
        passed = [hits[0].score >= threshold for hits in exact]
        mates = [p and hits[0].person_id == who for p, hits, who in zip(passed, exact, people, strict=True)]
        for plan, hits in found.items():
            still = sum(m and h[0].person_id == who and h[0].score >= threshold
                        for m, h, who in zip(mates, hits, people, strict=True))  # fmt: skip
            other = sum(h[0].person_id != e[0].person_id and h[0].score >= threshold
                        for h, e in zip(hits, exact, strict=True))  # fmt: skip
            print(f"{name} ({threshold:.3f}), {plan}: of {sum(mates)} mates that pass by exact search {still} still "
                  f"pass, {other} decisions name another; the same in every digit: {hits == exact}")  # fmt: skip


def _strangers() -> tuple[np.ndarray, np.ndarray]:
    made = Made()
    vectors = made.vectors(1000, 30_000_000)
    return vectors, made.means(vectors)


def tell_changes(gallery: Gallery, indices: dict[str, GalleryIndex], made: Made) -> None:
    """One person more, and one fewer: what it takes until the index knows."""
    print("\n| one person (ms, p50 of 10) | into the database | until the index knows |\n|---|---|---|")
    steps: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for number in range(10):
        for plan, index in indices.items():
            vector = made.vectors(1, 40_000_000 + number + len(plan))
            add, remove = _changes(gallery, vector[0], float(made.means(vector)[0]), f"{plan} {number}")
            for what, act in (("more", add), ("fewer", remove)):
                written = timed(act)
                for other in indices.values():
                    if other is not index:
                        other.refresh()
                steps.setdefault((plan, what), []).append((written, timed(index.refresh)))
    for (plan, what), each in steps.items():
        written, known = np.median(np.array(each), axis=0)
        print(f"| {plan}, one {what} | {written:.1f} | {known:.1f} |", flush=True)


def _changes(
    gallery: Gallery, vector: np.ndarray, mean: float, name: str
) -> tuple[Callable[[], object], Callable[[], object]]:
    digest = hashlib.sha256(vector.tobytes()).hexdigest()

    def add() -> None:
        gallery.enroll(name, vector, mean, quality={}, source="new.jpg", source_sha256=digest, at=AT, by="me")

    return add, lambda: gallery.remove(name, at=AT, by="me")


if __name__ == "__main__":
    main()
