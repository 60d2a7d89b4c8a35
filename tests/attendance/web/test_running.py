"""What runs beside the answers begins and ends with the site."""

import pytest

from attendance.web import running


class Part:
    """Notes when it is begun and ended."""

    def __init__(self, told: list[str], name: str, *, fails: bool = False) -> None:
        self.told, self.name, self.fails = told, name, fails

    def start(self) -> None:
        self.told.append(f"start {self.name}")

    def close(self) -> None:
        self.told.append(f"close {self.name}")
        if self.fails:
            raise RuntimeError(self.name)


def test_parts_begin_in_order_and_end_together(site, client, monkeypatch):
    """Streams are told first that the service ends."""
    told = []
    monkeypatch.setattr(running, "RUNNING", ("first", "absent", "second"))
    site.app.first, site.app.second = Part(told, "first"), Part(told, "second")
    with client:
        assert ["start first", "start second"] == told
        assert not site.closing.is_set()
    assert site.closing.is_set()
    assert ["close first", "close second"] == sorted(told[2:])


def test_a_part_that_fails_to_end_stops_no_other(site, client, monkeypatch):
    """What it raised is told when all are ended."""
    told = []
    monkeypatch.setattr(running, "RUNNING", ("first", "second"))
    site.app.first, site.app.second = Part(told, "first"), Part(told, "second", fails=True)
    with pytest.raises(RuntimeError, match="second"), client:
        told.clear()
    assert ["close first", "close second"] == sorted(told)
