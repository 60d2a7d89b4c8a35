"""Marks as pages show them."""

import pytest

from attendance.access import Actor
from attendance.errors import MarkUnknown

ME = Actor("Grace")


def test_a_mark_of_somebody_beyond_the_groups_is_unknown(app, clock) -> None:
    """It says the same of it as of a mark that is not there."""
    app.gallery.add_person("Ada", groups=["7a"], at=clock.now, by="tests")
    mark = app.by_hand.enter(ME, "Ada").mark.id
    assert "Ada" == app.day_marks.of(mark, ["7a"]).person.name
    told = []
    for each, groups in ((mark, ["7b"]), ("no such", None)):
        with pytest.raises(MarkUnknown) as caught:
            app.day_marks.of(each, groups)
        told.append(caught.value.detail)
    assert told[0] == told[1]


def test_the_latest_come_first_void_ones_too(app, clock) -> None:
    """As many as are asked for, the newest first."""
    ada = app.gallery.add_person("Ada", at=clock.now, by="tests")
    for direction in ("in", "out"):
        app.by_hand.enter(ME, "Ada", direction=direction)
        clock.forward(minutes=5)
    first = app.day_marks.latest(ada.id)[-1].mark.id
    app.by_hand.void(ME, "Ada", reason="x", mark=first)
    assert [("out", True), ("in", False)] == [
        (each.mark.direction, each.mark.valid) for each in app.day_marks.latest(ada.id)
    ]
    assert 1 == len(app.day_marks.latest(ada.id, limit=1))
