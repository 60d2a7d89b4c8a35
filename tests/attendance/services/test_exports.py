"""Marks leave as files that other systems, and this one, take in."""

import csv
from datetime import date, timedelta

import pytest

from attendance import Attendance
from attendance.access import Actor
from attendance.errors import GroupUnknown, OutputFailed, ReportPeriod
from attendance.services.exports import ExportForm
from attendance.services.markimport import MarksWanted
from gallery.repositories import approvals, marks

CLERK = Actor("clerk", door="web")
ROWS = (
    "person,at,direction,source\nA,2026-03-01 08:05,in,gate\nA,2026-03-01 17:00,out,gate\n=B,2026-03-02 07:00,,=yard\n"
)


@pytest.fixture
def marked(app, tmp_path):
    """Ann and somebody whose id looks like a formula, with marks of a device, one void, and one of no known time."""
    app.gallery.add_person("Ann Lee", external_id="A", groups=("7b",), at=app.clock.utc(), by="x")
    app.gallery.add_person("Bo Ek", external_id="=B", at=app.clock.utc(), by="x")
    path = tmp_path / "list.csv"
    path.write_text(ROWS)
    app.mark_import.take_in(CLERK, MarksWanted(path))
    app.by_hand.enter(CLERK, "A", session="2026-02-27")
    app.by_hand.enter(CLERK, "=B", session="2026-02-27", at="08:00")
    app.by_hand.void(CLERK, "=B", session="2026-02-27", reason="x")
    return app


def rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_table_of_all_marks(marked, tmp_path):
    """With ids, instants in UTC and on the site's clock, and whether each counts."""
    done = marked.exports.write(ExportForm.CSV, tmp_path / "out.csv")
    found = rows(tmp_path / "out.csv")
    assert (5, 5) == (done.marks, len(found))
    assert [("A", "", "manual", "valid"), ("'=B", "2026-02-27T08:00:00.000Z", "manual", "void")] == sorted(
        (each["id"], each["at"], each["method"], each["counts"]) for each in found if each["day"] == "2026-02-27"
    )[::-1]
    (first,) = [each for each in found if each["direction"] == "in"]
    assert ("2026-03-01T08:05:00.000Z", "2026-03-01 08:05:00", "UTC", "gate") == (
        first["at"],
        first["local"],
        first["zone"],
        first["source"],
    )


def test_the_table_can_be_read_back(marked, tmp_path, clock, pipeline):
    """In the same home it changes nothing; in another one the marks that count come in, once."""
    table = tmp_path / "out.csv"
    marked.exports.write(ExportForm.CSV, table)
    here = marked.mark_import.take_in(CLERK, MarksWanted(table))
    assert (0, 5, ()) == (here.new, here.unchanged, here.refused)
    with Attendance.open(tmp_path / "other", clock=clock, pipeline=pipeline) as other:
        for external_id in ("A", "=B"):
            other.gallery.add_person("x", external_id=external_id, at=clock.utc(), by="x")
        there = other.mark_import.take_in(CLERK, MarksWanted(table))
        again = other.mark_import.take_in(CLERK, MarksWanted(table))
        other.exports.write(ExportForm.CSV, tmp_path / "again.csv")
    assert (3, 1, ["row.time"]) == (there.new, there.passed_over, [each.code for each in there.refused])
    assert (0, 3) == (again.new, again.unchanged)
    same = ("id", "at", "local", "direction", "method", "source")
    kept = [[each[key] for key in same] for each in rows(table) if each["method"] == "device"]
    assert kept == [[each[key] for key in same] for each in rows(tmp_path / "again.csv")]


def test_employee_checkins(marked, tmp_path):
    """The marks that count, on the site's clock, by what Frappe calls people; a formula is none."""
    marked.foreign_ids.set(CLERK, "A", "frappe", "HR-EMP-1")
    done = marked.exports.write(ExportForm.FRAPPE, tmp_path / "out.csv")
    assert (3, 1) == (done.marks, done.timeless)
    assert (tmp_path / "out.csv").read_text() == (
        "Employee,Time,Log Type,Location / Device ID,Skip Auto Attendance\n"
        "HR-EMP-1,2026-03-01 08:05:00,IN,gate,0\n"
        "HR-EMP-1,2026-03-01 17:00:00,OUT,gate,0\n"
        "'=B,2026-03-02 07:00:00,,'=yard,0\n"
    )


def test_marks_that_wait_for_a_second_person(marked, tmp_path):
    """They are in the table as what they are, and no employee has checked in by one that does not count."""
    ann, at = marked.people.find("A").id, marked.clock.utc()
    with marked.store.atomic() as transaction:
        made = [
            marks.add(
                transaction,
                ann,
                marked.sessions.find("2026-03-02").id,
                at=at - timedelta(minutes=number),
                entered=at,
                by="x",
                method="manual",
                details={"awaits": "approval"},
                unless="none",
            )
            for number in range(3)
        ]
        for mark, granted in zip(made, (True, False), strict=False):
            approvals.add(transaction, granted=granted, at=at, by="y", reason="", mark=mark.id)
    marked.exports.write(ExportForm.CSV, tmp_path / "out.csv", first=date(2026, 3, 2), group="7b")
    assert ["waiting", "refused", "valid"] == [each["counts"] for each in rows(tmp_path / "out.csv")]
    done = marked.exports.write(ExportForm.FRAPPE, tmp_path / "in.csv", first=date(2026, 3, 2), group="7b")
    assert 1 == done.marks


def test_days_and_groups(marked, tmp_path):
    """Only the days and the people asked for."""
    done = marked.exports.write(ExportForm.CSV, tmp_path / "a.csv", first=date(2026, 3, 1), last=date(2026, 3, 1))
    assert 2 == done.marks
    assert 3 == marked.exports.write(ExportForm.CSV, tmp_path / "b.csv", group="7b").marks


def test_what_is_refused(marked, tmp_path):
    """Days in the wrong order, a group that there is not, a file that is there already."""
    with pytest.raises(ReportPeriod):
        marked.exports.write(ExportForm.CSV, tmp_path / "c.csv", first=date(2026, 3, 2), last=date(2026, 3, 1))
    with pytest.raises(GroupUnknown):
        marked.exports.write(ExportForm.CSV, tmp_path / "c.csv", group="9z")
    (tmp_path / "c.csv").write_text("mine")
    with pytest.raises(OutputFailed):
        marked.exports.write(ExportForm.CSV, tmp_path / "c.csv")
