"""Statuses: what became of somebody, to the second, and why."""

from dataclasses import replace
from datetime import timedelta

import pytest
from timetable_made import ALL_DAY, ANYBODY, at, cover, excuse, mark, occurs, row, rows, untimed

from attendance.timetable.attended import THERE, Status
from attendance.timetable.facts import Span
from attendance.timetable.reasons import REASONS, Reason
from attendance.timetable.rule import Pairing

LESSON = {"begins": "08:00", "ends": "08:45", "pairing": Pairing.ONCE}


@pytest.mark.parametrize(
    ("arrives", "leaves", "expected", "late_s", "early_s"),
    [
        ("08:00:00", "17:00:00", Status.PRESENT, 0, 0),
        ("07:30:00", "17:30:00", Status.PRESENT, 0, 0),
        ("08:04:59", "16:55:01", Status.PRESENT, 0, 0),
        ("08:05:00", "16:55:00", Status.PRESENT, 0, 0),
        ("08:05:00.900", "16:54:59.100", Status.PRESENT, 0, 0),
        ("08:05:01", "16:55:00", Status.LATE, 301, 0),
        ("08:05:00", "16:54:59", Status.LEFT_EARLY, 0, 301),
        ("08:05:01", "16:54:59", Status.PARTIAL, 301, 301),
        ("12:00:00", "17:00:00", Status.LATE, 4 * 3600, 0),
    ],
)
def test_late_and_early(arrives, leaves, expected, late_s, early_s):
    """Up to the grace nobody is late or leaves early; a second more counts from the planned time."""
    found = row(occurs(), mark(arrives), mark(leaves))
    assert (expected, late_s, early_s) == (found.status, found.late_s, found.early_s)


@pytest.mark.parametrize(("arrives", "status"), [("08:00", Status.PRESENT), ("08:00:01", Status.LATE)])
def test_without_grace(arrives, status):
    """Where no minute is forgiven a second is late."""
    assert status is row(occurs(**LESSON, late_grace=0), mark(arrives)).status


@pytest.mark.parametrize(
    ("when", "there"),
    [("07:29:59", False), ("07:30:00", True), ("09:15:00", True), ("09:15:01", False)],
)
def test_window(when, there):
    """A mark counts from half an hour before to half an hour after, both included."""
    assert there == (row(occurs(**LESSON), mark(when)).status in THERE)


@pytest.mark.parametrize(
    ("leaves", "status", "reasons"),
    [
        ("08:29:59", Status.ABSENT, ("too_short",)),
        ("08:30:00", Status.PARTIAL, ("half_day",)),
        ("11:59:59", Status.PARTIAL, ("half_day",)),
        ("12:00:00", Status.LEFT_EARLY, ()),
    ],
)
def test_length(leaves, status, reasons):
    """Who was there for less than the least is absent, for less than half a day partly there; exactly is enough."""
    found = row(occurs(absent_below=30, half_day=240), mark("08:00", "in"), mark(leaves, "out"))
    assert (status, reasons) == (found.status, found.reasons)
    assert (found.status is Status.ABSENT) == (found.early_s == 0)


@pytest.mark.parametrize(
    "marks",
    [
        [mark("08:00", "in")],
        [mark("08:10", "out")],
        [mark("08:00", "in"), mark("08:10", "out"), untimed()],
        [mark("07:50", "out"), mark("08:00", "in"), mark("08:10", "out")],
    ],
)
def test_length_unknown(marks):
    """Nobody is absent by the length of a presence of which a part is not known."""
    assert row(occurs(absent_below=60), *marks).status in THERE


def test_length_is_known_at_the_end():
    """Who steps out soon after coming is not absent as long as they can come back."""
    step_out = [mark("08:00", "in"), mark("08:10", "out")]
    shift = occurs(absent_below=60, pairing=Pairing.PAIRS)
    before, after = row(shift, *step_out, now=at("16:59:59")), row(shift, *step_out, now=at("17:00"))
    assert (Status.LEFT_EARLY, ("not_over",)) == (before.status, before.reasons)
    assert (Status.ABSENT, ("too_short",)) == (after.status, after.reasons)


def test_breaks_do_not_count_for_the_length():
    """Time of an unpaid break is no time of being there."""
    shift = occurs(half_day=240, breaks=[("10:00", "10:30")])
    assert Status.PARTIAL is row(shift, mark("08:00"), mark("12:29:59")).status
    assert Status.LEFT_EARLY is row(shift, mark("08:00"), mark("12:30:00")).status


@pytest.mark.parametrize(
    ("now", "status", "reasons"),
    [
        ("06:00", Status.NO_LOG, ("not_over",)),
        ("08:04:59", Status.NO_LOG, ("not_over",)),
        ("08:05:00", Status.ABSENT, ("not_over",)),
        ("08:44:59", Status.ABSENT, ("not_over",)),
        ("08:45:00", Status.ABSENT, ()),
    ],
)
def test_under_way(now, status, reasons):
    """Before the time in which one may come is over nobody is absent; until the end it is said that it may change."""
    found = row(occurs(**LESSON), now=at(now))
    assert (status, reasons) == (found.status, found.reasons)


@pytest.mark.parametrize(
    ("now", "reasons"),
    [("08:10", ("not_over",)), ("17:30:00", ("not_over",)), ("17:30:01", ("no_checkout",))],
)
def test_still_there(now, reasons):
    """A check-out is missing only once it cannot come any more."""
    found = row(occurs(), mark("08:00", "in"), now=at(now))
    assert (Status.PRESENT, reasons, None, 0) == (found.status, found.reasons, found.left, found.worked_s)


def test_once_needs_no_checkout():
    """Where one mark is enough nothing is missing, and no hours are made up."""
    found = row(occurs(**LESSON), mark("08:00"))
    assert (Status.PRESENT, (), at("08:00"), None, 0) == (
        found.status,
        found.reasons,
        found.arrived,
        found.left,
        found.worked_s,
    )


@pytest.mark.parametrize(
    ("now", "reasons", "present"),
    [
        ("17:59:59", ("no_checkout",), ()),
        ("18:00:00", ("auto_closed",), (Span(at("08:00"), at("17:00")),)),
    ],
)
def test_forgotten_checkout(now, reasons, present):
    """A forgotten check-out counts no hours; the rule may close it at the planned end, and that counts none either."""
    found = row(occurs(auto_close=60), mark("08:00"), now=at(now))
    assert (Status.PRESENT, reasons, present) == (found.status, found.reasons, found.present)
    assert (bool(present), None, 0, ()) == (found.automatic, found.left, found.worked_s, found.worked_by_day)


def test_approved_auto_close():
    """Who is checked out by hand later is just closed: the hours count."""
    found = row(occurs(auto_close=60), mark("08:00"), mark("17:00", "out", method="manual"))
    assert (False, 9 * 3600, (), at("17:00")) == (found.automatic, found.worked_s, found.reasons, found.left)


def test_auto_close_never_before_the_arrival():
    """What began after the planned end is not closed at it."""
    found = row(occurs(auto_close=0), mark("17:10", "in"))
    assert (False, (), ("no_checkout",)) == (found.automatic, found.present, found.reasons)


def test_auto_close_keeps_the_hours_before():
    """Of several presences the last alone is the rule's, and the others are worked."""
    marks = [mark("08:00", "in"), mark("12:00", "out"), mark("13:00", "in")]
    found = row(occurs(auto_close=60, pairing=Pairing.PAIRS), *marks)
    assert (True, 4 * 3600) == (found.automatic, found.worked_s)
    assert (Span(at("08:00"), at("12:00")), Span(at("13:00"), at("17:00"))) == found.present


def test_unknown_time():
    """A mark of unknown time is presence without times in all occurrences of its day, and of no other."""
    first, second, tomorrow = (
        occurs(**LESSON),
        occurs("10:00", "11:00", key=2),
        occurs(day=at("+00:00").date(), key=3),
    )
    found = rows([first, second, tomorrow], [untimed(id="m")])
    assert [Status.PRESENT, Status.PRESENT, Status.ABSENT] == [each.status for each in found]
    assert [("m",), ("m",), ()] == [each.marks for each in found]
    assert (None, ("time_unknown",), 0) == (found[0].arrived, found[0].reasons, found[0].worked_s)


def test_known_and_unknown_times():
    """Where some times are known these tell when somebody came."""
    found = row(occurs(), mark("09:00", id="a"), untimed(id="b"))
    assert (Status.LATE, at("09:00"), ("a", "b")) == (found.status, found.arrived, found.marks)


@pytest.mark.parametrize("waiting", [mark("08:00", pending=True), untimed(pending=True)])
def test_mark_that_waits(waiting):
    """A mark that awaits approval does not count, and the row says that there is one."""
    found = row(occurs(**LESSON), waiting)
    assert (Status.ABSENT, ("awaits_approval",), ()) == (found.status, found.reasons, found.marks)


def test_nothing_before_the_rule():
    """Marks without an occurrence give no row, and no occurrence is made up for them."""
    assert [] == rows([], [mark("08:00"), untimed()])


def test_mark_far_from_everything():
    """A mark outside all windows does not count."""
    found = row(occurs(**LESSON), mark("12:00"))
    assert (Status.ABSENT, ()) == (found.status, found.marks)


def test_inactive_for_all_of_it():
    """Who did not belong during the whole occurrence has no row, marks or not; a second of belonging makes one."""
    gone = replace(ANYBODY, away=(Span(at("08:00"), at("08:45")),))
    assert [] == rows([occurs(**LESSON)], [mark("08:10")], person=gone)
    nearly = replace(ANYBODY, away=(Span(at("08:00"), at("08:44:59")),))
    assert 1 == len(rows([occurs(**LESSON)], person=nearly))
    in_turn = replace(ANYBODY, away=(Span(at("07:00"), at("08:20")), Span(at("08:20"), at("12:00"))))
    assert [] == rows([occurs(**LESSON)], person=in_turn)


def test_left_at_noon():
    """Who left the school or firm at noon is expected until noon, and is not excused by it."""
    gone = replace(ANYBODY, away=(Span(at("12:00"), at("+00:00") + timedelta(days=99)),))
    found = row(occurs(half_day=240), mark("08:00"), mark("12:00"), person=gone)
    assert (Status.PRESENT, ("partly_away",), 0) == (found.status, found.reasons, found.early_s)
    found = row(occurs(), mark("08:00"), mark("11:54:59"), person=gone)
    assert (Status.LEFT_EARLY, 301) == (found.status, found.early_s)
    found = row(occurs(), person=gone, covers=[cover("08:00", "12:00")])
    assert (Status.ABSENT, ("partly_away",)) == (found.status, found.reasons)


def test_joined_at_ten():
    """Who joined at ten is expected from ten on."""
    joined = replace(ANYBODY, away=(Span(at("-00:00"), at("10:00")),))
    assert Status.PRESENT is row(occurs(), mark("10:05"), mark("17:00"), person=joined).status
    assert Status.LATE is row(occurs(), mark("10:05:01"), mark("17:00"), person=joined).status


def test_back_in_time_for_the_next():
    """An occurrence in which the person did not belong takes no mark away from the next one."""
    joined = replace(ANYBODY, away=(Span(at("-00:00"), at("08:45")),))
    (found,) = rows([occurs(**LESSON), occurs("08:45", "09:30", key=2)], [mark("08:44")], person=joined)
    assert (Status.PRESENT, at("08:44")) == (found.status, found.arrived)


def test_rows_in_order():
    """Rows come in the order of beginnings, whatever the order of what is handed in."""
    lessons = [occurs(f"{hour:02}:00", f"{hour:02}:45", key=hour, pairing=Pairing.ONCE) for hour in (10, 8, 12, 9)]
    assert [8, 9, 10, 12] == [each.occurrence.entry.key for each in rows(lessons)]


EXAMPLES = {
    Reason.NOT_OVER: lambda: row(occurs(), now=at("09:00")),
    Reason.NOT_LOOKED: lambda: row(occurs(), covers=[]),
    Reason.GAP: lambda: row(occurs(), covers=[cover("08:00", "12:00")]),
    Reason.UNRECOGNISABLE: lambda: row(occurs(), person=replace(ANYBODY, recognisable=None)),
    Reason.AWAITS_APPROVAL: lambda: row(occurs(), excuses=[excuse("08:00", "17:00", pending=True)]),
    Reason.TIME_UNKNOWN: lambda: row(occurs(), untimed()),
    Reason.OVERLAP: lambda: row(occurs(), mark("09:00"), others=[occurs(key=2)]),
    Reason.BRIDGED: lambda: row(
        occurs("06:00", "14:00"), mark("06:00", "in"), mark("21:00", "out"), others=[occurs("14:00", "22:00", key=2)]
    ),
    Reason.OUT_BEFORE_IN: lambda: row(occurs(), mark("08:00", "out"), mark("11:00", "in")),
    Reason.NO_CHECKIN: lambda: row(occurs(), mark("17:00", "out")),
    Reason.NO_CHECKOUT: lambda: row(occurs(), mark("08:00", "in")),
    Reason.AUTO_CLOSED: lambda: row(occurs(auto_close=0), mark("08:00", "in")),
    Reason.TOO_SHORT: lambda: row(occurs(absent_below=60), mark("08:00"), mark("08:30")),
    Reason.HALF_DAY: lambda: row(occurs(half_day=60), mark("08:00"), mark("08:30")),
    Reason.EXCUSED_BUT_THERE: lambda: row(occurs(), mark("08:00"), excuses=[excuse("08:00", "17:00")]),
    Reason.PARTLY_EXCUSED: lambda: row(occurs(), excuses=[excuse("08:00", "12:00")]),
    Reason.PARTLY_AWAY: lambda: row(occurs(), person=replace(ANYBODY, away=(Span(at("12:00"), at("18:00")),))),
}


@pytest.mark.parametrize("reason", Reason)
def test_every_reason(reason):
    """Every code is given by something, and has one plain sentence."""
    assert reason in EXAMPLES[reason]().reasons
    assert REASONS[reason].endswith(".")
    assert 1 == REASONS[reason].count(".")


def test_reasons_are_text():
    """Codes are plain text for whoever writes them out, in the order of the list."""
    found = row(occurs(), mark("08:00", "out"), mark("11:00", "in"), mark("12:00", pending=True), covers=[ALL_DAY])
    assert ("awaits_approval", "out_before_in", "no_checkout") == found.reasons
    assert "awaits_approval,out_before_in,no_checkout" == ",".join(found.reasons)
