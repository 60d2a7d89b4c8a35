"""Workbooks: real dates and times, nothing that calculates, and clear words about what does not fit."""

import io
from datetime import UTC, date, datetime, timedelta

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.errors import OutputFailed
from attendance.records import PersonRef
from attendance.register import spreadsheet as module
from attendance.register.marks import MarkInfo
from attendance.register.report import LOCAL_COLUMNS, Row
from attendance.register.sessions import SessionInfo
from attendance.register.spreadsheet import to_xlsx

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SESSION = SessionInfo(1, "2026-03-02", "day", date(2026, 3, 2), "Europe/Berlin", NOW - timedelta(hours=13), None)


def row(name: str = "Ada", *, session: SessionInfo = SESSION, void: str | None = None, number: int = 1) -> Row:
    voided = {"voided_at": NOW, "void_reason": void, "voided_by": "t"} if void else {}
    mark = MarkInfo("m1", number, session.id, NOW, "camera", NOW, "tester", **voided)
    return Row(session, PersonRef(f"P-{number}", name, number), "absent" if void else "present", mark)


def read(rows) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(to_xlsx(rows, now=NOW)))


def test_rows_have_types():
    """A day is a date, a time a time on the session's wall, and the zone stands beside it."""
    sheet = read([row("Zoë Müller")])["Rows"]
    head, cells = ([cell.value for cell in line] for line in sheet.iter_rows())
    found = dict(zip(head, cells, strict=True))
    assert list(LOCAL_COLUMNS) == head
    assert (datetime(2026, 3, 2), datetime(2026, 3, 2, 13)) == (found["day"], found["at"])  # noqa: DTZ001
    assert ("Zoë Müller", "Europe/Berlin", "present", None) == tuple(
        found[key] for key in ("name", "zone", "status", "voided")
    )
    assert ("yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss") == (sheet["B2"].number_format, sheet["F2"].number_format)


def test_second_sheet():
    """The second sheet has people down and sessions across."""
    other = SessionInfo(2, "Maths", "named", NOW.date(), "UTC", NOW, None)
    sheet = read([row("Ada"), row("Bob", number=2), row("Ada", session=other)])["People by session"]
    assert [
        ("id", "name", "2026-03-02", "Maths"),
        ("P-1", "Ada", "13:00", "12:00"),
        ("P-2", "Bob", "13:00", None),
    ] == list(sheet.iter_rows(values_only=True))


def test_head_stays_and_filters():
    """The head is frozen and filters, columns are as wide as what they hold, within reason."""
    for sheet in read([row("A" * 300)]):
        assert "A2" == sheet.freeze_panes
        assert sheet.auto_filter.ref.startswith("A1:")
    sheet = read([row("A" * 300)])["Rows"]
    assert 5 < sheet.column_dimensions["A"].width < 45
    assert 35 < sheet.column_dimensions["D"].width < 45


@pytest.mark.parametrize(
    "name",
    [
        "=1+1",
        "=cmd|' /C calc'!A0",
        "+49",
        "-3",
        "@SUM(A1)",
        "{=1+1}",
        "http://example.com",
        "mailto:a@b.c",
        "internal:Rows!A1",
        "007",
        "1e5",
        "  x",
        "a\nb",
        "\x01",
        "_x0041_",
        "<r><t>x</t></r>",
        "🙂" * 10,
    ],
)
def test_names_stay_names(name):
    """Whatever a person is called is text in every cell: no formula, link or number, and read back as it was."""
    book = read([row(name)])
    for sheet, cell in (("Rows", "D2"), ("People by session", "B2")):
        found = book[sheet][cell]
        assert ("s", None) == (found.data_type, found.hyperlink)
        if name.isprintable():
            assert name == found.value.removesuffix(" "), "what looks like a workbook's own XML gets a space behind it"


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30))
def test_any_name(name):
    """Any name makes a workbook that is read back, without a formula."""
    cell = read([row(name)])["Rows"]["D2"]
    assert ("s", name) == (cell.data_type, cell.value.replace("\r\n", "\n"))


@pytest.mark.parametrize("letter", ["x", "🙂"])
def test_long_text(letter):
    """A reason longer than a cell can hold is cut, and says so by its end."""
    text = read([row(void=letter * 40_000)])["Rows"]["I2"].value
    assert text.endswith(f"{letter}…")
    assert 32_000 < len(text.encode("utf-16-le")) // 2 <= 32_767


def test_nothing_to_report():
    """A report without rows is a workbook with two heads."""
    book = read([])
    assert [(1, len(LOCAL_COLUMNS)), (1, 2)] == [(sheet.max_row, sheet.max_column) for sheet in book]


@pytest.mark.parametrize(("limit", "value"), [("MOST_ROWS", 3), ("MOST_COLUMNS", 2)])
def test_too_much_is_refused(monkeypatch, limit, value):
    """More than a sheet can hold is refused with the way out, not cut."""
    monkeypatch.setattr(module, limit, value)
    with pytest.raises(OutputFailed, match="use --format csv"):
        to_xlsx([row(), row("Bob", number=2), row("Eve", number=3)], now=NOW)


def test_as_much_as_fits(monkeypatch):
    """The head and as many rows as a sheet can hold are written."""
    monkeypatch.setattr(module, "MOST_ROWS", 3)
    assert 3 == read([row(), row("Bob", number=2)])["Rows"].max_row
