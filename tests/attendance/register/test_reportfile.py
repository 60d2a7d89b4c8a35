"""Files of reports: the form follows the name, and only earlier reports are written over."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from attendance.errors import OutputFailed, OutputForm
from attendance.records import PersonRef
from attendance.register.report import Row
from attendance.register.reportfile import is_report, write
from attendance.register.reportform import SUFFIXES, Form, form_of_file, form_of_screen
from attendance.register.sessions import SessionInfo

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SESSION = SessionInfo(1, "2026-03-02", "day", date(2026, 3, 2), "UTC", NOW, None)
ROWS = [Row(SESSION, PersonRef("P-1", "Zoë [bold]", 1), "absent")]


@pytest.mark.parametrize(
    ("name", "wanted", "form"),
    [
        ("a.csv", None, Form.CSV_EXCEL),
        ("a.CSV", None, Form.CSV_EXCEL),
        ("a.csv", Form.CSV, Form.CSV),
        ("a.json", None, Form.JSON),
        ("a.xlsx", None, Form.XLSX),
        ("a.b.xlsx", Form.XLSX, Form.XLSX),
        ("a.txt", None, Form.TABLE),
        ("a.pdf", None, Form.PDF),
        ("a.ics", None, Form.ICS),
        ("a", Form.JSON, Form.JSON),
    ],
)
def test_form_follows_the_name(name, wanted, form):
    """The ending of the name tells the form; a name without one takes the form asked for."""
    assert form is form_of_file(Path(name), wanted)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("a", None),
        ("a.xls", None),
        ("a.ods", None),
        ("a.doc", Form.CSV),
        (".csv", None),
        ("a.xlsx", Form.CSV),
        ("a.csv", Form.XLSX),
        ("a.json", Form.TABLE),
        ("week.2026-03", None),
    ],
)
def test_names_that_do_not_fit(name, wanted):
    """A name that tells no form, or another than asked for, is refused; the forms there are get listed."""
    with pytest.raises(OutputForm) as caught:
        form_of_file(Path(name), wanted)
    if wanted is None or name == "a.doc":
        assert all(suffix in str(caught.value) for suffix in SUFFIXES)


def test_forms_of_the_screen():
    """To a terminal goes a table, to a pipe plain CSV, and a workbook or pages to neither."""
    assert (Form.TABLE, Form.CSV) == (form_of_screen(None, terminal=True), form_of_screen(None, terminal=False))
    assert Form.CSV_EXCEL is form_of_screen(Form.CSV_EXCEL, terminal=False)
    for terminal in (True, False):
        for form in (Form.XLSX, Form.PDF):
            with pytest.raises(OutputForm, match=rf"-o report\.{form}"):
                form_of_screen(form, terminal=terminal)


def test_no_calendar_of_sessions(tmp_path):
    """A report by sessions is no calendar, and no file is begun."""
    with pytest.raises(OutputForm, match="--by timetable"):
        write(ROWS, Form.ICS, tmp_path / "a.ics", now=NOW, overwrite=False)
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("form", [each for each in Form if each is not Form.ICS])
@pytest.mark.parametrize("rows", [ROWS, []])
def test_own_files_are_known_again(tmp_path, form, rows):
    """A report of each form is never replaced, but with --overwrite it is, whatever form comes after."""
    if form is Form.PDF:
        pytest.importorskip("reportlab", reason="printed reports need the extra 'reports'")
    target = tmp_path / "report"
    write(rows, form, target, now=NOW, overwrite=False)
    before = target.read_bytes()
    with pytest.raises(OutputFailed, match="a file of this name"):
        write(rows, form, target, now=NOW, overwrite=False)
    assert before == target.read_bytes()
    assert is_report(target)
    write(rows, Form.CSV, target, now=NOW, overwrite=True)
    assert target.read_text().startswith("session,day,id,name")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"name,photo\nAda,ada.jpg\n",
        b"session,day\n",
        b"\xff\xd8\xff\xe0 a photo",
        b"\xef\xbb\xbf",
        b"{}",
        b"[]",
        b'{"schema": 1, "at": "x", "rows": [1]}',
        b'{"schema": 1, "rows": []}',
        b"{" * 100_000,
        b"PK\x03\x04 no archive",
        b"attendance reports are fun",
    ],
)
def test_other_files_stay(tmp_path, content):
    """What is no report stays, with --overwrite as without."""
    target = tmp_path / "a.csv"
    target.write_bytes(content)
    for overwrite in (True, False):
        with pytest.raises(OutputFailed):
            write(ROWS, Form.CSV, target, now=NOW, overwrite=overwrite)
    assert content == target.read_bytes()


def test_other_workbooks_stay(tmp_path):
    """A workbook that somebody made is not taken for a report, whatever it is called inside."""
    import openpyxl

    target = tmp_path / "a.xlsx"
    book = openpyxl.Workbook()
    book.active.append(["attendance report"])
    book.save(target)
    assert not is_report(target)


def test_earlier_versions(tmp_path):
    """A report of an earlier version, without the newer columns, is known as well."""
    (tmp_path / "a.csv").write_text("session,day,id,name,status,at,how,voided,mark\n")
    row = dict.fromkeys(("session", "day", "id", "name", "status", "at", "how", "voided", "mark"))
    (tmp_path / "a.json").write_text(json.dumps({"schema": 1, "at": "x", "rows": [row]}))
    assert is_report(tmp_path / "a.csv")
    assert is_report(tmp_path / "a.json")


def test_text_form(tmp_path):
    """The text form says when it is of, then has the table, names as they are."""
    write(ROWS, Form.TABLE, tmp_path / "a.txt", now=NOW, overwrite=False)
    first, *rest = (tmp_path / "a.txt").read_text().splitlines()
    assert "attendance report of 2026-03-02T12:00:00.000Z" == first
    assert ["P-1", "Zoë", "[bold]", "absent"] == rest[-1].split() or any("Zoë [bold]" in line for line in rest)
    assert all(line == line.rstrip() for line in rest)
