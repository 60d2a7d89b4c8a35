"""attendance report at the command line: by the timetable and by sessions, in each form."""

import csv
import io
import json
import sys
from datetime import UTC, date, datetime, time, timedelta

import pytest

from attendance.timetable.rule import Rule
from gallery.repositories import coverage, groups, rules

MONDAY = date(2026, 3, 2)
LESSON = Rule(time(8), time(8, 45), "UTC", MONDAY, "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR")
WEEK = ("--from", "2026-03-02", "--to", "2026-03-06")


@pytest.fixture
def school(app, draw, clock, command):
    """Ada, seen on Monday, and Bob, looked for; both of 7b, with a lesson each morning."""
    for number, name in enumerate(("Ada", "Bob"), 1):
        app.enroll(draw(f"{name}.png", (number,)), name=name, external_id=name[0], groups=["7b"])
    with app.store.atomic() as transaction:
        entry = rules.insert(transaction, "Maths", at=clock.now, group_id=groups.ensure(transaction, "7b"))
        rules.add_version(transaction, entry, from_day=MONDAY, spec=LESSON.to_dict(), at=clock.now, by="head")
        begins = datetime(2026, 3, 2, 7, 50, tzinfo=UTC)
        coverage.begin(
            transaction, "hand", "roll", begins=begins, ends=begins + timedelta(hours=1), at=clock.now, by="head"
        )
    list(app.check(draw("monday.png", (1, 80))))
    return command


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_by_the_timetable_where_there_is_one(school):
    """With a timetable the report goes by it and says how to get the other; by sessions it is as it ever was."""
    code, out, err = school("report", *WEEK)
    assert (0, 10) == (code, len(table(out)))
    assert "present 1, absent 1, no log 8; by the timetable, --by sessions tells it by sessions\n" == err
    code, out, err = school("report", *WEEK, "--by", "sessions")
    assert (0, ["2026-03-02"]) == (code, sorted({each["session"] for each in table(out)}))
    assert "present 1, absent 1, no log 0; by sessions, --by timetable tells it by the timetable\n" == err


def test_by_sessions_where_there_is_no_timetable(app, draw, command):
    """Without a timetable nothing is said of it, unless it is asked for."""
    app.enroll(draw("a.png", (1,)), name="Ada")
    app.enter("Ada")
    assert "present 1, absent 0, no log 0\n" == command("report", "--session", "2026-03-02")[2]
    assert "present 1, absent 0, no log 0\n" == command("report", *WEEK)[2]
    assert "there is no timetable yet" in command("report", "--totals")[2]


def test_a_session_is_by_sessions(school):
    """A session that is named is told by sessions, without asking."""
    code, out, err = school("report", "--session", "2026-03-02")
    assert (0, "present 1, absent 1, no log 0\n") == (code, err)
    assert out.startswith("session,day,id,name,status,at,how,voided,mark,entered\n")


@pytest.mark.parametrize(
    "words",
    [
        ("--session", "2026-03-02", "--totals"),
        ("--session", "2026-03-02", "--by", "timetable"),
        ("--by", "sessions", "--person", "Ada"),
        ("--by", "sessions", "--under", "50%"),
        ("--day", "2026-03-02"),
        ("--under", "75"),
        ("--json", "--format", "csv"),
        ("--plot", "a.jpg"),
        ("--format", "pdf"),
        ("--proof", "Ada", "--format", "csv"),
        ("--proof", "Ada", *WEEK),
        ("--proof", "Ada", "--totals"),
        ("--proof", "Ada", "--under", "50%", "--day", "2026-03-02"),
        ("--proof", "Ada", "--group", "7b"),
        ("--proof", "Ada", "--plot", "ada.svg"),
        ("--split-midnight", "--totals"),
        ("--under", "50%", "--split-midnight"),
        ("--from", "2026-03-03", "--to", "2026-03-02"),
    ],
)
def test_what_does_not_go_together(school, words):
    """What cannot be meant is refused as wrong usage, with nothing on stdout."""
    code, out, err = school("report", *words)
    assert (2, "") == (code, out)
    assert err


@pytest.mark.parametrize(
    ("words", "id_"),
    [
        (("--rule", "Math"), "rule.unknown"),
        (("--person", "Eve"), "gallery.person_unknown"),
        (("--group", "8a"), "group.unknown"),
        (("--proof", "Eve"), "gallery.person_unknown"),
    ],
)
def test_unknown(school, words, id_):
    """Names that nothing has are told, with exit code 1."""
    code, out, err = school("report", *words)
    assert (1, "") == (code, out)
    assert f"[{id_}]" in err


def test_totals(school):
    """Totals have a line a person and group; under a share there are those people alone."""
    told = table(school("report", *WEEK, "--totals")[1])
    assert [("person", "Ada", "1.0"), ("person", "Bob", "0.0"), ("group", "7b", "0.5"), ("all", "all", "0.5")] == [
        (each["of"], each["name"], each["rate"]) for each in told
    ]
    _, out, err = school("report", *WEEK, "--under", "75%")
    assert ["Bob"] == [each["name"] for each in table(out)]
    assert "1 of 2 people are under 75.0%" in err


def test_forms_of_the_screen(school):
    """The table has people down, JSON its zone, and the calendar an event a lesson."""
    assert "Mon 03-02" in school("report", *WEEK, "--format", "table")[1]
    document = json.loads(school("report", *WEEK, "--json")[1])
    assert ("timetable", "UTC") == (document["by"], document["zone"])
    pytest.importorskip("icalendar", reason="calendars need the extra 'reports'")
    assert 5 == school("report", *WEEK, "--format", "ics", "--group", "7b")[1].count("BEGIN:VEVENT")


def test_calendar_without_days(school):
    """A calendar to subscribe to reaches half a year ahead where no days are given."""
    pytest.importorskip("icalendar", reason="calendars need the extra 'reports'")
    assert 100 < school("report", "--format", "ics", "--person", "Ada")[1].count("BEGIN:VEVENT")


@pytest.mark.parametrize(
    ("words", "begins"),
    [
        (("-o", "a.xlsx"), b"PK"),
        (("-o", "a.pdf"), b"%PDF-"),
        (("-o", "a.pdf", "--by", "sessions"), b"%PDF-"),
        (("-o", "a.pdf", "--paper", "letter", "--totals"), b"%PDF-"),
        (("-o", "a.csv"), b"\xef\xbb\xbfsession,day"),
        (("-o", "a.csv", "--format", "csv", "--split-midnight"), b"day,id,name,worked_min"),
        (("-o", "a.json"), b"{"),
        (("-o", "a.txt"), b"attendance report of "),
        (("-o", "a.ics"), b"BEGIN:VCALENDAR"),
        (("--plot", "a.svg"), b"<svg "),
        (("--plot", "a.png"), b"\x89PNG"),
        (("-o", "a.json", "--proof", "Ada", "--day", "2026-03-02"), b'{"made":'),
        (("-o", "a.txt", "--proof", "Ada", "--day", "2026-03-02"), b"attendance report of "),
        (("-o", "a.pdf", "--proof", "Ada", "--day", "2026-03-02"), b"%PDF-"),
    ],
)
def test_files(school, tmp_path, monkeypatch, words, begins):
    """Each form is written to a new file, never over one that is there, and with --overwrite over a report alone."""
    if any(each.endswith((".pdf", ".ics")) for each in words):
        pytest.importorskip("reportlab", reason="printed reports need the extra 'reports'")
        pytest.importorskip("icalendar", reason="calendars need the extra 'reports'")
    monkeypatch.chdir(tmp_path)
    (target,) = (tmp_path / each for each in words if each.startswith("a."))
    days = () if "--proof" in words else WEEK
    code, out, err = school("report", *words, *days)
    assert (0, "") == (code, out)
    assert f"wrote {target.name}" in err
    assert target.read_bytes().startswith(begins)
    assert 1 == school("report", *words, *days)[0]
    assert 0 == school("report", *words, *days, "--overwrite")[0]
    target.write_bytes(b"a holiday photo")
    assert 1 == school("report", *words, *days, "--overwrite")[0]
    assert b"a holiday photo" == target.read_bytes()


@pytest.mark.parametrize("words", [(), ("--by", "sessions"), ("--proof", "Ada")])
def test_without_the_extra(school, tmp_path, monkeypatch, words):
    """Without the library of printed reports it is told how to get it, and no file is begun."""
    monkeypatch.chdir(tmp_path)
    for name in ("reportlab", "reportlab.lib", "reportlab.lib.pagesizes"):
        monkeypatch.setitem(sys.modules, name, None)
    before = set(tmp_path.iterdir())
    code, _, err = school("report", "-o", "a.pdf", *words)
    assert (3, True) == (code, "attendance[reports]" in err)
    assert before == set(tmp_path.iterdir())


def test_nobody_expected(school):
    """A day without lessons says so, and where to look."""
    code, _, err = school("report", "--from", "2026-03-07", "--to", "2026-03-07")
    assert (0, "by the timetable nobody is expected, 2026-03-07; --by sessions tells it by sessions\n") == (code, err)


def test_picture_beside_a_file(school, tmp_path):
    """A picture can come with a file of the rows."""
    code, _, err = school("report", *WEEK, "-o", tmp_path / "a.csv", "--plot", tmp_path / "a.svg")
    assert 0 == code
    assert 2 == err.count("wrote ")


def test_proof_on_the_screen(school):
    """The proof of a day is text, and its digest stands on stderr, too."""
    code, out, err = school("report", "--proof", "Ada", "--day", "2026-03-02")
    assert 0 == code
    assert "Maths, 08:00 to 08:45: PRESENT" in out
    assert err.strip().removeprefix("SHA-256 ") in out


def test_site_name(school, tmp_path):
    """What the school is called is a setting, and stands above printed reports."""
    assert 0 == school("config", "set", "site_name", "Marie Curie School")[0]
    assert 0 == school("report", *WEEK, "-o", tmp_path / "a.txt")[0]
    assert "Marie Curie School" == (tmp_path / "a.txt").read_text().splitlines()[1]


@pytest.mark.parametrize("words", [("--by", "sessions"), ("--by", "timetable"), ("--proof", "Ada")])
def test_paper(school, tmp_path, words):
    """Pages of each kind of report are of the paper that is asked for."""
    pypdf = pytest.importorskip("pypdf", reason="reading pages back needs pypdf")
    pytest.importorskip("reportlab", reason="printed reports need the extra 'reports'")
    days = ("--day", "2026-03-02") if "--proof" in words else WEEK
    for paper, width in (("a4", 595), ("letter", 612)):
        target = tmp_path / f"{paper}.pdf"
        assert 0 == school("report", *words, *days, "--paper", paper, "-o", target)[0]
        assert {width} == {round(page.mediabox.width) for page in pypdf.PdfReader(target).pages}
