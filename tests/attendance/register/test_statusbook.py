"""Workbooks by the timetable: typed cells, nothing that calculates, further sheets where one is full."""

import re
import tempfile
from dataclasses import replace
from datetime import datetime

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape
from status_world import ADA, BOB, held, many, report, row, week

from attendance.records import PersonRef
from attendance.register import statusbook as module
from attendance.register.quota import totals
from attendance.register.statusbook import write_book
from attendance.register.statusfile import View
from attendance.register.statusreport import ZONED
from attendance.timetable.attended import Status


def read(found, folder, kind="rows"):
    path = folder / "book.xlsx"
    path.unlink(missing_ok=True)
    view = View(found, kind)
    write_book(found, view.totals, view.grids(), path)
    return openpyxl.load_workbook(path)


def named(name: str) -> PersonRef:
    return PersonRef("E-1", name, 1)


def test_sheets(tmp_path):
    """First what it is about, then totals, rows, and people by day."""
    assert ["About", "Totals", "Rows", "People by day"] == read(week(), tmp_path).sheetnames
    assert ["About", "Totals", "Hours", "People by day"] == read(week(), tmp_path, "hours").sheetnames
    assert ["About", "Totals", "People by day"] == read(week(), tmp_path, "totals").sheetnames


def test_typed_cells(tmp_path):
    """A day is a date, a time one on the rule's wall, minutes are numbers, a rate is a percentage."""
    book = read(week(), tmp_path)
    head, first = ([cell.value for cell in line] for line in book["Rows"].iter_rows(max_row=2))
    found = dict(zip(head, first, strict=True))
    assert list(ZONED) == head
    assert (datetime(2026, 3, 2), datetime(2026, 3, 2, 8, 10)) == (found["day"], found["at"])  # noqa: DTZ001
    assert ("Europe/Berlin", 10, 90, "late") == tuple(found[n] for n in ("zone", "late_min", "planned_min", "status"))
    formats = {cell.value: below.number_format for cell, below in zip(book["Rows"][1], book["Rows"][2], strict=True)}
    assert ("yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss") == (formats["day"], formats["at"])
    rate = book["Totals"][2][-1]
    assert (1, "0.0%") == (rate.value, rate.number_format)


def test_title(tmp_path):
    """The first sheet and the printed head name the school, its ampersand as it is, and the file its title."""
    found = report([row(ADA, Status.PRESENT)], scope={"site": "Curie & Sons"})
    book = read(found, tmp_path)
    assert "Curie & Sons" == book["About"]["A1"].value
    assert "Curie && Sons: attendance, 2026-03-02 to 2026-03-08" == book["Rows"].oddHeader.left.text
    assert "Attendance of everybody, 2026-03-02 to 2026-03-08" == book.properties.title


def test_head_stays_and_filters(tmp_path):
    """Each sheet's head is frozen and filters, and is printed on each page."""
    for sheet in read(week(), tmp_path).worksheets[1:]:
        assert "A2" == sheet.freeze_panes
        assert sheet.auto_filter.ref.startswith("A1:")
        assert "$1:$1" == sheet.print_title_rows


@pytest.mark.parametrize(
    "name",
    [
        *("=1+1", "=cmd|' /C calc'!A0", "+49", "-3", "@SUM(A1)", "{=1+1}", "http://example.com", "internal:Rows!A1"),
        *("007", "1e5", "  x", "_x0041_", "<b>&amp;", "<r><t>x</t></r>", "\uff1d1", "🙂", "a_x000D_b", "'quoted'"),
    ],
)
def test_names_stay_names(tmp_path, name):
    """Whatever a person is called is text in every cell: no formula, link or number, and read back as it was."""
    who = named(name)
    book = read(report([row(who, Status.PRESENT)], who), tmp_path)
    for sheet, cell in (("Totals", "C2"), ("Rows", "D2"), ("People by day", "B2")):
        found = book[sheet][cell]
        assert ("s", None) == (found.data_type if found.data_type != "inlineStr" else "s", found.hyperlink)
        assert name == unescape(found.value).removesuffix(" ")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30))
def test_any_name(tmp_path, name):
    """Any name makes a workbook that is read back."""
    who = named(name)
    cell = read(report([row(who, Status.PRESENT)], who), tmp_path)["Rows"]["D2"]
    assert name == unescape(cell.value).replace("\r\n", "\n")


def test_full_sheets_go_on(tmp_path, monkeypatch):
    """Rows that a sheet cannot hold go on in another with the same head; none is lost, and none is empty."""
    monkeypatch.setattr(module, "MOST_ROWS", 5)
    for people, sheets in ((4, ["Rows"]), (5, ["Rows", "Rows 2"]), (9, ["Rows", "Rows 2", "Rows 3"])):
        book = read(many(people, 1), tmp_path)
        there = [sheet for sheet in book.worksheets if re.fullmatch(r"Rows( \d)?", sheet.title)]
        assert sheets == [sheet.title for sheet in there]
        assert [f"E-{n:04}" for n in range(1, people + 1)] == [
            line[2] for sheet in there for line in sheet.iter_rows(min_row=2, values_only=True)
        ]
        assert {tuple(ZONED)} == {next(sheet.iter_rows(values_only=True)) for sheet in there}


def test_nothing_is_left_in_between(tmp_path, monkeypatch):
    """Neither a workbook nor one that fails half way leaves a piece of it on the disk."""
    (tmp_path / "between").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "between"))
    read(week(), tmp_path)
    broken = replace(week(), facts=replace(week().facts, people={1: ADA}))
    with pytest.raises(KeyError):
        write_book(broken, [], [broken.grid()], tmp_path / "b.xlsx")
    assert [] == list((tmp_path / "between").iterdir())


def test_no_room_is_an_error_of_the_system(tmp_path):
    """Where the file cannot be written the system's own error is told, as for any other file."""
    with pytest.raises(FileNotFoundError):
        write_book(week(), [], [], tmp_path / "none" / "a.xlsx")


def test_nothing_to_report(tmp_path):
    """A report without rows is a workbook with heads."""
    assert [1, 1] == [read(report([]), tmp_path)[name].max_row for name in ("Totals", "Rows")]


def test_long_texts(tmp_path):
    """Longer an excuse than a cell can hold is cut, and says so by its end."""
    found = report([row(ADA, Status.EXCUSED, held(), excuses=(7,)), row(BOB, Status.ABSENT)])
    found = replace(found, facts=replace(found.facts, excuses={7: "x" * 40_000}))
    text = read(found, tmp_path)["Rows"].cell(2, ZONED.index("excuse") + 1).value
    assert text.endswith("x…")
    assert 32_767 >= len(text)


def test_same_totals(tmp_path):
    """The sheet of totals holds those of the report."""
    sheet = read(week(), tmp_path)["Totals"]
    assert [each.name for each in totals(week())] == [line[2] for line in sheet.iter_rows(min_row=2, values_only=True)]
