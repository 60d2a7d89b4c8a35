"""What is done again and again beside everything else."""

import logging
import threading

from attendance.services.rounds import Rounds
from gallery.errors import GalleryLocked


def test_what_fails_in_one_round_ends_no_later_one(caplog):
    """A locked database, and what nobody foresaw, cost one round; the log tells where it was, not what it says."""
    left, done = (
        [GalleryLocked("attendance.db", "another program writes"), ValueError("Ada Lovelace")],
        threading.Event(),
    )

    def work() -> float:
        if left:
            raise left.pop(0)
        done.set()
        return 60.0

    rounds = Rounds("tests", work, pause_s=0.0)
    with caplog.at_level(logging.ERROR):
        rounds.start()
        rounds.start()
        assert done.wait(10)
        rounds.close(10)
    assert (True, 1) == (rounds.closing, len(caplog.messages))
    assert "tests: ValueError in test_rounds.py" in caplog.text
    assert "Ada" not in caplog.text
    assert [] == [each for each in threading.enumerate() if each.name == "tests"]
