"""Tries in vain: counted, remembered, forgotten."""

import threading
from datetime import timedelta

from gallery import open_database
from gallery.repositories import attempts
from gallery.servicevalues import Attempts

HOUR = timedelta(hours=1)


def test_tries_are_counted(store, now):
    """Each try in vain counts one up and is the last; what succeeded, and what was never tried, has none."""
    with store.atomic() as step:
        assert [1, 2, 3] == [attempts.fail(step, "pin 1001", now + n * HOUR).failures for n in range(3)]
        assert Attempts(3, now + 2 * HOUR) == attempts.of(step, "pin 1001")
        assert 1 == attempts.fail(step, "pin 1002", now).failures
        attempts.forget(step, "pin 1001")
        assert (None, None) == (attempts.of(step, "pin 1001"), attempts.of(step, "pin 1003"))
        assert Attempts(1, now) == attempts.of(step, "pin 1002")
        assert 1 == attempts.fail(step, "pin 1001", now).failures


def test_no_restart_forgives(home, now):
    """Another start counts on from where the last one was."""
    for expected in (1, 2, 3):
        with open_database(home) as store, store.atomic() as step:
            assert expected == attempts.fail(step, "ada", now).failures


def test_tries_at_once_all_count(home, store, now):
    """Eight who try at the same moment make eight tries."""
    barrier = threading.Barrier(8)

    def one() -> None:
        with open_database(home) as mine:
            barrier.wait()
            with mine.atomic() as step:
                attempts.fail(step, "ada", now)

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.reading() as view:
        assert Attempts(8, now) == attempts.of(view, "ada")


def test_old_tries_are_forgotten(store, now):
    """What was last tried long ago goes, and is counted; what was tried since stays."""
    with store.atomic() as step:
        attempts.fail(step, "old", now - 2 * HOUR)
        attempts.fail(step, "new", now - 2 * HOUR)
        attempts.fail(step, "new", now)
        assert 1 == attempts.purge(step, now - HOUR)
        assert (None, Attempts(2, now)) == (attempts.of(step, "old"), attempts.of(step, "new"))
