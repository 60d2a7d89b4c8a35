"""What does it cost to link the entries of the log, and to verify them?

    python benchmarks/log.py [--entries 100000]

A new home's log is filled with entries of marks, once without links, as versions of before wrote them, and once as they
are written now; then the whole log is verified, and against it the plain reading of all entries as a list. Ratios are
what to compare: seconds are those of this machine, and of what else runs on it. Memory is the most that Python held
while verifying (tracemalloc, in a run of its own).
"""

import argparse
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from gallery import Gallery, Store
from gallery.repositories import chain, chaincheck, events, secrets
from gallery.schema import EventRow

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
A_STEP = 1000


def fill(store: Store, entries: int, *, linked: bool) -> None:
    """So many entries, many a step, so that what is measured is no disk."""
    for start in range(0, entries, A_STEP):
        with store.atomic() as step:
            for number in range(start, min(start + A_STEP, entries)):
                told = {"at": AT + timedelta(seconds=number), "by": "camera", "action": "mark.add"}
                details = {"session": number // 30, "person": number % 500, "method": "face"}
                if linked:
                    events.record(step, subject=number, details=details, **told)
                else:
                    step.add(EventRow(subject=str(number), details=details, **told))
                    step.flush()


def timed(work: Callable[[], object]) -> float:
    """Seconds of this process's processor time."""
    before = time.process_time()
    work()
    return time.process_time() - before


def main() -> None:
    """Measure, and print a table."""
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--entries", type=int, default=100_000)
    entries = given.parse_args().entries
    with tempfile.TemporaryDirectory() as folder:
        with Store.open(Path(folder) / "plain", at=AT) as store:
            plain = timed(lambda: fill(store, entries, linked=False))
        with Store.open(Path(folder) / "linked", at=AT) as store:
            gallery = Gallery(store, "none")
            linked = timed(lambda: fill(store, entries, linked=True))
            with store.reading() as view:
                key = secrets.stored(view, gallery.sealer, chain.PURPOSE)
                verified = timed(lambda: chaincheck.verify(view, key))
            with store.reading() as view:
                read = timed(lambda: events.history(view))
            with store.reading() as view:
                tracemalloc.start()
                found = chaincheck.verify(view, key)
                most = tracemalloc.get_traced_memory()[1]
    if not found.sound or found.proved != entries:
        raise SystemExit("the log is not sound")
    show(entries, plain, linked, read, verified, most)


def show(entries: int, plain: float, linked: float, read: float, verified: float, most: int) -> None:
    """The table."""
    table = Table("what", "s", "ratio", title=f"{entries} entries")
    table.add_row("write without links", f"{plain:.1f}", "1")
    table.add_row("write with links", f"{linked:.1f}", f"{linked / plain:.2f}")
    table.add_row("read all as a list", f"{read:.2f}", "1")
    table.add_row("verify", f"{verified:.2f}", f"{verified / read:.2f}")
    console = Console()
    console.print(table)
    console.print(f"verify: {entries / verified:,.0f} entries a second, {most / 1e6:.1f} MB at most")


if __name__ == "__main__":
    main()
