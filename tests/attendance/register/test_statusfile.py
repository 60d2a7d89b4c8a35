"""Files of reports by the timetable: each in its form, known again, and nothing else written over."""

import csv
import io
import json

import pytest
from status_world import ADA, report, row, week

from attendance.errors import OutputFailed
from attendance.records import PersonRef
from attendance.register import quota
from attendance.register.reportfile import is_report, write_report
from attendance.register.reportform import Form
from attendance.register.statusfile import View, text, write
from attendance.register.statusreport import COLUMNS, HOURS_COLUMNS, ZONED
from attendance.timetable.attended import Status

KINDS = ("rows", "totals", "hours")
TEXTS = (Form.CSV, Form.CSV_EXCEL, Form.JSON, Form.TABLE)


def told(view: View, form: Form) -> str:
    return "".join(text(view, form))


def test_csv():
    """Plain CSV has times with their offset and no zone; it reads back."""
    table = list(csv.DictReader(io.StringIO(told(View(week()), Form.CSV))))
    assert list(COLUMNS) == list(table[0])
    assert ("late", "2026-03-02T08:10:00+01:00", "10") == tuple(table[0][key] for key in ("status", "at", "late_min"))
    assert 6 == len(table)


def test_csv_for_excel():
    """Excel's form has a byte order mark, times without T and offset, and their zone beside them."""
    found = told(View(week()), Form.CSV_EXCEL)
    assert found.startswith("\ufeffsession,")
    first = next(csv.DictReader(io.StringIO(found.removeprefix("\ufeff"))))
    assert list(ZONED) == list(first)
    assert ("2026-03-02 08:10:00", "Europe/Berlin") == (first["at"], first["zone"])


@pytest.mark.parametrize("form", [Form.CSV, Form.CSV_EXCEL])
def test_no_formula(form):
    """No cell of text can be taken for a formula, and a number stays one."""
    who = PersonRef("=1+1", "@SUM(A1)", 1)
    line = told(View(report([row(who, Status.PRESENT)], who)), form).splitlines()[1]
    assert "'=1+1,'@SUM(A1)," in line


def test_json():
    """The document says schema, when, by what, which zone, and the rows; of no rows it is whole, too."""
    document = json.loads(told(View(week()), Form.JSON))
    assert ["schema", "at", "by", "kind", "zone", "rows"] == list(document)
    assert (1, "2026-04-01T12:00:00.000Z", "timetable", "rows", "Europe/Berlin", 6) == (
        *list(document.values())[:5],
        len(document["rows"]),
    )
    assert [] == json.loads(told(View(report([])), Form.JSON))["rows"]
    totals = json.loads(told(View(week(), "totals"), Form.JSON))
    assert ("totals", list(quota.COLUMNS)) == (totals["kind"], list(totals["rows"][0]))


def test_hours_and_totals_as_csv():
    """Totals and hours have columns of their own."""
    assert ",".join(quota.COLUMNS) == told(View(week(), "totals"), Form.CSV).splitlines()[0]
    assert ",".join(each for each in HOURS_COLUMNS if each != "zone") == told(View(week(), "hours"), Form.CSV).strip()


def test_under():
    """Under a rate are those people alone."""
    lines = told(View(week(), "totals", under=0.75), Form.CSV).splitlines()
    assert ["person"] == [line.split(",")[0] for line in lines[1:]]


def test_plain_text():
    """The text form says when, whose and what it is, and no line ends in blanks."""
    first, site, scope, *rest = told(View(week()), Form.TABLE).splitlines()
    assert "attendance report of 2026-04-01T12:00:00.000Z" == first
    assert ("Marie Curie School", "by the timetable: group 7b, 2026-03-02 to 2026-03-08 (Europe/Berlin)") == (
        site,
        scope,
    )
    assert any("Ada Lovelace" in line and "late 10 min" in line for line in rest)
    assert all(line == line.rstrip() for line in rest)


@pytest.mark.parametrize("form", [*TEXTS, Form.XLSX, Form.PDF])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("found", [week(), report([])], ids=["week", "empty"])
def test_own_files_are_known_again(tmp_path, form, kind, found):
    """A report of each form is never replaced, but with overwrite it is, whatever form comes after."""
    if form is Form.PDF:
        pytest.importorskip("reportlab", reason="printed reports need the extra 'reports'")
    target = tmp_path / "report"
    write(View(found, kind), form, target, overwrite=False)
    before = target.read_bytes()
    with pytest.raises(OutputFailed, match="a file of this name"):
        write(View(found, kind), form, target, overwrite=False)
    assert before == target.read_bytes()
    assert is_report(target)
    write(View(found), Form.CSV, target, overwrite=True)
    assert target.read_text().startswith("session,day,id,name")


@pytest.mark.parametrize(
    "content",
    [
        b"%PDF-1.4\n/Creator (somebody else)",
        b'<svg xmlns="http://www.w3.org/2000/svg"></svg>',
        b"\x89PNG\r\n\x1a\n",
        b"BEGIN:VCALENDAR\r\nPRODID:-//other//EN\r\nEND:VCALENDAR\r\n",
        b'{"made": {}, "proof": {"kind": "of concept"}, "sha256": "0"}',
        b'{"schema": 1, "at": "x", "by": "timetable", "rows": []}',
        b"day,id\n",
        b"attendance report is due",
        b"/Creator (attendance report)",
    ],
)
def test_other_files_stay(tmp_path, content):
    """What is no report stays, with overwrite as without."""
    target = tmp_path / "a"
    target.write_bytes(content)
    for overwrite in (True, False):
        with pytest.raises(OutputFailed):
            write_report(target, "x", overwrite=overwrite)
    assert content == target.read_bytes()


@pytest.mark.parametrize(
    "content",
    [
        b"%PDF-1.4\n" + b"x" * 300_000 + b"\n/Creator (attendance report)\n",
        b'<svg xmlns="x"><!-- attendance report -->',
        b"BEGIN:VCALENDAR\r\nPRODID:-//attendance//timetable//EN\r\n",
        b'{"made": {}, "proof": {"kind": "proof of a day"}, "sha256": "0"}',
        b"\xef\xbb\xbf" + ",".join(HOURS_COLUMNS).encode() + b"\r\n",
    ],
)
def test_own_kinds(tmp_path, content):
    """What says that this program made it is a report, wherever in the file it says so."""
    (tmp_path / "a").write_bytes(content)
    assert is_report(tmp_path / "a")


def test_failing_half_way_leaves_nothing(tmp_path):
    """A report that cannot be made leaves neither a file nor a piece of one, and an earlier one as it was."""
    broken = report([row(ADA, Status.PRESENT), row(PersonRef("E-9", "Nobody", 9), Status.PRESENT)], ADA)
    with pytest.raises(KeyError):
        write(View(broken), Form.CSV, tmp_path / "a.csv", overwrite=False)
    assert [] == list(tmp_path.iterdir())
    write(View(week()), Form.CSV, tmp_path / "a.csv", overwrite=False)
    before = (tmp_path / "a.csv").read_bytes()
    with pytest.raises(KeyError):
        write(View(broken), Form.CSV, tmp_path / "a.csv", overwrite=True)
    assert before == (tmp_path / "a.csv").read_bytes()
