"""How marks become times of presence."""

import pytest
from timetable_made import at, mark, occurs, row

from attendance.timetable.attended import Status
from attendance.timetable.facts import Span
from attendance.timetable.pairing import passings
from attendance.timetable.rule import Pairing

TURNS = {"pairing": Pairing.PAIRS}
ONCE = {"pairing": Pairing.ONCE}


def told(text):
    """Marks from "in 08:00, out 12:00, 13:00"."""
    return [mark(each.split()[-1], each.split()[0] if " " in each else None) for each in text.split(", ")]


def spans(text):
    """Spans from "08:00-12:00 13:00-17:00"."""
    return tuple(Span(*(at(end) for end in each.split("-"))) for each in text.split())


def maybe(text):
    return None if text is None else at(text)


@pytest.mark.parametrize(
    ("marks", "arrived", "left", "present", "reasons"),
    [
        ("08:00", "08:00", None, "", ("no_checkout",)),
        ("08:00, 17:00", "08:00", "17:00", "08:00-17:00", ()),
        ("08:00, 12:00, 17:00", "08:00", "17:00", "08:00-17:00", ()),
        ("in 08:00, out 12:00, in 13:00, out 17:00", "08:00", "17:00", "08:00-17:00", ()),
        ("in 08:00, out 12:00, in 13:00", "08:00", None, "", ("no_checkout",)),
        ("in 08:00, 17:00", "08:00", "17:00", "08:00-17:00", ()),
        ("in 08:00, in 17:00", "08:00", None, "", ("no_checkout",)),
        ("out 17:00", None, "17:00", "", ("no_checkin",)),
        ("out 12:00, out 17:00", None, "17:00", "", ("no_checkin",)),
        ("out 07:50, in 08:00, out 17:00", "08:00", "17:00", "08:00-17:00", ("out_before_in",)),
        ("in 08:00, out 08:00", "08:00", None, "", ("no_checkout",)),
    ],
)
def test_first_to_last(marks, arrived, left, present, reasons):
    """From the first mark that is not out to the last that is not in; one mark alone is an arrival."""
    found = row(occurs(), *told(marks))
    assert (maybe(arrived), maybe(left)) == (found.arrived, found.left)
    assert (spans(present), reasons) == (found.present, found.reasons)


@pytest.mark.parametrize(
    ("marks", "arrived", "left", "present", "reasons"),
    [
        ("08:00", "08:00", None, "", ("no_checkout",)),
        ("08:00, 12:00, 13:00, 17:00", "08:00", "17:00", "08:00-12:00 13:00-17:00", ()),
        ("08:00, 12:00, 13:00", "08:00", None, "08:00-12:00", ("no_checkout",)),
        ("in 08:00, out 12:00, in 13:00, out 17:00", "08:00", "17:00", "08:00-12:00 13:00-17:00", ()),
        ("in 08:00, 12:00, 13:00, out 17:00", "08:00", "17:00", "08:00-12:00 13:00-17:00", ()),
        ("in 08:00, in 13:00, out 17:00", "08:00", "17:00", "13:00-17:00", ("no_checkout",)),
        ("in 08:00, out 12:00, out 17:00", "08:00", "17:00", "08:00-12:00", ("no_checkin",)),
        ("out 17:00", None, "17:00", "", ("no_checkin",)),
        ("out 12:00, out 17:00", None, "17:00", "", ("no_checkin",)),
        ("out 07:50, in 08:00, out 17:00", "08:00", "17:00", "08:00-17:00", ("out_before_in",)),
        ("out 07:50, 08:00, 17:00", "08:00", "17:00", "08:00-17:00", ("out_before_in",)),
        ("in 08:00, out 08:00, in 09:00, out 17:00", "08:00", "17:00", "09:00-17:00", ()),
    ],
)
def test_by_turns(marks, arrived, left, present, reasons):
    """In and out by their directions, else by turns; what has no other half counts nothing, and is told."""
    found = row(occurs(**TURNS), *told(marks))
    assert (maybe(arrived), maybe(left)) == (found.arrived, found.left)
    assert (spans(present), reasons) == (found.present, found.reasons)


@pytest.mark.parametrize(
    ("marks", "arrived", "left", "reasons"),
    [
        ("08:00", "08:00", None, ()),
        ("08:00, 12:00", "08:00", None, ()),
        ("in 08:00, out 12:00", "08:00", "12:00", ()),
        ("in 08:00, out 12:00, in 12:30", "08:00", None, ()),
        ("in 08:00, out 12:00, 12:30", "08:00", None, ()),
        ("out 12:00", None, "12:00", ("no_checkin",)),
        ("out 08:00, in 11:00", "11:00", None, ("out_before_in",)),
    ],
)
def test_once(marks, arrived, left, reasons):
    """The first mark that is not out is the arrival; only who checks out, and does not come back, has left."""
    found = row(occurs(**ONCE), *told(marks))
    assert (maybe(arrived), maybe(left), reasons) == (found.arrived, found.left, found.reasons)


@pytest.mark.parametrize("pairing", Pairing)
def test_clocks_three_hours_apart(pairing):
    """Where a device's clock makes the check-out come first it is told, and no hours are negative or made up."""
    found = row(occurs(pairing=pairing), mark("14:00", "out"), mark("11:00", "in"))
    assert (True, 3 * 3600) == (found.worked_s >= 0, found.worked_s)
    found = row(occurs(pairing=pairing), mark("10:00", "out"), mark("11:00", "in"))
    assert (Status.LATE, 0, ()) == (found.status, found.worked_s, found.present)
    assert "out_before_in" in found.reasons


@pytest.mark.parametrize(("second", "left"), [("08:01:00", None), ("08:01:01", "08:01:01")])
@pytest.mark.parametrize("pairing", [Pairing.FIRST_LAST, Pairing.PAIRS])
def test_camera_marks_twice(second, left, pairing):
    """Two marks within a minute are one passing, not a coming and going; a second more, and they are two."""
    found = row(occurs(pairing=pairing), mark("08:00"), mark(second))
    assert (at("08:00"), maybe(left), 2) == (found.arrived, found.left, len(found.marks))


def test_passing_on_the_way_out():
    """Of several marks on the way in the first counts, of several on the way out the last."""
    marks = told("08:00:00, 08:00:40, 16:54:30, 16:55:10")
    for pairing in (Pairing.FIRST_LAST, Pairing.PAIRS):
        found = row(occurs(pairing=pairing), *marks)
        assert (Status.PRESENT, at("08:00"), at("16:55:10")) == (found.status, found.arrived, found.left)


def test_seen_by_camera_at_the_desk():
    """Who checks in at a desk in view of a camera has not left a moment later."""
    for marks in ("in 08:00:00, 08:00:05", "08:00:00, in 08:00:05"):
        for pairing in (Pairing.FIRST_LAST, Pairing.PAIRS):
            found = row(occurs(pairing=pairing), *told(marks), *told("17:00:00, out 17:00:20"))
            assert (at("08:00"), at("17:00:20"), ()) == (found.arrived, found.left, found.reasons)


def test_in_and_out_within_a_minute():
    """Told directions are never taken for one another: in, out and in again are three."""
    found = passings(told("in 08:00:00, out 08:00:20, in 08:00:40"))
    assert ["in", "out", "in"] == [each.direction for each in found]


def test_a_passing_is_no_longer_than_a_minute():
    """Who stands before a camera for long is not one passing, or nobody there all day would ever leave."""
    marks = [mark(f"08:{second // 60:02}:{second % 60:02}") for second in range(0, 330, 30)]
    assert [60, 60, 60, 30] == [(each.last - each.first).seconds for each in passings(marks)]
