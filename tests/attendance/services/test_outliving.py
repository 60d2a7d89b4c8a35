"""What runs beside the answers outlives whatever befalls one turn of it."""

import threading

import pytest

from attendance.services import brokering, housekeeping, posting
from attendance.services.outliving import outliving
from gallery import GalleryFull


@pytest.mark.parametrize(
    ("module", "name", "pause", "turn"),
    [
        (posting, "posting", "POLL_S", "send_due"),
        (brokering, "brokering", "POLL_S", "step"),
        (housekeeping, "housekeeping", "PAUSE_S", "tidy"),
    ],
    ids=["webhooks", "brokers", "housekeeping"],
)
@pytest.mark.parametrize("error", [KeyError("Ada"), GalleryFull("db", "no space")])
def test_one_turn_that_fails_stops_no_other(app, monkeypatch, caplog, module, name, pause, turn, error):
    """What nobody foresaw is logged by its place, without the message; a full disk is waited for."""
    monkeypatch.setattr(module, pause, 0.01)
    part, turns, third = getattr(app, name), [], threading.Event()

    def fail():
        turns.append(1)
        if len(turns) == 3:
            third.set()
        raise error

    monkeypatch.setattr(part, turn, fail)
    part.start()
    assert third.wait(10)
    part.close()
    assert "Ada" not in caplog.text
    assert isinstance(error, KeyError) == ("KeyError in test_outliving.py" in caplog.text)


def test_an_interruption_is_none_of_its_business():
    """It ends what runs."""
    with pytest.raises(KeyboardInterrupt), outliving("it"):
        raise KeyboardInterrupt
