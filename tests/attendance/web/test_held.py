"""Photos that wait for a decision."""

import pytest

from attendance.web import held
from attendance.web.held import Shelf


@pytest.fixture
def now(monkeypatch):
    """The time that passes: ``now[0] += 60``."""
    passed = [0.0]
    monkeypatch.setattr(held.time, "monotonic", lambda: passed[0])
    return passed


@pytest.mark.usefixtures("now")
def test_only_the_owner_gets_them_back() -> None:
    """The word is of no use to anybody else."""
    shelf = Shelf()
    word = shelf.put("Ada", [("a.jpg", b"1")], {"name": "x"})
    assert [("a.jpg", b"1")] == list(shelf.get("Ada", word).photos)
    assert shelf.get("Bob", word) is None
    assert shelf.get("Ada", word[:-1]) is None


def test_they_are_gone_after_minutes(now) -> None:
    """Nobody's photo stays in memory because somebody has closed the page."""
    shelf = Shelf()
    word = shelf.put("Ada", [("a.jpg", b"1")], {})
    now[0] += held.MINUTES * 60 - 1
    assert shelf.get("Ada", word) is not None
    now[0] += 1
    assert shelf.get("Ada", word) is None


@pytest.mark.usefixtures("now")
def test_the_oldest_go_where_there_is_too_much(monkeypatch) -> None:
    """However much is sent, memory has a bound; what was sent last stays."""
    monkeypatch.setattr(held, "MOST_BYTES", 10)
    shelf = Shelf()
    words = [shelf.put("Ada", [("a.jpg", bytes(6))], {}) for _ in range(3)]
    assert [False, False, True] == [shelf.get("Ada", word) is not None for word in words]
