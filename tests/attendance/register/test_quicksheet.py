"""Rows put whole come out as cell by cell."""

import io
from datetime import UTC, date, datetime

import openpyxl
from openpyxl.utils.escape import unescape
from xlsxwriter import Workbook

from attendance.register.quicksheet import QuickSheet


def read(*rows):
    data = io.BytesIO()
    with Workbook(data, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("S", QuickSheet)
        time = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        sheet.write_row(0, 0, ["a", "b", "c", "d"])
        for number, row in enumerate(rows, 1):
            sheet.put(number, row, [None, time, None, None])
    return openpyxl.load_workbook(data)["S"]


def test_kinds():
    """Text, moment, whole and broken number, and a hole stay what they are."""
    at = datetime(2026, 3, 29, 2, 59, 59, tzinfo=UTC)
    sheet = read(("x", at, 7, 0.1), (None, None, None, None), ("", at, -1.25, 10**12))
    assert ("x", at.replace(tzinfo=None), 7, 0.1) == tuple(cell.value for cell in sheet[2])
    assert (None, at.replace(tzinfo=None), -1.25, 10**12) == tuple(cell.value for cell in sheet[4])
    assert ("a", "b", "c", "d") == tuple(cell.value for cell in sheet[1])


def test_days_excel_cannot_count():
    """A day before March 1900 is text: Excel counts one that never was."""
    sheet = read(("x", date(1900, 2, 28), 1, 1), ("x", date(1900, 3, 1), 1, 1))
    assert ("1900-02-28", datetime(1900, 3, 1)) == (sheet["B2"].value, sheet["B3"].value)  # noqa: DTZ001


def test_texts_are_escaped():
    """Text that looks like XML, or begins or ends in blanks, is read back as it was."""
    texts = ["<r>&amp;</r>", " both ", "a\tb", "_x0041_", "]]>", "🙂", "\ufffe"]
    sheet = read(*((text, None, None, None) for text in texts))
    assert texts == [unescape(line[0]) for line in sheet.iter_rows(min_row=2, max_col=1, values_only=True)]
