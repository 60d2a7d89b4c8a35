"""In to one occurrence and out of a later one."""

import pytest
from timetable_made import at, cover, excuse, mark, occurs, rows

from attendance.timetable.attended import THERE, Status
from attendance.timetable.facts import Span
from attendance.timetable.rule import Pairing

HOURS = 3600


def shifts(**more):
    """Early, late and night: adjacent, eight hours each."""
    times = [("06:00", "14:00"), ("14:00", "22:00"), ("22:00", "06:00")]
    return [occurs(*each, key=key, **more) for key, each in enumerate(times, 1)]


@pytest.mark.parametrize("pairing", [Pairing.FIRST_LAST, Pairing.PAIRS])
@pytest.mark.parametrize(("number", "out"), [(2, "22:00"), (2, "21:56"), (3, "+06:00"), (3, "+06:10")])
def test_in_to_one_and_out_of_another(pairing, number, out):
    """Presence runs through all shifts from the check-in to the check-out: nobody is absent, and the hours count."""
    found = rows(shifts(pairing=pairing)[:number], [mark("06:00", "in"), mark(out, "out")])
    assert [Status.PRESENT] * number == [each.status for each in found]
    assert [("bridged",)] * number == [each.reasons for each in found]
    assert [at("06:00")] + [None] * (number - 1) == [each.arrived for each in found]
    assert [None] * (number - 1) + [at(out)] == [each.left for each in found]
    minutes_early = 4 if out == "21:56" else 0
    assert 8 * HOURS * number - 60 * minutes_early == sum(each.worked_s for each in found)


def test_shift_between_has_no_marks():
    """The shift between is presence from its beginning to its end, with no mark of its own."""
    _, between, _ = rows(shifts(), [mark("06:00", "in"), mark("+06:00", "out")])
    assert ((Span(at("14:00"), at("22:00")),), 8 * HOURS, ()) == (between.present, between.worked_s, between.marks)


def test_left_early_from_the_last():
    """Late is measured in the first, early in the last."""
    first, second = rows(shifts()[:2], [mark("06:05:01", "in"), mark("21:54:59", "out")])
    assert (Status.LATE, 301, 0) == (first.status, first.late_s, first.early_s)
    assert (Status.LEFT_EARLY, 0, 301) == (second.status, second.late_s, second.early_s)


@pytest.mark.parametrize(("out", "there"), [("18:00", False), ("18:00:01", True), ("21:00", True)])
def test_mark_without_direction(out, there):
    """One mark without direction is a departure if it is nearer to the end than to the beginning."""
    first, second = rows(shifts()[:2], [mark("06:00"), mark(out)])
    assert there == ("bridged" in first.reasons)
    assert (8 * HOURS if there else 0) == first.worked_s
    assert second.status in THERE


def test_windows_that_do_not_touch():
    """Nothing runs through a time that no shift's window covers."""
    apart = [occurs("06:00", "14:00", key=1), occurs("15:00", "22:00", key=2)]
    touching = rows(apart, [mark("06:00", "in"), mark("22:00", "out")])
    assert [("bridged",), ("bridged",)] == [each.reasons for each in touching]
    apart[1] = occurs("15:00", "22:00", key=2, opens_before=29)
    found = rows(apart, [mark("06:00", "in"), mark("22:00", "out")])
    assert [("no_checkout",), ("no_checkin",)] == [each.reasons for each in found]


def test_closed_presence_is_not_carried_on():
    """Who checked out of the first is not there in the second because of a check-out alone."""
    first, second = rows(shifts()[:2], [mark("06:00", "in"), mark("13:00", "out"), mark("22:00", "out")])
    assert (at("13:00"), ("no_checkin",)) == (first.left, second.reasons)


def test_marks_between_end_it():
    """A shift between with an arrival of its own is where the later check-out belongs to."""
    first, second, third = rows(shifts(), [mark("06:00", "in"), mark("14:10", "in"), mark("+06:00", "out")])
    assert (("no_checkout",), ("bridged",), ("bridged",)) == (first.reasons, second.reasons, third.reasons)
    assert (Status.LATE, at("14:10")) == (second.status, second.arrived)


def test_on_and_on():
    """A presence that is carried on can begin anew and be carried on again."""
    marks = [mark("06:00", "in"), mark("18:00", "out"), mark("18:30", "in"), mark("+06:00", "out")]
    found = rows(shifts(pairing=Pairing.PAIRS), marks)
    assert [8.0, 7.5, 8.0] == [each.worked_s / HOURS for each in found]
    assert [Status.PRESENT] * 3 == [each.status for each in found]


def test_out_and_in_again_from_first_to_last():
    """From first to last, a check-out and a new check-in do not make somebody late who was there all along."""
    marks = [mark("06:00", "in"), mark("18:00", "out"), mark("18:30", "in"), mark("22:00", "out")]
    found = rows(shifts()[:2], marks)
    assert [(Status.PRESENT, 8 * HOURS)] * 2 == [(each.status, each.worked_s) for each in found]


def test_lessons_of_one_mark_are_passed_over():
    """An occurrence for which one mark is enough neither carries presence nor stands in its way."""
    drill = occurs("14:05", "14:15", key=9, pairing=Pairing.ONCE)
    first, second, drilled = rows([*shifts()[:2], drill], [mark("06:00", "in"), mark("22:00", "out")])
    assert (Status.PRESENT, Status.PRESENT, Status.ABSENT) == (first.status, second.status, drilled.status)


def test_excused_between():
    """Who was there through a shift that they were excused from was there."""
    found = rows(shifts(), [mark("06:00", "in"), mark("+06:00", "out")], [excuse("14:00", "22:00")])
    assert ("bridged", "excused_but_there") == found[1].reasons
    assert Status.PRESENT is found[1].status


def test_waiting_check_out_bridges_nothing():
    """A check-out that awaits approval carries no presence."""
    found = rows(shifts()[:2], [mark("06:00", "in"), mark("22:00", "out", pending=True)])
    assert [Status.PRESENT, Status.ABSENT] == [each.status for each in found]
    assert (0, ("awaits_approval",)) == (found[0].worked_s, found[1].reasons)


def test_no_camera_needed():
    """Bridged presence is presence, whether somebody looked or not."""
    found = rows(shifts(), [mark("06:00", "in"), mark("+06:00", "out")], covers=[cover("06:00", "06:10")])
    assert [Status.PRESENT] * 3 == [each.status for each in found]
