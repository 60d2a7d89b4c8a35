"""Lists of rules, as spreadsheets save them."""

from datetime import date, time

import pytest

from attendance.errors import RuleFile
from attendance.timetable.files.csv_in import read_rules
from attendance.timetable.rule import Break, Pairing

HEAD = "name,group,weekly,begins,ends,first,last"
ROW = 'Maths,7b,"MO,WE",08:00,08:45,2026-09-01,2027-07-31'


def read(text, encoding="utf-8"):
    return read_rules(text.encode(encoding), "rules.csv", "Europe/Berlin").rules


def test_row_becomes_a_rule():
    """A row with weekdays and a last day is a weekly rule up to that day, in the site's zone."""
    (found,) = read(f"{HEAD}\n{ROW}\n")
    told = (found.name, found.group, found.person, found.rule.zone, found.rule.recurs)
    assert ("Maths", "7b", None, "Europe/Berlin", "FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20270731") == told
    assert (time(8), time(8, 45), date(2026, 9, 1)) == (found.rule.begins, found.rule.ends, found.rule.first)


def test_all_columns():
    """Every field of a rule has a column."""
    head = (
        "name;person;recurs;begins;ends;first;zone;opens_before;closes after;late-grace;early_grace;half_day;"
        "absent_below;auto_close;pairing;breaks;follows_calendar;site"
    )
    row = (
        "Shift;E-17;FREQ=DAILY;22:00;6:00;01.09.2026;Europe/Kiev;60;90;10;0;240;30;15;First-Last;"
        "23:30-0:15, 02:00-02:30 paid;no;North"
    )
    (found,) = read(f"{head}\n{row}\n")
    rule = found.rule
    assert ("E-17", "Europe/Kyiv", Pairing.FIRST_LAST, False, "North") == (
        found.person,
        rule.zone,
        rule.pairing,
        rule.follows_calendar,
        rule.site,
    )
    minutes = (rule.opens_before, rule.closes_after, rule.late_grace, rule.early_grace, rule.half_day)
    assert (60, 90, 10, 0, 240, 30, 15) == (*minutes, rule.absent_below, rule.auto_close)
    assert (Break(time(23, 30), time(0, 15)), Break(time(2), time(2, 30), paid=True)) == rule.breaks


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_as_spreadsheets_save_it(encoding, separator, line_end):
    """Encodings, separators and line ends of all programs give the same rules."""
    rows = [
        "name|weekly|begins|ends|first",
        "Müsik Ω|MO|08:00|08:45|2026-09-01",
        "||||",
        "Zwei|TU|9:00|9:45|2026-09-01",
    ]
    text = line_end.join(rows).replace("|", separator)
    assert ["Müsik Ω", "Zwei"] == [each.name for each in read(text, encoding)]


@pytest.mark.parametrize(
    ("begins", "ends", "found"),
    [
        ("8:00", "8.45", (time(8), time(8, 45))),
        ("08:00:00", "8h45", (time(8), time(8, 45))),
        ("8:00 AM", "1:45:00 pm", (time(8), time(13, 45))),
        ("12:00 a.m.", "12:30PM", (time(0), time(12, 30))),
        ("22:00", "24:00", (time(22), time(0))),
    ],
)
def test_times_as_spreadsheets_of_many_countries_save_them(begins, ends, found):
    """Dots, seconds, halves of the day and midnight as an end are read as they are meant."""
    (rule,) = (each.rule for each in read(f"{HEAD}\nMaths,7b,MO,{begins},{ends},2026-09-01,\n"))
    assert found == (rule.begins, rule.ends)


def test_separator_told_in_the_first_line():
    """A first line sep=; is taken at its word, and lines are counted with it."""
    assert ["Maths"] == [each.name for each in read(f"sep=,\n{HEAD}\n{ROW}\n")]
    with pytest.raises(RuleFile, match="line 3: "):
        read(f"sep=,\n{HEAD}\nMaths,,MO,8,9,2026-09-01,\n")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no row below"),
        (HEAD, "no row below"),
        (f"{HEAD},colour\n{ROW},red", "column 'colour' is unknown"),
        (f"{HEAD},title\n{ROW},x", "column 'name' is there twice"),
        (f"{HEAD}\n{ROW},more,and more", "line 2: 9 cells"),
        (f'{HEAD}\n"Maths', "line 2"),
        (f"{HEAD}\n,7b,MO,08:00,08:45,2026-09-01,", "line 2: the name is missing"),
        (f"{HEAD}\nMaths,7b,MO,08:00,,2026-09-01,", "line 2: the ends is missing"),
        (f"{HEAD}\nMaths,7b,MO,8,08:45,2026-09-01,", "'8' is no time"),
        (f"{HEAD}\nMaths,7b,MO,25:00,08:45,2026-09-01,", "'25:00' is no time"),
        (f"{HEAD}\nMaths,7b,MO,24:00,08:45,2026-09-01,", "'24:00' is no time"),
        (f"{HEAD}\nMaths,7b,MO,13:00 PM,08:45,2026-09-01,", "'13:00 PM' is no time"),
        (f"{HEAD}\nMaths,7b,MO,0:30 am,08:45,2026-09-01,", "'0:30 am' is no time"),
        (f"{HEAD}\nMaths,7b,MO,08:00,08:45,1.13.2026,", "'1.13.2026' is no day"),
        (f"{HEAD}\nMaths,7b,MO,08:00,08:45,2026-09-01,2026-08-01", "before the first"),
        (f"{HEAD}\nMaths,7b,,08:00,08:45,2026-09-01,2026-10-01", "needs weekly or recurs"),
        (f"{HEAD}\nMaths,7b,Montag,08:00,08:45,2026-09-01,", "no weekday"),
        (f"{HEAD}\n{ROW}\n{ROW}", "two rules are called 'Maths'"),
        (f"{HEAD},person\n{ROW},E-17", "not for both"),
        (f"{HEAD},recurs\n{ROW},FREQ=DAILY", "exclude each other"),
        (f"{HEAD},zone\n{ROW},Europe/Brelin", "did you mean Europe/Berlin"),
        (f"{HEAD},late_grace\n{ROW},some", "no number of minutes"),
        (f"{HEAD},late_grace\n{ROW},2000", "late_grace is 2000"),
        (f"{HEAD},pairing\n{ROW},always", "pairing: 'always'"),
        (f"{HEAD},breaks\n{ROW},noon", "'noon' is no break"),
        (f"{HEAD},follows_calendar\n{ROW},perhaps", "neither yes nor no"),
        (
            "name,recurs,begins,ends,first,last\nA,FREQ=DAILY;COUNT=3,8:00,9:00,2026-09-01,2026-10-01",
            "in recurs already",
        ),
        ("name,recurs,begins,ends,first\nA,FREQ=HOURLY,8:00,9:00,2026-09-01", "several times a day"),
    ],
)
def test_wrong_lists(text, words):
    """A list with a wrong row or column is refused as a whole by one line, which names the line and what is wrong."""
    with pytest.raises(RuleFile, match=words) as refused:
        read(text)
    assert refused.value.line.isprintable()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xff\xfe\x00", "no text"),
        (b"name\x00,begins\nA,B", "zero bytes"),
        ("name,begins\nMüsik,8".encode("cp1252"), "line 2: this is no text in UTF-8"),
        (b"x" * 10_000_001, "at most 10,000,000"),
        (b"name\n" + b"x\n" * 60_000, "line 50001: at most 50,000 rows"),
        (b"\x89PNG\r\n\x1a\n", "no text"),
    ],
)
def test_what_is_no_list(data, words):
    """Bytes that are no text, or far too many, are refused by one line."""
    with pytest.raises(RuleFile, match=words):
        read_rules(data, "rules.csv", "UTC")
