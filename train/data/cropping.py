"""Photos to crops in several processes, going on where an earlier run was stopped."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from train.console import stderr
from train.data.aligning import Batch, Outcome, Task, crop_batch, open_cutter, prepare_worker, stamp_of
from train.data.filetree import FileTree
from train.data.journal import is_done, note, read_journal
from train.errors import WorkerLost

BATCH = 16  # photos a task: about a second of work, so that little is lost when a run is stopped


@dataclass(frozen=True)
class Photos:
    """Photos of one source, the folder of their crops, and the journal of what became of them."""

    source: Path
    folder: Path
    journal: Path
    tasks: tuple[Task, ...]


def crop_photos(photos: Photos, border: int, processes: int = 0) -> list[Outcome]:
    """Crop what an earlier run has not finished; returns an outcome a task, in their order."""
    tree, known = FileTree(photos.source), read_journal(photos.journal)
    outcomes = {
        task.photo: known[task.photo]
        for task in photos.tasks
        if is_done(known.get(task.photo), stamp_of(tree, task), task.crop, photos.folder)
    }
    todo = [task for task in photos.tasks if task.photo not in outcomes]
    with _bar() as bar:
        step = bar.add_task(f"faces of {photos.source.name}", total=len(photos.tasks), completed=len(outcomes))
        for part in _cropped(_batches(photos, todo, border), processes or os.cpu_count() or 1):
            note(photos.journal, part)
            outcomes |= {outcome.photo: outcome for outcome in part}
            bar.advance(step, len(part))
    return [outcomes[task.photo] for task in photos.tasks]


def _batches(photos: Photos, todo: Sequence[Task], border: int) -> list[Batch]:
    parts = (tuple(todo[start : start + BATCH]) for start in range(0, len(todo), BATCH))
    return [Batch(photos.source.resolve(), photos.folder.resolve(), border, part) for part in parts]


def _cropped(batches: Sequence[Batch], processes: int) -> Iterator[list[Outcome]]:
    """Outcomes of batches as they are finished; a single process or batch needs no worker."""
    if not batches:
        return
    open_cutter(threads=1)  # a detector that is missing says so once, here
    if min(processes, len(batches)) == 1:
        yield from map(crop_batch, batches)
        return
    pool = ProcessPoolExecutor(min(processes, len(batches)), get_context("spawn"), prepare_worker)
    try:
        for done in as_completed([pool.submit(crop_batch, batch) for batch in batches]):
            yield done.result()
    except BrokenProcessPool as error:
        raise WorkerLost(str(batches[0].source), "a worker process was ended") from error
    finally:
        pool.shutdown(cancel_futures=True)


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=stderr(), disable=not stderr().is_terminal)
