"""Pages to print: page x of y, letters of any script, the same bytes for the same input."""

import io
import re
from datetime import date

import pytest
from status_world import ADA, BOB, MONDAY, NOW, held, many, report, row, rule, week

from attendance.errors import OutputFailed
from attendance.records import PersonRef
from attendance.register import statuspdf
from attendance.register.marks import MarkInfo
from attendance.register.pdf import Head, Pages
from attendance.register.report import Row
from attendance.register.reportform import Paper
from attendance.register.sessionpdf import to_pdf as sessions_to_pdf
from attendance.register.sessions import SessionInfo
from attendance.register.statusfile import View
from attendance.register.statuspdf import to_pdf
from attendance.timetable.attended import Status
from attendance.timetable.rule import Pairing

pytest.importorskip("reportlab", reason="printed reports need the extra 'reports'")


def printed(found, kind="rows", paper=Paper.A4) -> bytes:
    view = View(found, kind)
    return to_pdf(found, view.totals, view.grids(), paper)


def texts(data: bytes) -> list[list[str]]:
    """The lines of text of each page."""
    pypdf = pytest.importorskip("pypdf", reason="reading pages back needs pypdf")
    return [page.extract_text().splitlines() for page in pypdf.PdfReader(io.BytesIO(data)).pages]


def test_same_bytes():
    """The same report is the same file, to the byte."""
    assert printed(week()) == printed(week())


def test_about():
    """The file tells its title, the school, its language, and that its title is what windows show."""
    data = printed(week())
    assert b"/Title (Attendance: group 7b, 2026-03-02 to 2026-03-08)" in data
    assert b"/Author (Marie Curie School)" in data
    assert b"/Lang (en)" in data
    assert b"/DisplayDocTitle true" in data


def test_paper():
    """Pages come as A4 or Letter."""
    sizes = [re.search(rb"/MediaBox \[ ?0 0 ([\d.]+) ([\d.]+)", printed(week(), paper=each)) for each in Paper]
    assert [("595", "842"), ("612", "792")] == [
        tuple(f"{float(each):.0f}" for each in found.groups()) for found in sizes
    ]


def test_text_layer():
    """Names, statuses, remarks and totals are text, under the school's name and with page x of y."""
    (page,) = texts(printed(week()))
    told = "\n".join(page)
    for part in (
        *("Marie Curie School", "page 1 of 1", "Mon 2026-03-02", "08:00-09:30", "Ada Lovelace (E-1)", "late 10 min"),
        *("08:10", "excuse: dentist", "no log", "Totals", "75.0%", "Signature", "times are those of Europe/Berlin"),
    ):
        assert part in told


def test_many_pages():
    """Each page has its number of how many, and the table's head again."""
    pages = texts(printed(many(120, 1)))
    assert 3 <= len(pages)
    for number, page in enumerate(pages[:-1], 1):
        told = "\n".join(page)
        assert f"page {number} of {len(pages)}" in told
        assert "Arrived" in told or "Rate" in told


def test_hours():
    """Where people check out, leaving and hours are told, also by calendar day."""
    shift = held(of=rule(pairing=Pairing.FIRST_LAST))
    rows = [
        row(
            ADA,
            Status.PRESENT,
            shift,
            arrived=shift.begins,
            left=shift.ends,
            worked_s=5400,
            worked_by_day=((MONDAY, 5400),),
        )
    ]
    assert "1:30 h" in "\n".join(texts(printed(report(rows)))[0])
    assert "split at midnight" in "\n".join(texts(printed(report(rows), "hours"))[0])


@pytest.mark.parametrize("paper", Paper)
def test_totals_on_one_line(paper):
    """Beside hours a rate of 100% and thousands of hours are not broken, and who has no hours has no nought of them."""
    shifts = [held(MONDAY, f"Shift {number:02}", of=rule(pairing=Pairing.FIRST_LAST)) for number in range(40)]
    rows = [row(ADA, Status.PRESENT, each, arrived=each.begins, worked_s=400_000) for each in shifts]
    rows.append(row(BOB, Status.PRESENT))
    view = View(report(rows), "totals")
    told = texts(to_pdf(view.report, view.totals, view.grids(), paper))[0]
    assert ["4444:26 h", "60:00 h", "100.0%"] == told[told.index("Ada Lovelace (E-1)") + 10 :][:3]
    assert ["0", "100.0%"] == [each for each in told[told.index("Bob Byron (E-2)") + 9 :][:4] if each.strip()][:2]


def test_one_person():
    """Of one person the days stand first, not the name again and again."""
    found = report([row(ADA, Status.PRESENT)], scope={"person": ADA})
    told = "\n".join(texts(printed(found))[0])
    assert 1 == told.count("Ada Lovelace (E-1)\n") or "Day" in told
    assert "Mon 2026-03-02" in told


@pytest.mark.parametrize(
    "name",
    [
        *(
            "Łukasz Żółć",
            "Παπαδόπουλος",
            "Иванов",
            "محمد الفارسي",
            "דוד לוי",
            "王小明",
            "สมชาย",
            "🙂",
            "𞤀𞤁",
            "a\u200db",
        ),
        *("<b>x</b> & co", "</font>", "&amp;", "x" * 200, "\x00\x1b[31m", "ẍ́" * 20, "=1+1"),
    ],
)
def test_any_name(name):
    """Any name makes pages, long ones wrap, and no letter is left out: what no font has stands by its number."""
    who = PersonRef("E-1", name, 1)
    data = printed(report([row(who, Status.PRESENT)], who, scope={"site": name}))
    assert data.startswith(b"%PDF-")
    assert data == printed(report([row(who, Status.PRESENT)], who, scope={"site": name}))


def test_letters_without_a_font():
    """Letters that no font has are written by their numbers, and the page says so."""
    pages = Pages(Head("T", None, "UTC", NOW))
    assert [(pages.fonts.base, "[U+F0000]")] == list(pages.fonts.runs("\U000f0000"))
    pages.text("\U000f0000")
    told = "\n".join(texts(pages.made())[0])
    assert "No font on this computer has these letters" in told
    assert "U+F0000" in told


def test_too_much_is_refused(monkeypatch):
    """More than anybody prints is refused with the ways out; its totals are not."""
    monkeypatch.setattr(statuspdf, "MOST_ROWS", 5)
    with pytest.raises(OutputFailed, match=r"--totals.*\.xlsx"):
        printed(week())
    assert printed(week(), "totals")


def test_nothing():
    """A report without rows is a page that says so."""
    assert "nothing to report" in "\n".join(texts(printed(report([])))[0])


def test_sessions():
    """A report by sessions is printed, too: people under their session, void marks with the reason."""
    session = SessionInfo(1, "Choir", "named", date(2026, 3, 2), "Europe/Berlin", NOW, None)
    mark = MarkInfo("m", 1, 1, NOW, "manual", NOW, "t")
    void = MarkInfo("n", 2, 1, NOW, "camera", NOW, "t", voided_at=NOW, void_reason="a mistake", voided_by="t")
    rows = [Row(session, ADA, "present", mark), Row(session, BOB, "absent", void)]
    told = "\n".join(texts(sessions_to_pdf(rows, now=NOW, site="Choir School"))[0])
    for part in ("2026-03-02 · Choir", "by hand", "04-01 14:00", "void: a mistake", "present 1, absent 1, no log 0"):
        assert part in told
