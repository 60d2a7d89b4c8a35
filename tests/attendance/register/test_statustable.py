"""Tables for people: words where there is room, signs where there is less, counts of a long span."""

from datetime import timedelta

from status_world import ADA, MONDAY, held, many, report, row, rule, week

from attendance.register.quota import totals
from attendance.register.statusreport import LEGEND
from attendance.register.statustable import by_day, shown, table, totals_table
from attendance.timetable.attended import Status
from attendance.timetable.rule import Pairing


def test_few_times_in_words():
    """A few times stand across with day, name and hour, and the status in words."""
    (head, lines), remark = table(week())
    assert ["id", "name", "Mon 03-02 Maths 08:00", "Tue 03-03 Maths 08:00", "Wed 03-04 Maths 08:00"] == head
    assert ["E-1", "Ada Lovelace", "08:10 late 10 min", "08:00", "excused"] == lines[0]
    assert ["E-2", "Bob Byron", "absent", "no log", "partial"] == lines[1]
    assert "" == remark


def test_days_in_signs():
    """More times than that stand by day, several of a day in their order, and the signs are explained."""
    rows = []
    for day in range(7):
        late = held(MONDAY + timedelta(days=day), "Art", of=rule())
        rows += [row(ADA, Status.PRESENT, held(late.day)), row(ADA, Status.ABSENT, late)]
    (head, lines), remark = table(report(rows))
    assert ["id", "name", "Mon 03-02", "Tue 03-03"] == head[:4]
    assert [["E-1", "Ada Lovelace", *["PA"] * 7]] == lines
    assert LEGEND in remark


def test_long_span_as_counts():
    """Of many days each person's counts are told, and where the rows are."""
    (head, lines), remark = table(many(2, 40))
    assert ["id", "name", "times", "P", "rate"] == head
    assert ["E-0001", "Person 1", "40", "40", "100.0%"] == lines[0]
    assert ["", "group 7b", "80", "80", "100.0%"] == lines[2]
    assert "--format csv" in remark


def test_rate_is_rounded_once():
    """Six of eleven are 54.5 percent, as everywhere else; not what four digits of it would be rounded to."""
    rows = [row(ADA, Status.PRESENT, held(MONDAY + timedelta(days=day))) for day in range(6)]
    rows += [row(ADA, Status.ABSENT, held(MONDAY + timedelta(days=day))) for day in range(6, 11)]
    (head, lines) = totals_table(totals(report(rows)))
    assert {"54.5%"} == {line[head.index("rate")] for line in lines}


def test_nothing():
    """A report without rows is a head."""
    assert ((["id", "name"], []), "") == table(report([]))


def test_cell_with_leaving():
    """Who left has the time of it in the cell; a second late is a minute."""
    occurrence = held(of=rule(pairing=Pairing.FIRST_LAST))
    times = {"arrived": occurrence.begins, "left": occurrence.ends - timedelta(minutes=20)}
    assert "08:00-09:10 left early" == shown(row(ADA, Status.LEFT_EARLY, occurrence, **times))
    assert "08:00-09:10" == shown(row(ADA, Status.PRESENT, occurrence, **times))
    assert "late 1 min" == shown(row(ADA, Status.LATE, occurrence, late_s=1))


def test_order_of_a_day():
    """The signs of a day stand in order of time, in whatever order the rows come."""
    early, late = held(), held(name="Late", of=rule(begins=held().begins.time().replace(hour=13)))
    rows = [row(ADA, Status.LATE, late), row(ADA, Status.PRESENT, early)]
    assert ["E-1", "Ada Lovelace", "PL"] == by_day(report(rows))[1][0]
