"""How a gallery grows: start-up, adding one person, and searching, at 10 to 10,000 people.

    python benchmarks/gallery_scale.py [--people 10 1000 10000] [--repeat 5] [--folder /tmp]

Made-up templates of 384 numbers, one a person, each with a sealed crop of 8 kB as `keep_crops` leaves them. Every
figure is the median of the repeats; the last columns compare with the first size in the same run. The floor of
a search is one matrix product over the same templates in NumPy, without looking for distinct people.
"""

import argparse
import hashlib
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from sqlalchemy import insert

from gallery import Gallery, GalleryIndex, Store
from gallery.repositories.templates import CROP, VECTOR, pack
from gallery.schema import Crop, Person, Template

DIM, CROP_BYTES, ENCODER = 384, 8192, "benchmark-1"
AT = datetime(2026, 1, 1, tzinfo=UTC)
CHANCE = np.random.default_rng(1)


def vectors(count: int) -> np.ndarray:
    """Unit vectors (count, DIM) float32."""
    values = CHANCE.normal(size=(count, DIM))
    return (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)


def build(home: Path, people: int) -> None:
    """Fill a new home straight through the tables; enrolling one by one is measured apart."""
    with Store.open(home) as store:
        seal = Gallery(store, ENCODER).sealer.seal
        numbers = range(1, people + 1)
        persons = [{"id": n, "external_id": f"P-{n}", "name": f"person {n}", "created": AT} for n in numbers]
        crop = os.urandom(CROP_BYTES)
        templates = [
            {
                "id": n,
                "person_id": n,
                "pipeline_id": ENCODER,
                "vector": seal(pack(vector, 0.2), person=n, pipeline_id=ENCODER, purpose=VECTOR),
                "quality": {"score": 80},
                "source": f"{n}.jpg",
                "source_sha256": hashlib.sha256(str(n).encode()).hexdigest(),
                "created": AT,
            }
            for n, vector in zip(numbers, vectors(people), strict=True)
        ]
        crops = [
            {"template_id": n, "form": "aligned", "picture": seal(crop, person=n, pipeline_id=ENCODER, purpose=CROP)}
            for n in numbers
        ]
        with store.atomic() as session:
            for table, rows in ((Person, persons), (Template, templates), (Crop, crops)):
                session.execute(insert(table), rows)
            store.bump(session)


def median_ms(act: Callable[[], object], repeat: int) -> float:
    """The median time of `act` in milliseconds."""
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        act()
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


def start_up(home: Path) -> None:
    """What a start does: open, check the key, load every template, build the index."""
    with Store.open(home) as store:
        GalleryIndex(Gallery(store, ENCODER)).refresh()


def measure(home: Path, people: int, repeat: int) -> dict[str, float]:
    """All figures of one size, in milliseconds."""
    build(home, people)
    start_up(home)
    figures = {"start-up": median_ms(lambda: start_up(home), repeat)}
    with Store.open(home) as store:
        gallery = Gallery(store, ENCODER)
        index = GalleryIndex(gallery)
        index.refresh()
        fresh = iter(vectors(repeat + 1))
        crop = os.urandom(CROP_BYTES)

        def add_one() -> None:
            vector = next(fresh)
            digest = hashlib.sha256(vector.tobytes()).hexdigest()
            gallery.enroll(
                digest[:8], vector, 0.2, quality={}, source="new.jpg", source_sha256=digest, crop=crop, at=AT, by="me"
            )
            index.refresh()

        add_one()
        figures["add one person"] = median_ms(add_one, repeat)
        probe, probes = vectors(1), vectors(8)
        figures["search 1 face"] = median_ms(lambda: index.search(probe, [0.2]), repeat * 5)
        figures["search 8 faces"] = median_ms(lambda: index.search(probes, [0.2] * 8), repeat * 5)
        table = gallery.load().vectors
        figures["floor: 1 product"] = median_ms(lambda: np.argmax(table @ probe[0]), repeat * 5)
    return figures


def main() -> None:
    """Measure every size and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, nargs="+", default=[10, 1000, 10_000])
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=None)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        found = {n: measure(Path(folder) / str(n), n, options.repeat) for n in options.people}
    first, last = options.people[0], options.people[-1]
    print("| median of", options.repeat, "(ms) |", " | ".join(f"{n:,}" for n in options.people), "| more | ratio |")
    print("|---" * (len(options.people) + 3) + "|")
    for name in found[first]:
        small, large = found[first][name], found[last][name]
        cells = " | ".join(f"{found[n][name]:.2f}" for n in options.people)
        print(f"| {name} | {cells} | {large - small:+.1f} | x{large / small:.1f} |")


if __name__ == "__main__":
    main()
