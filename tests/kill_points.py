"""At which of its steps a run is killed by SIGKILL, where a test tries some of them: others in each run of the tests.

Programs that tests start import it. They let the work get through once, which tells how many steps it has; and which
compiles its statements before processes are forked that would have to do so each.
"""

import os
import signal
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, Pool, event


class Steps:
    """Counts the steps of this process, and kills it at the one that is `fatal`.

    A step is a statement that begins, a commit, or a connection that is given back, which is after a commit. Where
    `reads` are none, a statement that only reads is as its forerunner.
    """

    def __init__(self, *, reads: bool = True) -> None:
        self.count, self.fatal, self.reads = 0, 0, reads

    def begin(self, fatal: int) -> None:
        """Count from here, whatever was before."""
        self.count, self.fatal = 0, fatal

    def step(self, *_: object) -> None:
        self.count += 1
        if self.count == self.fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    def statement(self, _connection: object, _cursor: object, statement: str, *_: object) -> None:
        if self.reads or not statement.lstrip().upper().startswith(("SELECT", "BEGIN")):
            self.step()


@contextmanager
def counted(*, reads: bool = True) -> Iterator[Steps]:
    """Count the steps from now on; 0 as the fatal one is none."""
    steps = Steps(reads=reads)
    heard = [(Engine, "before_cursor_execute", steps.statement), (Engine, "commit", steps.step)]
    heard.append((Pool, "checkin", steps.step))
    for each in heard:
        event.listen(*each)
    try:
        yield steps
    finally:
        for each in heard:
            event.remove(*each)


def spread(steps: int, tries: int, drawn: int, named: Collection[int] = ()) -> list[int]:
    """The first of the steps, the last, and others evenly between, which begin where was `drawn`; `tries` in all.

    Those that are `named` are tried besides, as far as there are so many steps.
    """
    between, others = steps - 2, tries - 2
    if others >= between:
        return list(range(1, steps + 1))
    some = {2 + (number * between // others + drawn) % between for number in range(others)}
    return sorted({1, steps, *some, *(each for each in named if each <= steps)})
